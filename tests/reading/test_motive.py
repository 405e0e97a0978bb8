"""OptiTrack Motive CSV: versions of the header, bones before markers, gaps, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats import get_format
from himpc.skeleton import get_layout

FORMAT = get_format("motive")
LAYOUT = get_layout("kinect-v1")


def motive(
    joints: np.ndarray,
    version: str = "1.23",
    kind: str = "Bone",
    unit: str = "Meters",
    space: str = "Global",
    skeletons: tuple[str, ...] = ("Ann",),
    numbers: list[int] | None = None,
    rate: float = 120,
    seconds: float = 1 / 120,
    separator: str = ",",
) -> str:
    """Write metres; `joints` of each skeleton are those of the first, moved by 2 m."""
    labelled = version in ("1.24", "1.25")
    first = f"Format Version,{version},Take Name,Walk 1,Capture Frame Rate,240,Export Frame Rate,{rate}"
    first += (
        f",Total Exported Frames,{len(joints)},Rotation Type,Quaternion,Length Units,{unit},Coordinate Space,{space}"
    )
    width = 7 if kind in ("Bone", "Rigid Body") else 3
    names = [f"{skeleton}:{joint}" for skeleton in skeletons for joint in LAYOUT.joints]
    properties = ["Rotation"] * 4 * (width == 7) + ["Position"] * 3
    rows = [
        ["", "Type" if labelled else "", *([kind] * width * len(names))],
        ["", "Name" if labelled else "", *(name for name in names for _ in range(width))],
        ["", "ID" if labelled else "", *(f"{i:X}" for i in range(len(names)) for _ in range(width))],
        *([["", "Parent", *(["Root"] * width * len(names))]] if labelled else []),
        ["", "", *(properties * len(names))],
        ["Frame", "Time (Seconds)", *((["X", "Y", "Z", "W"] * (width == 7) + ["X", "Y", "Z"]) * len(names))],
    ]
    scale = {"Meters": 1, "Centimeters": 100, "Millimeters": 1000}[unit]
    bodies = np.concatenate([joints + np.array([2 * i, 0, 0]) for i in range(len(skeletons))], axis=1) * scale
    for i, frame in enumerate(bodies):
        number = i if numbers is None else numbers[i]
        cells = [str(number), f"{number * seconds:.6f}"]
        for point in frame:
            rotation = ["0", "0", "0", "1"] * (width == 7)
            cells += rotation + ["" if np.isnan(value) else f"{value:.6f}" for value in point]
        rows.append(cells)
    text = "\n".join([first, "", *(",".join(row) for row in rows)]) + "\n"
    return text if separator == "," else text.replace(",", separator).replace(".", ",")


@pytest.fixture
def read(tmp_path, one_marker_a_joint):
    def read(text: str, prefix: bytes = b""):
        path = tmp_path / "walk.csv"
        path.write_bytes(prefix + text.encode())
        assert FORMAT.recognise(path, path.read_bytes()[:4096])
        return FORMAT.read(path, FileOptions(markers=one_marker_a_joint))

    return read


@pytest.mark.parametrize("version", ["1.2", "1.23", "1.25"])
@pytest.mark.parametrize("kind", ["Bone", "Marker", "Bone Marker", "Rigid Body"])
@pytest.mark.parametrize("unit", ["Meters", "Centimeters", "Millimeters"])
def test_positions_of_every_version_type_and_unit_are_read(read, standing, version, kind, unit):
    joints = standing(LAYOUT, 4, 1)
    joints[1, 3] = np.nan
    (recording,) = read(motive(joints, version=version, kind=kind, unit=unit))
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)
    assert recording.fps == 120
    assert f"positions of type {kind}" in recording.quality.notes


def test_decimal_commas_and_byte_order_marks_are_read(read, standing):
    joints = standing(LAYOUT, 3, 1)
    (recording,) = read(motive(joints, separator=";"), prefix=b"\xef\xbb\xbf")
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)
    assert recording.fps == 120


def test_each_skeleton_is_a_recording(read, standing):
    joints = standing(LAYOUT, 3, 1)
    first, second = read(motive(joints, skeletons=("Ann", "Ben")))
    np.testing.assert_allclose(first.joints, joints, atol=1e-5)
    np.testing.assert_allclose(second.joints, joints + np.array([2, 0, 0]), atol=1e-5)


def test_skipped_frames_are_gaps(read, standing):
    (recording,) = read(motive(standing(LAYOUT, 4, 1), numbers=[10, 11, 14, 15]))
    assert np.isnan(recording.joints).all(axis=(1, 2)).tolist() == [False, False, True, True, False, False]


def test_time_stamps_win_over_the_stated_rate(read, standing):
    (recording,) = read(motive(standing(LAYOUT, 4, 1), rate=100, seconds=1 / 60))
    assert recording.fps == pytest.approx(60, rel=1e-3)
    assert any("as the time stamps show; the file states 100" in note for note in recording.quality.notes)


def test_a_wrong_frame_count_is_noted(read, standing):
    text = motive(standing(LAYOUT, 4, 1))
    (recording,) = read(text[: text.rstrip().rindex("\n") + 1])
    assert "the file states 4 frames and holds 3" in recording.quality.notes


def test_measured_markers_are_preferred_to_expected_ones(read, standing):
    joints = standing(LAYOUT, 3, 1)
    expected = motive(joints + 0.1, kind="Bone Marker").split("\n")
    measured = motive(joints, kind="Marker").split("\n")
    both = [
        expected[0],
        "",
        *(f"{a},{b.split(',', 2)[2]}" for a, b in zip(expected[2:-1], measured[2:-1], strict=True)),
    ]
    (recording,) = read("\n".join(both))
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("Global", "Local"), "space of its bones is Local, expected Global.*export it"),
        (lambda text: text.replace("Bone", "Force Plate"), "holds no positions of bones.*'Force Plate'"),
        (lambda text: text[: text.index("Frame,")], "truncated within its header"),
        (lambda text: text.replace("1,0.008", "1,a.b"), "line 9: cell 2 is 'a.b333', expected a number"),
        (lambda text: text.replace("\n2,", "\n1,"), "line 10: frame 1 is there twice"),
    ],
)
def test_errors_name_the_problem(read, standing, change, message):
    with pytest.raises(FormatError, match=message):
        read(change(motive(standing(LAYOUT, 3, 1))))


@given(seed=st.integers(0, 2**32))
def test_damaged_files_are_errors_or_recordings(tmp_path, standing, one_marker_a_joint, check_damaged, seed):
    content = motive(standing(LAYOUT, 3, 1)).encode()
    check_damaged(FORMAT, tmp_path / "d.csv", content, seed, options=FileOptions(markers=one_marker_a_joint))

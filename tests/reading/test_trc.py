"""TRC: written files are read back, gaps in all their spellings, the real files, and damaged ones."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats import find_format, get_format
from himpc.reading.units import body_size
from himpc.skeleton import get_layout

FORMAT = get_format("trc")

LAYOUT = get_layout("kinect-v1")


def trc(points: np.ndarray, labels=LAYOUT.joints, units: str = "mm", gap: str = "") -> str:
    keys = "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames"
    lines = ["PathFileType\t4\t(X/Y/Z)\twalk.trc", keys, f"60\t60\t{len(points)}\t{len(labels)}\t{units}\t60\t1\t9"]
    lines += ["Frame#\tTime\t" + "\t\t\t".join(labels), "\t\t" + "\t".join(f"X{i}\tY{i}\tZ{i}" for i in range(20)), ""]
    for number, frame in enumerate(points, start=1):
        cells = [f"{value:.5f}" if np.isfinite(value) else gap for value in frame.ravel()]
        lines.append("\t".join([str(number), f"{number / 60:.3f}", *cells]))
    return "\r\n".join(lines) + "\r\n"


@pytest.mark.parametrize("gap", ["", "NaN", "0"])
@pytest.mark.parametrize("ending", ["", "\t"])
def test_written_points_are_read_back(tmp_path, standing, one_marker_a_joint, gap, ending):
    joints = standing(LAYOUT, 4, 1)
    joints[1, 3] = joints[2, 19] = np.nan
    path = tmp_path / "walk.trc"
    path.write_text(trc(joints * 1000, gap=gap).replace("\r\n", ending + "\r\n"), newline="")
    assert FORMAT.recognise(path, path.read_bytes()[:4096])
    (recording,) = FORMAT.read(path, FileOptions(markers=one_marker_a_joint))
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)
    assert recording.fps == pytest.approx(60, rel=0.02)
    assert recording.quality.notes == ("joints by the marker set own", "up is y, as the body shows")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("pelvis", "navel", "does not give pelvis: it needs pelvis"),
        ("0.033\t", "0.033\tx", "line 8: number 3 is 'x"),
        ("0.033\t", "0.033\t1\t", "line 8: has 63 numbers, expected 62"),
    ],
)
def test_errors_name_the_problem(tmp_path, standing, one_marker_a_joint, old, new, message):
    text = trc(standing(LAYOUT, 3, 1) * 1000)
    assert old in text
    (tmp_path / "walk.trc").write_text(text.replace(old, new, 1), newline="")
    with pytest.raises(FormatError, match=message):
        FORMAT.read(tmp_path / "walk.trc", FileOptions(markers=one_marker_a_joint))


@given(seed=st.integers(0, 2**32))
def test_damaged_files_are_errors_or_recordings(tmp_path, standing, one_marker_a_joint, check_damaged, seed):
    content = trc(standing(LAYOUT, 3, 1) * 1000).encode()
    check_damaged(FORMAT, tmp_path / "d.trc", content, seed, options=FileOptions(markers=one_marker_a_joint))


def test_real_files_are_read(shared_data: Path):
    sizes: dict[str, list[float]] = {}
    for path in sorted((shared_data / "trc-sample").glob("*/*/*.trc")):
        (recording,) = FORMAT.read(path, FileOptions())
        assert recording.complete
        assert recording.fps == 100
        assert 1.4 < np.median(recording.joints[:, LAYOUT.index("head"), 1]) < 1.7
        sizes.setdefault(path.parts[-3], []).append(body_size(recording.joints, LAYOUT))
    assert [len(of_person) for of_person in sizes.values()] == [3, 3]
    assert all(np.ptp(of_person) < 0.01 for of_person in sizes.values())


@pytest.mark.parametrize("form", ["keys and values in a line", "each label three times", "titles alone"])
def test_headers_of_other_programs_are_read(tmp_path, standing, form):
    joints = standing(LAYOUT, 5, 1)
    lines = trc(1000 * joints).split("\r\n")
    if form == "keys and values in a line":
        pairs = zip(lines[1].split("\t"), lines[2].split("\t"), strict=True)
        lines[1:3] = ["\t".join(f"{key}\t{value}" for key, value in pairs), ""]
    elif form == "each label three times":
        lines[3] = "Frame#\tTime\t" + "\t".join(name for name in LAYOUT.joints for _ in range(3))
    else:
        lines = lines[3:]
    path = tmp_path / "x.trc"
    path.write_text("\n".join(lines))
    assert find_format(path) is FORMAT
    (recording,) = FORMAT.read(path, FileOptions())
    np.testing.assert_allclose(recording.joints, joints, atol=1e-4)
    assert recording.fps == pytest.approx(60, rel=0.02)


DIALECTS = {
    "labels in every second cell": lambda text: titled(
        text, lambda line: line.replace("Time\t", "Times\t\t").replace("\t\t\t", "\t\t")
    ),
    "a hash before Frame": lambda text: text.replace("Frame#", "#Frame"),
    "Field for Frame": lambda text: text.replace("Frame#", "Field#"),
    "times of day": lambda text: timed(
        text, lambda second: f"10:59:{59 + second:06.3f}" if second < 1 else f"11:00:{second - 1:06.3f}"
    ),
    "minutes and seconds": lambda text: timed(text, lambda second: f"0:{second:06.3f}"),
    "a label for each coordinate": lambda text: titled(
        text, lambda line: "Frame#\tTime\t" + "\t".join(f"{joint}:{axis}" for joint in LAYOUT.joints for axis in "XYZ")
    ),
    "frames from 0 without a blank line": lambda text: timed(
        text.replace("\r\n\r\n", "\r\n"), lambda second: f"{second:.4f}"
    ),
    "a name in the cell of the axes": lambda text: text.replace("(X/Y/Z)\t", "(X/Y/Z) "),
}


def titled(text: str, change) -> str:
    return "\r\n".join(change(line) if line.startswith("Frame#") else line for line in text.split("\r\n"))


def timed(text: str, write) -> str:
    lines = text.split("\r\n")
    for i, line in enumerate(lines):
        number, *rest = line.split("\t")
        if i > 3 and number.isdecimal():
            lines[i] = "\t".join([number, write(float(rest[0])), *rest[1:]])
    return "\r\n".join(lines)


@pytest.mark.parametrize("name", DIALECTS)
def test_every_dialect_gives_the_same_joints(tmp_path, standing, one_marker_a_joint, name):
    joints = standing(LAYOUT, 70, 1)
    path = tmp_path / "walk.trc"
    path.write_text(DIALECTS[name](trc(joints * 1000)), newline="")
    assert find_format(path) is FORMAT
    (recording,) = FORMAT.read(path, FileOptions(markers=one_marker_a_joint))
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)
    assert recording.fps == pytest.approx(60, rel=0.001)


def test_time_codes_are_noted_and_the_stated_rate_is_used(tmp_path, standing, one_marker_a_joint):
    path = tmp_path / "walk.trc"
    path.write_text(timed(trc(standing(LAYOUT, 4, 1) * 1000), lambda second: f"01:00:00:{round(second * 60):02d}"))
    (recording,) = FORMAT.read(path, FileOptions(markers=one_marker_a_joint))
    assert recording.fps == 60
    assert "times such as '01:00:00:01' are not known and are ignored" in recording.quality.notes

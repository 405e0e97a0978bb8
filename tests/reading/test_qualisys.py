"""Qualisys TSV: with and without titles, frame numbers and times; rigid bodies, skeletons, gaps and errors."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats import get_format
from himpc.skeleton import get_layout

FORMAT = get_format("qualisys")
LAYOUT = get_layout("kinect-v1")
KINDS = {"MARKER_NAMES": 3, "SEGMENT_NAMES": 7, "BODY_NAMES": 16}


def qualisys(
    joints: np.ndarray,
    leading: int = 0,
    titles: bool = False,
    key: str = "MARKER_NAMES",
    gap: str = "0.000",
    end: str = "",
) -> str:
    width = KINDS[key]
    lines = [f"NO_OF_FRAMES\t{len(joints)}", "NO_OF_CAMERAS\t8", f"NO_OF_MARKERS\t{len(LAYOUT)}", "FREQUENCY\t100"]
    lines += ["NO_OF_ANALOG\t0", "ANALOG_FREQUENCY\t0", "DESCRIPTION\t--", "TIME_STAMP\t2024-01-02, 10:00:00.000\t12.5"]
    lines += ["DATA_INCLUDED\t3D", "EVENT\tstart\t1\t0.00000", "EVENT\tend\t3\t0.02000"]
    lines.append("\t".join([key, *LAYOUT.joints]) + end)
    others = [f"other{i}" for i in range(width - 3)]
    if titles:
        columns = [f"{joint} {axis}" for joint in LAYOUT.joints for axis in ["X", "Y", "Z", *others]]
        lines.append("\t".join([*["Frame", "Time"][:leading], *columns]))
    for i, frame in enumerate(joints * 1000):
        cells = [str(i + 1), f"{i / 100:.5f}"][:leading]
        for point in frame:
            cells += [gap if np.isnan(value) else f"{value:.3f}" for value in point] + ["1.5"] * len(others)
        lines.append("\t".join(cells) + end)
    return "\n".join(lines) + "\n"


@pytest.fixture
def read(tmp_path, one_marker_a_joint):
    def read(text: str):
        path = tmp_path / "walk.tsv"
        path.write_text(text)
        assert FORMAT.recognise(path, path.read_bytes()[:4096])
        return FORMAT.read(path, FileOptions(markers=one_marker_a_joint))

    return read


@pytest.mark.parametrize("leading", [0, 1, 2])
@pytest.mark.parametrize("titles", [False, True])
@pytest.mark.parametrize("key", KINDS)
@pytest.mark.parametrize("gap", ["0.000", "", "NaN"])
@pytest.mark.parametrize("end", ["", "\t"])
def test_positions_are_read_in_every_variant(read, standing, leading, titles, key, gap, end):
    joints = standing(LAYOUT, 4, 1)
    joints[1, 3] = joints[0, 0] = joints[2, 19] = np.nan
    (recording,) = read(qualisys(joints, leading, titles, key, gap, end))
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)
    assert recording.fps == 100


def test_names_above_a_row_of_axes_are_read(read, standing):
    joints = standing(LAYOUT, 3, 1)
    lines = qualisys(joints, leading=2, key="SEGMENT_NAMES").split("\n")
    at = next(i for i, line in enumerate(lines) if line.startswith("SEGMENT_NAMES"))
    names = "\t".join(["", "", *(joint + "\t" * 6 for joint in LAYOUT.joints)])
    lines[at] = names + "\n" + "\t".join(["Frame", "Time", *(["X", "Y", "Z", "QX", "QY", "QZ", "QW"] * len(LAYOUT))])
    (recording,) = read("\n".join(lines))
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)


def test_the_sample_of_real_use_is_read():
    path = Path(__file__).parents[3] / "shared" / "cases" / "qtm.tsv"
    if not path.exists():
        pytest.skip(f"the sample is not at {path}")
    (recording,) = FORMAT.read(path, FileOptions())
    assert (len(recording), recording.fps) == (5, 100)


def test_a_wrong_frame_count_is_noted(read, standing):
    (recording,) = read(qualisys(standing(LAYOUT, 4, 1)).replace("NO_OF_FRAMES\t4", "NO_OF_FRAMES\t9"))
    assert "the file states 9 frames and holds 4" in recording.quality.notes


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("INCLUDED\t3D", "INCLUDED\t2D", "holds 2D data of cameras, expected 3D.*export"),
        ("NO_OF_ANALOG\t0", "REFERENCE\tLOCAL", "relative to their parents, expected global"),
        ("MARKER_NAMES", "OTHER", "names no markers or segments"),
        ("MARKER_NAMES\t", "MARKER_NAMES\tnose\t", "line 13: has 60 columns, expected 3 for each of 21 names"),
    ],
)
def test_errors_name_the_problem(read, standing, old, new, message):
    text = qualisys(standing(LAYOUT, 3, 1))
    assert old in text
    with pytest.raises(FormatError, match=message):
        read(text.replace(old, new))


@given(seed=st.integers(0, 2**32))
def test_damaged_files_are_errors_or_recordings(tmp_path, standing, one_marker_a_joint, check_damaged, seed):
    content = qualisys(standing(LAYOUT, 3, 1), leading=2, titles=bool(seed % 2)).encode()
    check_damaged(FORMAT, tmp_path / "d.tsv", content, seed, options=FileOptions(markers=one_marker_a_joint))

"""The ``;``-cell CSV of kinect-v1-actions: real files, and written files are read back."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats import get_format
from himpc.recordings import Recording
from himpc.skeleton import get_layout

KINECT_CELLS = get_format("kinect-cells")

LAYOUT = get_layout("kinect-v1")
HEADER = (
    "HipCenter; Spine; ShoulderCenter; Head; ShoulderLeft; ElbowLeft; WristLeft; HandLeft; ShoulderRight; ElbowRight; "
    "WristRight; HandRight; HipLeft; KneeLeft; AnkleLeft; FootLeft; HipRight; KneeRight; AnkleRight; FootRight"
)


def read_one(path: Path) -> Recording:
    (recording,) = KINECT_CELLS.read(path, FileOptions())
    return recording


def text_of(joints: np.ndarray, order: list[int] | None = None) -> str:
    names = HEADER.split("; ")
    order = order or list(range(20))
    lines = ["; ".join(names[i] for i in order)]
    lines += [";".join(" ".join(f"{v:.7g}" for v in frame[i]) for i in order) + ";0" for frame in joints]
    return "\n".join(lines)


@given(seed=st.integers(0, 2**32), n=st.integers(1, 5), order=st.permutations(range(20)))
def test_written_joints_are_read_back(tmp_path: Path, standing, seed: int, n: int, order: list[int]) -> None:
    joints = standing(LAYOUT, n, seed)
    path = tmp_path / "walk.csv"
    path.write_text(text_of(joints, order))
    assert KINECT_CELLS.recognise(path, path.read_bytes()[:4096])
    recording = read_one(path)
    np.testing.assert_allclose(recording.joints, joints, rtol=1e-6)
    assert recording.quality.frames_read == n
    assert recording.source == str(path)


def test_a_frame_of_zeros_is_unseen(tmp_path: Path, standing) -> None:
    joints = standing(LAYOUT, 3, 0)
    joints[1] = 0
    path = tmp_path / "walk.csv"
    path.write_text(text_of(joints))
    unseen = np.isnan(read_one(path).joints).all(axis=(1, 2))
    assert unseen.tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\n", "\nx", r"walk\.csv, line 2: number 1 is 'x"),
        (";0\n", "\n1 2 3;4 5 6;0\n", "line 3: has 3 cells, expected 20"),
        (";0\n", ";0\n1 ", "line 3: cell 1 is '1 1.5 1.5 1.5', expected 'x y z'"),
        (";0\n", ";0\n1e7 0 0;", "line 3: a position of 1e+07"),
        (";0\n", ";0\ninf 0 0;", "line 3: a position of inf"),
        ("HipCenter", "Tail", "line 1: expected the 20 joint names"),
    ],
)
def test_errors_name_the_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "walk.csv"
    path.write_text(text_of(np.full((3, 20, 3), 1.5)).replace(old, new, 1))
    with pytest.raises(FormatError, match=message.replace("+", r"\+")):
        KINECT_CELLS.read(path, FileOptions())


@given(seed=st.integers(0, 2**32))
def test_damaged_files_are_errors_or_recordings(tmp_path: Path, standing, check_damaged, seed: int) -> None:
    check_damaged(KINECT_CELLS, tmp_path / "walk.csv", text_of(standing(LAYOUT, 3, 1)).encode(), seed)


def test_all_real_recordings_are_read(shared_data: Path) -> None:
    files = sorted((shared_data / "kinect-v1-actions").glob("*.csv"))
    assert len(files) == 72
    unseen_files = []
    for path in files:
        assert KINECT_CELLS.recognise(path, path.read_bytes()[:4096])
        recording = read_one(path)
        assert 142 <= len(recording) <= 504
        if np.isnan(recording.joints).all():
            unseen_files.append(path.name)
        else:
            above = recording.joints[:, LAYOUT.index("head"), 1] - recording.joints[:, LAYOUT.index("left_foot"), 1]
            assert 1 < np.nanmedian(above) < 2
    assert unseen_files == ["Seq2_10.csv", "Seq4_10.csv"]

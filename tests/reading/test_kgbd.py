"""KGBD ``.txt``: written files are read back, by joint names or by their order; errors name the line."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats import get_format
from himpc.skeleton import get_layout

KGBD = get_format("kgbd")

LAYOUT = get_layout("kinect-v1")
# The joint order of the raw files, as they spell it, and which joint of the layout each is.
NAMES = [
    *("Head", "ShoulderCenter", "ShoulderRight", "ShoulderLeft", "ElbowRight", "ElbowLeft", "WristRight", "WristLeft"),
    *("HandRight", "HandLeft", "Spine", "HipCenter", "HipRight", "HipLeft", "KneeRight", "KneeLeft", "AnkleRight"),
    *("AnkleLeft", "FootRight", "FootLeft"),
]
ORDER = [3, 2, 8, 4, 9, 5, 10, 6, 11, 7, 1, 0, 16, 12, 17, 13, 18, 14, 19, 15]


def text_of(joints: np.ndarray, names: list[str] = NAMES, order: list[int] = ORDER) -> str:
    return "".join(
        f"{name};" + ";".join(f"{v:.6f}" for v in frame[joint]) + "\r\n"
        for frame in joints
        for name, joint in zip(names, order, strict=True)
    )


@given(seed=st.integers(0, 2**32), n=st.integers(1, 4), comma=st.booleans(), shuffle=st.permutations(range(20)))
def test_written_joints_are_read_back(tmp_path: Path, standing, seed: int, n: int, comma: bool, shuffle) -> None:
    joints = standing(LAYOUT, n, seed)
    text = text_of(joints, [NAMES[i] for i in shuffle], [ORDER[i] for i in shuffle])
    path = tmp_path / "Person001.txt"
    path.write_bytes((text.replace(".", ",") if comma else text).encode())
    assert KGBD.recognise(path, path.read_bytes()[:4096])
    (recording,) = KGBD.read(path, FileOptions(fps=30))
    np.testing.assert_allclose(recording.joints, joints, atol=1e-6)
    assert (recording.fps, recording.quality.frames_read, recording.layout) == (30, n, LAYOUT)


def test_joints_with_unknown_names_are_read_by_position(tmp_path: Path, standing) -> None:
    joints = standing(LAYOUT, 2, 0)
    path = tmp_path / "walk.txt"
    path.write_text(text_of(joints, [f"joint-{chr(97 + i)}" for i in range(20)]))
    (recording,) = KGBD.read(path, FileOptions())
    np.testing.assert_allclose(recording.joints, joints, atol=1e-6)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda lines: lines[:-1], "line 39: ends within a frame: has 39 joint lines"),
        (lambda lines: [*lines[:21], lines[20], *lines[22:]], "line 22: is joint 'Head', expected 'ShoulderCenter'"),
        (lambda lines: [*lines[:4], "ElbowRight;1;2", *lines[5:]], "line 5: has 2 numbers, expected 3"),
        (lambda lines: [*lines[:4], "ElbowRight;1;2;a", *lines[5:]], "line 5: number 3 is 'a'"),
        (lambda lines: [*lines[:4], "ElbowRight;1;2;-inf", *lines[5:]], "line 5: a position of -inf"),
        (lambda lines: ["HipLeft;1;2;3", *lines[1:]], "do not name each joint"),
        (lambda lines: [], "ends within a frame"),
    ],
)
def test_errors_name_the_line(tmp_path: Path, standing, damage, message: str) -> None:
    path = tmp_path / "walk.txt"
    path.write_text("\n".join(damage(text_of(standing(LAYOUT, 2, 0)).splitlines())))
    with pytest.raises(FormatError, match=message):
        KGBD.read(path, FileOptions())


@given(seed=st.integers(0, 2**32))
def test_damaged_files_are_errors_or_recordings(tmp_path: Path, standing, check_damaged, seed: int) -> None:
    check_damaged(KGBD, tmp_path / "walk.txt", text_of(standing(LAYOUT, 3, 1)).encode(), seed)

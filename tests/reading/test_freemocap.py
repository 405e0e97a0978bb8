"""FreeMoCap: arrays and both kinds of tables, hands and face, other arrays, and damaged files."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats import find_format, get_format
from himpc.skeleton import get_layout

FORMAT = get_format("freemocap")
LAYOUT = get_layout("mediapipe-33")
NAMES = [{"left_mouth": "mouth_left", "right_mouth": "mouth_right"}.get(name, name) for name in LAYOUT.joints]
NAMES = [name + "_index" if name.endswith("_foot") else name for name in NAMES]
LONG = "frame,timestamp,model,keypoint,trajectory,x,y,z,reprojection_error"


@pytest.fixture
def joints(standing):
    joints = standing(LAYOUT, 5, 1)
    joints[1, 3] = np.nan
    return joints


def wide(joints: np.ndarray) -> str:
    """Write a column for each coordinate, and hands."""
    names = [f"body_{name}" for name in NAMES] + [f"right_hand_{i}" for i in range(21)]
    points = np.concatenate([joints, np.zeros((len(joints), 21, 3))], axis=1) * 1000
    header = ",".join(f"{name}_{axis}" for name in names for axis in "xyz")
    return "\n".join([header, *(",".join(cell(value) for value in frame.ravel()) for frame in points)]) + "\n"


def long(joints: np.ndarray) -> str:
    """Write a row for each point, hands, and points that were corrected to rigid bones."""
    lines = [LONG]
    for i, frame in enumerate(joints * 1000):
        for name, point in zip(NAMES, frame, strict=True):
            lines.append(f"{i},,mediapipe.body,{name},3d_xyz,{','.join(map(cell, point))},0.5")
            lines.append(f"{i},,mediapipe.body,{name},rigid_3d_xyz,1,2,3,0.5")
        lines.append(f"{i},,mediapipe.right_hand,wrist,3d_xyz,1,2,3,0.5")
    return "\n".join(lines) + "\n"


def cell(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.4f}"


@pytest.mark.parametrize("points", [33, 75, 543, 553])
@pytest.mark.parametrize("scale", [1000, 1])
def test_arrays_are_read_whatever_follows_the_body(tmp_path, joints, points, scale):
    path = tmp_path / "mediapipe_skeleton_3d.npy"
    others = np.zeros((len(joints), points - 33, 3))
    np.save(path, np.concatenate([joints, others], axis=1) * scale)
    assert find_format(path) is FORMAT
    (recording,) = FORMAT.read(path, FileOptions(fps=30))
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)
    assert (recording.layout, recording.fps) == (LAYOUT, 30)
    assert any("as the size of the body shows" in note for note in recording.quality.notes) == (
        scale == 1
    )  # metres are noted


@pytest.mark.parametrize("write", [wide, long])
def test_tables_are_read(tmp_path, joints, write):
    path = tmp_path / "walk.csv"
    path.write_text(write(joints))
    assert find_format(path) is FORMAT
    (recording,) = FORMAT.read(path, FileOptions())
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)
    assert recording.layout == LAYOUT


def test_missing_frames_of_a_long_table_are_gaps(tmp_path, joints):
    path = tmp_path / "walk.csv"
    path.write_text("\n".join(line for line in long(joints).splitlines() if not line.startswith("2,")))
    (recording,) = FORMAT.read(path, FileOptions())
    assert np.isnan(recording.joints).all(axis=(1, 2)).tolist() == [False, False, True, False, False]


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((4, 33, 3)), "shows no person: every point is missing"),
        (np.zeros((2, 4, 33, 3)), r"of shape \(2, 4, 33, 3\), expected numbers"),
        (np.zeros((4, 33), dtype=np.float32), "expected numbers"),
        (np.zeros((0, 33, 3)), "expected numbers"),
        (np.full((4, 33, 3), "a"), "expected numbers"),
        (np.full((4, 33, 3), None), "holds Python objects"),
        (np.full((4, 33, 3), 1e12), "is farther than"),
    ],
)
def test_other_arrays_are_errors(tmp_path, array, message):
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    with pytest.raises(FormatError, match=message):
        FORMAT.read(tmp_path / "a.npy", FileOptions())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: LONG, "holds no frames"),
        (lambda text: text.replace(".body", ".face"), "holds no points of a body"),
        (
            lambda text: text.replace("0,,mediapipe.body,left_eye,3d", "0,,mediapipe.body,nose,3d"),
            "line 6: 'nose' is there",
        ),
        (lambda text: text.replace("0,,mediapipe", "0.5,,mediapipe"), "frame is 0.5, expected a whole number"),
        (lambda text: text.replace(",0.5\n", "\n", 1), "line 2: has 8 cells, expected 9"),
    ],
)
def test_errors_of_tables_name_the_problem(tmp_path, joints, change, message):
    path = tmp_path / "walk.csv"
    path.write_text(change(long(joints)))
    with pytest.raises(FormatError, match=message):
        FORMAT.read(path, FileOptions())


def test_samples_are_read():
    cases = Path(__file__).parents[3] / "shared" / "cases"
    if not cases.is_dir():
        pytest.skip(f"the samples are not at {cases}")
    assert find_format(cases / "freemocap_body.csv") is find_format(cases / "freemocap.npy") is FORMAT


@given(seed=st.integers(0, 2**32))
@pytest.mark.parametrize("kind", ["npy", "wide", "long"])
def test_damaged_files_are_errors_or_recordings(tmp_path, standing, check_damaged, kind, seed):
    joints = standing(LAYOUT, 3, 1)
    path = tmp_path / "d.npy"
    np.save(path, joints)
    content = path.read_bytes() if kind == "npy" else (wide if kind == "wide" else long)(joints).encode()
    check_damaged(FORMAT, path, content, seed)

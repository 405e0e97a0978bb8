"""Vicon Nexus CSV: blocks of trajectories, segments and model outputs of one or two subjects, and old exports."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats import get_format
from himpc.skeleton import get_layout

FORMAT = get_format("vicon")
LAYOUT = get_layout("kinect-v1")
DEVICES = "Devices\n1000\n,,Force,,\nFrame,Sub Frame,Fx,Fy,Fz\n,,N,N,N\n1,0,1,2,3\n1,1,1,2,3\n\n"


def vicon(
    joints: np.ndarray,
    block: str = "Trajectories",
    subjects: tuple[str, ...] = ("Ann",),
    unit: str = "mm",
    first: int = 1,
) -> str:
    columns = ["RX", "RY", "RZ", "TX", "TY", "TZ"] if block == "Segments" else ["X", "Y", "Z"]
    units = ["deg"] * 3 * (block == "Segments") + [unit] * 3
    names = [f"{subject}:{joint}" for subject in subjects for joint in LAYOUT.joints]
    angles = [f"{subjects[0]}:LKneeAngles"] * (block == "Model Outputs")
    lines = [block, "100", ",," + "".join(name + "," * len(columns) for name in [*angles, *names])]
    lines.append(",".join(["Frame", "Sub Frame", *columns * (len(angles) + len(names))]))
    lines.append(",".join(["", "", *["deg"] * 3 * len(angles), *units * len(names)]))
    bodies = np.concatenate([joints + np.array([2 * i, 0, 0]) for i in range(len(subjects))], axis=1)
    for i, frame in enumerate(bodies * {"mm": 1000, "m": 1}[unit]):
        cells = [str(first + i), "0", *["5"] * 3 * len(angles)]
        for point in frame:
            cells += ["7"] * 3 * (block == "Segments") + ["" if np.isnan(value) else f"{value:.4f}" for value in point]
        lines.append(",".join(cells))
    return "\n".join(lines) + "\n\n"


@pytest.fixture
def read(tmp_path, one_marker_a_joint):
    def read(text: str):
        path = tmp_path / "walk.csv"
        path.write_text(text)
        assert FORMAT.recognise(path, path.read_bytes()[:4096])
        return FORMAT.read(path, FileOptions(markers=one_marker_a_joint))

    return read


@pytest.mark.parametrize("block", ["Trajectories", "Segments", "Model Outputs"])
@pytest.mark.parametrize("before", ["", DEVICES])
@pytest.mark.parametrize("unit", ["mm", "m"])
def test_each_block_of_positions_is_read(read, standing, block, before, unit):
    joints = standing(LAYOUT, 4, 1)
    joints[1, 3] = joints[2, 19] = np.nan
    (recording,) = read(before + vicon(joints, block, unit=unit) + DEVICES)
    np.testing.assert_allclose(recording.joints, joints, atol=1e-4)
    assert recording.fps == 100


def test_each_subject_is_a_recording(read, standing):
    joints = standing(LAYOUT, 3, 1)
    first, second = read(vicon(joints, subjects=("Ann", "Ben"), first=120))
    np.testing.assert_allclose(first.joints, joints, atol=1e-5)
    np.testing.assert_allclose(second.joints, joints + np.array([2, 0, 0]), atol=1e-5)


def test_trajectories_are_preferred_wherever_they_are(read, standing):
    joints = standing(LAYOUT, 3, 1)
    (recording,) = read(vicon(joints + 0.5, "Model Outputs") + vicon(joints))
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)
    assert "positions of the block 'trajectories'" in recording.quality.notes


def test_model_outputs_are_read_where_markers_are_of_no_person(read, standing):
    joints = standing(LAYOUT, 3, 1)
    (recording,) = read(vicon(joints).replace("Ann:", "Ann:x") + vicon(joints, "Model Outputs"))
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)


def test_exports_of_nexus_1_are_read(read, standing):
    joints = standing(LAYOUT, 3, 1)
    names = "," + "".join(f"Ann:{joint},,," for joint in LAYOUT.joints)
    rows = [f"{i + 1}," + ",".join(f"{v * 1000:.4f}" for v in frame.ravel()) for i, frame in enumerate(joints)]
    text = "\n".join(["TRAJECTORIES", "120,Hz", names, "Field #," + ",".join(["X,Y,Z"] * len(LAYOUT)), *rows])
    for stated in (text, text.replace("Field #", "Frame").replace("\n1,", "\n," + ",".join(["mm"] * 60) + "\n1,")):
        (recording,) = read(stated)
        np.testing.assert_allclose(recording.joints, joints, atol=1e-5)
    assert recording.fps == 120


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: DEVICES, "holds no positions of markers, segments or model outputs.*export"),
        (lambda text: text.replace("Sub Frame,X", "Sub Frame,A"), "does not give"),
        (lambda text: text.replace("\n1,0,", "\n1,0,left"), "line 6: cell 3 is 'left"),
        (lambda text: text.replace("Frame,Sub", "Bild,Sub"), "line 1: the block 'trajectories' has no rows of names"),
    ],
)
def test_errors_name_the_problem(read, standing, change, message):
    with pytest.raises(FormatError, match=message):
        read(change(vicon(standing(LAYOUT, 3, 1))))


@given(seed=st.integers(0, 2**32))
def test_damaged_files_are_errors_or_recordings(tmp_path, standing, one_marker_a_joint, check_damaged, seed):
    content = (DEVICES + vicon(standing(LAYOUT, 3, 1))).encode()
    check_damaged(FORMAT, tmp_path / "d.csv", content, seed, options=FileOptions(markers=one_marker_a_joint))

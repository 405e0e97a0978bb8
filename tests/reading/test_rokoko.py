"""CSV with columns such as Hips_position_x."""

import numpy as np
import pytest

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats import find_format, get_format
from himpc.skeleton import get_layout

FORMAT = get_format("rokoko")
LAYOUT = get_layout("kinect-v1")


def rokoko(joints: np.ndarray, name: str = "{}_position_{}") -> str:
    columns = [name.format(joint, axis) for joint in LAYOUT.joints for axis in "xyz"]
    lines = [",".join(["timestamp", *columns, "Hips_rotation_x"])]
    for i, frame in enumerate(joints):
        lines.append(",".join([f"{i / 30:.4f}", *("" if np.isnan(v) else f"{v:.6f}" for v in frame.ravel()), "90"]))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", ["{}_position_{}", "{}.Position.{}", "{} pos {}"])
def test_positions_are_read(tmp_path, standing, one_marker_a_joint, name):
    joints = standing(LAYOUT, 5, 1)
    joints[1, 3] = np.nan
    path = tmp_path / "walk.csv"
    path.write_text(rokoko(joints, name))
    assert find_format(path) is FORMAT
    (recording,) = FORMAT.read(path, FileOptions(markers=one_marker_a_joint))
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)
    assert recording.fps == pytest.approx(30, rel=1e-3)


def test_a_file_without_frames_is_an_error(tmp_path, standing):
    path = tmp_path / "walk.csv"
    path.write_text(rokoko(standing(LAYOUT, 1, 1)).splitlines()[0])
    with pytest.raises(FormatError, match="line 1: expected positions such as Hips_position_x, and frames"):
        FORMAT.read(path, FileOptions())

"""CSV with columns such as Hips_position_x, as of Rokoko Studio."""

import numpy as np
import pytest

import himpc
from himpc.skeleton import get_layout

LAYOUT = get_layout("kinect-v1")
_SIDED = {"shoulder": "Arm", "elbow": "Forearm", "wrist": "Hand", "hip": "Thigh", "knee": "Shin", "ankle": "Foot"}
NAMES = {"pelvis": "Hips", "spine": "Spine", "neck": "Neck", "head": "Head"} | {
    f"{side}_{joint}": f"{side.title()}{name}" for side in ("left", "right") for joint, name in _SIDED.items()
}


@pytest.mark.parametrize("spelling", ["{}_position_{}", "{}.Position.{}", "{} pos {}"])
def test_positions_are_read_and_rotations_left_out(tmp_path, standing, spelling):
    joints = standing(LAYOUT, 6, 1)
    header = [
        "timestamp",
        *(spelling.format(name, axis) for name in NAMES.values() for axis in "xyz"),
        "Hips_rotation_x",
    ]
    kept = joints[:, [LAYOUT.index(joint) for joint in NAMES]].reshape(6, -1)
    rows = [",".join(map(str, [round(i / 30, 4), *frame.round(6), 90])) for i, frame in enumerate(kept)]
    (tmp_path / "walk.csv").write_text("\n".join([",".join(header), *rows]) + "\n")
    (recording,) = himpc.read(tmp_path / "walk.csv", clean=False)
    assert recording.fps == pytest.approx(30, rel=1e-3)
    for joint in ("left_knee", "right_wrist", "pelvis"):
        np.testing.assert_allclose(
            recording.joints[:, recording.layout.index(joint)], joints[:, LAYOUT.index(joint)], atol=1e-5
        )

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import LayoutError
from himpc.skeleton import body_frame, get_layout

LAYOUT = get_layout("kinect-v1")
SEEDS = st.integers(0, 10_000)


def skeletons(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(3, 4, 20, 3))


def yaw(joints: np.ndarray, angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return joints @ np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])


@given(SEEDS, st.floats(-4, 4))
def test_body_frame_does_not_depend_on_the_heading(seed, angle):
    joints = skeletons(seed)
    assert np.allclose(body_frame(joints, LAYOUT), body_frame(yaw(joints, angle), LAYOUT))


@given(SEEDS)
def test_body_frame_keeps_distances_and_heights_and_is_idempotent(seed):
    joints = skeletons(seed)
    turned = body_frame(joints, LAYOUT)
    assert np.allclose(
        np.linalg.norm(turned[..., 0, :] - turned[..., 5, :], axis=-1),
        np.linalg.norm(joints[..., 0, :] - joints[..., 5, :], axis=-1),
    )
    assert np.array_equal(turned[..., 1], joints[..., 1])
    assert np.allclose(body_frame(turned, LAYOUT), turned)


def test_left_goes_to_plus_x_and_the_face_to_plus_z():
    joints = np.zeros((1, 20, 3))
    joints[0, LAYOUT.index("left_hip")] = joints[0, LAYOUT.index("left_shoulder")] = [0, 0, -1]
    joints[0, LAYOUT.index("left_foot")] = [1, 0, 0]  # in front of a body whose left is -z, y up
    turned = body_frame(joints, LAYOUT)
    assert np.allclose(turned[0, LAYOUT.index("left_hip")], [1, 0, 0])
    assert np.allclose(turned[0, LAYOUT.index("left_foot")], [0, 0, 1])


def test_a_body_without_a_side_keeps_its_heading():
    joints = skeletons(0)
    for side in ("left", "right"):
        joints[..., LAYOUT.index(f"{side}_shoulder"), :] = np.nan
        joints[..., LAYOUT.index(f"{side}_hip"), ::2] = 0.5
    assert np.array_equal(body_frame(joints, LAYOUT), joints, equal_nan=True)


def test_float32_and_float64_agree_for_short_side_lines():
    joints = np.random.default_rng(29).normal(size=(6, 20, 3)).astype(np.float32)
    joints -= joints[:, :1]
    turned = body_frame(joints, LAYOUT)
    assert np.allclose(turned, body_frame(joints.astype(np.float64), LAYOUT), rtol=1e-5, atol=1e-6)


def test_an_array_of_another_shape_is_a_layout_error():
    with pytest.raises(LayoutError, match="20 joints"):
        body_frame(np.zeros((4, 19, 3)), LAYOUT)

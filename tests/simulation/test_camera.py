"""Cameras."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.simulation import Camera, Difficulty, simulate

METRES = st.floats(-20, 20)
PERFECT = Difficulty()


@given(angle=st.floats(-180, 180), yaw=st.floats(-30, 30), pitch=st.floats(-30, 60), height=st.floats(0.2, 4))
def test_camera_axes_are_orthonormal_and_right_handed(angle, yaw, pitch, height):
    camera = Camera("any", angle=angle, yaw=yaw, pitch=pitch, height=height)
    assert np.allclose(camera.axes @ camera.axes.T, np.eye(3))
    assert np.linalg.det(camera.axes) == pytest.approx(1)
    assert camera.to_camera_axes(camera.position) == pytest.approx(np.zeros(3), abs=1e-9)


def test_walker_facing_the_camera_approaches_with_left_and_right_mirrored():
    (walk,) = simulate(1, 1, seconds=2, difficulty=PERFECT, cameras=[Camera("front", pitch=0.0)])
    layout = walk.layout
    depth = walk.joints[:, layout.index("pelvis"), 2]
    assert depth[0] - depth[-1] > 1.5
    assert (walk.joints[:, layout.index("left_shoulder"), 0] < walk.joints[:, layout.index("right_shoulder"), 0]).all()
    assert (walk.joints[:, layout.index("head"), 1] > walk.joints[:, layout.index("left_foot"), 1] + 1).all()
    (aside,) = simulate(1, 1, seconds=2, difficulty=PERFECT, cameras=[Camera("left", angle=90.0)])
    nearer = aside.joints[:, layout.index("right_hip"), 2] - aside.joints[:, layout.index("left_hip"), 2]
    assert (nearer > 0).all()

"""Occlusion of joints by the body of another person."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from occlusion import _CAPSULES, BODY_JOINTS, occluded_by


def hidden_slowly(joint, body):
    """A joint is hidden when some point of the way to it lies in some capsule: a thousand points of each."""
    way = np.linspace(0, 1, 1000)[:, None] * joint
    for start, end, radius in _CAPSULES:
        bone = np.linspace(body[BODY_JOINTS.index(start)], body[BODY_JOINTS.index(end)], 50)
        if (np.linalg.norm(way[:, None] - bone, axis=2) < radius).any():
            return True
    return False


@settings(max_examples=20)
@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(0.3, 6))
def test_occlusion_equals_slow_ray_casting(left, up, ahead):
    rng = np.random.default_rng(0)
    body = np.array([0.0, 0.0, 3.0]) + 0.5 * rng.standard_normal((1, len(BODY_JOINTS), 3))
    joint = np.array([left, up, ahead])
    assert occluded_by(joint[None, None], body)[0, 0] == hidden_slowly(joint, body[0])

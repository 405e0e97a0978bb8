"""The vertical axis and the heading follow from the joints."""

from __future__ import annotations

import numpy as np
import pytest
from walks import LAYOUT, simulate_walk

from himpc.video.orientation import estimate_up, facing_direction, rotate_upright


@pytest.mark.parametrize(("angle", "pitch"), [(0.0, 0.0), (90.0, 20.0), (45.0, 35.0), (180.0, 30.0)])
def test_up_is_estimated_within_3_degrees(angle: float, pitch: float) -> None:
    bodies = [simulate_walk(seed=seed, angle=angle, pitch=pitch) for seed in range(3)]
    up = estimate_up(bodies, LAYOUT)
    assert up is not None
    truth = np.array([0.0, np.cos(np.radians(pitch)), np.sin(np.radians(pitch))])
    assert np.degrees(np.arccos(min(1.0, float(up @ truth)))) < 3
    turned, degrees = rotate_upright(bodies[0], up)
    assert degrees == pytest.approx(pitch, abs=3)
    assert np.allclose(np.linalg.norm(turned, axis=2), np.linalg.norm(bodies[0], axis=2))
    assert estimate_up([turned], LAYOUT)[1] > 0.99


def test_facing_direction_agrees_with_the_nose() -> None:
    """Seen in a mirror of the definition: where the nose is, seen from the ears."""
    for angle in (0.0, 70.0, -120.0):
        joints = simulate_walk(angle=angle)
        nose = joints[:, 0] - joints[:, [7, 8]].mean(axis=1)
        ahead = np.degrees(np.arctan2(nose[:, 0], nose[:, 2]))
        apart = (facing_direction(joints, LAYOUT) - ahead + 180) % 360 - 180
        assert np.abs(np.median(apart)) < 10

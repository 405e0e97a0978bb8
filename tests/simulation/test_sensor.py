"""Errors of the depth camera and its skeleton tracker."""

import numpy as np
import pytest

from himpc.simulation import Camera, Difficulty, Sensor, simulate
from himpc.skeleton import get_layout

PERFECT = Difficulty()


def still(depth: float, frames: int = 400) -> np.ndarray:
    """Return joints of a person who stands still at this depth, at an angle to the camera."""
    (walk,) = simulate(1, 1, seconds=0.1, difficulty=PERFECT, cameras=[Camera("front", pitch=0.0)])
    one = walk.joints[:1].astype(np.float64)
    one[:, :, 2] += depth - one[:, 0, 2]
    return np.repeat(one, frames, axis=0)


def measure(sensor: Sensor, joints: np.ndarray, seed: int = 0) -> np.ndarray:
    turned = np.repeat(np.eye(3)[None], len(joints), axis=0)
    rng = np.random.default_rng(seed)
    return sensor.measure(joints, get_layout("kinect-v1"), fps=30, turned=turned, rng=rng)


def test_exact_sensor_changes_nothing():
    joints = still(3.0)
    assert np.array_equal(measure(Sensor(), joints), joints)


def test_depth_noise_grows_with_distance_squared():
    near, far = (measure(Sensor(depth_noise=1), still(z)) - still(z) for z in (2.0, 4.0))
    assert not near[:, :, :2].any()
    assert near[:, :, 2].std() == pytest.approx(1.425e-3 * 4, rel=0.15)
    assert far[:, :, 2].std() / near[:, :, 2].std() == pytest.approx(4, rel=0.15)


def test_hands_are_noisier_and_slow_errors_persist():
    layout = get_layout("kinect-v1")
    joints = still(3.0, frames=3000)
    jitter = (measure(Sensor(jitter=0.01), joints) - joints).std(axis=(0, 2))
    assert jitter[layout.index("pelvis")] == pytest.approx(0.01, rel=0.1)
    assert jitter[layout.index("left_hand")] > 2 * jitter[layout.index("left_shoulder")]
    drift = (measure(Sensor(drift=0.01), joints) - joints)[:, 0, 0]
    assert drift.std() == pytest.approx(0.01, rel=0.2)
    assert np.corrcoef(drift[:-1], drift[1:])[0, 1] > 0.9
    bias = measure(Sensor(bias=0.01), joints) - joints
    assert np.ptp(bias, axis=0).max() < 1e-9
    assert bias[0].std() > 0.005


def test_losses_and_swaps_affect_whole_joints():
    layout = get_layout("kinect-v1")
    joints = still(3.0)
    lost = np.isnan(measure(Sensor(losses=0.3), joints))
    assert 0 < lost.mean() < 0.3
    assert np.array_equal(lost.any(axis=2), lost.all(axis=2))
    swapped = measure(Sensor(swaps=1), joints)
    changed = (swapped != joints).any(axis=2)
    assert 0 < changed.any(axis=1).mean() < 0.8
    assert np.array_equal(swapped[:, layout.mirror_order][changed], joints[changed])
    assert not changed[:, [layout.index("pelvis"), layout.index("head")]].any()


def test_far_side_has_the_error_of_occlusion():
    layout = get_layout("kinect-v1")
    sensor = Sensor(occlusion=0.05)
    true = simulate(4, 1, difficulty=PERFECT, cameras=[Camera("left", angle=90.0)], sensor=Sensor())
    seen = simulate(4, 1, difficulty=PERFECT, cameras=[Camera("left", angle=90.0)], sensor=sensor)
    error = np.concatenate([np.linalg.norm(s.joints - t.joints, axis=2) for s, t in zip(seen, true, strict=True)])
    walking = error[:, [layout.index("left_hip"), layout.index("right_hip")]].mean(axis=0)
    assert walking[0] < 0.25 * walking[1]

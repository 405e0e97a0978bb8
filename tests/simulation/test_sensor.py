"""What the simulator's cameras see and its sensor makes of it, and how hard that makes people to tell apart."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from himpc.recordings import Recording
from himpc.simulation import Camera, Difficulty, Sensor, simulate
from himpc.simulation.trajectories import Path
from himpc.skeleton import get_layout

PERFECT = Difficulty()


# Cameras and paths


@given(angle=st.floats(-180, 180), yaw=st.floats(-30, 30), pitch=st.floats(-30, 60), height=st.floats(0.2, 4))
def test_cameras_are_rigid_and_right_handed(angle, yaw, pitch, height):
    camera = Camera("any", angle=angle, yaw=yaw, pitch=pitch, height=height)
    assert np.allclose(camera.axes @ camera.axes.T, np.eye(3))
    assert np.linalg.det(camera.axes) == pytest.approx(1)
    assert camera.to_camera_axes(camera.position) == pytest.approx(np.zeros(3), abs=1e-9)


def test_a_walker_facing_a_camera_comes_nearer_with_the_left_side_on_the_right():
    (walk,) = simulate(1, 1, seconds=2, difficulty=PERFECT, cameras=[Camera("front", pitch=0.0)])
    layout = walk.layout
    depth = walk.joints[:, layout.index("pelvis"), 2]
    assert depth[0] - depth[-1] > 1.5
    assert (walk.joints[:, layout.index("left_shoulder"), 0] < walk.joints[:, layout.index("right_shoulder"), 0]).all()
    assert (walk.joints[:, layout.index("head"), 1] > walk.joints[:, layout.index("left_foot"), 1] + 1).all()
    (aside,) = simulate(1, 1, seconds=2, difficulty=PERFECT, cameras=[Camera("left", angle=90.0)])
    nearer = aside.joints[:, layout.index("right_hip"), 2] - aside.joints[:, layout.index("left_hip"), 2]
    assert (nearer > 0).all()


@settings(max_examples=30)
@given(
    heading=st.floats(-180, 180),
    pieces=st.lists(st.tuples(st.floats(0.5, 8), st.floats(-360, 360)), min_size=1, max_size=3),
)
def test_paths_are_as_long_as_the_way_gone(heading, pieces):
    way = np.linspace(0.3, 9, 200)
    place, headings = Path(heading, tuple(pieces)).follow(way)
    gone = np.linalg.norm(np.diff(place, axis=0), axis=1)
    assert (gone <= np.diff(way) + 1e-6).all()
    assert np.allclose(place.mean(axis=0), 0, atol=1e-9)
    assert headings.shape == (200,)


def test_a_long_walk_stays_before_the_camera():
    for walk in simulate(4, 1, seconds=60, fps=5, difficulty=Difficulty(headings=180, curved=0.5)):
        depth = walk.joints[:, 0, 2]
        assert depth.min() > 0.3
        assert depth.max() < 9


# A sensor like a sensor


def still(depth: float, frames: int = 400) -> np.ndarray:
    """Somebody standing before the camera, seen askew."""
    (walk,) = simulate(1, 1, seconds=0.1, difficulty=PERFECT, cameras=[Camera("front", pitch=0.0)])
    one = walk.joints[:1].astype(np.float64)
    one[:, :, 2] += depth - one[:, 0, 2]
    return np.repeat(one, frames, axis=0)


def measure(sensor: Sensor, joints: np.ndarray, seed: int = 0) -> np.ndarray:
    turned = np.repeat(np.eye(3)[None], len(joints), axis=0)
    rng = np.random.default_rng(seed)
    return sensor.measure(joints, get_layout("kinect-v1"), fps=30, turned=turned, rng=rng)


def test_a_perfect_sensor_changes_nothing():
    joints = still(3.0)
    assert np.array_equal(measure(Sensor(), joints), joints)


def test_depth_noise_grows_with_distance_squared():
    near, far = (measure(Sensor(depth_noise=1), still(z)) - still(z) for z in (2.0, 4.0))
    assert not near[:, :, :2].any()
    assert near[:, :, 2].std() == pytest.approx(1.425e-3 * 4, rel=0.15)
    assert far[:, :, 2].std() / near[:, :, 2].std() == pytest.approx(4, rel=0.15)


def test_hands_and_feet_are_noisier_and_slow_errors_last():
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


def test_lost_joints_are_missing_whole_and_swaps_only_exchange_sides():
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


def test_the_far_side_is_occluded():
    layout = get_layout("kinect-v1")
    sensor = Sensor(occlusion=0.05)
    true = simulate(4, 1, difficulty=PERFECT, cameras=[Camera("left", angle=90.0)], sensor=Sensor())
    seen = simulate(4, 1, difficulty=PERFECT, cameras=[Camera("left", angle=90.0)], sensor=sensor)
    error = np.concatenate([np.linalg.norm(s.joints - t.joints, axis=2) for s, t in zip(seen, true, strict=True)])
    walking = error[:, [layout.index("left_hip"), layout.index("right_hip")]].mean(axis=0)
    assert walking[0] < 0.25 * walking[1]


# How hard it is


def bone_lengths(recording: Recording) -> np.ndarray:
    ends, starts = np.array(recording.layout.bones).T
    lengths = np.linalg.norm(recording.joints[:, ends] - recording.joints[:, starts], axis=2)
    return np.nanmean(lengths, axis=0)


def identified(difficulty: str | Difficulty, seeds: range = range(3)) -> float:
    """The share of 20 people whose nearest neighbour in another session, by mean bone lengths, is themselves."""
    right = []
    for seed in seeds:
        walks = simulate(20, 2, seconds=3, difficulty=difficulty, seed=seed)
        lengths = np.array([bone_lengths(walk) for walk in walks]).reshape(20, 2, -1)
        apart = np.linalg.norm(lengths[:, None, 0] - lengths[None, :, 1], axis=2)
        right.append((apart.argmin(axis=1) == np.arange(20)).mean())
    return float(np.mean(right))


def test_difficulties_are_graded():
    easy, medium, hard = (identified(name) for name in ("easy", "medium", "hard"))
    assert easy > 0.9
    assert 0.25 < medium < easy
    assert 1.5 / 20 < hard < medium

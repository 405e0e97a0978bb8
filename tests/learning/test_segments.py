"""Discovered layouts in different poses: people are compared by the shapes of their rigid segments."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

import himpc
from himpc.errors import ConfigError
from himpc.learning import Config, resolve_prior
from himpc.recordings import Recording, Windows, to_common_layout
from himpc.skeleton import points_layout

NAMES = [f"m{i:02d}" for i in range(12)]


def record(shape, rng, *, moves, frames=60):
    """A chain of three segments of four points: it swings, or keeps a pose of its own."""
    time, joints, origin, turn = np.linspace(0, 9, frames), [], np.zeros((frames, 3)), Rotation.identity(frames)
    for part in shape:
        pose = rng.normal(0, 0.02 if moves else 0.8, 3)
        swing = 0.6 * np.sin(time * rng.uniform(0.8, 1.2) + rng.uniform(0, 6))[:, None] * [0.3, 0, 1]
        turn = turn * Rotation.from_rotvec(pose + swing * (1.0 if moves else 0.001))
        joints.append(np.stack([origin + turn.apply(point) for point in part], axis=1))
        origin = origin + turn.apply([0, -0.4, 0])
    noisy = np.concatenate(joints, axis=1) + rng.normal(0, 0.0005, (frames, 12, 3)) + [0, 2, 0]
    return noisy.astype(np.float32)


@pytest.fixture(scope="module")
def recordings():
    rng = np.random.default_rng(3)
    base = rng.uniform((-0.07, -0.33, -0.07), (0.07, -0.05, 0.07), (3, 4, 3))
    found = []
    for person in range(5):
        shape = base + rng.normal(0, 0.015, base.shape)
        for number, moves in enumerate((True, True, False)):
            joints = record(shape, rng, moves=moves)
            found.append(
                Recording(joints, points_layout(NAMES, joints), fps=50, person=f"p{person}", camera=str(number))
            )
    return found


@pytest.mark.filterwarnings("ignore::himpc.errors.LayoutWarning")
def test_still_recordings_are_grouped_with_moving_ones(recordings):
    grouping = himpc.group(recordings, people=5)
    assert len({(group, recording.person) for group, recording in zip(grouping.groups, recordings, strict=True)}) == 5


def test_segments_are_compared_where_some_recordings_are_still(recordings):
    config = Config.preset("tracklet")
    together = to_common_layout(recordings)[0]
    assert resolve_prior(config, Windows.cut(together, 6)).prior == "segments"
    assert resolve_prior(config.with_(max_epochs=2), Windows.cut(together, 6)).prior == "none"
    person = [each for each in together if each.camera != "2"][:2]  # one body, which moves
    assert resolve_prior(config, Windows.cut(person, 6)).prior == "none"


def test_discovered_layouts_of_one_activity_are_trained_on():
    rng = np.random.default_rng(4)
    shape = rng.uniform((-0.07, -0.33, -0.07), (0.07, -0.05, 0.07), (3, 4, 3))
    walks = [record(shape * size, rng, moves=True) for size in np.repeat([1.0, 1.02], 8)]
    together = to_common_layout([Recording(joints, points_layout(NAMES, joints), fps=50) for joints in walks])[0]
    assert resolve_prior(Config.preset("tracklet"), Windows.cut(together, 6)).prior == "none"


@pytest.mark.filterwarnings("ignore::himpc.errors.LayoutWarning")
def test_settings_of_segments_are_those_of_the_saved_model(recordings):
    windows = Windows.cut(to_common_layout(recordings)[0], 6)
    config = resolve_prior(Config.preset("tracklet"), windows)
    assert resolve_prior(config, windows) == config
    model = himpc.HiMPC(settings={"prior": "segments"}).fit(recordings).model_
    assert model.settings["prior"] == "segments"
    assert model.training["epochs"] == 0


def test_segments_without_effect_of_training_are_refused(recordings):
    windows = Windows.cut(to_common_layout(recordings)[0], 6)
    config = Config.preset("tracklet").with_(prior="segments")
    with pytest.raises(ConfigError, match="max_epochs has no effect with segments"):
        resolve_prior(config.with_(max_epochs=2), windows)


def test_segments_of_any_layout_can_be_compared():
    walks = himpc.simulate(2, 1, seconds=1.0)
    config = Config.preset("tracklet").with_(prior="segments")
    assert resolve_prior(config, Windows.cut(walks, 6)).levels == ("joint",)
    flat = [walk.with_(joints=walk.joints * [1, 1, 0], dimensions=2) for walk in walks]
    with pytest.raises(ConfigError, match="no segments in 3D"):
        resolve_prior(config, Windows.cut(flat, 6))

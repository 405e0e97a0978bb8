"""Features from inputs that are computed once equal those of the whole network."""

import numpy as np
import pytest
import torch

from himpc.learning import frame_inputs
from himpc.learning.frame_inputs import FrameInputs
from himpc.learning.masking import mask
from himpc.model import Network, window_features
from himpc.recordings import Windows
from himpc.simulation import simulate


@pytest.fixture(scope="module")
def windows():
    walks = simulate(people=2, recordings=2, seconds=1.0, difficulty="easy")
    return Windows.cut(walks, 6, 3)


@pytest.mark.parametrize("limit", [0, frame_inputs.MAX_BYTES])
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_features_equal_those_of_the_network(monkeypatch, windows, limit, share):
    monkeypatch.setattr(frame_inputs, "MAX_BYTES", limit)
    network = Network(windows.layout, ("joint", "limb"), 8, 0, normalise=True, distances=True, whiten=True)
    torch.nn.init.normal_(network.encoder("limb").w2, generator=torch.Generator().manual_seed(0))
    inputs, seen = FrameInputs(network, windows), mask(windows, share, 0, 1)
    assert inputs.has_frames_of(seen)
    rows = np.array([3, 1, 5])
    expected = network(torch.from_numpy(seen[rows]).flatten(0, 1))
    whole = window_features(network, seen)
    for level, features in inputs.encode(seen, rows).items():
        assert features.requires_grad
        torch.testing.assert_close(features.flatten(0, 1), expected[level])
        torch.testing.assert_close(inputs.window_features(seen)[level], whole[level])


def test_bodies_are_described_once(monkeypatch, windows):
    network = Network(windows.layout, ("joint",), 8, 0, distances=True)
    inputs = FrameInputs(network, windows)
    monkeypatch.setattr(Network, "describe", None)
    inputs.window_features(windows)
    inputs.encode(windows, np.arange(2))

"""The hard-mining weight of frames, against the formula of docs/method.md, section 4, written plainly."""

import numpy as np
import pytest
import torch

from himpc.errors import DataError
from himpc.gallery.frame_weights import FrameWeights
from himpc.model import Model, Network, window_features
from himpc.recordings import Windows, clean
from himpc.simulation import simulate

LENGTH = 4


def a_model(temperature=0.0, **network):
    layout = simulate(people=1, recordings=1, seconds=1.0, difficulty="easy", seed=0)[0].layout
    kwargs = {"levels": ("joint", "limb"), "hidden": 8, "heads": 3, "seed": 5} | network
    settings = {"temperature": temperature}
    return Model(Network(layout, **kwargs), layout, LENGTH, settings=settings)


def plain(model, joints, features, person):
    """Return the weights frame by frame, window by window, head by head, from the prototypes of each level."""
    found = [[] for _ in joints]
    centred = joints - joints[:, list(model.layout.root)].mean(axis=1, keepdims=True)
    temperature = model.settings["temperature"]
    for level in model.levels:
        h = model.network.encode(torch.from_numpy(centred), level).detach().numpy().astype(np.float64)
        c = features[level].astype(np.float64)
        heads = model.network.encoder(level).heads.detach().numpy().astype(np.float64)
        heads = heads if len(heads) else np.eye(h.shape[1])[None]
        for start in range(len(joints) - LENGTH + 1):
            own = h[start : start + LENGTH]
            y = person if person is not None else np.linalg.norm(own.mean(axis=0) - c, axis=1).argmin()
            a, b = own, c
            if temperature:
                a = a / np.linalg.norm(a, axis=1, keepdims=True)
                b = b / np.linalg.norm(b, axis=1, keepdims=True)
            for w in heads:
                z = (a @ w) @ (b @ w).T / (temperature or h.shape[1] ** 0.5)
                guess = z.mean(axis=0).argmax()
                power = np.exp((-1 if guess == y else 1) * (z[:, guess] - z[:, guess].mean()))
                for frame, weight in enumerate(power / power.sum()):
                    found[start + frame].append(weight)
    weights = np.array([np.mean(each) for each in found])
    return weights / weights.max()


@pytest.mark.parametrize("person", [None, 2])
@pytest.mark.parametrize("kind", [{}, {"heads": 0}, {"temperature": 0.1}, {"normalise": True}])
def test_weights_equal_the_formula(person, kind):
    model = a_model(**kind)
    walks = simulate(people=4, recordings=1, seconds=2.0, difficulty="medium", seed=3)
    walks = [clean(walk)[0] for walk in walks]
    windows = Windows.cut([walk.with_(source="") for walk in walks], LENGTH)
    features = window_features(model.network, windows)
    centres = np.stack([model.embed(windows)[windows.recording == i].mean(axis=0) for i in range(4)])
    means = {
        level: np.stack([features[level][windows.recording == i].mean(axis=0).numpy() for i in range(4)])
        for level in model.levels
    }
    joints = walks[1].joints[:300]
    found = FrameWeights(model, centres)(joints, person)
    np.testing.assert_allclose(found, plain(model, joints, means, person), rtol=2e-3)
    assert found.shape == (len(joints),)
    assert found.max() == 1
    assert found.min() < 0.999


def test_batch_size_does_not_change_weights(monkeypatch):
    model = a_model()
    joints = simulate(people=1, recordings=1, seconds=2.0, difficulty="easy", seed=3)[0].joints
    centres = np.random.default_rng(0).normal(size=(3, model.size))
    whole = FrameWeights(model, centres)(joints)
    monkeypatch.setattr("himpc.gallery.frame_weights.BATCH_SIZE", 7)
    np.testing.assert_allclose(FrameWeights(model, centres)(joints), whole, rtol=1e-4)


def test_recording_shorter_than_a_window_has_zero_weights():
    model = a_model()
    assert (
        FrameWeights(model, np.ones((1, model.size)))(np.zeros((LENGTH - 1, len(model.layout), 3))).tolist() == [0] * 3
    )


@pytest.mark.parametrize("centres", [np.ones((2, 3)), np.ones((0, 16)), np.full((1, 16), np.nan)])
def test_invalid_centres_are_refused(centres):
    with pytest.raises(DataError, match="centres"):
        FrameWeights(a_model(), centres)(np.zeros((9, 20, 3)))

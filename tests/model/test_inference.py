"""Arranged inference equals the network, frame by frame and head by head, by torch and by NumPy."""

from itertools import product

import numpy as np
import pytest
import torch

from himpc.model import Inference, Network, mean_over_frames
from himpc.model.array_inference import ArrayInference
from himpc.model.card import Card
from himpc.model.tensors import shapes_of
from himpc.model.weights import arrange
from himpc.skeleton import LEVELS, get_layout

KINECT = get_layout("kinect-v1")


def network(heads: int = 3, **switches: bool) -> Network:
    made = Network(KINECT, ("joint",) if switches.get("adapted") else LEVELS, 32, heads, seed=4, **switches)
    generator = torch.Generator().manual_seed(0)
    for name, tensor in made.state_dict().items():
        if not name.endswith(("w1", "heads")):
            torch.nn.init.normal_(tensor, std=0.1, generator=generator)
    return made


@pytest.mark.parametrize("whiten", [False, True])
@pytest.mark.parametrize("distances", [False, True])
@pytest.mark.parametrize("normalise", [False, True])
@pytest.mark.parametrize("heads", [0, 3])
def test_embeddings_equal_the_plain_formula(heads, normalise, distances, whiten):
    made = network(heads, normalise=normalise, distances=distances, whiten=whiten)
    joints, index = torch.randn(40, 20, 3), torch.randint(40, (9, 5))
    features = {level: made.over_frames(frames, index) for level, frames in made(joints).items()}
    expected = made.msmr(features)
    torch.testing.assert_close(Inference(made).embed_windows(joints, index), expected, rtol=1e-5, atol=1e-5)
    for level in LEVELS:
        actual = Inference(made, (level,), meta=False).embed_windows(joints, index)
        torch.testing.assert_close(actual, features[level], rtol=1e-5, atol=1e-5)
    plain = [mean_over_frames(f, index) for f in made(joints).values()]
    if not normalise:
        torch.testing.assert_close(list(features.values()), plain)


SWITCHES = ("normalise", "distances", "whiten", "adapted")
COMBINATIONS = [dict(zip(SWITCHES, each, strict=True)) for each in product((False, True), repeat=4)]


@pytest.mark.parametrize("heads", [0, 3])
@pytest.mark.parametrize("switches", COMBINATIONS, ids=lambda each: "-".join(name for name in each if each[name]))
def test_numpy_equals_torch(heads, switches):
    if switches["adapted"] and not (switches["whiten"] and not switches["normalise"]):
        pytest.skip("an adapted network is whitened and not normalised")
    made = network(heads, **switches)
    joints, index = torch.randn(512, 20, 3), torch.randint(512, (256, 5))
    arrays = ArrayInference(arrange(made.weights()))
    expected = Inference(made).embed_windows(joints, index).numpy()
    actual = arrays.embed_windows(joints.numpy(), index.numpy())
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


def test_linear_network_skips_its_first_layer():
    made = Network(KINECT, ("joint",), 16, 0, whiten=True, distances=True, adapted=True)  # second layers start at 0
    made.pose_scale.fill_(2)
    joints, index = torch.randn(256, 20, 3), torch.randint(256, (256, 5))
    layers = arrange(made.weights())
    assert layers.is_linear
    weights = made.encode(joints, "joint").mul(2).square().sum(dim=1, keepdim=True) ** -2
    features = made.encode(joints, "joint") * weights
    expected = (features[index].sum(dim=1) / weights[index].sum(dim=1)).detach()
    for actual in (
        torch.from_numpy(ArrayInference(layers).embed_windows(joints.numpy(), index.numpy())),
        Inference(made).embed_windows(joints, index),
    ):
        torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("switches", COMBINATIONS, ids=lambda each: "-".join(name for name in each if each[name]))
def test_card_states_the_shapes_of_its_network(switches):
    card = Card(KINECT, ("limb", "joint"), 8, 2, 6, 3, "", **switches)
    assert card.shapes() == shapes_of(card.network().state_dict())


@pytest.mark.parametrize("kind", [Inference, lambda made: ArrayInference(arrange(made.weights()))])
def test_second_layer_is_applied_once_per_window(kind):
    made, sizes = kind(network()), []
    last = made.embed_means
    made.embed_means = lambda means: sizes.append(tuple(means.shape)) or last(means)
    joints, index = torch.randn(60, 20, 3), torch.arange(60).view(10, 6)
    made.embed_windows(*((joints, index) if isinstance(made, Inference) else (joints.numpy(), index.numpy())))
    assert sizes == [(10, 96)]


def test_inference_has_no_gradient_and_copies_the_weights():
    made = network()
    inference = Inference(made)
    joints, index = torch.randn(6, 20, 3), torch.arange(6)[None]
    before = inference.embed_windows(joints, index)
    assert not before.requires_grad
    with torch.no_grad():
        for weights in made.parameters():
            weights.add_(1)
    torch.testing.assert_close(inference.embed_windows(joints, index), before, rtol=0, atol=0)

"""Arranged inference equals the network, frame by frame and head by head."""

import pytest
import torch

from himpc.model import Inference, Network, mean_over_frames
from himpc.skeleton import LEVELS, get_layout

KINECT = get_layout("kinect-v1")


def network(heads: int = 3, **switches: bool) -> Network:
    made = Network(KINECT, LEVELS, 32, heads, seed=4, **switches)
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


def test_second_layer_is_applied_once_per_window():
    made, sizes = Inference(network()), []
    last = made.embed_means
    made.embed_means = lambda means: sizes.append(tuple(means.shape)) or last(means)
    made.embed_windows(torch.randn(60, 20, 3), torch.arange(60).view(10, 6))
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

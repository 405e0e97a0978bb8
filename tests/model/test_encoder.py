"""The network: its arithmetic against the reference, and its initial weights."""

from pathlib import Path

import numpy as np
import pytest
import torch

from himpc.evaluation import evaluate_ranking
from himpc.model import Model, Network, mean_over_frames
from himpc.recordings import Windows
from himpc.skeleton import LEVELS, centre, get_layout, pool

REFERENCE = np.load(Path(__file__).parents[1] / "hi_mpc_reference.npz", allow_pickle=False)
KINECT = get_layout("kinect-v1")
TESTED = 320  # the released code tests five full batches of 64


def assert_close(actual, expected):
    """To 1e-5 relative; where numbers cancel to nearly 0, to 1e-6 of the largest."""
    actual = actual.detach().cpu() if isinstance(actual, torch.Tensor) else actual
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6 * abs(expected).max())


def reference_network(dtype=torch.float32):
    """Return the network with the weights that the authors' code was given."""
    network = Network(KINECT, LEVELS, hidden=64, heads=8)
    for level in LEVELS:
        names = ("W1", "b1", "W2", "b2", "heads")
        weights = {name.lower(): torch.from_numpy(REFERENCE[f"{level}_{name}"]) for name in names}
        network.encoder(level).load_state_dict(weights)
    return network.to(dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_msmr_equals_the_reference(dtype, device):
    network = reference_network(dtype).to(device)
    windows = torch.from_numpy(REFERENCE["joint_frames"]).to(device, dtype)
    index = torch.arange(64 * 6, device=device).view(64, 6)
    features = {level: mean_over_frames(f, index) for level, f in network(windows.flatten(0, 1)).items()}
    for level in LEVELS:
        expected = REFERENCE[f"{level}_features"]
        assert_close(features[level], expected)
    assert_close(network.msmr(features), REFERENCE["msmr"])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gallery_and_ranking_equal_the_reference(dtype, device):
    """Joints in, Rank-k and mAP out: pooling, encoders, heads and metrics as the released code has them."""
    network = reference_network(dtype).to(device)
    index = torch.arange(TESTED * 6, device=device).view(TESTED, 6)
    embeddings = {}
    for side in ("gallery", "probe"):
        joints = torch.from_numpy(REFERENCE[f"{side}_joints"][:TESTED]).to(device, dtype).flatten(0, 1)
        with torch.no_grad():
            features = {level: mean_over_frames(frames, index) for level, frames in network(joints).items()}
            embeddings[side] = features | {"msmr": network.msmr(features)}
    assert_close(embeddings["gallery"]["msmr"], REFERENCE["gallery_msmr"])
    ids = [REFERENCE[f"{side}_ids"][:TESTED] for side in ("probe", "gallery")]
    for name in ("msmr", *LEVELS):
        actual = evaluate_ranking(*(embeddings[side][name].cpu().numpy() for side in ("probe", "gallery")), *ids)
        assert [*actual.rank.values(), actual.mAP] == pytest.approx(REFERENCE[f"eval_{name}"], rel=1e-5), name


def test_model_embedding_equals_the_reference(device):
    joints = REFERENCE["gallery_joints"][:TESTED]
    windows = Windows(
        frames=joints.reshape(-1, 20, 3),
        starts=np.arange(TESTED) * 6,
        recording=np.arange(TESTED),
        length=6,
        layout=KINECT,
        n_recordings=TESTED,
    )
    model = Model(reference_network(), KINECT, window_length=6).to(device)
    assert_close(model.embed(windows), REFERENCE["gallery_msmr"])


def test_meta_representation_is_the_mean_over_heads():
    encoder = reference_network(torch.float64).encoder("limb")
    features = torch.randn(5, 64, dtype=torch.float64)
    torch.testing.assert_close(encoder.meta(features), torch.stack([features @ w for w in encoder.heads]).mean(dim=0))


@pytest.mark.parametrize("level", LEVELS)
def test_pooling_equals_that_of_numpy(level):
    joints = centre(np.random.default_rng(0).normal(size=(7, 20, 3)), KINECT).astype(np.float32)
    pooled = Network(KINECT, LEVELS, 4, 1).pool(torch.from_numpy(joints), level)
    np.testing.assert_allclose(pooled, pool(joints, KINECT, level), rtol=1e-5, atol=1e-6)


def test_window_features_are_means_of_overlapping_frames():
    features = torch.randn(9, 4)
    index = torch.arange(0, 6, 2)[:, None] + torch.arange(5)
    torch.testing.assert_close(mean_over_frames(features, index), features[index].mean(dim=1))


def test_normalised_features_have_length_1():
    joints, index = torch.randn(12, 20, 3), torch.arange(12).view(2, 6)
    plain, unit = (Network(KINECT, LEVELS, 32, 2, normalise=on) for on in (False, True))
    for level in LEVELS:
        frames = plain(joints)[level]
        frames = frames / frames.norm(dim=1, keepdim=True)
        torch.testing.assert_close(unit(joints)[level], frames)
        means = frames.unflatten(0, (2, 6)).mean(dim=1)
        torch.testing.assert_close(unit.over_frames(frames, index), means / means.norm(dim=1, keepdim=True))
        torch.testing.assert_close(plain.over_frames(frames, index), means)


def test_seed_determines_the_network_without_the_global_random_state():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, again, other = (Network(KINECT, ("joint",), 8, 2, seed=seed) for seed in (3, 3, 4))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(first.encoder("joint").w1, again.encoder("joint").w1)
    assert not torch.equal(first.encoder("joint").w1, other.encoder("joint").w1)


def test_initial_weights_are_glorot_uniform_and_standard_normal():
    encoder = Network(KINECT, ("joint",), 256, 4).encoder("joint")
    assert encoder.w1.abs().max() <= (6 / (60 + 256)) ** 0.5
    assert encoder.w2.std().item() == pytest.approx((2 / 512) ** 0.5, rel=0.02)
    assert encoder.heads.std().item() == pytest.approx(1, rel=0.02)
    assert not encoder.b1.any()
    assert not encoder.b2.any()

"""The presets after SimMC and SPC-MGR, and what they need: masks, contrast of windows, a temperature."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from himpc._schema import to_plain
from himpc.learning import Config, train
from himpc.learning._fast.hi_mpc import hi_mpc
from himpc.learning.losses.contrast import features_to_compare, prototypes_to_compare
from himpc.learning.masking import count_visible_frames, mask
from himpc.model import Model, Network, window_features
from himpc.recordings import Windows

from .conftest import make_recordings
from .test_run_folder import StopAfter

SMALL = {"hidden": 16, "batch_size": 40, "max_epochs": 10, "k1": 10, "seed": 7}


def plain_loss(frames, prototypes, labels, temperature):
    """SimMC's masked prototype contrast as its paper has it: cross-entropy of cosines over a temperature, by window."""
    losses = []
    for window, y in zip(frames, labels, strict=True):
        f = window.mean(dim=0)
        cosines = torch.stack([f @ c / (f.norm() * c.norm()) for c in prototypes])
        losses.append(-torch.log_softmax(cosines / temperature, dim=0)[y])
    return sum(losses) / len(losses)


def random_batch(seed, heads=0):
    generator = torch.Generator().manual_seed(seed)
    frames, prototypes, heads = (
        torch.randn(*size, generator=generator, dtype=torch.float64) for size in [(3, 4, 6), (5, 6), (heads, 6, 6)]
    )
    return frames, prototypes, heads, torch.randint(5, (3,), generator=generator)


def test_presets_have_the_documented_settings():
    clean, simmc, spc = (to_plain(Config.preset(name)) for name in ("clean", "simmc", "spc"))
    contrast = {"heads": 0, "mining": "off", "contrast": "windows", "temperature": 0.07}
    assert simmc == clean | contrast | {"levels": ["joint"], "mask": 0.25}
    assert spc == clean | contrast | {"levels": ["component", "limb"], "batch_size": 128}


@given(st.integers(0, 99), st.floats(0.01, 10), st.sampled_from(["hard", "off", "inverted"]))
def test_the_contrast_of_the_presets_equals_the_plain_formula(seed, temperature, mining):
    frames, prototypes, heads, labels = random_batch(seed)
    config = Config(heads=0, contrast="windows", temperature=temperature, mining=mining)
    compared = features_to_compare(frames, config), prototypes_to_compare(prototypes, config)
    found = hi_mpc(*compared, heads, labels, config)
    torch.testing.assert_close(found, plain_loss(frames, prototypes, labels, temperature))


@given(st.integers(0, 99), st.sampled_from([0, 2]))
def test_temperature_removes_the_effect_of_lengths(seed, heads):
    frames, prototypes, heads, labels = random_batch(seed, heads)
    config = Config(temperature=0.5)

    def loss(frames, prototypes):
        compared = features_to_compare(frames, config), prototypes_to_compare(prototypes, config)
        return hi_mpc(*compared, heads, labels, config)

    longer = torch.arange(1, 6, dtype=torch.float64)
    torch.testing.assert_close(loss(3 * frames, prototypes * longer[:, None]), loss(frames, prototypes))
    logits = features_to_compare(frames, config) @ prototypes_to_compare(prototypes, config).T / 6**0.5
    cosines = torch.cosine_similarity(frames[:, :, None], prototypes, dim=-1)
    torch.testing.assert_close(logits, cosines / 0.5)


def test_defaults_leave_features_unchanged():
    frames, prototypes, _, _ = random_batch(0)
    for config in (Config(), Config(normalise=True)):
        assert features_to_compare(frames, config) is frames
        assert prototypes_to_compare(prototypes, config) is prototypes
    norms = features_to_compare(frames, Config(normalise=True, contrast="windows")).norm(dim=-1)
    torch.testing.assert_close(norms, torch.ones(3, 1, dtype=torch.float64))


@given(st.integers(1, 100), st.floats(0, 1, exclude_max=True))
def test_a_mask_leaves_out_some_frames_but_not_all(length, share):
    left = count_visible_frames(length, share)
    assert 1 <= left <= length
    assert (left == length) == (share == 0 or length == 1)
    assert share == 0 or abs(left - (1 - share) * length) <= 1


@given(st.integers(0, 2**63 - 1), st.integers(1, 50), st.floats(0.1, 0.9))
def test_masked_windows_are_windows_without_some_frames(seed, epoch, share):
    windows = Windows.cut(make_recordings(2, 1), length=6, stride=3)
    masked = mask(windows, share, seed, epoch)
    positions = masked.frames_of(slice(None)) - windows.starts[:, None]
    assert positions.shape == (len(windows), count_visible_frames(6, share)) == (len(masked), masked.length)
    assert (np.diff(positions, axis=1) > 0).all()
    assert 0 <= positions.min() <= positions.max() < 6
    rows = np.array([3, 0, 3])
    np.testing.assert_array_equal(masked[rows], np.take_along_axis(windows[rows], positions[rows][..., None, None], 1))
    again, other = mask(windows, share, seed, epoch), mask(windows, share, seed, epoch + 1)
    np.testing.assert_array_equal(again[:], masked[:])
    assert not np.array_equal(other.frames_of(slice(None)), masked.frames_of(slice(None)))
    assert mask(windows, 0.0, seed, epoch) is windows


def test_frames_are_left_out_equally_often(monkeypatch):
    windows = Windows.cut(make_recordings(8, 1, frames=1000), length=6, stride=1)
    monkeypatch.setattr("himpc.learning.masking.BLOCK_WINDOWS", 1000)
    left = mask(windows, 0.25, 3, 1).frames_of(slice(None)) - windows.starts[:, None]
    counts = np.bincount(left.ravel(), minlength=6) / len(windows)
    np.testing.assert_allclose(counts, 4 / 6, atol=6 * math.sqrt(2 / 9 / len(windows)))


def test_prototypes_use_only_remaining_frames(windows):
    network = Network(windows.layout, ("joint", "limb"), 8, 2)
    masked = mask(windows, 0.5, 0, 1)
    features = window_features(network, masked)
    for level in network.levels:
        frames = network.encode(torch.from_numpy(masked[:]).flatten(0, 1), level)
        expected = frames.unflatten(0, (len(masked), 3)).mean(dim=1)
        torch.testing.assert_close(features[level], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("preset", ["simmc", "spc"])
def test_a_baseline_learns_and_is_resumed_to_the_same_bits(windows, preset, tmp_path):
    config = Config.preset(preset).with_(**SMALL)
    unbroken = train(windows, config)
    last = unbroken.history.epochs[-1]
    alike = [record.loss for record in unbroken.history.epochs if record.clusters == last.clusters]
    assert len(alike) > 1
    assert alike[-1] < 0.95 * alike[0]
    assert unbroken.model.embed(windows).shape == (len(windows), 16 * len(config.levels))
    with pytest.raises(KeyboardInterrupt):
        train(windows, config, out=tmp_path, callbacks=[StopAfter(2, within=True)])
    resumed = train(windows, config, out=tmp_path, resume=True)
    assert resumed.model.fingerprint == unbroken.model.fingerprint
    assert Model.load(tmp_path).settings == to_plain(config)


@pytest.mark.parametrize(
    "change", [{"mask": 0.25}, {"mask": 0.9}, {"contrast": "windows"}, {"temperature": 0.5}], ids=str
)
@pytest.mark.parametrize(
    "others",
    [
        {},
        {"heads": 0, "clustering": "hdbscan"},
        {"mining": "inverted", "mining_gradient": False, "normalise": True},
        {"align": True, "joint_weight": 3.0, "shuffle": "once", "drop_last": True},
        {"contrast": "windows", "mask": 0.5, "temperature": 2.0, "normalise": True},
    ],
    ids=str,
)
def test_each_setting_combines_with_others_and_changes_the_model(windows, config, train_once, change, others):
    if change.keys() <= others.keys():
        others = {name: value for name, value in others.items() if name not in change}
    before = train_once(config.with_(max_epochs=2, **others)).model
    model, again = (train(windows, config.with_(max_epochs=2, **(others | change))).model for _ in range(2))
    assert before.fingerprint != model.fingerprint == again.fingerprint


def test_windows_of_one_frame_train_with_a_mask_too():
    windows = Windows.cut(make_recordings(), length=1, stride=2)
    config = Config.preset("simmc").with_(window_length=1, **SMALL)
    assert train(windows, config).history.epochs[0].loss is not None

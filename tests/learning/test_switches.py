"""Ablations by one setting each that are not switched on or off: levels, heads, clustering, length of windows.

The others are in test_trainer.py and test_baselines.py.
"""

from itertools import combinations

import pytest
import torch

from himpc.learning import Config, train
from himpc.learning.reproducibility import matmul_precision
from himpc.recordings import Windows
from himpc.skeleton import LEVELS

from .conftest import make_recordings

SUBSETS = [subset for size in (1, 2, 3) for subset in combinations(LEVELS, size)]


@pytest.mark.parametrize("levels", SUBSETS, ids="-".join)
def test_every_subset_of_levels(windows, config, levels):
    trained = train(windows, config.with_(levels=levels, max_epochs=2))
    assert trained.model.levels == levels
    assert set(trained.history.epochs[-1].losses) == set(levels)
    assert trained.model.embed(windows).shape == (len(windows), 16 * len(levels))


@pytest.mark.parametrize("heads", [1, 2, 8, 16])
def test_every_number_of_heads(windows, config, train_once, heads):
    trained = train(windows, config.with_(heads=heads, max_epochs=2))
    assert trained.model.network.encoder("limb").heads.shape == (heads, 16, 16)
    assert trained.history.epochs[-1].loss != train_once(config.with_(max_epochs=2)).history.epochs[-1].loss


@pytest.mark.parametrize("change", [{"k1": 3}, {"k2": 1}, {"eps": 0.3}, {"min_samples": 6}], ids=str)
@pytest.mark.parametrize("clustering", ["dbscan", "hdbscan"])
def test_every_setting_of_the_clustering(config, train_once, change, clustering):
    config = config.with_(clustering=clustering, max_epochs=1)
    before, after = (train_once(each).history.epochs[0] for each in (config, config.with_(**change)))
    same = "eps" in change and clustering == "hdbscan"  # which has no eps
    assert ((before.clusters, before.noise) == (after.clusters, after.noise)) == same


@pytest.mark.parametrize("length", [1, 4, 12])
def test_every_length_of_windows(config, length):
    config = config.with_(window_length=length, max_epochs=2)
    windows = Windows.cut(make_recordings(), length, config.training_stride)
    trained = train(windows, config)
    assert trained.history.epochs[0].loss is not None
    assert trained.model.window_length == length


@pytest.mark.parametrize("change", [{"learning_rate": 1e-2}, {"batch_size": 20}, {"seed": 8}, {"hidden": 24}], ids=str)
def test_every_setting_of_the_steps(config, train_once, change):
    before, after = (train_once(each).model for each in (config, config.with_(**change)))
    assert before.fingerprint != after.fingerprint


def test_default_uses_all_levels():
    assert Config().levels == LEVELS


@pytest.mark.parametrize(("precision", "inside"), [("float32", "highest"), ("tf32", "high")])
def test_precision_is_set_on_a_gpu_and_restored(precision, inside):
    before = torch.get_float32_matmul_precision()
    with matmul_precision(torch.device("cuda"), precision):
        assert torch.get_float32_matmul_precision() == inside
    assert torch.get_float32_matmul_precision() == before
    with matmul_precision(torch.device("cpu"), precision):
        assert torch.get_float32_matmul_precision() == before

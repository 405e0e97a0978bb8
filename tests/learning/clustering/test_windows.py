"""Pseudo-labels against those of the authors' code, and prototypes against plain means."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.sparse.csgraph import connected_components
from sklearn.cluster import HDBSCAN
from sklearn.metrics import adjusted_rand_score

from himpc.learning.clustering import (
    NOISE,
    cluster_windows,
    hdbscan,
    jaccard_distances,
    nearest_neighbours,
    prototypes,
)

REFERENCE = np.load(Path(__file__).parents[2] / "hi_mpc_reference.npz", allow_pickle=False)


def assert_equal_up_to_renaming(found, expected):
    names = set(zip(found, expected, strict=True))
    assert len(names) == len(set(found)) == len(set(expected))
    np.testing.assert_array_equal(found == NOISE, expected == NOISE)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("case", ["a", "b"])
@pytest.mark.parametrize("eps", [0.6, 0.8])
@pytest.mark.parametrize("min_samples", [2, 4])
def test_labels_equal_the_reference_up_to_renaming(case, eps, min_samples, dtype, device):
    expected = REFERENCE[f"cluster_{case}_dbscan_eps{eps}_min{min_samples}"].astype(np.int64)
    features = torch.from_numpy(REFERENCE[f"cluster_{case}_features"]).to(device, dtype)
    assert_equal_up_to_renaming(cluster_windows(features, eps=eps, min_samples=min_samples), expected)


@pytest.mark.parametrize("min_samples", [1, 2, 4, 30])
@pytest.mark.parametrize("separate", [False, True])
def test_sparse_hdbscan_equals_hdbscan_of_the_full_matrix(min_samples, separate):
    features = REFERENCE["cluster_a_features"]
    if separate:  # unconnected parts of the graph
        features = 0.3 * features[:120] / abs(features).max() + 4 * np.repeat(np.eye(3, 32), 40, axis=0)
    distances = jaccard_distances(features, nearest_neighbours(torch.from_numpy(features), 20).numpy())
    whole = np.ones(distances.shape)
    entries = distances.tocoo()
    whole[entries.row, entries.col] = np.maximum(entries.data, 1e-9)
    core, min_size = np.sort(whole, axis=1)[:, min_samples - 1], max(2, min_samples)
    _, part = connected_components(np.maximum(whole, np.maximum(core[:, None], core)) < 1)
    expected = HDBSCAN(min_cluster_size=min_size, min_samples=min_samples, metric="precomputed", copy=True)
    expected = expected.fit_predict(whole)
    found = hdbscan(distances, min_samples=min_samples)
    together = np.bincount(part)[part] >= min_size
    assert (found[~together] == NOISE).all()  # at a distance of 1 all tie, and chance decides
    if together.all() or min_samples < 30:  # the order of equal reachabilities is arbitrary: a border window may differ
        assert adjusted_rand_score(found[together], expected[together]) > 0.95
    assert found.max() > 0


def test_hdbscan_gives_equal_windows_one_label():
    features = torch.randn(60, 8, generator=torch.Generator().manual_seed(0))
    features[5:9] = features[5]
    found = cluster_windows(features, clustering="hdbscan")
    assert len(set(found[5:9])) == 1
    assert found[5] != NOISE


def test_hdbscan_of_fewer_windows_than_min_samples_is_noise():
    assert cluster_windows(torch.randn(3, 4), min_samples=4, clustering="hdbscan").tolist() == [NOISE] * 3
    assert cluster_windows(torch.randn(2, 4), min_samples=1, clustering="hdbscan").shape == (2,)
    assert cluster_windows(torch.randn(1, 4), min_samples=1, clustering="hdbscan").tolist() == [NOISE]


@pytest.mark.parametrize("n", [1, 2, 5])
def test_fewer_windows_than_k1_are_clustered(n):
    found = cluster_windows(torch.randn(n, 4, generator=torch.Generator().manual_seed(0)), k1=20)
    assert found.shape == (n,)
    assert found.dtype == np.int64


def test_two_distant_groups_are_two_clusters():
    generator = torch.Generator().manual_seed(0)
    heaps = torch.randn(40, 8, generator=generator) * 0.1
    heaps[20:] += 10
    assert cluster_windows(heaps, k1=10).tolist() == [0] * 20 + [1] * 20


def test_prototypes_are_means_without_noise_or_gradient():
    features = torch.tensor([[1.0], [3.0], [100.0], [5.0]], requires_grad=True)
    means = prototypes(features, torch.tensor([0, 0, NOISE, 1]))
    assert means.tolist() == [[2.0], [5.0]]
    assert not means.requires_grad
    assert prototypes(features, torch.full((4,), NOISE)).shape == (0, 1)

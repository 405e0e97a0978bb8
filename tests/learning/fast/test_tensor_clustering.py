"""Clustering by tensor operations against the compiled loops and scikit-learn."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from himpc.learning._fast import tensor_clustering
from himpc.learning._fast.tensor_clustering import Entries, tensor_dbscan, tensor_jaccard_distances
from himpc.learning.clustering import cluster_windows, dbscan, jaccard_distances, nearest_neighbours

REFERENCE = np.load(Path(__file__).parents[2] / "hi_mpc_reference.npz", allow_pickle=False)


def assert_same(features, k1, k2, max_distance):
    ranks = nearest_neighbours(features, k1)
    found = tensor_jaccard_distances(features, ranks, k2, max_distance)
    expected = jaccard_distances(features.numpy(), ranks.numpy(), k2, max_distance)
    rows = np.repeat(np.arange(len(features)), np.diff(expected.indptr))
    np.testing.assert_array_equal(found.rows, rows)
    np.testing.assert_array_equal(found.columns, expected.indices)
    np.testing.assert_allclose(found.values, expected.data, atol=1e-6)


@settings(max_examples=30)
@given(st.integers(1, 40), st.integers(1, 12), st.integers(1, 6), st.sampled_from([2**26, 7]), st.integers(0, 99))
def test_distances_equal_those_of_the_compiled_loops(n, k1, k2, block, seed):
    features = torch.from_numpy(np.random.default_rng(seed).normal(size=(n, 4)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tensor_clustering, "MAX_BLOCK_ELEMENTS", block)
        assert_same(features, k1, k2, 1.0)


@pytest.mark.parametrize("max_distance", [0.6, 1.0])
@pytest.mark.parametrize("case", ["a", "b"])
def test_distances_of_the_reference_equal_those_of_the_loops(case, max_distance):
    assert_same(torch.from_numpy(REFERENCE[f"cluster_{case}_features"]).float(), 20, 6, max_distance)


@given(st.integers(1, 30), st.integers(1, 5), st.floats(0.1, 0.9), st.integers(0, 999))
def test_labels_equal_those_of_scikit_learn(n, min_samples, eps, seed):
    rng = np.random.default_rng(seed)
    matrix = np.triu((rng.random((n, n)) < 2 / n) * rng.random((n, n)).astype(np.float32), 1)
    matrix += matrix.T
    rows, columns = np.nonzero(matrix + np.eye(n))
    graph = csr_matrix((matrix[rows, columns], (rows, columns)), shape=(n, n))
    entries = Entries(*map(torch.from_numpy, (rows, columns, matrix[rows, columns])))
    found = tensor_dbscan(entries, n, eps=eps, min_samples=min_samples)
    np.testing.assert_array_equal(found, dbscan(graph, eps=eps, min_samples=min_samples))


def test_a_long_chain_is_one_cluster():
    order = torch.randperm(3000, generator=torch.Generator().manual_seed(0))
    rows = torch.cat([order[:-1], order[1:], order])
    columns = torch.cat([order[1:], order[:-1], order])
    found = tensor_dbscan(Entries(rows, columns, torch.zeros(len(rows))), 3000, eps=0.5, min_samples=2)
    assert found.tolist() == [0] * 3000


@pytest.mark.parametrize("eps", [0.6, 0.8])
def test_pseudo_labels_equal_those_of_the_cpu(eps):
    features = torch.from_numpy(REFERENCE["cluster_a_features"]).float()
    entries = tensor_jaccard_distances(features, nearest_neighbours(features, 20), max_distance=eps)
    found = tensor_dbscan(entries, len(features), eps=eps, min_samples=2)
    np.testing.assert_array_equal(found, cluster_windows(features, eps=eps))

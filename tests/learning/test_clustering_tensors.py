"""Clustering by tensor operations against the compiled loops and scikit-learn."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from himpc.learning import clustering_tensors
from himpc.learning.clustering_tensors import Entries, density_labels, jaccard_entries
from himpc.learning.jaccard import jaccard_distances
from himpc.learning.neighbours import nearest
from himpc.learning.pseudo_labels import group_distances, pseudo_labels

REFERENCE = np.load(Path(__file__).parents[1] / "hi_mpc_reference.npz", allow_pickle=False)


def assert_same(features, k1, k2, most):
    ranks = nearest(features, k1)
    found = jaccard_entries(features, ranks, k2, most)
    expected = jaccard_distances(features.numpy(), ranks.numpy(), k2, most)
    rows = np.repeat(np.arange(len(features)), np.diff(expected.indptr))
    np.testing.assert_array_equal(found.rows, rows)
    np.testing.assert_array_equal(found.columns, expected.indices)
    np.testing.assert_allclose(found.values, expected.data, atol=1e-6)


@settings(max_examples=30)
@given(st.integers(1, 40), st.integers(1, 12), st.integers(1, 6), st.sampled_from([2**26, 7]), st.integers(0, 99))
def test_distances_equal_those_of_the_compiled_loops(n, k1, k2, block, seed):
    features = torch.from_numpy(np.random.default_rng(seed).normal(size=(n, 4)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clustering_tensors, "BLOCK", block)
        assert_same(features, k1, k2, 1.0)


@pytest.mark.parametrize("most", [0.6, 1.0])
@pytest.mark.parametrize("case", ["a", "b"])
def test_distances_of_the_reference(case, most):
    assert_same(torch.from_numpy(REFERENCE[f"cluster_{case}_features"]).float(), 20, 6, most)


@settings(max_examples=100)
@given(st.integers(1, 30), st.integers(1, 5), st.floats(0.1, 0.9), st.integers(0, 999))
def test_labels_equal_those_of_scikit_learn(n, min_samples, eps, seed):
    rng = np.random.default_rng(seed)
    matrix = np.triu((rng.random((n, n)) < 2 / n) * rng.random((n, n)).astype(np.float32), 1)
    matrix += matrix.T
    rows, columns = np.nonzero(matrix + np.eye(n))
    graph = csr_matrix((matrix[rows, columns], (rows, columns)), shape=(n, n))
    entries = Entries(*map(torch.from_numpy, (rows, columns, matrix[rows, columns])))
    found = density_labels(entries, n, eps=eps, min_samples=min_samples)
    np.testing.assert_array_equal(found, group_distances(graph, eps=eps, min_samples=min_samples))


def test_a_long_chain_is_one_group():
    order = torch.randperm(3000, generator=torch.Generator().manual_seed(0))
    rows = torch.cat([order[:-1], order[1:], order])
    columns = torch.cat([order[1:], order[:-1], order])
    found = density_labels(Entries(rows, columns, torch.zeros(len(rows))), 3000, eps=0.5, min_samples=2)
    assert found.tolist() == [0] * 3000


@pytest.mark.parametrize("eps", [0.6, 0.8])
def test_pseudo_labels_equal_those_of_the_cpu(eps):
    features = torch.from_numpy(REFERENCE["cluster_a_features"]).float()
    entries = jaccard_entries(features, nearest(features, 20), most=eps)
    found = density_labels(entries, len(features), eps=eps, min_samples=2)
    np.testing.assert_array_equal(found, pseudo_labels(features, eps=eps))

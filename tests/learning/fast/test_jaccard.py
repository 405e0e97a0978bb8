"""The sparse Jaccard distance against the formula, and the formula against the result of the authors' code."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from himpc.learning.clustering import jaccard_distances, nearest_neighbours

REFERENCE = np.load(Path(__file__).parents[2] / "hi_mpc_reference.npz", allow_pickle=False)


def dense_jaccard_distances(features, ranks, k2=6):
    """Compute the distances of docs/method.md, section 3 (Zhong et al., CVPR 2017), ``(N, N)``, in N³ operations."""
    n, k1 = ranks.shape
    half = min(k1, round(k1 / 2) + 1)

    def reciprocal(i: int, k: int) -> set[int]:
        return {int(c) for c in ranks[i, :k] if i in ranks[c, :k]}

    weights = np.zeros((n, n))
    for i in range(n):
        core = reciprocal(i, k1)  # step 2
        expanded = set(core)
        for c in core:  # step 3
            candidates = reciprocal(c, half)
            if len(candidates & core) > 2 / 3 * len(candidates):
                expanded |= candidates
        members = sorted(expanded)
        logits = -(2 - 2 * features[members] @ features[i])  # step 4: the squared distance of unit vectors
        powers = np.exp(logits - logits.max())
        weights[i, members] = powers / powers.sum()
    weights = np.stack([weights[ranks[i, :k2]].mean(axis=0) for i in range(n)])  # step 5
    overlap = np.minimum(weights[:, None], weights[None]).sum(axis=2)  # step 6
    return np.clip(1 - overlap / (2 - overlap), 0, None)


def dense(sparse):
    """Return a dense matrix, 1 where nothing is stored."""
    full = np.ones(sparse.shape)
    entries = sparse.tocoo()
    full[entries.row, entries.col] = entries.data
    return full


@settings(max_examples=20)
@given(st.integers(2, 40), st.integers(1, 12), st.integers(1, 6), st.integers(0, 99))
def test_distances_equal_the_formula(n, k1, k2, seed):
    features = np.random.default_rng(seed).normal(size=(n, 4))
    ranks = nearest_neighbours(torch.from_numpy(features), k1).numpy()
    found = jaccard_distances(features, ranks, k2)
    np.testing.assert_allclose(dense(found), dense_jaccard_distances(features, ranks, k2), atol=1e-12)
    assert found.has_sorted_indices
    assert (found != found.T).nnz == 0
    assert found.data.max() < 1
    np.testing.assert_array_equal(found.diagonal(), 0)
    assert found.nnz >= n  # the diagonal is stored


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", ["a", "b"])
def test_distances_equal_the_reference(case, dtype, device):
    features = REFERENCE[f"cluster_{case}_features"].astype(dtype)
    found = dense(
        jaccard_distances(features, nearest_neighbours(torch.from_numpy(features).to(device), 20).cpu().numpy())
    )
    expected = np.ones_like(found)
    expected[REFERENCE[f"cluster_{case}_row"], REFERENCE[f"cluster_{case}_col"]] = REFERENCE[f"cluster_{case}_distance"]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    if dtype is np.float32:
        np.testing.assert_array_equal(found < 1, expected < 1)


def test_the_number_of_threads_does_not_change_a_bit():
    features = np.random.default_rng(0).normal(size=(300, 8)).astype(np.float32)
    ranks = nearest_neighbours(torch.from_numpy(features), 20).numpy()
    before = torch.get_num_threads()
    try:
        found = []
        for threads in (1, 3):
            torch.set_num_threads(threads)
            found.append(jaccard_distances(features, ranks))
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(found[0].data, found[1].data)
    np.testing.assert_array_equal(found[0].indices, found[1].indices)


def test_equal_windows_and_underflowing_weights_give_a_valid_matrix():
    features = np.zeros((30, 3), dtype=np.float32)
    features[10:] = 1e3 * np.random.default_rng(0).normal(size=(20, 3))  # softmax over these underflows to 0
    found = jaccard_distances(features, nearest_neighbours(torch.from_numpy(features), 20).numpy())
    entries = found.tocoo()
    assert len(set(zip(entries.row, entries.col, strict=True))) == found.nnz  # no entry twice
    assert np.isfinite(found.data).all()
    assert (found != found.T).nnz == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("max_distance", [0.6, 0.8, 1.0])
def test_only_larger_distances_are_left_out(max_distance, dtype):
    features = REFERENCE["cluster_a_features"].astype(dtype)
    ranks = nearest_neighbours(torch.from_numpy(features), 20).numpy()
    every, found = jaccard_distances(features, ranks), jaccard_distances(features, ranks, max_distance=max_distance)
    np.testing.assert_array_equal(dense(found), np.where(dense(every) <= dtype(max_distance), dense(every), 1))
    assert found.nnz == np.count_nonzero(every.data <= dtype(max_distance))

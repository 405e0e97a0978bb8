"""The sparse Jaccard distance against the plain formula of the paper and against what the authors' code computed."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from himpc.learning.jaccard import jaccard_distances
from himpc.learning.neighbours import nearest

REFERENCE = np.load(Path(__file__).parents[1] / "hi_mpc_reference.npz", allow_pickle=False)


def dense(sparse):
    """Return a dense matrix, 1 where nothing is stored."""
    full = np.ones(sparse.shape)
    entries = sparse.tocoo()
    full[entries.row, entries.col] = entries.data
    return full


def plain_jaccard(features, ranks, k2):
    """docs/method.md, section 3, steps 2 to 6 as they stand, with sets and an N x N matrix."""
    n, k1 = ranks.shape

    def reciprocal(i, width):
        return {c for c in ranks[i, :width] if i in ranks[c, :width]}

    weights = np.zeros((n, n))
    for i in range(n):
        own = reciprocal(i, k1)
        members = set(own)
        for c in own:
            half = reciprocal(c, min(k1, round(k1 / 2) + 1))
            if len(half & own) > 2 / 3 * len(half):
                members |= half
        members = sorted(members)
        logits = -(2 - 2 * features[members] @ features[i])
        weights[i, members] = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    weights = np.stack([weights[ranks[i, :k2]].mean(axis=0) for i in range(n)])
    overlap = np.minimum(weights[:, None], weights[None]).sum(axis=2)
    return np.clip(1 - overlap / (2 - overlap), 0, None)


@settings(max_examples=20)
@given(st.integers(2, 40), st.integers(1, 12), st.integers(1, 6), st.integers(0, 99))
def test_distances_equal_the_plain_formula(n, k1, k2, seed):
    features = np.random.default_rng(seed).normal(size=(n, 4))
    ranks = nearest(torch.from_numpy(features), k1).numpy()
    found = jaccard_distances(features, ranks, k2)
    np.testing.assert_allclose(dense(found), plain_jaccard(features, ranks, k2), atol=1e-12)
    assert found.has_sorted_indices
    assert (found != found.T).nnz == 0
    assert found.data.max() < 1
    np.testing.assert_array_equal(found.diagonal(), 0)
    assert found.nnz >= n  # the diagonal is stored


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", ["a", "b"])
def test_distances_equal_the_reference(case, dtype, device):
    features = REFERENCE[f"cluster_{case}_features"].astype(dtype)
    found = dense(jaccard_distances(features, nearest(torch.from_numpy(features).to(device), 20).cpu().numpy()))
    expected = np.ones_like(found)
    expected[REFERENCE[f"cluster_{case}_row"], REFERENCE[f"cluster_{case}_col"]] = REFERENCE[f"cluster_{case}_distance"]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    if dtype is np.float32:
        np.testing.assert_array_equal(found < 1, expected < 1)


def test_the_number_of_threads_changes_no_bit():
    features = np.random.default_rng(0).normal(size=(300, 8)).astype(np.float32)
    ranks = nearest(torch.from_numpy(features), 20).numpy()
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


def test_equal_windows_and_weights_too_small_to_store():
    features = np.zeros((30, 3), dtype=np.float32)
    features[10:] = 1e3 * np.random.default_rng(0).normal(size=(20, 3))  # softmax over these underflows to 0
    found = jaccard_distances(features, nearest(torch.from_numpy(features), 20).numpy())
    entries = found.tocoo()
    assert len(set(zip(entries.row, entries.col, strict=True))) == found.nnz  # none twice
    assert np.isfinite(found.data).all()
    assert (found != found.T).nnz == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("most", [0.6, 0.8, 1.0])
def test_larger_distances_are_left_out_and_no_other(most, dtype):
    features = REFERENCE["cluster_a_features"].astype(dtype)
    ranks = nearest(torch.from_numpy(features), 20).numpy()
    every, found = jaccard_distances(features, ranks), jaccard_distances(features, ranks, most=most)
    np.testing.assert_array_equal(dense(found), np.where(dense(every) <= dtype(most), dense(every), 1))
    assert found.nnz == np.count_nonzero(every.data <= dtype(most))

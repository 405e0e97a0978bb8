"""Exact neighbours on a CPU against a full sort, for any blocks, threads and rows."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from himpc.learning._fast import exact_neighbours as module
from himpc.learning._fast.exact_neighbours import exact_neighbours
from himpc.learning.clustering.neighbours import nearest_neighbours

TOLERANCES = {torch.float16: 0.1, torch.float32: 1e-4, torch.float64: 1e-12}
"""For distances of about 22; in float16 the subtracted mean itself is rounded."""


@pytest.fixture
def threads():
    """Set the number of threads of torch, and restore it."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def full_sort(rows, k):
    """Return the rows in order of distance, the lower first of equals, each itself first."""
    rows = rows.numpy().astype(np.float64)
    distances = ((rows[:, None] - rows) ** 2).sum(axis=-1)
    np.fill_diagonal(distances, -1)
    return torch.from_numpy(distances.argsort(axis=1, kind="stable")[:, :k])


@settings(max_examples=60)
@given(
    st.integers(1, 60),
    st.integers(1, 3),
    st.integers(1, 70),
    st.sampled_from([1, 5, 33, 1000]),
    st.sampled_from([torch.float32, torch.float64]),
    st.data(),
)
def test_neighbours_equal_a_full_sort_with_the_lower_of_equals_first(n, size, k, block, dtype, data):
    rows = torch.from_numpy(np.random.default_rng(n).integers(-3, 4, (n, size))).to(dtype)  # exact sums, many equals
    k, expected = min(k, n), full_sort(rows, min(k, n))
    start = data.draw(st.integers(0, n))
    wanted = torch.arange(n)[start : data.draw(st.integers(start, n))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK_ROWS", block)
        assert torch.equal(exact_neighbours(rows, torch.arange(n), k), expected)
        assert torch.equal(exact_neighbours(rows, wanted, k), expected[wanted])
        assert torch.equal(exact_neighbours(rows, torch.arange(n)[::2], k), expected[::2])


@pytest.mark.parametrize("block", [700, 64, 49])
def test_blocks_and_threads_do_not_change_neighbours(block, threads, monkeypatch):
    rows = torch.from_numpy(np.random.default_rng(1).integers(-3, 4, (700, 16))).float()  # exact sums
    rows[300:340] = rows[0]
    expected = full_sort(rows, 50)
    monkeypatch.setattr(module, "BLOCK_ROWS", block)
    for count in (1, 3):
        threads(count)
        assert torch.equal(exact_neighbours(rows, torch.arange(700), 50), expected)
        assert torch.equal(exact_neighbours(rows, torch.arange(200, 433), 50), expected[200:433])


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_neighbours_far_from_the_origin_are_as_near_as_those_of_a_full_sort(dtype):
    rows = torch.randn(700, 256, generator=torch.Generator().manual_seed(1), dtype=torch.float64) + 100
    rows = rows.to(dtype).double()
    distances = torch.cdist(rows, rows, compute_mode="donot_use_mm_for_euclid_dist")
    found = distances.gather(1, nearest_neighbours(rows.to(dtype), 50))
    torch.testing.assert_close(found, distances.sort(dim=1).values[:, :50], rtol=0, atol=TOLERANCES[dtype])


def test_k_above_the_number_of_rows_returns_all_rows():
    assert nearest_neighbours(torch.randn(50, 3), 80).sort(dim=1).values.equal(torch.arange(50).expand(50, 50))
    assert nearest_neighbours(torch.randn(1, 3), 5).tolist() == [[0]]


def test_rows_with_nan_have_valid_neighbours():
    rows = torch.tensor([[0.0], [torch.nan], [torch.inf], [1.0]])
    found = exact_neighbours(rows, torch.arange(4), 3)
    assert found[[0, 3], :2].tolist() == [[0, 3], [3, 0]]
    assert all(len(set(row)) == 3 and set(row) <= {0, 1, 2, 3} for row in found.tolist())

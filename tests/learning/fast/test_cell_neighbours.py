"""Search in cells against exact search: equal where all cells are searched, and nearly so on clustered rows."""

import numpy as np
import pytest
import torch

from himpc.learning._fast import cell_neighbours as module
from himpc.learning._fast.cell_neighbours import brute_force_neighbours, cell_neighbours


def full_sort(rows, queries, k):
    """Return the k nearest rows of each query, the lower first of equals."""
    distances = ((queries[:, None].double() - rows.double()) ** 2).sum(dim=-1).numpy()
    return torch.from_numpy(distances.argsort(axis=1, kind="stable")[:, :k])


def integers(*shape):
    """Return rows whose distances are exact sums, with many equals."""
    return torch.from_numpy(np.random.default_rng(len(shape)).integers(-3, 4, shape)).float()


def people(count, recordings=4, size=32):
    rng = np.random.default_rng(count)
    means = np.repeat(rng.normal(size=(count, size)) / np.arange(1, size + 1) ** 0.5, recordings, axis=0)
    return torch.from_numpy(means + 0.1 * rng.normal(size=means.shape)).float()


@pytest.mark.parametrize("n", [1, 2, 7, 100, 400])
@pytest.mark.parametrize("block", [1, 5, 4096])
def test_a_search_of_all_cells_equals_a_full_sort(n, block, monkeypatch):
    rows, queries = integers(n, 3), integers(n + 3, 3)
    for name in ("BLOCK_QUERIES", "BLOCK_ROWS", "BLOCK_COLUMNS"):
        monkeypatch.setattr(module, name, max(block, n // 15))
    monkeypatch.setattr(module, "_choose_probes", lambda rows, queries, k, centres, cell: len(centres))
    for k in {1, min(n, 6), n}:
        expected = full_sort(rows, queries, k)
        assert torch.equal(brute_force_neighbours(rows, queries, k), expected)
        assert torch.equal(cell_neighbours(rows, queries, k), expected)


def test_most_neighbours_of_clustered_rows_are_found_in_few_cells(monkeypatch):
    rows, probes = people(3000), []
    choose = module._choose_probes
    monkeypatch.setattr(module, "_choose_probes", lambda *args: probes.append(choose(*args)) or probes[-1])
    found, exact = cell_neighbours(rows, rows, 20), brute_force_neighbours(rows, rows, 20)
    assert (found[:, :, None] == exact[:, None, :]).any(dim=1).float().mean() >= 0.99
    assert torch.equal(found[:, :4].sort().values, exact[:, :4].sort().values)
    assert probes[0] < 0.8 * len(module._find_centres(rows))


def test_threads_and_runs_do_not_change_neighbours(monkeypatch):
    rows, threads = people(800), torch.get_num_threads()
    monkeypatch.setattr(module, "BLOCK_QUERIES", 100)
    expected = cell_neighbours(rows, rows, 10)
    try:
        for count in (1, 3):
            torch.set_num_threads(count)
            assert torch.equal(cell_neighbours(rows, rows, 10), expected)
    finally:
        torch.set_num_threads(threads)


def test_queries_whose_cells_hold_too_few_rows_are_searched_exactly(monkeypatch):
    rows = people(100)
    monkeypatch.setattr(module, "_choose_probes", lambda *_: 1)
    found = cell_neighbours(rows, rows, 200)
    assert (found.sort().values.diff() > 0).all()
    assert (found < len(rows)).all()


def test_rows_that_are_not_finite_end_in_neighbours():
    rows = people(50)
    rows[3], rows[7, 0] = torch.nan, torch.inf
    found = cell_neighbours(rows, rows, 5)
    assert ((found >= 0) & (found < len(rows))).all()

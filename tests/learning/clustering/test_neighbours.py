"""Exact neighbours against a full sort, approximate neighbours against exact ones."""

import numpy as np
import pytest
import torch

from himpc.learning.clustering import neighbours
from himpc.learning.clustering.neighbours import nearest_neighbours
from himpc.model import Network, window_features
from himpc.recordings import Windows, clean
from himpc.simulation import simulate


@pytest.fixture(scope="module")
def features():
    """Return limb features, by initial weights, of 4,440 windows of simulated walkers."""
    recordings = [part for walk in simulate(people=28, recordings=4, seed=1) for part in clean(walk)]
    windows = Windows.cut(recordings, length=6, stride=3)
    return window_features(Network(windows.layout, ["limb"], hidden=256, heads=1), windows)["limb"]


def recall(found, expected):
    return np.mean([len(np.intersect1d(a, b)) / len(b) for a, b in zip(found, expected, strict=True)])


@pytest.mark.parametrize("columns", [1, 5, 8, 50])
@pytest.mark.parametrize("rows", [1, 7, 50])
def test_blocks_of_any_size_equal_a_full_sort(rows, columns, monkeypatch):
    features = torch.randn(50, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    monkeypatch.setattr(neighbours, "MAX_BLOCK_BYTES", rows * columns * 8)
    monkeypatch.setattr(neighbours, "BLOCK_COLUMNS", columns)
    expected = torch.cdist(features, features, compute_mode="donot_use_mm_for_euclid_dist").argsort(dim=1)
    torch.testing.assert_close(neighbours._search_exact_in_blocks(features, torch.arange(3, 40), 9), expected[3:40, :9])


@pytest.mark.parametrize("method", ["exact", "approximate"])
def test_a_window_is_its_own_nearest_among_equals(method):
    assert nearest_neighbours(torch.zeros(60, 2), 3, method)[:, 0].tolist() == list(range(60))


def test_approximate_neighbours_are_accurate_and_repeat(features, monkeypatch):
    exact = nearest_neighbours(features, 20, "exact")
    found = nearest_neighbours(features, 20, "approximate")
    assert recall(found, exact) >= 0.998
    assert (found[:, 0] == torch.arange(len(features))).all()
    assert all(len(set(row)) == 20 for row in found[::10].tolist())
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        torch.testing.assert_close(nearest_neighbours(features, 20, "approximate"), found)
    finally:
        torch.set_num_threads(before)
    torch.testing.assert_close(nearest_neighbours(features, 20), exact)
    monkeypatch.setattr(neighbours, "MAX_AUTO_EXACT", 1000)
    torch.testing.assert_close(nearest_neighbours(features, 20), found)


@pytest.mark.parametrize("n", [1, 2, 30])
def test_approximate_neighbours_of_few_rows_are_exact(n):
    rows = torch.randn(n, 8, generator=torch.Generator().manual_seed(0))
    assert torch.equal(nearest_neighbours(rows, 10, "approximate"), nearest_neighbours(rows, 10, "exact"))


def test_equal_windows_are_neighbours_at_distance_0():
    heaps = torch.arange(12.0).repeat_interleave(100)[:, None].repeat(1, 4)
    found = nearest_neighbours(heaps, 20, "approximate")
    assert (heaps[found, 0] == heaps[:, :1]).float().mean() > 0.99

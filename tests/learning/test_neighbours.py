"""Neighbours: exact ones against a full sort, approximate ones against exact ones."""

import numpy as np
import pytest
import torch

from himpc.learning import neighbours
from himpc.learning.neighbours import nearest
from himpc.model import Network, window_features
from himpc.recordings import Windows, clean
from himpc.simulation import simulate

# approximate ones compile for half a minute, once in a process
pytestmark = [pytest.mark.xdist_group("descent"), pytest.mark.long]


@pytest.fixture(scope="module")
def features():
    """Return limb features of 4,440 windows of simulated walkers, of first weights: neighbours in heaps, as ever."""
    recordings = [part for walk in simulate(people=28, recordings=4, seed=1) for part in clean(walk)]
    windows = Windows.cut(recordings, length=6, stride=3)
    return window_features(Network(windows.layout, ["limb"], hidden=256, heads=1), windows)["limb"]


def recall(found, expected):
    return np.mean([len(np.intersect1d(a, b)) / len(b) for a, b in zip(found, expected, strict=True)])


@pytest.mark.parametrize("rows", [1, 7, 50])
def test_blocks_on_a_gpu_equal_a_full_sort_whatever_the_block(rows, monkeypatch):
    features = torch.randn(50, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    monkeypatch.setattr(neighbours, "BLOCK_BYTES", rows * 50 * 8)
    expected = torch.cdist(features, features, compute_mode="donot_use_mm_for_euclid_dist").argsort(dim=1)
    torch.testing.assert_close(neighbours._sorted_blocks(features, torch.arange(3, 40), 9), expected[3:40, :9])


@pytest.mark.parametrize("method", ["exact", pytest.param("approximate", marks=pytest.mark.slow)])
def test_a_window_is_its_own_nearest_even_among_equals(method):
    assert nearest(torch.zeros(60, 2), 3, method)[:, 0].tolist() == list(range(60))


@pytest.mark.slow
def test_approximate_neighbours_are_found_and_the_same_again(features, monkeypatch):
    exact = nearest(features, 20, "exact")
    found = nearest(features, 20, "approximate")
    assert recall(found, exact) >= 0.99
    assert (found[:, 0] == torch.arange(len(features))).all()
    assert all(len(set(row)) == 20 for row in found[::10].tolist())
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        torch.testing.assert_close(nearest(features, 20, "approximate"), found)
    finally:
        torch.set_num_threads(before)
    torch.testing.assert_close(nearest(features, 20), exact)
    monkeypatch.setattr(neighbours, "AUTO_EXACT", 1000)
    torch.testing.assert_close(nearest(features, 20), found)


@pytest.mark.slow
def test_rows_whose_neighbours_are_lost_are_searched_exactly(features, monkeypatch):
    few = features[:500]
    lost = np.tile(np.arange(15, dtype=np.int32), (500, 1))
    lost[3:400, -1] = -1
    monkeypatch.setattr(neighbours, "_descent", lambda centred, k: lost)
    torch.testing.assert_close(nearest(few, 10, "approximate")[3:400], nearest(few, 10, "exact")[3:400])


@pytest.mark.slow
def test_heaps_of_equal_windows_have_neighbours_at_distance_0():
    heaps = torch.arange(12.0).repeat_interleave(100)[:, None].repeat(1, 4)
    found = nearest(heaps, 20, "approximate")
    assert (heaps[found, 0] == heaps[:, :1]).float().mean() > 0.99

"""Pseudo-labels against what the authors' code computed, and prototypes against plain means."""

from pathlib import Path

import numpy as np
import pytest
import torch

from himpc.learning.pseudo_labels import NOISE, prototypes, pseudo_labels, stability

REFERENCE = np.load(Path(__file__).parents[1] / "hi_mpc_reference.npz", allow_pickle=False)


@pytest.mark.parametrize("case", ["a", "b"])
@pytest.mark.parametrize("eps", [0.6, 0.8])
@pytest.mark.parametrize("min_samples", [2, 4])
def test_labels_equal_the_reference_up_to_renaming(case, eps, min_samples):
    expected = REFERENCE[f"cluster_{case}_dbscan_eps{eps}_min{min_samples}"].astype(np.int64)
    features = torch.from_numpy(REFERENCE[f"cluster_{case}_features"])
    found = pseudo_labels(features, eps=eps, min_samples=min_samples)
    names = set(zip(found, expected, strict=True))
    assert len(names) == len(set(found)) == len(set(expected))
    np.testing.assert_array_equal(found == NOISE, expected == NOISE)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_fewer_windows_than_neighbours(n):
    found = pseudo_labels(torch.randn(n, 4, generator=torch.Generator().manual_seed(0)), k1=20)
    assert found.shape == (n,)
    assert found.dtype == np.int64


def test_two_far_apart_heaps_are_two_groups():
    generator = torch.Generator().manual_seed(0)
    heaps = torch.randn(40, 8, generator=generator) * 0.1
    heaps[20:] += 10
    assert pseudo_labels(heaps, k1=10).tolist() == [0] * 20 + [1] * 20


def test_prototypes_are_means_without_noise_and_without_gradient():
    features = torch.tensor([[1.0], [3.0], [100.0], [5.0]], requires_grad=True)
    means = prototypes(features, torch.tensor([0, 0, NOISE, 1]))
    assert means.tolist() == [[2.0], [5.0]]
    assert not means.requires_grad
    assert prototypes(features, torch.full((4,), NOISE)).shape == (0, 1)


def test_stability_does_not_see_names_of_groups():
    labels = {"joint": torch.tensor([0, 0, 1, 1, NOISE])}
    assert stability(labels, {"joint": torch.tensor([7, 7, 2, 2, NOISE])}) == 1
    assert stability(labels, {"joint": torch.tensor([0, 1, 0, 1, 0])}) < 0.5

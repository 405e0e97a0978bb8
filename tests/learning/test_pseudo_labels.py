"""The stability of pseudo-labels."""

import torch

from himpc.learning.clustering import NOISE
from himpc.learning.pseudo_labels import stability


def test_stability_ignores_the_numbering_of_clusters():
    labels = {"joint": torch.tensor([0, 0, 1, 1, NOISE])}
    assert stability(labels, {"joint": torch.tensor([7, 7, 2, 2, NOISE])}) == 1
    assert stability(labels, {"joint": torch.tensor([0, 1, 0, 1, 0])}) < 0.5

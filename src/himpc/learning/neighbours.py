"""Exact nearest neighbours by blocked matrix products, on any device, in bounded memory."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["nearest"]

BLOCK_BYTES = 64 * 2**20
"""Memory for one block of distances; the N x N matrix never exists."""


def nearest(features: Tensor, k: int) -> Tensor:
    """Return the k nearest rows of each row by Euclidean distance, itself first.

    Parameters
    ----------
    features : float tensor ``(N, H)``
        On any device.
    k : int
        Neighbours a row, the row itself included; at most N are there.

    Returns
    -------
    int64 tensor ``(N, min(k, N))``
        Nearest first, on the same device. Equal distances come in an order that is the same in every run.

    Notes
    -----
    Rows of ``|b|² - 2 a·b`` rank as ``|a - b|²`` does. The mean is taken off all rows first: distances do not change,
    and the products lose less precision.

    Examples
    --------
    >>> nearest(torch.tensor([[0.0], [1.0], [5.0]]), k=2)
    tensor([[0, 1],
            [1, 0],
            [2, 1]])
    """
    n = len(features)
    centred = features - features.mean(dim=0)
    squares = centred.square().sum(dim=1)
    ranks = torch.empty((n, min(k, n)), dtype=torch.int64, device=features.device)
    rows = max(1, BLOCK_BYTES // (n * features.element_size()))
    for start in range(0, n, rows):
        block = torch.addmm(squares, centred[start : start + rows], centred.T, alpha=-2)
        block.diagonal(offset=start).fill_(-torch.inf)
        ranks[start : start + rows] = block.topk(ranks.shape[1], largest=False).indices
    return ranks

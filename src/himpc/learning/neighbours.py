"""Nearest neighbours in bounded memory: exact by blocked matrix products, on any device, or approximate by a graph."""

from __future__ import annotations

import threading
import warnings

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from himpc.learning.config import Neighbours
from himpc.learning.exact_neighbours import exact_neighbours

__all__ = ["AUTO_EXACT", "method_for", "nearest"]

BLOCK_BYTES = 2**30
"""Memory on a GPU for one block of distances: a product of few rows leaves most of the processors idle."""

AUTO_EXACT = 30_000
"""Up to so many rows "auto" is exact on a CPU. Here approximate neighbours take half the time on one thread and as
long on two (docs/performance.md); they need half a minute of compiling, once in a process."""

WIDER = 1.5
"""So many times k neighbours are searched for and the nearest k kept: on features of 200,000 simulated windows that
finds 0.999 of the 20 nearest, instead of 0.994, for 1.7 times the time."""

_ONE_AT_A_TIME = threading.Lock()  # numba's own thread pool ends the process when two threads enter it at once


def nearest(features: Tensor, k: int, method: Neighbours = "auto", rows: slice | None = None) -> Tensor:
    """Return the k nearest rows of each row by Euclidean distance, itself first.

    Parameters
    ----------
    features : float tensor ``(N, H)``
        On any device.
    k : int
        Neighbours a row, the row itself included; at most N are there.
    method : {"auto", "exact", "approximate"}
        Approximate ones are found by nearest-neighbour descent (Dong, Moses and Li, WWW 2011; the package pynndescent),
        on one thread of the CPU wherever the features are, in time that grows about as N does. "auto" is exact on a
        GPU, and on a CPU up to `AUTO_EXACT` rows.
    rows : slice, optional
        Whose neighbours are wanted; those of all N rows if not given. Exact ones take as much less time.

    Returns
    -------
    int64 tensor ``(N, min(k, N))``
        Nearest first, on the same device. Equal distances come in an order that is the same in every run; approximate
        neighbours, too, are the same in every run and for every number of threads.

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
    k = min(k, n)
    centred = features - features.mean(dim=0)
    wanted = rows or slice(None)
    if method_for(features, k, method) == "exact":
        return _exact(centred, torch.arange(n, device=features.device)[wanted], k)
    found = torch.from_numpy(_descent(centred.cpu().float().numpy(), round(WIDER * k))).to(features.device)
    lost = (found < 0).any(dim=1).nonzero().flatten()
    ranks = _itself_first(found, k)
    ranks[lost] = _exact(centred, lost, k)
    return ranks[wanted]


def method_for(features: Tensor, k: int, method: Neighbours = "auto") -> Neighbours:
    """Return whether `nearest` would be "exact" or "approximate"; with few rows it always is exact."""
    n = len(features)
    if method == "auto":
        method = "approximate" if features.device.type == "cpu" and n > AUTO_EXACT else "exact"
    return "exact" if round(WIDER * min(k, n)) >= n else method


def _exact(centred: Tensor, rows: Tensor, k: int) -> Tensor:
    """Return the k nearest of all rows for some rows, which come first themselves."""
    if centred.device.type == "cpu":
        return exact_neighbours(centred if centred.dtype == torch.float64 else centred.float(), rows, k)
    return _sorted_blocks(centred, rows, k)


def _sorted_blocks(centred: Tensor, rows: Tensor, k: int) -> Tensor:
    squares = centred.square().sum(dim=1)
    found = [torch.empty((0, k), dtype=torch.int64, device=centred.device)]
    step = max(1, BLOCK_BYTES // (len(centred) * centred.element_size()))
    for some in torch.split(rows, step):
        block = torch.addmm(squares, centred[some], centred.mT, alpha=-2)
        block.scatter_(1, some[:, None], -torch.inf)
        found.append(block.topk(k, largest=False).indices)
    return torch.cat(found)


def _descent(centred: NDArray[np.float32], k: int) -> NDArray[np.int32]:
    """Return about the k nearest rows of each row, -1 where fewer were found; threads change nothing."""
    from pynndescent import NNDescent

    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of rows with fewer than k: those are searched exactly
        found: NDArray[np.int32] = NNDescent(centred, n_neighbors=k, random_state=0, n_jobs=1).neighbor_graph[0]
    return found


def _itself_first(found: Tensor, k: int) -> Tensor:
    """Return k columns: each row itself, which may be elsewhere or lost among equals, then the others in order."""
    own = torch.arange(len(found), device=found.device)[:, None]
    others = (found == own).to(torch.uint8).argsort(dim=1, stable=True)[:, : k - 1]
    return torch.cat([own, found.to(torch.int64).gather(1, others)], dim=1)

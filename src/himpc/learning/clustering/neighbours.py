"""Nearest-neighbour search in bounded memory: exact by blocks of matrix products, or approximate by cells."""

from __future__ import annotations

import torch
from torch import Tensor

from himpc.learning._fast.cell_neighbours import cell_neighbours
from himpc.learning._fast.exact_neighbours import exact_neighbours
from himpc.learning.config import Neighbours

MAX_BLOCK_BYTES = 2**30
"""Memory on a GPU for one block of distances; smaller blocks would leave most of its processors idle."""

BLOCK_COLUMNS = 2**14
"""Columns on a GPU whose nearest are selected at once, while most of the block is in its cache."""

MAX_AUTO_EXACT = 30_000
"""Maximum number of rows for which "auto" is exact on a CPU."""


def nearest_neighbours(features: Tensor, k: int, method: Neighbours = "auto", rows: slice | None = None) -> Tensor:
    """Find the k nearest rows of each row by Euclidean distance, itself first.

    Parameters
    ----------
    features : float tensor ``(N, H)``
        On any device.
    k : int
        Neighbours per row, the row itself included; at most N are returned.
    method : {"auto", "exact", "approximate"}
        Approximate neighbours are searched in the nearest cells of k-means on the CPU (`cell_neighbours`). "auto" is
        exact on a GPU, and on a CPU up to `MAX_AUTO_EXACT` rows.
    rows : slice, optional
        The rows whose neighbours are returned; all if not given. Exact ones take proportionally less time.

    Returns
    -------
    int64 tensor ``(n, min(k, N))``
        For each of the n `rows`, nearest first, on the same device. Both methods give the same result in every run on
        one machine, for every number of threads.

    Notes
    -----
    For a query a, ``|b|² - 2 a·b`` ranks the rows b as the distance does. The mean is subtracted from all rows first:
    distances do not change, and the products lose less precision.

    Examples
    --------
    >>> nearest_neighbours(torch.tensor([[0.0], [1.0], [5.0]]), k=2)
    tensor([[0, 1],
            [1, 0],
            [2, 1]])
    """
    n = len(features)
    k = min(k, n)
    centred = features - features.mean(dim=0)
    queries = rows or slice(None)
    if choose_method(features, method) == "exact":
        return _search_exact(centred, torch.arange(n, device=features.device)[queries], k)
    on_cpu = centred.cpu().float()
    return _put_self_first(cell_neighbours(on_cpu, on_cpu, k).to(features.device), k)[queries]


def choose_method(features: Tensor, method: Neighbours = "auto") -> Neighbours:
    """Return "exact" or "approximate", whichever `nearest_neighbours` uses."""
    if method == "auto":
        return "approximate" if features.device.type == "cpu" and len(features) > MAX_AUTO_EXACT else "exact"
    return method


def _search_exact(centred: Tensor, rows: Tensor, k: int) -> Tensor:
    if centred.device.type == "cpu":
        return exact_neighbours(centred if centred.dtype == torch.float64 else centred.float(), rows, k)
    return _search_exact_in_blocks(centred, rows, k)


def _search_exact_in_blocks(centred: Tensor, rows: Tensor, k: int) -> Tensor:
    """Multiply blocks of rows with blocks of columns; the nearest so far are merged with those of each block."""
    squares = centred.square().sum(dim=1)
    width = min(len(centred), BLOCK_COLUMNS)
    neighbours = [torch.empty((0, k), dtype=torch.int64, device=centred.device)]
    for block_rows in torch.split(rows, max(1, MAX_BLOCK_BYTES // (width * centred.element_size()))):
        near, found = centred.new_empty((len(block_rows), 0)), block_rows.new_empty((len(block_rows), 0))
        for start in range(0, len(centred), width):
            block = torch.addmm(
                squares[start : start + width], centred[block_rows], centred[start : start + width].mT, alpha=-2
            )
            own = (block_rows - start).clamp(0, block.shape[1] - 1)[:, None]  # no mask, which would wait for the GPU
            is_own = own == (block_rows - start)[:, None]
            block.scatter_(1, own, torch.where(is_own, -torch.inf, block.gather(1, own)))
            values, columns = block.topk(min(k, block.shape[1]), largest=False)
            near, found = torch.cat([near, values], dim=1), torch.cat([found, columns + start], dim=1)
            near, order = near.topk(min(k, near.shape[1]), largest=False)
            found = found.gather(1, order)
        neighbours.append(found)
    return torch.cat(neighbours)


def _put_self_first(neighbours: Tensor, k: int) -> Tensor:
    """Return k columns: each row itself first, although equal rows may have displaced it, then the others in order."""
    indices = torch.arange(len(neighbours), device=neighbours.device)[:, None]
    others = (neighbours == indices).to(torch.uint8).argsort(dim=1, stable=True)[:, : k - 1]
    return torch.cat([indices, neighbours.gather(1, others)], dim=1)

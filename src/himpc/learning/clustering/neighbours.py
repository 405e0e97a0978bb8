"""Nearest-neighbour search in bounded memory: exact by blocks of matrix products, or approximate by a graph."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from himpc.learning._fast.exact_neighbours import exact_neighbours
from himpc.learning.config import Neighbours

MAX_BLOCK_BYTES = 2**30
"""Memory on a GPU for one block of distances; smaller blocks would leave most of its processors idle."""

BLOCK_COLUMNS = 2**14
"""Columns on a GPU whose nearest are selected at once, while most of the block is in its cache."""

MAX_AUTO_EXACT = 30_000
"""Maximum number of rows for which "auto" is exact on a CPU (docs/performance.md)."""

GRAPH_LINKS, BUILD_CANDIDATES = 16, 60
"""Links per node of the graph, and candidates examined for them (HNSW: M and ef_construction)."""

SEARCH_CANDIDATES = 2.5
"""Candidates examined by a search, in multiples of k (HNSW: ef)."""


def nearest_neighbours(features: Tensor, k: int, method: Neighbours = "auto", rows: slice | None = None) -> Tensor:
    """Find the k nearest rows of each row by Euclidean distance, itself first.

    Parameters
    ----------
    features : float tensor ``(N, H)``
        On any device.
    k : int
        Neighbours per row, the row itself included; at most N are returned.
    method : {"auto", "exact", "approximate"}
        Approximate neighbours are searched in a hierarchical navigable small-world graph (Malkov and Yashunin 2020;
        the package voyager) on the CPU, in time that is about linear in N. "auto" is exact on a GPU, and on a CPU up
        to `MAX_AUTO_EXACT` rows.
    rows : slice, optional
        The rows whose neighbours are returned; all if not given. Exact ones take proportionally less time.

    Returns
    -------
    int64 tensor ``(N, min(k, N))``
        Nearest first, on the same device. Both methods give the same result in every run on one machine, for every
        number of threads.

    Notes
    -----
    Rows of ``|b|² - 2 a·b`` rank as ``|a - b|²`` does. The mean is subtracted from all rows first: distances do not
    change, and the products lose less precision.

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
    if choose_method(features, k, method) == "exact":
        return _search_exact(centred, torch.arange(n, device=features.device)[queries], k)
    return _search_approximate(centred, k)[queries]


def choose_method(features: Tensor, k: int, method: Neighbours = "auto") -> Neighbours:
    """Return "exact" or "approximate", whichever `nearest_neighbours` uses; with few rows it is always exact."""
    n = len(features)
    if method == "auto":
        method = "approximate" if features.device.type == "cpu" and n > MAX_AUTO_EXACT else "exact"
    return "exact" if SEARCH_CANDIDATES * min(k, n) >= n else method


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


def _search_approximate(centred: Tensor, k: int) -> Tensor:
    from voyager import RecallError

    rows = centred.cpu().float().numpy()
    try:
        neighbours = search_graph(rows, rows, k)
    except RecallError:  # the graph does not reach k rows from some row
        return _search_exact(centred, torch.arange(len(rows), device=centred.device), k)
    ranks = _put_self_first(torch.from_numpy(neighbours).to(centred.device), k)
    repeated = torch.from_numpy(np.flatnonzero(_count_copies(rows) > GRAPH_LINKS)).to(centred.device)
    ranks[repeated] = _search_exact(centred, repeated, k)  # many equal rows may link only to each other
    return ranks


def search_graph(rows: NDArray[np.floating], queries: NDArray[np.floating], k: int) -> NDArray[np.int64]:
    """Find approximately the k nearest rows ``(N, D)`` of each query ``(Q, D)``, ``(Q, k)``, nearest first.

    Raises
    ------
    voyager.RecallError
        If the graph does not reach k rows from some query, as with many equal rows.
    """
    from voyager import Index, Space

    n, size = rows.shape
    index = Index(Space.Euclidean, size, M=GRAPH_LINKS, ef_construction=BUILD_CANDIDATES, random_seed=0, max_elements=n)
    index.add_items(rows.astype(np.float32), num_threads=1)  # the graph depends on the order in which rows are added
    candidates = round(SEARCH_CANDIDATES * k)
    threads = torch.get_num_threads()
    found: NDArray[np.int64] = index.query(queries.astype(np.float32), k, threads, candidates)[0].astype(np.int64)
    return found


def _count_copies(rows: NDArray[np.float32]) -> NDArray[np.int64]:
    """Count the rows that are equal to each row, itself included."""
    as_bytes = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.shape[1] * rows.itemsize))).ravel()
    _, index, counts = np.unique(as_bytes, return_inverse=True, return_counts=True)
    return counts[index.ravel()].astype(np.int64)


def _put_self_first(neighbours: Tensor, k: int) -> Tensor:
    """Return k columns: each row itself first, although equal rows may have displaced it, then the others in order."""
    indices = torch.arange(len(neighbours), device=neighbours.device)[:, None]
    others = (neighbours == indices).to(torch.uint8).argsort(dim=1, stable=True)[:, : k - 1]
    return torch.cat([indices, neighbours.gather(1, others)], dim=1)

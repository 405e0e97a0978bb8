"""Exact nearest neighbours on a CPU: each product of two rows serves both, and is looked at while in the cache."""

from __future__ import annotations

import threading
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from himpc.learning.compiled import compiled
from himpc.learning.threads import on_threads
from himpc.model import matmul

__all__ = ["exact_neighbours"]

Array: TypeAlias = NDArray[Any]

BLOCK = 512
"""Rows on each side of a block of products: 1 MB of float32, which stays in a core's second cache."""

AT_ONCE = 32
"""So many products are compared with the farthest neighbours so far before any is looked at by itself."""


def exact_neighbours(rows: Tensor, wanted: Tensor, k: int) -> Tensor:
    """Return the k nearest of all rows for some of them, each itself first.

    Parameters
    ----------
    rows : float32 or float64 tensor ``(N, H)``
        On the CPU, their mean taken off.
    wanted : int64 tensor ``(n,)``
        Whose neighbours are wanted, each row once, in rising order.
    k : int
        Neighbours a row, the row itself included; at most N.

    Returns
    -------
    int64 tensor ``(n, k)``
        Nearest first; of equal distances, the lower row first. A distance that is no number counts as infinite.

    Notes
    -----
    Neither blocks nor threads change a neighbour where a product has the same bits wherever in a block it is: so with
    oneDNN's in float32, not with MKL's in float64, where distances that differ by rounding alone may change places.
    """
    n, count = len(rows), len(wanted)
    if k == 1 or not count:
        return wanted[:, None].expand(count, k).clone()
    own = wanted.numpy()
    order = np.concatenate([own, np.setdiff1d(np.arange(n), own)])  # the wanted rows first
    rows = rows[torch.from_numpy(order)]
    squares = rows.square().sum(dim=1).numpy()
    distances = np.full((count, k - 1), np.inf, squares.dtype)
    found = np.full((count, k - 1), n)
    farthest = np.full(n, -np.inf, squares.dtype)  # nothing is near enough to a row that is not wanted
    farthest[:count] = np.inf
    edges = np.concatenate([_edges(0, count), _edges(count, n)[1:]])
    of_wanted, of_all = len(_edges(0, count)) - 1, len(edges) - 1
    locks = [threading.RLock() for _ in range(of_all)]

    def meet(blocks: tuple[int, int]) -> None:
        a, b = blocks
        one, other = (slice(edges[block], edges[block + 1]) for block in blocks)
        products = matmul(-2 * rows[one], rows[other]).numpy()
        with locks[a], locks[b]:
            _keep_nearest(products, one.start, other.start, squares, order, distances, found, farthest)

    # neighbours in this order have no block in common, so that threads seldom wait for each other
    on_threads(meet, [(a, a + apart) for apart in range(of_all) for a in range(min(of_wanted, of_all - apart))])
    return torch.cat([wanted[:, None], torch.from_numpy(found)], dim=1)


def _edges(start: int, stop: int) -> NDArray[np.int64]:
    """Return where blocks of about one size begin, and where the last ends."""
    return np.linspace(start, stop, -(-(stop - start) // BLOCK) + 1).astype(np.int64)


@compiled
def _keep_nearest(
    products: Array,
    first_row: int,
    first_column: int,
    squares: Array,
    order: Array,
    distances: Array,
    found: Array,
    farthest: Array,
) -> None:
    """Offer the rows and the columns of a block of ``-2 a·b`` to each other as neighbours.

    ``|b|² - 2 a·b`` ranks the neighbours of a as their distances do. What is kept of each row does not depend on the
    order in which others are offered.
    """
    for i in range(len(products)):
        row, line = first_row + i, products[i]
        for start in range(i + 1 if first_row == first_column else 0, products.shape[1], AT_ONCE):
            some = line[start : start + AT_ONCE]
            columns = slice(first_column + start, first_column + start + len(some))
            if not _any_near(some, squares[row], farthest[row], squares[columns], farthest[columns]):
                continue
            for j in range(len(some)):
                column = columns.start + j
                if not squares[column] + some[j] > farthest[row]:
                    _insert(distances[row], found[row], squares[column] + some[j], order[column])
                    farthest[row] = distances[row, -1]
                if column < len(found) and not squares[row] + some[j] > farthest[column]:
                    _insert(distances[column], found[column], squares[row] + some[j], order[row])
                    farthest[column] = distances[column, -1]


@compiled
def _any_near(products: Array, square: float, far: float, squares: Array, fars: Array) -> int:
    """Return whether any column may be a neighbour of the row or the row of any column."""
    near = 0
    for j in range(len(products)):
        near |= (not squares[j] + products[j] > far) | (not square + products[j] > fars[j])
    return near


@compiled
def _insert(distances: Array, found: Array, distance: float, row: int) -> None:
    """Put a row where it belongs among the nearest, if it does."""
    if np.isnan(distance):
        distance = np.inf
    at = len(found) - 1
    if distance > distances[at] or (distance == distances[at] and row > found[at]):
        return
    while at and (distance < distances[at - 1] or (distance == distances[at - 1] and row < found[at - 1])):
        distances[at], found[at] = distances[at - 1], found[at - 1]
        at -= 1
    distances[at], found[at] = distance, row

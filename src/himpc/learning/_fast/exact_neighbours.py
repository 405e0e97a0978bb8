"""Exact neighbours on a CPU: each product of two rows is computed once, and used for both while it is in the cache.

tests/learning/fast/test_exact_neighbours.py holds the result equal to a full sort of all distances.
"""

from __future__ import annotations

import threading
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from himpc.learning._fast.loops import compile_loop
from himpc.learning._fast.threads import map_on_threads
from himpc.model import matmul

__all__ = ["exact_neighbours"]

Array: TypeAlias = NDArray[Any]

BLOCK = 512
"""Rows on each side of a block of products: 1 MB of float32, which fits the second-level cache of a core."""

CHUNK = 32
"""Number of products that are compared at once with the farthest neighbours so far, before any is compared alone."""


def exact_neighbours(rows: Tensor, wanted: Tensor, k: int) -> Tensor:
    """Find the k nearest rows of some rows, each itself first.

    Parameters
    ----------
    rows : float32 or float64 tensor ``(N, H)``
        On the CPU, with their mean subtracted.
    wanted : int64 tensor ``(n,)``
        The rows whose neighbours are returned, in ascending order, without repetition.
    k : int
        Neighbours per row, the row itself included; at most N.

    Returns
    -------
    int64 tensor ``(n, k)``
        Nearest first; of equal distances, the lower row first. A distance that is NaN counts as infinite.

    Notes
    -----
    The result does not depend on blocks or threads if the bits of a product do not depend on its place in a block.
    That holds for oneDNN in float32, but not for MKL in float64, where distances equal but for rounding may swap.
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
    farthest = np.full(n, -np.inf, squares.dtype)  # no row is near enough to one that is not wanted
    farthest[:count] = np.inf
    edges = np.concatenate([_edges(0, count), _edges(count, n)[1:]])
    n_wanted, n_all = len(_edges(0, count)) - 1, len(edges) - 1
    locks = [threading.RLock() for _ in range(n_all)]

    def compare(blocks: tuple[int, int]) -> None:
        a, b = blocks
        one, other = (slice(edges[block], edges[block + 1]) for block in blocks)
        products = matmul(-2 * rows[one], rows[other]).numpy()
        with locks[a], locks[b]:
            _keep_nearest(products, one.start, other.start, squares, order, distances, found, farthest)

    # consecutive pairs of blocks have no block in common, so that threads seldom wait for each other
    map_on_threads(compare, [(a, a + apart) for apart in range(n_all) for a in range(min(n_wanted, n_all - apart))])
    return torch.cat([wanted[:, None], torch.from_numpy(found)], dim=1)


def _edges(start: int, stop: int) -> NDArray[np.int64]:
    """Return the boundaries of blocks of about equal size."""
    return np.linspace(start, stop, -(-(stop - start) // BLOCK) + 1).astype(np.int64)


@compile_loop
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
    """Update the nearest rows so far with a block of ``-2 a·b``, for its rows and its columns.

    ``|b|² - 2 a·b`` ranks the neighbours of a as their distances do. The result does not depend on the order of blocks.
    """
    for i in range(len(products)):
        row, line = first_row + i, products[i]
        for start in range(i + 1 if first_row == first_column else 0, products.shape[1], CHUNK):
            some = line[start : start + CHUNK]
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


@compile_loop
def _any_near(products: Array, square: float, far: float, squares: Array, fars: Array) -> int:
    """Return 1 if any column may be a neighbour of the row, or the row one of any column; else 0."""
    near = 0
    for j in range(len(products)):
        near |= (not squares[j] + products[j] > far) | (not square + products[j] > fars[j])
    return near


@compile_loop
def _insert(distances: Array, found: Array, distance: float, row: int) -> None:
    """Insert a row into the sorted nearest rows, if it is near enough."""
    if np.isnan(distance):
        distance = np.inf
    at = len(found) - 1
    if distance > distances[at] or (distance == distances[at] and row > found[at]):
        return
    while at and (distance < distances[at - 1] or (distance == distances[at - 1] and row < found[at - 1])):
        distances[at], found[at] = distances[at - 1], found[at - 1]
        at -= 1
    distances[at], found[at] = distance, row

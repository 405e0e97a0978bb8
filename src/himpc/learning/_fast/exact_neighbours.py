"""Exact nearest-neighbour search on a CPU: each product of two rows is computed once, and used for both while cached.

tests/learning/fast/test_exact_neighbours.py compares the result with a full sort of all distances.
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

Array: TypeAlias = NDArray[Any]

BLOCK_ROWS = 512
"""Rows on each side of a block of products: 1 MB of float32, which fits the second-level cache of a core."""

CHUNK_SIZE = 32
"""Number of products that are tested together against the farthest neighbours so far, before each is tested alone."""


def exact_neighbours(rows: Tensor, queries: Tensor, k: int) -> Tensor:
    """Find the k nearest rows of each query, itself first.

    Parameters
    ----------
    rows : float32 or float64 tensor ``(N, H)``
        On the CPU, with their mean subtracted.
    queries : int64 tensor ``(n,)``
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
    n, count = len(rows), len(queries)
    if k == 1 or not count:
        return queries[:, None].expand(count, k).clone()
    query_ids = queries.numpy()
    order = np.concatenate([query_ids, np.setdiff1d(np.arange(n), query_ids)])  # the queries first
    rows = rows[torch.from_numpy(order)]
    squares = rows.square().sum(dim=1).numpy()
    distances = np.full((count, k - 1), np.inf, squares.dtype)
    neighbours = np.full((count, k - 1), n)
    farthest = np.full(n, -np.inf, squares.dtype)  # rows that are not queries accept no neighbour
    farthest[:count] = np.inf
    edges = np.concatenate([_block_edges(0, count), _block_edges(count, n)[1:]])
    n_query_blocks, n_blocks = len(_block_edges(0, count)) - 1, len(edges) - 1
    locks = [threading.RLock() for _ in range(n_blocks)]

    def compare(blocks: tuple[int, int]) -> None:
        a, b = blocks
        one, other = (slice(edges[block], edges[block + 1]) for block in blocks)
        products = matmul(-2 * rows[one], rows[other]).numpy()
        with locks[a], locks[b]:
            _update_nearest(products, one.start, other.start, squares, order, distances, neighbours, farthest)

    # consecutive pairs of blocks have no block in common, so that threads seldom wait for each other
    map_on_threads(
        compare, [(a, a + offset) for offset in range(n_blocks) for a in range(min(n_query_blocks, n_blocks - offset))]
    )
    return torch.cat([queries[:, None], torch.from_numpy(neighbours)], dim=1)


def _block_edges(start: int, stop: int) -> NDArray[np.int64]:
    """Return the boundaries of blocks of about equal size."""
    return np.linspace(start, stop, -(-(stop - start) // BLOCK_ROWS) + 1).astype(np.int64)


@compile_loop
def _update_nearest(
    products: Array,
    first_row: int,
    first_column: int,
    squares: Array,
    order: Array,
    distances: Array,
    neighbours: Array,
    farthest: Array,
) -> None:
    """Update the nearest rows so far by a block of ``-2 a·b``, for both its rows and its columns.

    ``|b|² - 2 a·b`` ranks the neighbours of a as their distances do. The result does not depend on the order of blocks.
    """
    for i in range(len(products)):
        row, line = first_row + i, products[i]
        for start in range(i + 1 if first_row == first_column else 0, products.shape[1], CHUNK_SIZE):
            chunk = line[start : start + CHUNK_SIZE]
            columns = slice(first_column + start, first_column + start + len(chunk))
            if not _any_near(chunk, squares[row], farthest[row], squares[columns], farthest[columns]):
                continue
            for j in range(len(chunk)):
                column = columns.start + j
                if not squares[column] + chunk[j] > farthest[row]:
                    insert_neighbour(distances[row], neighbours[row], squares[column] + chunk[j], order[column])
                    farthest[row] = distances[row, -1]
                if column < len(neighbours) and not squares[row] + chunk[j] > farthest[column]:
                    insert_neighbour(distances[column], neighbours[column], squares[row] + chunk[j], order[row])
                    farthest[column] = distances[column, -1]


@compile_loop
def _any_near(products: Array, square: float, radius: float, squares: Array, radii: Array) -> int:
    """Return 1 if any column may be a neighbour of the row, or the row one of any column; else 0."""
    near = 0
    for j in range(len(products)):
        near |= (not squares[j] + products[j] > radius) | (not square + products[j] > radii[j])
    return near


@compile_loop
def insert_neighbour(distances: Array, neighbours: Array, distance: float, row: int) -> None:
    """Insert a row into the sorted nearest rows, if it is near enough."""
    if np.isnan(distance):
        distance = np.inf
    at = len(neighbours) - 1
    if distance > distances[at] or (distance == distances[at] and row > neighbours[at]):
        return
    while at and (distance < distances[at - 1] or (distance == distances[at - 1] and row < neighbours[at - 1])):
        distances[at], neighbours[at] = distances[at - 1], neighbours[at - 1]
        at -= 1
    distances[at], neighbours[at] = distance, row

"""Approximate nearest-neighbour search on a CPU: rows are compared with those of the nearest cells alone.

tests/learning/fast/test_cell_neighbours.py compares the result with that of exact search.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from himpc.learning._fast.exact_neighbours import insert_neighbour
from himpc.learning._fast.loops import compile_loop
from himpc.learning._fast.threads import map_on_threads
from himpc.model import matmul

Array: TypeAlias = NDArray[Any]

ITERATIONS, ROWS_PER_CELL = 4, 32
"""Iterations of k-means, and the rows of each cell in the sample that it uses."""

MIN_RECALL = 0.999
"""Share of the nearest rows of a sample of queries that lie in the cells in which they are searched."""

SAMPLE_QUERIES = 256
"""Number of queries whose nearest rows are found exactly, to choose how many cells are searched."""

BLOCK_QUERIES = 4096
"""Number of neighbouring queries that are searched at once: those that search one cell share a product."""

BLOCK_ROWS, BLOCK_COLUMNS = 512, 2048
"""Maximum size of other blocks of products."""

CHUNK_SIZE = 32
"""Number of products that are tested together against the farthest neighbour so far."""


def cell_neighbours(rows: Tensor, queries: Tensor, k: int) -> Tensor:
    """Find the k nearest rows of each query among those of the nearest cells.

    The cells are those of k-means on a sample of the rows (an inverted file; Jégou, Douze and Schmid, PAMI 2011). The
    number of cells that each query searches is the least that holds `MIN_RECALL` of the true nearest rows of a sample.

    Parameters
    ----------
    rows : float32 tensor ``(N, H)``
        On the CPU.
    queries : float32 tensor ``(Q, H)``
        Any vectors.
    k : int
        At most N.

    Returns
    -------
    int64 tensor ``(Q, k)``
        Nearest first; of equal distances, the lower row first. The result does not depend on the number of threads.
    """
    centres = _find_centres(rows)
    cell = brute_force_neighbours(centres, rows, 1)[:, 0]
    order = torch.argsort(cell, stable=True)
    edges = np.concatenate([[0], np.cumsum(np.bincount(cell.numpy(), minlength=len(centres)))])
    probes = _choose_probes(rows, queries, k, centres, cell)
    visits = brute_force_neighbours(centres, queries, probes)
    query_order = torch.argsort(visits[:, 0], stable=True)
    sorted_rows, row_ids = rows[order], order.numpy()
    squares = sorted_rows.square().sum(dim=1).numpy()
    neighbours = np.empty((len(queries), k), dtype=np.int64)

    def search(block: Tensor) -> None:
        own, own_visits = queries[block], visits[block].numpy()
        distances, found = np.full((len(block), k), np.inf, np.float32), np.full((len(block), k), len(rows))
        by_cell = np.argsort(own_visits, axis=None, kind="stable")
        cells, starts = np.unique(own_visits.ravel()[by_cell], return_index=True)
        parts = list(zip(cells, np.split(by_cell // probes, starts[1:]), strict=True))
        for each, lines in sorted(parts, key=lambda part: -len(part[1])):  # the nearest cells of most queries first
            doubled = -2 * own[torch.from_numpy(lines)]
            for start in range(edges[each], edges[each + 1], BLOCK_COLUMNS):
                columns = slice(start, min(start + BLOCK_COLUMNS, edges[each + 1]))
                products = (doubled @ sorted_rows[columns].mT).numpy()  # oneDNN would compile each shape
                _update_nearest(products, squares[columns], row_ids[columns], lines, distances, found)
        neighbours[block.numpy()] = found

    map_on_threads(search, torch.split(query_order, BLOCK_QUERIES))
    incomplete = torch.from_numpy(np.flatnonzero(neighbours[:, -1] == len(rows)))
    neighbours[incomplete.numpy()] = brute_force_neighbours(rows, queries[incomplete], k).numpy()
    return torch.from_numpy(neighbours)


def brute_force_neighbours(rows: Tensor, queries: Tensor, k: int) -> Tensor:
    """Find the k nearest rows of each query exactly; parameters and result are as those of `cell_neighbours`."""
    squares, row_ids = rows.square().sum(dim=1).numpy(), np.arange(len(rows))
    neighbours = np.full((len(queries), k), len(rows))

    def search(start: int) -> None:
        found = neighbours[start : start + BLOCK_ROWS]
        distances, lines = np.full(found.shape, np.inf, np.float32), np.arange(len(found))
        doubled = -2 * queries[start : start + BLOCK_ROWS]
        for first in range(0, len(rows), BLOCK_COLUMNS):
            columns = slice(first, first + BLOCK_COLUMNS)
            products = matmul(doubled, rows[columns]).numpy()
            _update_nearest(products, squares[columns], row_ids[columns], lines, distances, found)

    map_on_threads(search, range(0, len(queries), BLOCK_ROWS))
    return torch.from_numpy(neighbours)


def _find_centres(rows: Tensor) -> Tensor:
    """Compute the centres of the cells by some iterations of k-means, which begin with evenly spaced rows."""
    count = min(len(rows), math.isqrt(len(rows)))
    generator = torch.Generator().manual_seed(0)
    sample = rows[torch.randperm(len(rows), generator=generator)[: ROWS_PER_CELL * count]]
    centres = sample[:count].clone()
    for _ in range(ITERATIONS):
        cell = brute_force_neighbours(centres, sample, 1)[:, 0]
        sizes = torch.bincount(cell, minlength=count)
        sums = torch.zeros_like(centres).index_add_(0, cell, sample)
        centres = torch.where(sizes[:, None] > 0, sums / sizes[:, None].clamp(min=1), centres)
    return centres


def _choose_probes(rows: Tensor, queries: Tensor, k: int, centres: Tensor, cell: Tensor) -> int:
    """Return the number of cells in which `MIN_RECALL` of the nearest rows of a sample of queries lie."""
    sample = queries[torch.linspace(0, len(queries) - 1, min(len(queries), SAMPLE_QUERIES)).long()]
    nearest = cell[brute_force_neighbours(rows, sample, k)]
    rank = brute_force_neighbours(centres, sample, len(centres)).argsort(dim=1)
    ranks = rank.gather(1, nearest).flatten().sort().values
    return int(ranks[math.ceil(MIN_RECALL * len(ranks)) - 1]) + 1


@compile_loop
def _update_nearest(
    products: Array, squares: Array, row_ids: Array, lines: Array, distances: Array, neighbours: Array
) -> None:
    """Update the nearest rows so far of the queries `lines` by a block of ``-2 a·b`` with some rows.

    ``|b|² - 2 a·b`` ranks the rows b as their distances from the query a do.
    """
    for i in range(len(products)):
        near_distances, near, line = distances[lines[i]], neighbours[lines[i]], products[i]
        for start in range(0, len(squares), CHUNK_SIZE):
            chunk, chunk_squares = line[start : start + CHUNK_SIZE], squares[start : start + CHUNK_SIZE]
            if _any_near(chunk, chunk_squares, near_distances[-1]):
                for j in range(len(chunk)):
                    if not chunk_squares[j] + chunk[j] > near_distances[-1]:
                        insert_neighbour(near_distances, near, chunk_squares[j] + chunk[j], row_ids[start + j])


@compile_loop
def _any_near(products: Array, squares: Array, radius: float) -> int:
    """Return 1 if any distance is not above the radius, else 0."""
    near = 0
    for j in range(len(products)):
        near |= not squares[j] + products[j] > radius
    return near

"""Loops over the edges of a graph of clusters; `himpc.learning.clustering.neighbour_tree` has the formulas.

tests/learning/clustering/test_neighbour_tree.py compares the tree with that of all pairs.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from himpc.learning._fast.loops import compile_loop, map_row_blocks

Array: TypeAlias = NDArray[Any]


def ward_distances(means: Array, weights: Array, first: Array, second: Array) -> NDArray[np.float64]:
    """Compute Ward's distances ``(E,)`` between clusters, given their means ``(C, D)`` and weights ``(C,)``."""
    if not len(first):
        return np.empty(0)
    distances: NDArray[np.float64] = map_row_blocks(_ward_distances, len(first), means, weights, first, second)[0]
    return distances


@compile_loop
def _ward_distances(
    means: Array, weights: Array, first: Array, second: Array, start: int, stop: int
) -> tuple[NDArray[np.float64]]:
    distances = np.empty(stop - start)
    for edge in range(start, stop):
        a, b = first[edge], second[edge]
        square = 0.0
        for axis in range(means.shape[1]):
            difference = means[a, axis] - means[b, axis]
            square += difference * difference
        distances[edge - start] = np.sqrt(2 * weights[a] * weights[b] / (weights[a] + weights[b]) * square)
    return (distances,)


@compile_loop
def nearest_clusters(first: Array, second: Array, distances: Array, count: int) -> NDArray[np.int64]:
    """Return the nearest cluster of each of `count` clusters by the edges, or -1; of equal distances, the lower one."""
    best = np.full(count, np.inf)
    nearest = np.full(count, -1, dtype=np.int64)
    for edge in range(len(first)):
        a, b, distance = first[edge], second[edge], distances[edge]
        if distance < best[a] or (distance == best[a] and b < nearest[a]):
            best[a], nearest[a] = distance, b
        if distance < best[b] or (distance == best[b] and a < nearest[b]):
            best[b], nearest[b] = distance, a
    return nearest

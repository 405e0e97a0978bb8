"""Ward's tree of weighted rows, which SciPy does not build; `himpc.learning.clustering.constraints` has the formula.

tests/learning/clustering/test_constraints.py compares it with SciPy's tree of rows that are repeated.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from himpc.learning._fast.loops import compile_loop

Array: TypeAlias = NDArray[Any]


def weighted_ward_tree(vectors: Array, weights: Array) -> NDArray[np.float64]:
    """Join rows ``(R, D)`` of weights ``(R,)`` by the nearest-neighbour chain (Murtagh, Computer Journal 26, 1983)."""
    from scipy.spatial.distance import cdist

    masses = weights[:, None] * weights / (weights[:, None] + weights)
    merges = _join_neighbours(2 * masses * cdist(vectors, vectors, "sqeuclidean"), weights.copy())
    merges = merges[np.argsort(merges[:, 2], kind="stable")]
    tree = np.empty((len(merges), 4))
    node, size = np.arange(len(vectors)), np.ones(len(vectors))  # of the cluster that each row stands for
    for step, (kept, dropped, square) in enumerate(merges):
        first, second = int(kept), int(dropped)
        size[first] += size[second]
        tree[step] = *sorted((node[first], node[second])), np.sqrt(square), size[first]
        node[first] = len(vectors) + step
    return tree


@compile_loop
def _join_neighbours(squares: Array, weights: Array) -> NDArray[np.float64]:
    """Join reciprocal nearest clusters; return the kept row, the row that is joined to it, and the squared height.

    `squares` and `weights` are overwritten by those of joined clusters (Lance and Williams).
    """
    count = len(weights)
    merges = np.empty((count - 1, 3))
    active = np.ones(count, dtype=np.bool_)
    chain = np.empty(count, dtype=np.int64)
    heights = np.zeros(count)  # of the last merge of each cluster: by rounding, that of the next one could be smaller
    length = 0
    for step in range(count - 1):
        if length == 0:
            start = 0
            while not active[start]:
                start += 1
            chain[0], length = start, 1
        while True:
            last = chain[length - 1]
            before = chain[length - 2] if length > 1 else -1
            nearest, smallest = -1, np.inf
            if before >= 0:
                nearest, smallest = before, squares[last, before]
            for other in range(count):
                if active[other] and other != last and squares[last, other] < smallest:
                    nearest, smallest = other, squares[last, other]
            if nearest == before:
                break
            chain[length], length = nearest, length + 1
        length -= 2
        kept, dropped = min(last, before), max(last, before)
        heights[kept] = max(smallest, heights[kept], heights[dropped])
        merges[step, 0], merges[step, 1], merges[step, 2] = kept, dropped, heights[kept]
        a, b = weights[kept], weights[dropped]
        active[dropped] = False
        for other in range(count):
            if active[other] and other != kept:
                c = weights[other]
                square = (a + c) * squares[kept, other] + (b + c) * squares[dropped, other] - c * smallest
                squares[kept, other] = squares[other, kept] = square / (a + b + c)
        weights[kept] = a + b
    return merges

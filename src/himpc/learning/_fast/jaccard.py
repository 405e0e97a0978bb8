"""Sparse Jaccard distances (docs/method.md, section 3), in compiled loops on a CPU.

tests/learning/fast/test_jaccard.py compares it with the formula. Only some hundreds of N windows have a distance below
1 to a given window: only those distances are computed and stored.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from himpc.learning._fast.loops import compile_loop, map_row_blocks

Array: TypeAlias = NDArray[Any]


def jaccard_distances(
    features: NDArray[np.floating], ranks: NDArray[np.integer], k2: int = 6, max_distance: float = 1.0
) -> csr_matrix:
    """Compute the Jaccard distances between windows that are below 1 and at most `max_distance`.

    Parameters
    ----------
    features : float array ``(N, H)``
        Window features, not normalised.
    ranks : int array ``(N, k1)``
        The k1 nearest windows of each, itself first (`himpc.learning.clustering.nearest_neighbours`).
    k2 : int
        Neighbours over which query expansion averages.
    max_distance : float
        Larger distances are left out. Each of 200,000 simulated windows has about 1,300 distances below 1, but only
        about 4 up to 0.6, which are all that DBSCAN needs.

    Returns
    -------
    csr_matrix ``(N, N)``
        Distances in [0, 1), in the type of the features. With the default of `max_distance`, entries that are not
        stored are exactly 1. Zeros are stored, as on the diagonal. Columns are sorted, and the matrix is symmetric to
        the last bit.
    """
    n, k1 = ranks.shape
    ranks = np.ascontiguousarray(ranks, dtype=np.int32)
    half = min(k1, round(k1 / 2) + 1)
    sizes, columns, values = map_row_blocks(_neighbour_weights, n, np.ascontiguousarray(features), ranks, half)
    weights = _csr(sizes, columns, values, n)
    expanded = _query_expansion(weights, ranks, k2)
    expanded.sort_indices()
    expanded.eliminate_zeros()  # weights that underflowed
    by_column = expanded.tocsc()
    sizes, columns, values = map_row_blocks(
        _distances,
        n,
        *(expanded.indptr, expanded.indices, expanded.data),
        *(by_column.indptr, by_column.indices, by_column.data),
        expanded.dtype.type(max_distance),
    )
    return _csr(sizes, columns, values, n)


def _csr(sizes: Array, columns: Array, values: Array, n: int) -> csr_matrix:
    matrix = csr_matrix((values, columns, np.concatenate([[0], np.cumsum(sizes)])), shape=(n, n))
    matrix.sort_indices()
    return matrix


def _query_expansion(weights: csr_matrix, ranks: Array, k2: int) -> csr_matrix:
    """Return the mean of the weights over the first k2 neighbours of each window."""
    n = len(ranks)
    k2 = min(k2, ranks.shape[1])
    if k2 == 1:
        return weights
    share = np.full(n * k2, 1 / k2, dtype=weights.dtype)
    mean = csr_matrix((share, ranks[:, :k2].ravel(), np.arange(n + 1) * k2), shape=(n, n))
    return mean @ weights


@compile_loop
def _reciprocal(ranks: Array, i: int, width: int, out: Array) -> int:
    """Write the reciprocal set of window i in the first `width` columns to `out`; return its size."""
    size = 0
    for c in ranks[i, :width]:
        for back in ranks[c, :width]:
            if back == i:
                out[size] = c
                size += 1
                break
    return size


@compile_loop
def _neighbour_weights(features: Array, ranks: Array, half: int, start: int, stop: int) -> tuple[Array, Array, Array]:
    """Compute sizes, columns and values of the rows V (section 3, steps 2 to 4) of windows start to stop."""
    n, k1 = ranks.shape
    max_size = k1 * (half + 1)
    sizes = np.zeros(stop - start, np.int64)
    columns = np.empty((stop - start) * 2 * k1 + max_size, np.int32)
    values = np.empty(len(columns), features.dtype)
    seen_by = np.full(n, -1, np.int32)
    core, other = np.empty(k1, np.int32), np.empty(k1, np.int32)
    end = 0
    for i in range(start, stop):
        if end + max_size > len(columns):
            columns = np.concatenate((columns, np.empty_like(columns)))
            values = np.concatenate((values, np.empty_like(values)))
        first = end
        size = _reciprocal(ranks, i, k1, core)
        for c in core[:size]:
            seen_by[c] = i
            columns[end] = c
            end += 1
        for c in core[:size]:
            others = _reciprocal(ranks, c, half, other)
            shared = 0
            for d in other[:others]:
                for r in core[:size]:
                    shared += r == d
            if 3 * shared > 2 * others:
                for d in other[:others]:
                    if seen_by[d] != i:
                        seen_by[d] = i
                        columns[end] = d
                        end += 1
        _softmax_of_products(features, i, columns[first:end], values[first:end])
        sizes[i - start] = end - first
    return sizes, columns[:end], values[:end]


@compile_loop
def _softmax_of_products(features: Array, i: int, members: Array, out: Array) -> None:
    """Write the softmax over the members j of -(2 - 2 f_i·f_j) to `out`."""
    highest = -np.inf
    logits = np.empty(len(members), np.float64)
    for m in range(len(members)):
        product = 0.0
        for h in range(features.shape[1]):
            product += np.float64(features[i, h]) * np.float64(features[members[m], h])
        logits[m] = 2 * product
        highest = max(highest, logits[m])
    total = 0.0
    for m in range(len(members)):
        logits[m] = np.exp(logits[m] - highest)
        total += logits[m]
    for m in range(len(members)):
        out[m] = logits[m] / total


@compile_loop
def _distances(
    indptr: Array,
    indices: Array,
    data: Array,
    col_indptr: Array,
    col_indices: Array,
    col_data: Array,
    max_distance: float,
    start: int,
    stop: int,
) -> tuple[Array, Array, Array]:
    """Compute sizes, columns and values of the distances (section 3, step 6) of windows start to stop."""
    n = len(indptr) - 1
    sizes = np.zeros(stop - start, np.int64)
    columns = np.empty(max(1024, 64 * (stop - start)), np.int32)
    values = np.empty(len(columns), data.dtype)
    overlap = np.zeros(n, data.dtype)
    touched = np.empty(n, np.int32)
    end = 0
    for i in range(start, stop):
        count = 0
        for entry in range(indptr[i], indptr[i + 1]):
            k, weight = indices[entry], data[entry]
            for other in range(col_indptr[k], col_indptr[k + 1]):
                j = col_indices[other]
                if overlap[j] == 0:
                    touched[count] = j
                    count += 1
                overlap[j] += min(weight, col_data[other])
        while end + count > len(columns):
            columns = np.concatenate((columns, np.empty_like(columns)))
            values = np.concatenate((values, np.empty_like(values)))
        first = end
        for j in touched[:count]:
            columns[end] = j
            values[end] = max(0, 1 - overlap[j] / (2 - overlap[j])) if j != i else 0
            end += values[end] < 1 and values[end] <= max_distance  # in float32 a small overlap may round to 0
            overlap[j] = 0
        sizes[i - start] = end - first
    return sizes, columns[:end], values[:end]

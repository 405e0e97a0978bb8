"""The distance of `himpc.learning._fast.jaccard`, and DBSCAN, by tensor operations for a GPU.

tests/learning/fast/test_tensor_clustering.py compares them with the compiled loops and with scikit-learn. Only sorts,
gathers and sums over segments are used, so that results repeat. On a CPU they are slower than the compiled loops.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

MAX_BLOCK_ELEMENTS = 2**26
"""Approximate maximum number of elements of an intermediate tensor; larger ones are computed in blocks of rows."""


class Entries(NamedTuple):
    """A sparse matrix: row, column and value of each stored entry, sorted by row and column."""

    rows: Tensor
    columns: Tensor
    values: Tensor


def tensor_jaccard_distances(features: Tensor, ranks: Tensor, k2: int = 6, max_distance: float = 1.0) -> Entries:
    """Compute the Jaccard distances below 1 and at most `max_distance`; see `himpc.learning.clustering`.

    Parameters
    ----------
    features : float tensor ``(N, H)``
    ranks : int64 tensor ``(N, k1)``
        The k1 nearest windows of each, itself first, on the same device.
    k2 : int
        Neighbours over which query expansion averages.
    max_distance : float
        Larger distances are left out.
    """
    weights = _expand_queries(_neighbour_weights(features, ranks), ranks, k2)
    return _distances(weights, len(ranks), max_distance)


def tensor_dbscan(distances: Entries, n: int, *, eps: float, min_samples: int) -> Tensor:
    """Compute the DBSCAN labels of n windows, int64 ``(n,)``, numbered as scikit-learn does; -1 for noise.

    Clusters are the connected components of the core windows, in the order of their first window. A border window
    belongs to the first cluster that it touches.
    """
    near = distances.values <= distances.values.new_tensor(eps)
    rows, columns = distances.rows[near], distances.columns[near]
    core = torch.bincount(rows, minlength=n) >= min_samples
    inside = core[rows] & core[columns]
    first = _first_of_component(rows[inside], columns[inside], n)
    heads = core & (first == torch.arange(n, device=rows.device))
    none = torch.full((n,), n, device=rows.device)
    labels = torch.where(core, (heads.cumsum(0) - 1)[first], none)
    border = core[columns] & ~core[rows]
    labels = labels.scatter_reduce(0, rows[border], labels[columns[border]], "amin")
    return torch.where(labels == n, -1, labels)


def _first_of_component(rows: Tensor, columns: Tensor, n: int) -> Tensor:
    """Return the lowest node of the connected component of each of n nodes; edges are given in both directions."""
    first = torch.arange(n, device=rows.device)
    while True:
        lowest = first.scatter_reduce(0, rows, first[columns], "amin")
        lowest = lowest.scatter_reduce(0, first, lowest, "amin")  # propagate it to the root of the tree
        lowest = lowest[lowest]
        if torch.equal(lowest, first):
            return first
        first = lowest


def _reciprocal(ranks: Tensor, rows: Tensor, width: int) -> Tensor:
    """Return a mask of the first `width` neighbours of some rows: True for reciprocal ones."""
    return (ranks[:, :width][ranks[rows, :width]] == rows[:, None, None]).any(dim=2)


def _neighbour_weights(features: Tensor, ranks: Tensor) -> Entries:
    """Compute the rows V of docs/method.md, section 3, steps 2 to 4."""
    n, k1 = ranks.shape
    half = min(k1, round(k1 / 2) + 1)
    core = torch.cat([_reciprocal(ranks, rows, k1) for rows in _index_blocks(n, k1 * k1, ranks.device)])
    half_core = torch.cat([_reciprocal(ranks, rows, half) for rows in _index_blocks(n, half * half, ranks.device)])
    own_sets = torch.where(core, ranks, -1)
    half_sets = torch.where(half_core, ranks[:, :half], -2)
    parts = [
        _weights_of(rows, features, own_sets, half_sets) for rows in _index_blocks(n, k1 * half * k1, ranks.device)
    ]
    return Entries(*(torch.cat(parts) for parts in zip(*parts, strict=True)))


def _weights_of(rows: Tensor, features: Tensor, own_sets: Tensor, half_sets: Tensor) -> Entries:
    """Compute V of some rows, from the reciprocal sets (padded with -1) and half sets (with -2) of all."""
    own_set = own_sets[rows]
    others = half_sets[own_set.clamp(min=0)]
    shared = (others[:, :, :, None] == own_set[:, None, None, :]).any(dim=3).sum(dim=2)
    is_added = (3 * shared > 2 * (others >= 0).sum(dim=2)) & (own_set >= 0)
    others = torch.where(is_added[:, :, None], others, -1)
    members = torch.cat([own_set, others.flatten(1)], dim=1).sort(dim=1).values
    is_member = members >= 0
    is_member[:, 1:] &= members[:, 1:] != members[:, :-1]
    place, slot = is_member.nonzero(as_tuple=True)
    columns = members[place, slot]
    products = features.new_empty(len(columns), dtype=torch.float64)
    for block in _index_blocks(len(columns), features.shape[1], rows.device):
        pairs = features[rows[place[block]]].double() * features[columns[block]].double()
        products[block] = pairs.sum(dim=1)
    logits = torch.full(is_member.shape, -torch.inf, dtype=torch.float64, device=rows.device)
    logits[place, slot] = 2 * products
    return Entries(rows[place], columns, logits.softmax(dim=1)[place, slot].to(features.dtype))


def _expand_queries(weights: Entries, ranks: Tensor, k2: int) -> Entries:
    """Compute the mean of the weights over the first k2 neighbours of each window, without zeros."""
    n = len(ranks)
    k2 = min(k2, ranks.shape[1])
    start, size = _segments(weights.rows, n)
    source = ranks[:, :k2].flatten()
    segment, entry = _expand_segments(start[source], size[source])
    keys = segment // k2 * n + weights.columns[entry]
    entries = _sum_by_key(keys, weights.values[entry] / k2, n)
    return Entries(*(part[entries.values > 0] for part in entries))


def _distances(weights: Entries, n: int, max_distance: float) -> Entries:
    """Compute the distances of step 6 from the sums of the smaller weights over the columns that two rows share."""
    transposed = (weights.columns * n + weights.rows).argsort()
    by_column, smaller = weights.rows[transposed], weights.values[transposed]
    start, size = _segments(weights.columns[transposed], n)
    pairs = size[weights.columns]
    parts = []
    for entries in _row_blocks(weights.rows, pairs, n):
        columns = weights.columns[entries]
        segment, other = _expand_segments(start[columns], size[columns])
        keys = weights.rows[entries][segment] * n + by_column[other]
        overlap = _sum_by_key(keys, torch.minimum(weights.values[entries][segment], smaller[other]), n)
        values = (1 - overlap.values / (2 - overlap.values)).clamp(min=0)
        values = torch.where(overlap.rows == overlap.columns, 0, values)
        is_stored = (values < 1) & (values <= values.new_tensor(max_distance))
        parts.append(Entries(overlap.rows[is_stored], overlap.columns[is_stored], values[is_stored]))
    return Entries(*(torch.cat(parts) for parts in zip(*parts, strict=True)))


def _row_blocks(rows: Tensor, work: Tensor, n: int) -> Iterator[slice]:
    """Yield slices of whole rows with about `MAX_BLOCK_ELEMENTS` of work; only their edges are copied to the host."""
    start, size = _segments(rows, n)
    before = torch.cat([work.new_zeros(1), work.cumsum(0)])[torch.cat([start, (start + size)[-1:]])]
    block = torch.div(before[:-1], MAX_BLOCK_ELEMENTS, rounding_mode="floor")
    edges = [*start[torch.cat([block.new_ones(1), block.diff()]) > 0].tolist(), len(rows)]
    yield from (slice(a, b) for a, b in pairwise(edges))


def _index_blocks(n: int, each: int, device: torch.device) -> Iterator[Tensor]:
    """Yield 0 to n - 1 in blocks that take about `MAX_BLOCK_ELEMENTS` numbers in all, `each` per item."""
    step = max(1, MAX_BLOCK_ELEMENTS // each)
    yield from (torch.arange(start, min(start + step, n), device=device) for start in range(0, n, step))


def _segments(rows: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """Return the first entry of each row and the number of its entries; rows are sorted."""
    size = torch.bincount(rows, minlength=n)
    return size.cumsum(0) - size, size


def _expand_segments(start: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
    """Return the segment of each element of concatenated segments, and its index into the whole array."""
    segment = torch.arange(len(size), device=size.device).repeat_interleave(size)
    offset = start - (size.cumsum(0) - size)
    return segment, torch.arange(len(segment), device=size.device) + offset[segment]


def _sum_by_key(keys: Tensor, values: Tensor, n: int) -> Entries:
    """Return one entry per key (row times n plus column), sorted, with the sum of its values."""
    keys, order = keys.sort(stable=True)
    unique_keys, lengths = keys.unique_consecutive(return_counts=True)  # type: ignore[no-untyped-call]
    sums = torch.segment_reduce(values[order], "sum", lengths=lengths, axis=0)
    return Entries(unique_keys // n, unique_keys % n, sums)

"""Jaccard distances and DBSCAN by tensor operations: what `himpc.learning.jaccard` and scikit-learn compute, on a GPU.

Sorts, gathers and sums over segments only, so that results repeat; the same functions run on a CPU, where they are
slower than the compiled loops. docs/method.md, section 3, steps 2 to 7.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Entries", "density_labels", "jaccard_entries"]

BLOCK = 2**26
"""Numbers in one intermediate tensor, about; larger ones are made in blocks of rows."""


class Entries(NamedTuple):
    """A sparse matrix: row, column and value of each stored entry, row after row, columns in order."""

    rows: Tensor
    columns: Tensor
    values: Tensor


def jaccard_entries(features: Tensor, ranks: Tensor, k2: int = 6, most: float = 1.0) -> Entries:
    """Return every Jaccard distance below 1, and at most `most`; see `himpc.learning.jaccard.jaccard_distances`.

    Parameters
    ----------
    features : float tensor ``(N, H)``
    ranks : int64 tensor ``(N, k1)``
        The k1 nearest windows of each, itself first, on the same device.
    k2 : int
        Query expansion.
    most : float
        Larger distances are left out.
    """
    weights = _expanded(_neighbour_weights(features, ranks), ranks, k2)
    return _distances(weights, len(ranks), most)


def density_labels(distances: Entries, n: int, *, eps: float, min_samples: int) -> Tensor:
    """Return the DBSCAN labels of n windows, int64 ``(n,)``, numbered as scikit-learn does; -1 for noise.

    Groups are the connected components of the core windows, in the order of their first one; a window at the rim is
    given to the first group that it touches.
    """
    near = distances.values <= distances.values.new_tensor(eps)
    rows, columns = distances.rows[near], distances.columns[near]
    core = torch.bincount(rows, minlength=n) >= min_samples
    inside = core[rows] & core[columns]
    first = _first_of_component(rows[inside], columns[inside], n)
    heads = core & (first == torch.arange(n, device=rows.device))
    none = torch.full((n,), n, device=rows.device)
    labels = torch.where(core, (heads.cumsum(0) - 1)[first], none)
    rim = core[columns] & ~core[rows]
    labels = labels.scatter_reduce(0, rows[rim], labels[columns[rim]], "amin")
    return torch.where(labels == n, -1, labels)


def _first_of_component(rows: Tensor, columns: Tensor, n: int) -> Tensor:
    """Return the lowest number in the connected component of each of n nodes; the edges go both ways."""
    first = torch.arange(n, device=rows.device)
    while True:
        lowest = first.scatter_reduce(0, rows, first[columns], "amin")
        lowest = lowest.scatter_reduce(0, first, lowest, "amin")  # what a node learns, the head of its tree learns
        lowest = lowest[lowest]
        if torch.equal(lowest, first):
            return first
        first = lowest


def _reciprocal(ranks: Tensor, rows: Tensor, width: int) -> Tensor:
    """Return which of the first `width` neighbours of some rows have the row among their own first `width`."""
    return (ranks[:, :width][ranks[rows, :width]] == rows[:, None, None]).any(dim=2)


def _neighbour_weights(features: Tensor, ranks: Tensor) -> Entries:
    """Return the rows V of steps 2 to 4."""
    n, k1 = ranks.shape
    half = min(k1, round(k1 / 2) + 1)
    core = torch.cat([_reciprocal(ranks, rows, k1) for rows in _numbers(n, k1 * k1, ranks.device)])
    half_core = torch.cat([_reciprocal(ranks, rows, half) for rows in _numbers(n, half * half, ranks.device)])
    own = torch.where(core, ranks, -1)
    halves = torch.where(half_core, ranks[:, :half], -2)
    parts = [_weights_of(rows, features, own, halves) for rows in _numbers(n, k1 * half * k1, ranks.device)]
    return Entries(*(torch.cat(parts) for parts in zip(*parts, strict=True)))


def _weights_of(rows: Tensor, features: Tensor, own: Tensor, halves: Tensor) -> Entries:
    """Return V of some rows, from the reciprocal sets (filled up by -1) and half sets (by -2) of all."""
    mine = own[rows]
    others = halves[mine.clamp(min=0)]
    shared = (others[:, :, :, None] == mine[:, None, None, :]).any(dim=3).sum(dim=2)
    taken = (3 * shared > 2 * (others >= 0).sum(dim=2)) & (mine >= 0)
    others = torch.where(taken[:, :, None], others, -1)
    members = torch.cat([mine, others.flatten(1)], dim=1).sort(dim=1).values
    there = members >= 0
    there[:, 1:] &= members[:, 1:] != members[:, :-1]
    place, slot = there.nonzero(as_tuple=True)
    columns = members[place, slot]
    products = features.new_empty(len(columns), dtype=torch.float64)
    for some in _numbers(len(columns), features.shape[1], rows.device):
        pairs = features[rows[place[some]]].double() * features[columns[some]].double()
        products[some] = pairs.sum(dim=1)
    logits = torch.full(there.shape, -torch.inf, dtype=torch.float64, device=rows.device)
    logits[place, slot] = 2 * products
    return Entries(rows[place], columns, logits.softmax(dim=1)[place, slot].to(features.dtype))


def _expanded(weights: Entries, ranks: Tensor, k2: int) -> Entries:
    """Return the mean of the weights over the first k2 neighbours of each window, without zeros."""
    n = len(ranks)
    k2 = min(k2, ranks.shape[1])
    start, size = _segments(weights.rows, n)
    source = ranks[:, :k2].flatten()
    which, entry = _expand(start[source], size[source])
    keys = which // k2 * n + weights.columns[entry]
    entries = _summed(keys, weights.values[entry] / k2, n)
    return Entries(*(part[entries.values > 0] for part in entries))


def _distances(weights: Entries, n: int, most: float) -> Entries:
    """Return the distances of step 6 from the sums of smaller weights, over the columns that two rows share."""
    turned = (weights.columns * n + weights.rows).argsort()
    by_column, smaller = weights.rows[turned], weights.values[turned]
    start, size = _segments(weights.columns[turned], n)
    pairs = size[weights.columns]
    parts = []
    for entries in _row_blocks(weights.rows, pairs, n):
        columns = weights.columns[entries]
        which, other = _expand(start[columns], size[columns])
        keys = weights.rows[entries][which] * n + by_column[other]
        overlap = _summed(keys, torch.minimum(weights.values[entries][which], smaller[other]), n)
        values = (1 - overlap.values / (2 - overlap.values)).clamp(min=0)
        values = torch.where(overlap.rows == overlap.columns, 0, values)
        wanted = (values < 1) & (values <= values.new_tensor(most))
        parts.append(Entries(overlap.rows[wanted], overlap.columns[wanted], values[wanted]))
    return Entries(*(torch.cat(parts) for parts in zip(*parts, strict=True)))


def _row_blocks(rows: Tensor, work: Tensor, n: int) -> Iterator[slice]:
    """Yield the entries of whole rows whose work adds up to about `BLOCK`; the sums alone are looked at on the host."""
    start, size = _segments(rows, n)
    before = torch.cat([work.new_zeros(1), work.cumsum(0)])[torch.cat([start, (start + size)[-1:]])]
    block = torch.div(before[:-1], BLOCK, rounding_mode="floor")
    edges = [*start[torch.cat([block.new_ones(1), block.diff()]) > 0].tolist(), len(rows)]
    yield from (slice(a, b) for a, b in pairwise(edges))


def _numbers(n: int, each: int, device: torch.device) -> Iterator[Tensor]:
    """Yield 0 to n - 1 in blocks for which `each` numbers apiece add up to about `BLOCK`."""
    step = max(1, BLOCK // each)
    yield from (torch.arange(start, min(start + step, n), device=device) for start in range(0, n, step))


def _segments(rows: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """Return where the entries of each row start, and how many there are; the rows are in order."""
    size = torch.bincount(rows, minlength=n)
    return size.cumsum(0) - size, size


def _expand(start: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
    """Return, for segments laid end to end, which segment each element is of, and its place in the whole."""
    which = torch.arange(len(size), device=size.device).repeat_interleave(size)
    offset = start - (size.cumsum(0) - size)
    return which, torch.arange(len(which), device=size.device) + offset[which]


def _summed(keys: Tensor, values: Tensor, n: int) -> Entries:
    """Return one entry for each key (row times n plus column), in order, with the sum of its values."""
    keys, order = keys.sort(stable=True)
    kept, lengths = keys.unique_consecutive(return_counts=True)  # type: ignore[no-untyped-call]
    sums = torch.segment_reduce(values[order], "sum", lengths=lengths, axis=0)
    return Entries(kept // n, kept % n, sums)

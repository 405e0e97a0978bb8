"""Clustering under constraints: pairs of recordings that show different people (`himpc.recordings.cannot_link`)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["assign_apart", "fewest_clusters", "largest_clique", "renumber_pairs", "ward_tree"]

MAX_SWEEPS = 20
"""Maximum number of passes over all rows that improve an assignment, which bounds time."""

Array = NDArray[np.float64]
Pairs = NDArray[np.int64]


def renumber_pairs(pairs: Pairs | None, numbers: NDArray[np.integer]) -> Pairs:
    """Return the pairs whose recordings are both among `numbers`, sorted and unique, as indices into them."""
    if pairs is None or not len(pairs):
        return np.empty((0, 2), dtype=np.int64)
    present = pairs[np.isin(pairs, numbers).all(axis=1)]
    return np.searchsorted(numbers, present).astype(np.int64)


def ward_tree(vectors: Array, pairs: Pairs | None = None, weights: Array | None = None) -> Array:
    """Join the rows of ``(R, D)`` into Ward's tree, in the notation of `scipy.cluster.hierarchy.linkage`.

    Clusters that contain a pair are joined last, at an infinite distance. The order of the rows is that of the merges;
    with pairs, distances may decrease. A row of weight w counts as w rows; the last column still counts rows.
    """
    from scipy.cluster.hierarchy import linkage

    if pairs is not None and len(pairs):
        return _constrained_tree(
            vectors.astype(np.float64), pairs, np.ones(len(vectors)) if weights is None else weights
        )
    if weights is None or np.ptp(weights) == 0:
        tree: Array = linkage(vectors, "ward")
        return tree if weights is None else tree * [1, 1, np.sqrt(weights[0]), 1]
    from himpc.learning._fast.weighted_ward import weighted_ward_tree  # loads torch

    return weighted_ward_tree(vectors.astype(np.float64), weights.astype(np.float64))


def fewest_clusters(tree: Array) -> int:
    """Return the smallest number of clusters into which a tree can be cut without a pair in any of them."""
    return len(tree) + 1 - int(np.isfinite(tree[:, 2]).sum())


def _constrained_tree(vectors: Array, pairs: Pairs, weights: Array) -> Array:
    """Join the nearest clusters that form no pair, one merge at a time, by Ward's distance; then all that are left."""
    count = len(vectors)
    means, weights, node = vectors.copy(), weights.copy(), np.arange(count)
    sizes = np.ones(count)
    forbidden = np.eye(count, dtype=bool)
    forbidden[pairs[:, 0], pairs[:, 1]] = forbidden[pairs[:, 1], pairs[:, 0]] = True
    distances = np.full((count, count), np.inf)

    def measure(row: int) -> None:
        between = ((means - means[row]) ** 2).sum(axis=1)
        weighted = np.sqrt(2 * weights * weights[row] / (weights + weights[row]) * between)
        distances[row] = distances[:, row] = np.where(forbidden[row], np.inf, weighted)

    for row in range(count):
        measure(row)
    nearest = distances.argmin(axis=1)
    tree = np.zeros((count - 1, 4))
    for step in range(count - 1):
        active = np.flatnonzero(sizes)
        first = int(active[distances[active, nearest[active]].argmin()])
        second = int(nearest[first])
        height = distances[first, second]
        if not np.isfinite(height):
            first, second = (int(each) for each in active[:2])
        joined = sizes[first] + sizes[second]
        tree[step] = *sorted((node[first], node[second])), height, joined
        weight = weights[first] + weights[second]
        means[first] = (weights[first] * means[first] + weights[second] * means[second]) / weight
        sizes[first], sizes[second], weights[first], node[first] = joined, 0, weight, count + step
        forbidden[first] |= forbidden[second]
        forbidden[:, first] |= forbidden[:, second]
        forbidden[second] = forbidden[:, second] = True
        distances[second] = distances[:, second] = np.inf
        measure(first)
        stale = np.isin(nearest, (first, second)) & (sizes > 0)
        nearest[stale] = distances[stale].argmin(axis=1)
        nearest[first] = distances[first].argmin()
        nearer = distances[first] < distances[np.arange(count), nearest]
        nearest[nearer] = first
    return tree


def largest_clique(pairs: Pairs) -> list[int]:
    """Return rows of which all are pairs of each other: as many as a greedy search from every row finds."""
    best: list[int] = []
    neighbours = _neighbours(pairs)
    for row in neighbours:
        clique = _clique_of(row, neighbours)
        best = clique if len(clique) > len(best) else best
    return best


def assign_apart(scores: Array, pairs: Pairs, no_column: float = -1e12) -> NDArray[np.int64]:
    """Assign a column to each row, so that the sum of scores is large and no pair of rows has one column.

    Rows that are all pairs of each other get the assignment of the largest sum (Kuhn 1955). Where such sets overlap,
    they are assigned in turn until the sum no longer rises.

    Parameters
    ----------
    scores : float64 array ``(R, K)``
        ``-inf`` where a row cannot have a column.
    pairs : int64 array ``(P, 2)``
    no_column : float
        The score of a row without a column.

    Returns
    -------
    int64 array ``(R,)``
        The column of each row; -1 for none.
    """
    best = scores.argmax(axis=1) if scores.shape[1] else np.zeros(len(scores), dtype=np.int64)
    highest = scores[np.arange(len(scores)), best] if scores.shape[1] else np.full(len(scores), -np.inf)
    columns = np.where(highest > no_column, best, -1).astype(np.int64)
    neighbours = _neighbours(pairs)
    columns[list(neighbours)] = -1
    # A row is given a column while its neighbours leave one; those with the fewest left are first.
    pending = set(neighbours)
    while pending:
        row = min(pending, key=lambda each: (-len(_taken(each, neighbours, columns)), each))
        allowed = scores[row].copy()
        allowed[list(_taken(row, neighbours, columns))] = -np.inf
        if len(allowed) and allowed.max() > no_column:
            columns[row] = allowed.argmax()
        pending.remove(row)
    cliques = list(dict.fromkeys(tuple(sorted(_clique_of(row, neighbours))) for row in neighbours))
    for _ in range(MAX_SWEEPS):
        before = columns.copy()
        for clique in cliques:
            _assign_clique(np.array(clique), scores, neighbours, columns, no_column)
        if (columns == before).all():
            break
    return columns


def _assign_clique(
    clique: NDArray[np.int64], scores: Array, neighbours: dict[int, set[int]], columns: NDArray[np.int64], none: float
) -> None:
    """Give the rows of a clique the columns of the largest sum that their other neighbours leave, in place."""
    from scipy.optimize import linear_sum_assignment

    members, width = set(clique.tolist()), scores.shape[1]
    table = np.concatenate([scores[clique], np.full((len(clique), len(clique)), none)], axis=1)
    for place, row in enumerate(clique.tolist()):
        taken = {int(columns[each]) for each in neighbours[row] - members} - {-1}
        table[place, list(taken)] = -np.inf
    current = np.where(columns[clique] < 0, none, scores[clique, columns[clique]]).sum()
    rows, chosen = linear_sum_assignment(table, maximize=True)
    if table[rows, chosen].sum() > current:
        columns[clique] = np.where(chosen < width, chosen, -1)


def _neighbours(pairs: Pairs) -> dict[int, set[int]]:
    neighbours: dict[int, set[int]] = {}
    for first, second in pairs.tolist():
        neighbours.setdefault(first, set()).add(second)
        neighbours.setdefault(second, set()).add(first)
    return neighbours


def _clique_of(row: int, neighbours: dict[int, set[int]]) -> list[int]:
    """Return a maximal set of rows around one that are all neighbours of each other."""
    clique, common = [row], set(neighbours[row])
    while common:
        added = max(sorted(common), key=lambda each: len(neighbours[each] & common))
        clique.append(added)
        common &= neighbours[added]
    return clique


def _taken(row: int, neighbours: dict[int, set[int]], columns: NDArray[np.int64]) -> set[int]:
    """Return the columns of the neighbours of a row."""
    return {int(columns[each]) for each in neighbours[row]} - {-1}

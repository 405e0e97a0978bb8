"""How many people there are: where a tree of recordings is cut (docs/method.md, section 10)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["best_cut", "cut_into", "margin", "over_strangers", "own_and_nearest", "silhouettes", "sums_to_groups"]

CANDIDATES = 64
"""How many numbers of groups are tried, evenly spaced by ratio, before the best is looked at more closely."""

DRAWS = 8
"""How many crowds of strangers are drawn, to see how far chance goes."""

SURE = 2.0
"""How many times as far from chance as the luckiest crowd of strangers a cut must be for anything to be joined."""


def best_cut(vectors: NDArray[np.float64], share: float = 1.0) -> NDArray[np.int64]:
    """Return the group of each item, from 0, with as many groups as the items themselves suggest.

    The items are joined into Ward's tree (1963). Its cuts are judged by their mean silhouette (Rousseeuw 1987) over
    that of strangers: as many items drawn from a normal distribution with the items' own covariance, each of them
    another person (the gap statistic of Tibshirani, Walther and Hastie 2001, with silhouettes). Where no cut is better
    than chance, every item is a group of its own.

    Equal items, such as copies of a recording, are one. Cuts into fewer groups than the square root of the number of
    items are not tried: there the silhouette finds what is coarser than a person, such as men and women, or two
    cameras.

    Parameters
    ----------
    vectors : float64 array ``(R, D)``
        At least three items, compared by Euclidean distance.
    share : float
        Of the cuts whose silhouette exceeds chance by at least this share of the most, the finest is taken.

    References
    ----------
    Ward: Hierarchical grouping to optimize an objective function. JASA 58 (1963). Rousseeuw: Silhouettes. J. Comput.
    Appl. Math. 20 (1987). Tibshirani, Walther, Hastie: Estimating the number of clusters in a data set via the gap
    statistic. J. R. Stat. Soc. B 63 (2001).
    """
    from scipy.cluster.hierarchy import ward
    from scipy.spatial.distance import pdist, squareform

    distinct, which = np.unique(vectors, axis=0, return_inverse=True)
    if len(distinct) < len(vectors):
        labels = best_cut(distinct, share) if len(distinct) > 2 else np.arange(len(distinct))
        return np.asarray(labels[which.ravel()], dtype=np.int64)
    count = len(vectors)
    counts = np.unique(np.geomspace(max(2, math.ceil(math.sqrt(count))), count - 1, CANDIDATES).round().astype(int))
    condensed = pdist(vectors)
    tree = ward(condensed)
    found = _scores(squareform(condensed), tree, counts)
    by_chance = _strangers(vectors, counts)
    gaps = found - by_chance.mean(axis=0)
    if gaps.max() <= SURE * (by_chance - by_chance.mean(axis=0)).max():
        return np.arange(count)
    finest = counts[np.flatnonzero(gaps >= share * gaps.max())[-1]]
    return cut_into(tree, int(finest))


def over_strangers(vectors: NDArray[np.float64], labels: NDArray[np.integer]) -> float:
    """Return by how much the mean silhouette of groups exceeds that of as many groups of strangers (see `best_cut`).

    It is 0 where every item is a group of its own, or all are one group.

    Parameters
    ----------
    vectors : float64 array ``(R, D)``
    labels : int array ``(R,)``
        The group of each item, 0 to K - 1.
    """
    from scipy.spatial.distance import pdist, squareform

    groups = len(np.unique(labels))
    if not 1 < groups < len(labels):
        return 0.0
    found = silhouettes(squareform(pdist(vectors)), labels).mean()
    return float(found - _strangers(vectors, np.array([groups])).mean())


def _strangers(vectors: NDArray[np.float64], counts: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the silhouettes ``(DRAWS, counts)`` of items that are all somebody else."""
    from scipy.cluster.hierarchy import ward
    from scipy.spatial.distance import pdist, squareform

    rng = np.random.default_rng(0)
    spread = np.linalg.svd(vectors - vectors.mean(axis=0), compute_uv=False) / math.sqrt(len(vectors))
    scores = []
    for _ in range(DRAWS):
        condensed = pdist(rng.normal(size=(len(vectors), len(spread))) * spread)
        scores.append(_scores(squareform(condensed), ward(condensed), counts))
    return np.array(scores)


def silhouettes(distances: NDArray[np.float64], labels: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the silhouette of each item in [-1, 1] from an ``(R, R)`` distance matrix; 0 for one alone in its group.

    Examples
    --------
    >>> d = np.abs(np.subtract.outer([0.0, 1.0, 9.0], [0.0, 1.0, 9.0]))
    >>> silhouettes(d, np.array([0, 0, 1])).round(3).tolist()
    [0.889, 0.875, 0.0]
    """
    return _silhouettes(*sums_to_groups(distances, labels), labels)


def _scores(
    distances: NDArray[np.float64], tree: NDArray[np.float64], counts: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Return the mean silhouette of the cuts of a tree into some numbers of groups, the largest number first.

    From one cut to the next the sums of distances to groups are merged as the groups are, in O(R) a merge.
    """
    leaves = len(distances)
    sums, sizes = distances.copy(), np.ones(leaves)
    row = np.concatenate([np.arange(leaves), np.full(len(tree), -1)])  # of `sums`, for each node of the tree
    member = np.arange(leaves)
    scores, merged = {}, 0
    for count in sorted(counts.tolist(), reverse=True):
        for step in range(merged, leaves - count):
            kept, gone = row[tree[step, :2].astype(np.int64)]
            sums[kept] += sums[gone]
            sizes[kept] += sizes[gone]
            sizes[gone] = 0
            member[member == gone] = kept
            row[leaves + step] = kept
        merged = leaves - count
        alive = np.flatnonzero(sizes)
        labels = np.searchsorted(alive, member)
        scores[count] = float(_silhouettes(sums[alive], sizes[alive], labels).mean())
    return np.array([scores[count] for count in counts.tolist()])


def cut_into(tree: NDArray[np.float64], groups: int) -> NDArray[np.int64]:
    """Return the labels of a linkage tree cut into some groups; ties never change how many there are."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    leaves = len(tree) + 1
    merges = leaves - groups
    children = tree[:merges, :2].astype(np.int64).ravel()
    made = np.repeat(leaves + np.arange(merges), 2)
    edges = coo_array((np.ones(2 * merges), (children, made)), shape=(2 * leaves, 2 * leaves))
    labels: NDArray[np.int64] = connected_components(edges, directed=False)[1][:leaves].astype(np.int64)
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def sums_to_groups(
    distances: NDArray[np.float64], labels: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the sum of the distances from each group to each item, ``(K, R)``, and the size of each group."""
    order = np.argsort(labels, kind="stable")
    sizes = np.bincount(labels)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return np.add.reduceat(distances[order], starts, axis=0), sizes.astype(np.float64)


def own_and_nearest(
    sums: NDArray[np.float64], sizes: NDArray[np.float64], labels: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean distance of each item to the others of its group, and to the nearest other group."""
    items = np.arange(len(labels))
    own = sums[labels, items] / np.maximum(sizes[labels] - 1, 1)
    means = sums / sizes[:, None]
    means[labels, items] = np.inf
    return own, means.min(axis=0)


def _silhouettes(
    sums: NDArray[np.float64], sizes: NDArray[np.float64], labels: NDArray[np.integer]
) -> NDArray[np.float64]:
    own, nearest = own_and_nearest(sums, sizes, labels)
    return np.where(sizes[labels] == 1, 0.0, margin(own, nearest))


def margin(own: NDArray[np.float64], nearest: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much nearer an item is to its own group than to the next, in [-1, 1]."""
    widest = np.maximum(own, nearest)
    margin: NDArray[np.float64] = np.divide(nearest - own, widest, out=np.zeros_like(own), where=widest > 0)
    return margin

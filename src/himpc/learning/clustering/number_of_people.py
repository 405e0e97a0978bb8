"""Hierarchical clustering of recordings with an estimated number of clusters (docs/method.md, section 10)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from himpc.learning.clustering.constraints import Pairs, fewest_clusters, ward_tree

__all__ = [
    "MAX_RECORDINGS",
    "MIN_RECORDINGS",
    "cluster_by_silhouette",
    "cut_tree",
    "distance_sums",
    "margins",
    "own_and_nearest_distances",
    "silhouette_confidence",
    "silhouette_gain",
    "silhouettes",
]

MIN_RECORDINGS = 4
"""Minimum number of recordings to estimate the number of people: with fewer, there is only one number to try."""

MAX_RECORDINGS = 10_000
"""Maximum number of recordings that are compared by all pairs: with more, the distances and their sums would take more
than 2 GB."""

MAX_CUTS = 64
"""Maximum number of cuts that are tried, evenly spaced by ratio, which bounds time."""

CHANCE_DRAWS = 8
"""Number of random data sets from which the silhouette expected by chance is estimated."""

MIN_GAIN = 2.0
"""Minimum gain of the best cut, in multiples of the largest gain of a random data set; below it no items are joined."""

Array = NDArray[np.float64]


def cluster_by_silhouette(vectors: Array, gain_share: float = 1.0, pairs: Pairs | None = None) -> NDArray[np.int64]:
    """Compute the cluster of each item, from 0, with an estimated number of clusters.

    The items are joined into Ward's tree. Its cuts are scored by their gain: the mean silhouette minus that of the same
    cut of random data, as many items drawn from a normal distribution with the covariance of the items (the gap
    statistic of Tibshirani, Walther and Hastie, with silhouettes). If no cut is clearly better than chance
    (`MIN_GAIN`), every item is its own cluster.

    Equal items, such as copies of a recording, count as one. Cuts into fewer clusters than the square root of the
    number of items are not tried: there the silhouette finds groups coarser than a person, such as men and women, or
    two cameras.

    Parameters
    ----------
    vectors : float64 array ``(R, D)``
        At least three items, compared by Euclidean distance.
    gain_share : float
        The finest cut is chosen whose gain is at least this share of the largest gain.
    pairs : int64 array ``(P, 2)``, optional
        Items that are never in one cluster.

    References
    ----------
    Ward: Hierarchical grouping to optimize an objective function. JASA 58 (1963). Rousseeuw: Silhouettes. J. Comput.
    Appl. Math. 20 (1987). Tibshirani, Walther, Hastie: Estimating the number of clusters in a data set via the gap
    statistic. J. R. Stat. Soc. B 63 (2001).
    """
    from scipy.spatial.distance import pdist, squareform

    distinct, index = np.unique(vectors, axis=0, return_inverse=True)
    apart = None if pairs is None else np.unique(index.ravel()[pairs], axis=0)
    if len(distinct) < len(vectors) and (apart is None or (apart[:, 0] != apart[:, 1]).all()):
        few = len(distinct) <= 2
        labels = np.arange(len(distinct)) if few else cluster_by_silhouette(distinct, gain_share, apart)
        return np.asarray(labels[index.ravel()], dtype=np.int64)
    count = len(vectors)
    tree = ward_tree(vectors, pairs)
    smallest = max(2, math.ceil(math.sqrt(count)), fewest_clusters(tree))
    if smallest >= count:
        return np.arange(count)
    sizes = np.unique(np.geomspace(smallest, count - 1, MAX_CUTS).round().astype(int))
    chance = _chance_silhouettes(vectors, sizes, pairs)
    gains = _silhouettes_of_cuts(squareform(pdist(vectors)), tree, sizes) - chance.mean(axis=0)
    if gains.max() <= MIN_GAIN * (chance - chance.mean(axis=0)).max():
        return np.arange(count)
    finest = sizes[np.flatnonzero(gains >= gain_share * gains.max())[-1]]
    return cut_tree(tree, int(finest))


def silhouette_gain(vectors: Array, labels: NDArray[np.integer]) -> float:
    """Compute the mean silhouette of clusters minus that of as many clusters of random data.

    It is 0 if every item is its own cluster, or all are one cluster. See `cluster_by_silhouette`.

    Parameters
    ----------
    vectors : float64 array ``(R, D)``
    labels : int array ``(R,)``
        The cluster of each item, 0 to K - 1.
    """
    from scipy.spatial.distance import pdist, squareform

    clusters = len(np.unique(labels))
    if not 1 < clusters < len(labels):
        return 0.0
    mean = silhouettes(squareform(pdist(vectors)), labels).mean()
    return float(mean - _chance_silhouettes(vectors, np.array([clusters])).mean())


def silhouettes(distances: Array, labels: NDArray[np.integer]) -> Array:
    """Compute the silhouette of each item in [-1, 1] from an ``(R, R)`` distance matrix; 0 in a cluster of one.

    Examples
    --------
    >>> d = np.abs(np.subtract.outer([0.0, 1.0, 9.0], [0.0, 1.0, 9.0]))
    >>> silhouettes(d, np.array([0, 0, 1])).round(3).tolist()
    [0.889, 0.875, 0.0]
    """
    return _silhouettes(*distance_sums(distances, labels), labels)


def silhouette_confidence(vectors: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Compute the confidence ``(R,)`` from silhouettes (see `himpc.learning.Grouping`); 1 if there is one group."""
    from scipy.spatial.distance import pdist, squareform

    if labels.max() == 0:
        return np.ones(len(labels))
    distances = squareform(pdist(vectors))
    sums, sizes = distance_sums(distances, labels)
    own_distance, nearest_distance = own_and_nearest_distances(sums, sizes, labels)
    is_single = sizes[labels] == 1
    if is_single.all():
        return np.full(len(labels), np.nan)
    own_distance = np.where(is_single, np.median(own_distance[~is_single]), own_distance)
    return np.clip(margins(own_distance, nearest_distance), 0, 1)


def _chance_silhouettes(vectors: Array, sizes: NDArray[np.integer], pairs: Pairs | None = None) -> Array:
    """Return the mean silhouettes ``(CHANCE_DRAWS, sizes)`` of cuts of random data, which has no clusters."""
    from scipy.spatial.distance import pdist, squareform

    rng = np.random.default_rng(0)
    spread = np.linalg.svd(vectors - vectors.mean(axis=0), compute_uv=False) / math.sqrt(len(vectors))
    scores = []
    for _ in range(CHANCE_DRAWS):
        draw = rng.normal(size=(len(vectors), len(spread))) * spread
        scores.append(_silhouettes_of_cuts(squareform(pdist(draw)), ward_tree(draw, pairs), sizes))
    return np.array(scores)


def _silhouettes_of_cuts(distances: Array, tree: Array, sizes: NDArray[np.integer]) -> Array:
    """Return the mean silhouette of cuts of a tree into some numbers of clusters.

    The sums of distances to clusters are updated from one cut to the next, in O(R) per merge.
    """
    leaves = len(distances)
    sums, counts = distances.copy(), np.ones(leaves)
    row = np.concatenate([np.arange(leaves), np.full(len(tree), -1)])  # of `sums`, for each node of the tree
    member = np.arange(leaves)
    scores, n_merged = {}, 0
    for size in sorted(sizes.tolist(), reverse=True):
        for step in range(n_merged, leaves - size):
            target, merged = row[tree[step, :2].astype(np.int64)]
            sums[target] += sums[merged]
            counts[target] += counts[merged]
            counts[merged] = 0
            member[member == merged] = target
            row[leaves + step] = target
        n_merged = leaves - size
        active = np.flatnonzero(counts)
        labels = np.searchsorted(active, member)
        scores[size] = float(_silhouettes(sums[active], counts[active], labels).mean())
    return np.array([scores[size] for size in sizes.tolist()])


def cut_tree(tree: Array, clusters: int) -> NDArray[np.int64]:
    """Cut a linkage tree into exactly that number of clusters, even if distances tie, and return their labels."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    leaves = len(tree) + 1
    merges = leaves - clusters
    children = tree[:merges, :2].astype(np.int64).ravel()
    parents = np.repeat(leaves + np.arange(merges), 2)
    edges = coo_array((np.ones(2 * merges), (children, parents)), shape=(2 * leaves, 2 * leaves))
    labels: NDArray[np.int64] = connected_components(edges, directed=False)[1][:leaves].astype(np.int64)
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def distance_sums(distances: Array, labels: NDArray[np.integer]) -> tuple[Array, Array]:
    """Compute the sum of the distances from each cluster to each item, ``(K, R)``, and the size of each cluster."""
    order = np.argsort(labels, kind="stable")
    sizes = np.bincount(labels)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return np.add.reduceat(distances[order], starts, axis=0), sizes.astype(np.float64)


def own_and_nearest_distances(sums: Array, sizes: Array, labels: NDArray[np.integer]) -> tuple[Array, Array]:
    """Compute the mean distance of each item to the others of its cluster, and to the nearest other cluster."""
    items = np.arange(len(labels))
    own = sums[labels, items] / np.maximum(sizes[labels] - 1, 1)
    means = sums / sizes[:, None]
    means[labels, items] = np.inf
    return own, means.min(axis=0)


def margins(own: Array, nearest: Array) -> Array:
    """Compute ``(nearest - own) / max(nearest, own)`` of each item's mean distances, in [-1, 1]; 0 if both are 0."""
    larger = np.maximum(own, nearest)
    result: Array = np.divide(nearest - own, larger, out=np.zeros_like(own), where=larger > 0)
    return result


def _silhouettes(sums: Array, sizes: Array, labels: NDArray[np.integer]) -> Array:
    own, nearest = own_and_nearest_distances(sums, sizes, labels)
    return np.where(sizes[labels] == 1, 0.0, margins(own, nearest))

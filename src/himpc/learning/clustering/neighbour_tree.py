"""Ward's tree of many recordings, from their nearest neighbours alone (docs/method.md, section 12)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from himpc.learning._fast.neighbour_merges import nearest_clusters, ward_distances
from himpc.learning.clustering.constraints import Pairs, ward_tree
from himpc.learning.clustering.evidence import JOIN_EVIDENCE, JOIN_NOISE, ClusterMeans, evidence_of_merges
from himpc.learning.clustering.neighbours import nearest_neighbours
from himpc.learning.clustering.number_of_people import MAX_RECORDINGS
from himpc.model import IdentityScoring

__all__ = ["identity_tree", "neighbour_tree"]

NEIGHBOURS = 20
"""Number of nearest recordings with which each may be joined at first."""

MIN_EVIDENCE = -20.0
"""Evidence, in nats, below which two clusters are not joined: no cut of the tree would keep them together."""

Array = NDArray[np.float64]


def identity_tree(
    vectors: Array, scoring: IdentityScoring, pairs: Pairs | None = None, relative_noise: Array | None = None
) -> Array:
    """Join recordings into Ward's tree: by all pairs, or of more than `MAX_RECORDINGS` by `neighbour_tree`.

    Recordings are weighted by the reciprocal of `relative_noise`.
    """
    if len(vectors) <= MAX_RECORDINGS:
        return ward_tree(vectors, pairs, None if relative_noise is None else 1 / relative_noise)
    return neighbour_tree(vectors, scoring, pairs, relative_noise)


def neighbour_tree(
    vectors: Array, scoring: IdentityScoring, pairs: Pairs | None = None, relative_noise: Array | None = None
) -> Array:
    """Join the rows of ``(R, D)`` into one or more trees by Ward's distance, considering only clusters with neighbours.

    Two clusters may be joined if a recording of one is among the `NEIGHBOURS` nearest of a recording of the other. In
    each round, all pairs of clusters that are each other's nearest are joined (reciprocal agglomeration). By Ward's
    distance no joined cluster is nearer to another one than its parts were, so the order of merges does not change the
    tree. If all recordings are neighbours, this is Ward's tree, without the merges that `MIN_EVIDENCE` refuses.

    Parameters
    ----------
    vectors : array ``(R, D)``
        Embeddings of recordings.
    scoring : IdentityScoring
    pairs : int64 array ``(P, 2)``, optional
        Recordings of different people; clusters that hold a pair are not joined.
    relative_noise : array ``(R,)``, optional
        Variance of the error of each recording, relative to that of `scoring`; equal ones if not given.

    Returns
    -------
    array ``(M, 4)``
        In the notation of `scipy.cluster.hierarchy.linkage`, each merge after those of its parts. M is R - 1 minus
        the number of further trees.

    References
    ----------
    Ward: Hierarchical grouping to optimize an objective function. JASA 58 (1963). Sumengen et al.: Scaling
    hierarchical agglomerative clustering to billion-sized datasets. arXiv 2105.11653 (2021).
    """
    used = np.ascontiguousarray(vectors[:, scoring.pose_scale > 0])
    scoring = replace(
        scoring,
        pose_scale=scoring.pose_scale[scoring.pose_scale > 0],
        between=scoring.between[scoring.pose_scale > 0],
        noise=JOIN_NOISE * scoring.noise,
    )
    count = len(used)
    weights = np.ones(count) if relative_noise is None else 1 / relative_noise
    clusters, nodes = ClusterMeans(used.astype(np.float64), np.ones(count), weights), np.arange(count)
    first, second = _edges(used)
    apart = np.empty((0, 2), dtype=np.int64) if pairs is None else np.asarray(pairs)
    first, second = _unique_edges(first, second, count, apart)
    distances = ward_distances(clusters.means, clusters.weights, first, second)
    merges, n_nodes = [np.empty((0, 4))], count
    while len(first):
        n_clusters = len(clusters.means)
        nearest = nearest_clusters(first, second, distances, n_clusters)
        left, right, heights, refused = _choose_merges(nearest, clusters, scoring)
        joined = clusters.join(left, right)
        merges.append(np.stack([nodes[left], nodes[right], heights, joined.sizes], axis=1))
        clusters.means[left], clusters.sizes[left], clusters.weights[left] = joined.means, joined.sizes, joined.weights
        nodes[left] = n_nodes + np.arange(len(left))
        n_nodes += len(left)
        # Edges that were refused are dropped before their clusters get new numbers.
        kept = ~np.isin(first * n_clusters + second, refused, assume_unique=True)
        is_left = np.ones(n_clusters, dtype=bool)
        is_left[right] = False
        number = np.cumsum(is_left) - 1
        number[right] = number[left]
        changed = np.zeros(int(is_left.sum()), dtype=bool)
        changed[number[left]] = True
        clusters = ClusterMeans(clusters.means[is_left], clusters.sizes[is_left], clusters.weights[is_left])
        nodes, apart = nodes[is_left], number[apart]
        first, second, distances = number[first[kept]], number[second[kept]], distances[kept]
        first, second, distances = _update_edges(first, second, distances, changed, apart)
        renewed = changed[first] | changed[second]
        distances[renewed] = ward_distances(clusters.means, clusters.weights, first[renewed], second[renewed])
    return np.concatenate(merges)


def _choose_merges(
    nearest: NDArray[np.int64], clusters: ClusterMeans, scoring: IdentityScoring
) -> tuple[NDArray[np.int64], NDArray[np.int64], Array, NDArray[np.int64]]:
    """Choose the merges of a round: of clusters that are each other's nearest, those with enough evidence.

    Returns
    -------
    left, right : int64 array ``(m,)``
        The clusters of each merge, the lower one left, by ascending height.
    heights : float64 array ``(m,)``
        Ward's distances.
    refused : int64 array
        ``left * C + right`` of the other pairs, of C clusters, ascending.
    """
    numbers = np.arange(len(nearest))
    left = np.flatnonzero((nearest > numbers) & (nearest[nearest] == numbers))
    right = nearest[left]
    evidence = evidence_of_merges(scoring, clusters, np.stack([left, right], axis=1)) - JOIN_EVIDENCE
    accepted = evidence >= MIN_EVIDENCE
    refused = np.sort(left[~accepted] * len(nearest) + right[~accepted])
    left, right = left[accepted], right[accepted]
    heights = ward_distances(clusters.means, clusters.weights, left, right)
    order = np.argsort(heights, kind="stable")
    return left[order], right[order], heights[order], refused


def _edges(vectors: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the edges from each recording to its nearest ones, as two arrays of recordings."""
    neighbours = nearest_neighbours(torch.from_numpy(vectors.astype(np.float32)), NEIGHBOURS + 1)[:, 1:].numpy()
    return np.repeat(np.arange(len(vectors)), neighbours.shape[1]), neighbours.ravel()


def _update_edges(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    distances: Array,
    changed: NDArray[np.bool_],
    apart: Pairs,
) -> tuple[NDArray[np.int64], NDArray[np.int64], Array]:
    """Return the edges after a round, and their distances: 0 for changed clusters, for the caller to compute."""
    touched = changed[first] | changed[second]
    new_first, new_second = _unique_edges(first[touched], second[touched], len(changed), apart)
    return (
        np.concatenate([first[~touched], new_first]),
        np.concatenate([second[~touched], new_second]),
        np.concatenate([distances[~touched], np.zeros(len(new_first))]),
    )


def _unique_edges(
    first: NDArray[np.int64], second: NDArray[np.int64], count: int, apart: Pairs
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each edge once, the lower cluster first, without those within a cluster or between clusters apart."""
    keys = np.unique(np.minimum(first, second) * count + np.maximum(first, second))
    keys = keys[~np.isin(keys, apart.min(axis=1, initial=count) * count + apart.max(axis=1, initial=0))]
    low, high = keys // count, keys % count
    return low[low < high], high[low < high]

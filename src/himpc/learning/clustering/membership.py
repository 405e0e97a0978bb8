"""How certain it is that recordings belong to their clusters (docs/method.md, section 12)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from himpc.learning.clustering.constraints import ward_tree
from himpc.learning.clustering.evidence import (
    JOIN_EVIDENCE,
    JOIN_NOISE,
    ClusterMeans,
    evidence_of_merges,
    join_evidence,
    tree_nodes,
)
from himpc.learning.statistics import evenly_spaced
from himpc.model import CALIBRATION_SLOPE, IdentityScoring

__all__ = ["doubtful_clusters", "membership_probabilities", "purity_probabilities"]

MAX_OTHER_CLUSTERS = 64
"""Nearest other clusters that a recording is compared with; farther ones hardly change a probability."""

MERGE_SLOPE = 0.12
"""Factor of the log-likelihood ratio of a merge in the probability that it joins one person; less than that of a single
recording, since the errors of many recordings of one person are alike."""

MAX_TREE_RECORDINGS = 1000
"""Number of evenly spaced recordings of a larger cluster whose tree is built, to find its least likely merge: memory
grows with the square."""

BLOCK_ROWS = 2**10
"""Number of recordings that are compared with their nearest clusters at once, which bounds memory."""

MAX_DISTANCES = 10**8
"""Number of distances between recordings and clusters up to which the nearest clusters are found exactly. Above, a
quarter as many clusters are compared, to save time."""

DOUBTFUL_RATIO = 3
"""Ratio of the sizes of two clusters from which the smaller one may be unusual recordings of the person of the
larger."""

DOUBTFUL_NOISE, MAX_DOUBTFUL_NOISE = 4.0, 16.0
"""Variance of the errors of unusual recordings, relative to `IdentityScoring.noise`, at a ratio of `DOUBTFUL_RATIO`,
and at most: it grows with the ratio, since the most unusual of many recordings are more unusual. Chosen on subsets of
the development sets and simulated suites (docs/lab-notebook.md, "Few recordings unlike all others")."""

Array = NDArray[np.float64]


def membership_probabilities(
    vectors: Array,
    labels: NDArray[np.int64],
    scoring: IdentityScoring,
    pairs: NDArray[np.int64] | None = None,
    relative_noise: Array | None = None,
) -> Array:
    """Compute the probability that each recording belongs to its cluster, against the other clusters and a new person.

    The recording is compared with the mean of each cluster, to which it does not contribute itself. A cluster that
    forms a pair with it is no alternative. A recording alone in its cluster is the new person.

    Parameters
    ----------
    vectors : array ``(R, D)``
    labels : int array ``(R,)``
        Clusters, from 0.
    scoring : IdentityScoring
    pairs : int64 array ``(P, 2)``, optional
        Recordings of different people.
    relative_noise : array ``(R,)``, optional
        Variance of the error of each recording, relative to that of `scoring`; equal ones if not given.

    Returns
    -------
    float64 array ``(R,)``
    """
    recordings = ClusterMeans.from_recordings(vectors, relative_noise)
    clusters = ClusterMeans.from_labels(vectors, labels, recordings.weights)
    excluded = np.empty(0, dtype=np.int64)
    if pairs is not None:
        excluded = (pairs * len(clusters.sizes) + labels[pairs[:, ::-1]]).ravel()
    probabilities = [
        _membership(rows, nearest, recordings, labels, clusters, excluded, scoring)
        for rows, nearest in _nearest_centres(vectors, clusters.means)
    ]
    return np.concatenate(probabilities)


def purity_probabilities(
    vectors: Array, labels: NDArray[np.int64], scoring: IdentityScoring, relative_noise: Array | None = None
) -> Array:
    """Compute the probability that the cluster of each recording shows one person.

    The recordings of a cluster are joined into Ward's tree. The probability is that of the least likely merge on the
    way from the recording to the root, with the noise of joining (`JOIN_NOISE`). A recording alone in its cluster has
    1.

    Parameters
    ----------
    vectors : array ``(R, D)``
    labels : int array ``(R,)``
        Clusters, from 0.
    scoring : IdentityScoring
    relative_noise : array ``(R,)``, optional
        As in `membership_probabilities`.

    Returns
    -------
    float64 array ``(R,)``
    """
    from scipy.special import expit

    joining = replace(scoring, noise=JOIN_NOISE * scoring.noise)
    weights = ClusterMeans.from_recordings(vectors, relative_noise).weights
    weakest = np.full(len(vectors), np.inf)
    clusters = np.split(np.argsort(labels, kind="stable"), np.cumsum(np.bincount(labels))[:-1])
    for rows in clusters:
        if len(rows) < 2:
            continue
        chosen = rows[evenly_spaced(len(rows), MAX_TREE_RECORDINGS)]
        tree = ward_tree(vectors[chosen], weights=weights[chosen])
        evidence = _weakest_merges(tree, vectors[chosen], joining, 1 / weights[chosen])
        weakest[rows] = evidence.min()  # for recordings of a large cluster that are not in the tree
        weakest[chosen] = evidence
    probabilities: Array = expit(MERGE_SLOPE * weakest)
    return probabilities


def doubtful_clusters(
    vectors: Array,
    labels: NDArray[np.int64],
    scoring: IdentityScoring,
    pairs: NDArray[np.int64] | None = None,
    relative_noise: Array | None = None,
    system: NDArray[np.int64] | None = None,
) -> NDArray[np.bool_]:
    """Find small clusters that may show the person of a larger one.

    Recordings of an unusual activity, or that were tracked badly, are farther from the others of their person than the
    noise allows, and form small clusters. A cluster is doubtful if another one is at least `DOUBTFUL_RATIO` times as
    large, no two of their recordings are a pair, and they show one person by evidence, given that the noise of the
    small one is larger than estimated (`DOUBTFUL_NOISE`).

    Parameters
    ----------
    vectors : array ``(R, D)``
    labels : int array ``(R,)``
        Clusters, from 0.
    scoring : IdentityScoring
    pairs, relative_noise
        As in `membership_probabilities`.
    system : int array ``(R,)``, optional
        The system of each recording, from 0. Clusters that share none are not compared.

    Returns
    -------
    bool array ``(C,)``
    """
    weights = ClusterMeans.from_recordings(vectors, relative_noise).weights
    clusters = ClusterMeans.from_labels(vectors, labels, weights)
    sizes, noise = clusters.sizes, clusters.relative_noise
    apart = np.empty(0, dtype=np.int64)
    if pairs is not None:
        apart = np.concatenate([labels[each] @ (len(sizes), 1) for each in (pairs, pairs[:, ::-1])])
    doubtful = np.zeros(len(sizes), dtype=np.bool_)
    seen = np.zeros((len(sizes), 1 if system is None else int(system.max()) + 1), dtype=np.bool_)
    seen[labels, 0 if system is None else system] = True
    for rows, nearest in _nearest_centres(clusters.means, clusters.means):
        own = np.arange(len(sizes))[rows, None]
        ratio = sizes[nearest] / sizes[own]
        factor = np.minimum(DOUBTFUL_NOISE * ratio / DOUBTFUL_RATIO, MAX_DOUBTFUL_NOISE)
        may_join = (ratio >= DOUBTFUL_RATIO) & ~np.isin(own * len(sizes) + nearest, apart)
        may_join &= (seen[own] & seen[nearest]).any(axis=2)
        evidence = scoring.log_likelihood_ratio(
            clusters.means[nearest],
            clusters.means[own],
            sizes[nearest],
            sizes[own],
            noise[nearest],
            factor * noise[own],
        )
        doubtful[rows] = (may_join & (evidence > join_evidence(len(vectors)))).any(axis=1)
    return doubtful


def _weakest_merges(tree: Array, vectors: Array, scoring: IdentityScoring, relative_noise: Array) -> Array:
    """Return the smallest evidence among the merges above each leaf of a tree, ``(n,)``."""
    children, nodes = tree_nodes(tree, vectors, relative_noise)
    evidence = evidence_of_merges(scoring, nodes, children)
    weakest = np.full(len(nodes.means), np.inf)
    for node in range(len(weakest) - 1, len(vectors) - 1, -1):
        weakest[children[node - len(vectors)]] = min(weakest[node], evidence[node - len(vectors)])
    return weakest[: len(vectors)]


def _membership(
    rows: slice,
    nearest: NDArray[np.int64],
    recordings: ClusterMeans,
    labels: NDArray[np.int64],
    clusters: ClusterMeans,
    excluded: NDArray[np.int64],
    scoring: IdentityScoring,
) -> Array:
    """Compute the probabilities of some rows ``(n,)``, compared with their nearest clusters ``(n, k)``.

    `excluded` holds ``row * C + cluster`` for each cluster, of C, that is no alternative for a row.
    """
    own, block, weights = labels[rows], recordings.means[rows], recordings.weights[rows]
    keys = np.arange(rows.start, rows.start + len(own))[:, None] * len(clusters.sizes) + nearest
    is_other = (nearest != own[:, None]) & ~np.isin(keys, excluded)
    is_other &= np.cumsum(is_other, axis=1) <= MAX_OTHER_CLUSTERS
    noise = clusters.relative_noise
    others = scoring.log_likelihood_ratio(
        clusters.means[nearest],
        block[:, None],
        clusters.sizes[nearest],
        1,
        noise[nearest],
        1 / weights[:, None],
    )
    is_single = clusters.sizes[own] == 1
    n_rest = np.where(is_single, 1, clusters.sizes[own] - 1)
    rest_weights = np.where(is_single, weights, clusters.weights[own] - weights)
    rest = (clusters.means[own] * clusters.weights[own, None] - block * weights[:, None]) / rest_weights[:, None]
    with_own = scoring.log_likelihood_ratio(rest, block, n_rest, 1, n_rest / rest_weights, 1 / weights)
    scores = CALIBRATION_SLOPE * np.column_stack(
        [
            np.where(is_single, JOIN_EVIDENCE, with_own),
            np.where(is_single, -np.inf, JOIN_EVIDENCE),
            np.where(is_other, others, -np.inf),
        ]
    )
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    probabilities: Array = shares[:, 0] / shares.sum(axis=1)
    return probabilities


def _nearest_centres(vectors: Array, centres: Array) -> Iterator[tuple[slice, NDArray[np.int64]]]:
    """Yield blocks of rows, and their nearest centres ``(n, k)``: exact, or approximate above `MAX_DISTANCES`."""
    from scipy.spatial.distance import cdist

    blocks = (slice(start, start + BLOCK_ROWS) for start in range(0, len(vectors), BLOCK_ROWS))
    if len(vectors) * len(centres) > MAX_DISTANCES and len(centres) > MAX_OTHER_CLUSTERS:
        import torch

        from himpc.learning._fast.cell_neighbours import cell_neighbours

        mean = vectors.mean(axis=0)
        centred, queries = (torch.from_numpy((each - mean).astype(np.float32)) for each in (centres, vectors))
        nearest = cell_neighbours(centred, queries, MAX_OTHER_CLUSTERS // 4 + 1).numpy()
        for rows in blocks:
            yield rows, nearest[rows]
        return
    for rows in blocks:
        order = np.argsort(cdist(vectors[rows], centres), axis=1, kind="stable")
        yield rows, order[:, : MAX_OTHER_CLUSTERS + 1]

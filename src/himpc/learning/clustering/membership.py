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

__all__ = ["doubtful_clusters", "membership_probabilities", "purity_probabilities", "reassign"]

MAX_OTHER_CLUSTERS = 64
"""Nearest other clusters that a recording is compared with; farther ones hardly change a probability."""

MERGE_SLOPE = 0.12
"""Factor of the log-likelihood ratio of a merge in the probability that it joins one person; less than that of a single
recording, since the errors of many recordings of one person are alike."""

MAX_REASSIGNMENTS = 10
"""Maximum number of times that all recordings are assigned again, which may not settle; most sets do after two."""

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
    probabilities = []
    for _, evidence in _evidence_of_clusters(vectors, labels, scoring, pairs, relative_noise):
        scores = CALIBRATION_SLOPE * evidence
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        probabilities.append(shares[:, 0] / shares.sum(axis=1))
    return np.concatenate(probabilities)


def reassign(
    vectors: Array,
    labels: NDArray[np.int64],
    scoring: IdentityScoring,
    pairs: NDArray[np.int64] | None = None,
    relative_noise: Array | None = None,
) -> NDArray[np.int64]:
    """Move each recording to the cluster that it most likely belongs to, until none moves.

    A tree joins recordings for good, those that are nearest first, but a recording may fit a cluster better that was
    joined later. They are compared as in `membership_probabilities`, with the noise of joining (`JOIN_NOISE`). The
    number of clusters stays: with new ones, a person would become several. Recordings that form a pair stay, too.

    Parameters
    ----------
    vectors : array ``(R, D)``
    labels : int array ``(R,)``
        Clusters, from 0.
    scoring : IdentityScoring
    pairs, relative_noise
        As in `membership_probabilities`.

    Returns
    -------
    int64 array ``(R,)``
        Clusters, from 0.
    """
    joining = replace(scoring, noise=JOIN_NOISE * scoring.noise)
    is_free = np.ones(len(vectors), dtype=np.bool_)
    if pairs is not None:
        is_free[pairs.ravel()] = False
    for _ in range(MAX_REASSIGNMENTS):
        chosen = []
        for nearest, evidence in _evidence_of_clusters(vectors, labels, joining, pairs, relative_noise):
            evidence[:, 1] = -np.inf  # no new clusters
            best = evidence.argmax(axis=1) - 2
            chosen.append(np.where(best >= 0, nearest[np.arange(len(best)), np.maximum(best, 0)], -1))
        target = np.concatenate(chosen)
        moves = is_free & (target >= 0)
        first = np.unique(labels, return_index=True)[1]
        is_left = np.bincount(labels[moves], minlength=len(first)) == np.bincount(labels)
        moves[first[is_left]] = False
        if not moves.any():
            break
        labels = np.where(moves, target, labels)
    return labels


def _evidence_of_clusters(
    vectors: Array,
    labels: NDArray[np.int64],
    scoring: IdentityScoring,
    pairs: NDArray[np.int64] | None,
    relative_noise: Array | None,
) -> Iterator[tuple[NDArray[np.int64], Array]]:
    """Yield, for blocks of recordings, their nearest clusters ``(n, k)`` and the evidence of `_evidence`."""
    recordings = ClusterMeans.from_recordings(vectors, relative_noise)
    clusters = ClusterMeans.from_labels(vectors, labels, recordings.weights)
    excluded = np.empty(0, dtype=np.int64)
    if pairs is not None:
        excluded = (pairs * len(clusters.sizes) + labels[pairs[:, ::-1]]).ravel()
    for rows, nearest in _nearest_centres(vectors, clusters.means):
        yield nearest, _evidence(rows, nearest, recordings, labels, clusters, excluded, scoring)


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


def _evidence(
    rows: slice,
    nearest: NDArray[np.int64],
    recordings: ClusterMeans,
    labels: NDArray[np.int64],
    clusters: ClusterMeans,
    excluded: NDArray[np.int64],
    scoring: IdentityScoring,
) -> Array:
    """Compute the evidence that some rows belong to their cluster, to a new one, and to the nearest, ``(n, 2 + k)``.

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
    return np.column_stack(
        [
            np.where(is_single, JOIN_EVIDENCE, with_own),
            np.where(is_single, -np.inf, JOIN_EVIDENCE),
            np.where(is_other, others, -np.inf),
        ]
    )


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

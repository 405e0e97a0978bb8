"""Clustering of recordings by the evidence that they show one person (docs/method.md, section 12)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from himpc.model import CALIBRATION_SLOPE, IdentityScoring

__all__ = [
    "JOIN_NOISE",
    "NOISE_RANGE",
    "ClusterMeans",
    "cut_by_evidence",
    "evidence_of_merges",
    "join_evidence",
    "tree_nodes",
]

JOIN_EVIDENCE = 2.0
"""Log-likelihood ratio, in nats, that is subtracted from that of each merge: wrong merges cost more than splits."""

PRIOR_RECORDINGS = 1_000
"""Number of recordings R above which a merge must have more evidence, because the odds that two of R recordings show
one person fall as 1 / R. Evidence is scaled by `CALIBRATION_SLOPE` to become a logarithm of odds."""

MAX_JOIN_EVIDENCE = 20.0
"""Most evidence that a merge must have: two equal recordings hardly have more (perf/archive.py)."""

JOIN_NOISE = 0.45
"""Variance of errors with which recordings are joined, relative to `IdentityScoring.noise`: 2.5 times that between
halves of a recording. Probabilities use the whole, with which different people were joined in some sets
(docs/lab-notebook.md, "Noise from halves")."""

NOISE_RANGE = (0.22, 1.0)
"""Variances, relative to `IdentityScoring.noise`, with which the largest and the smallest plausible number of people
are estimated: about half and about twice `JOIN_NOISE`."""

BLOCK_MERGES = 2**15
"""Number of merges that are computed at once, which bounds memory."""

Array = NDArray[np.float64]


def join_evidence(count: int) -> float:
    """Compute the log-likelihood ratio in nats that a merge must exceed to join recordings, of `count` in all.

    Examples
    --------
    >>> [round(join_evidence(count), 1) for count in (10, 1_000, 10_000, 1_000_000)]
    [2.0, 2.0, 11.2, 20.0]
    """
    prior = math.log(max(count, PRIOR_RECORDINGS) / PRIOR_RECORDINGS) / CALIBRATION_SLOPE
    return min(JOIN_EVIDENCE + prior, MAX_JOIN_EVIDENCE)


def cut_by_evidence(
    tree: Array,
    vectors: Array,
    scoring: IdentityScoring,
    noise: float = JOIN_NOISE,
    relative_noise: Array | None = None,
) -> NDArray[np.int64]:
    """Cut a tree into the clusters whose merges have the largest sum of evidence.

    The evidence of a merge is the log-likelihood ratio of one person against two for the means of its two parts, minus
    `join_evidence`. That of a cluster is the sum over its merges; a single recording has 0. Each number of clusters is
    possible, from one to R, but merges at an infinite distance, which join a pair, are not
    (`himpc.learning.clustering.constraints.ward_tree`). Of several trees, each is cut by itself.

    Parameters
    ----------
    tree : array ``(M, 4)``
        One tree, or several (`himpc.learning.clustering.neighbour_tree`).
    vectors : array ``(R, D)``
        Embeddings of recordings.
    scoring : IdentityScoring
    noise : float
        Variance of the error of a recording, relative to that of `scoring`.
    relative_noise : array ``(R,)``, optional
        Variance of the error of each recording, relative to `noise` (`himpc.model.relative_noise`).

    Returns
    -------
    int64 array ``(R,)``
        Cluster of each recording, from 0.
    """
    count, n_nodes = len(vectors), len(vectors) + len(tree)
    children, nodes = tree_nodes(tree, vectors, relative_noise)
    gains = evidence_of_merges(replace(scoring, noise=noise * scoring.noise), nodes, children)
    gains -= join_evidence(count)
    gains[~np.isfinite(tree[:, 2])] = -np.inf
    # The evidence of each node as one cluster, and that of the best division of the node into clusters.
    whole, best = np.zeros(n_nodes), np.zeros(n_nodes)
    for node, (left, right) in enumerate(children, start=count):
        whole[node] = whole[left] + whole[right] + gains[node - count]
        best[node] = max(whole[node], best[left] + best[right])
    labels = np.zeros(count, dtype=np.int64)
    cluster = -1
    pending = [(int(root), False) for root in np.setdiff1d(np.arange(n_nodes), children)]
    while pending:
        node, inside = pending.pop()
        if not inside and (node < count or whole[node] >= best[node]):
            cluster, inside = cluster + 1, True
        if node < count:
            labels[node] = cluster
        else:
            # The nodes below a cluster are popped before any other cluster begins, so `cluster` is still theirs.
            pending += [(int(child), inside) for child in children[node - count]]
    return labels


@dataclass(frozen=True, eq=False)
class ClusterMeans:
    """The means of the embeddings of C clusters, weighted by the reciprocals of the relative noise of recordings.

    Attributes
    ----------
    means : float64 array ``(C, D)``
    sizes : float64 array ``(C,)``
        Numbers of recordings.
    weights : float64 array ``(C,)``
        Sums of the weights of the recordings.
    """

    means: Array
    sizes: Array
    weights: Array

    @classmethod
    def from_recordings(cls, vectors: Array, relative_noise: Array | None) -> ClusterMeans:
        """Return clusters of one recording each."""
        ones = np.ones(len(vectors))
        return cls(vectors, ones, ones if relative_noise is None else 1 / relative_noise)

    @classmethod
    def from_labels(cls, vectors: Array, labels: NDArray[np.int64], weights: Array) -> ClusterMeans:
        """Compute the means of the vectors ``(R, D)`` of each label, 0 to C - 1, by the weights ``(R,)``."""
        totals = np.bincount(labels, weights).astype(np.float64)
        sums = np.zeros((len(totals), vectors.shape[1]))
        np.add.at(sums, labels, vectors * weights[:, None])
        return cls(sums / totals[:, None], np.bincount(labels).astype(np.float64), totals)

    @property
    def relative_noise(self) -> Array:
        """The harmonic mean of the relative noise of the recordings, ``(C,)``."""
        noise: Array = self.sizes / self.weights
        return noise

    def join(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> ClusterMeans:
        """Return the clusters that result from joining ``left[i]`` with ``right[i]``, for each i."""
        weights = self.weights[left] + self.weights[right]
        sums = self.weights[left, None] * self.means[left] + self.weights[right, None] * self.means[right]
        return ClusterMeans(sums / weights[:, None], self.sizes[left] + self.sizes[right], weights)


def evidence_of_merges(scoring: IdentityScoring, clusters: ClusterMeans, pairs: NDArray[np.int64]) -> Array:
    """Compute the log-likelihood ratio of one person against two for each pair of clusters ``(M, 2)``: ``(M,)``."""
    noise = clusters.relative_noise
    parts = np.split(pairs, np.arange(BLOCK_MERGES, len(pairs), BLOCK_MERGES))
    evidence = [
        scoring.log_likelihood_ratio(
            clusters.means[left],
            clusters.means[right],
            clusters.sizes[left],
            clusters.sizes[right],
            noise[left],
            noise[right],
        )
        for left, right in (part.T for part in parts)
    ]
    return np.concatenate(evidence)


def tree_nodes(tree: Array, vectors: Array, relative_noise: Array | None) -> tuple[NDArray[np.int64], ClusterMeans]:
    """Return the children of each merge, ``(M, 2)``, and the means of all nodes of a tree: leaves, then merges."""
    children = tree[:, :2].astype(np.int64)
    count, leaves = len(vectors), ClusterMeans.from_recordings(vectors, relative_noise)
    sizes = np.concatenate([leaves.sizes, tree[:, 3]])
    weights = np.concatenate([leaves.weights, np.zeros(len(tree))])
    means = np.concatenate([vectors, np.zeros((len(tree), vectors.shape[1]))])
    for node, (left, right) in enumerate(children, start=count):
        weights[node] = weights[left] + weights[right]
        means[node] = (weights[left] * means[left] + weights[right] * means[right]) / weights[node]
    return children, ClusterMeans(means, sizes, weights)

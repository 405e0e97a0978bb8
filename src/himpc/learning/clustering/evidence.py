"""Clustering of recordings by the evidence that they show one person (docs/method.md, section 12)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.model import IdentityScoring

__all__ = ["JOIN_EVIDENCE", "cut_by_evidence", "membership_probabilities", "ward_tree"]

JOIN_EVIDENCE = 2.0
"""Minimum log-likelihood ratio, summed over the merges of a cluster, per merge. Wrong joins cost more than splits."""

CALIBRATION_SLOPE = 0.25
"""Factor of log-likelihood ratios in probabilities: axes are not independent, and errors have heavy tails."""

Array = NDArray[np.float64]


def ward_tree(vectors: Array) -> Array:
    """Join the rows of ``(R, D)`` into Ward's tree, in the notation of `scipy.cluster.hierarchy.linkage`."""
    from scipy.cluster.hierarchy import linkage

    tree: Array = linkage(vectors, "ward")
    return tree


def cut_by_evidence(
    tree: Array, vectors: Array, scoring: IdentityScoring, join_evidence: float = JOIN_EVIDENCE
) -> NDArray[np.int64]:
    """Cut a tree into the clusters whose merges have the largest sum of evidence.

    The evidence of a merge is the log-likelihood ratio of one person against two for the means of its two parts, minus
    `join_evidence`. That of a cluster is the sum over its merges; a single recording has 0. Each number of clusters is
    possible, from one to R.

    Parameters
    ----------
    tree : array ``(R - 1, 4)``
    vectors : array ``(R, D)``
        Embeddings of recordings.
    scoring : IdentityScoring
    join_evidence : float

    Returns
    -------
    int64 array ``(R,)``
        Cluster of each recording, from 0.
    """
    count = len(vectors)
    children = tree[:, :2].astype(np.int64)
    sizes = np.concatenate([np.ones(count), tree[:, 3]])
    means = np.zeros((2 * count - 1, vectors.shape[1]))
    means[:count] = vectors
    for node, (left, right) in enumerate(children, start=count):
        means[node] = (sizes[left] * means[left] + sizes[right] * means[right]) / sizes[node]
    left, right = children.T
    gains = scoring.log_likelihood_ratio(means[left], means[right], sizes[left], sizes[right]) - join_evidence
    whole, best = np.zeros(2 * count - 1), np.zeros(2 * count - 1)
    for node, (left, right) in enumerate(children, start=count):
        whole[node] = whole[left] + whole[right] + gains[node - count]
        best[node] = max(whole[node], best[left] + best[right])
    labels = np.zeros(count, dtype=np.int64)
    roots = [2 * count - 2]
    cluster = -1
    pending: list[tuple[int, bool]] = [(root, False) for root in roots]
    while pending:
        node, inside = pending.pop()
        if not inside and (node < count or whole[node] >= best[node]):
            cluster, inside = cluster + 1, True
        if node < count:
            labels[node] = cluster
        else:
            # children of a cluster directly follow it on the stack, so `cluster` is still theirs
            pending += [(int(child), inside) for child in children[node - count]]
    return labels


def membership_probabilities(vectors: Array, labels: NDArray[np.int64], scoring: IdentityScoring) -> Array:
    """Compute the probability that each recording belongs to its cluster, against the other clusters and a new person.

    The recording is compared with the mean of each cluster, without itself.

    Parameters
    ----------
    vectors : array ``(R, D)``
    labels : int array ``(R,)``
        Clusters, from 0.

    Returns
    -------
    float64 array ``(R,)``
    """
    sizes = np.bincount(labels)
    sums = np.zeros((len(sizes), vectors.shape[1]))
    np.add.at(sums, labels, vectors)
    probabilities = np.empty(len(vectors))
    for row, (vector, own) in enumerate(zip(vectors, labels, strict=True)):
        others, counts = sums.copy(), sizes.copy()
        others[own] -= vector
        counts[own] -= 1
        ratios = np.full(len(sizes), -np.inf)
        present = counts > 0
        ratios[present] = scoring.log_likelihood_ratio(
            others[present] / counts[present, None], np.broadcast_to(vector, others[present].shape), counts[present], 1
        )
        scores = CALIBRATION_SLOPE * np.append(ratios, JOIN_EVIDENCE)  # the last is a person of their own
        scores -= scores.max()
        shares = np.exp(scores) / np.exp(scores).sum()
        probabilities[row] = shares[own] if present[own] else shares[-1]
    return probabilities

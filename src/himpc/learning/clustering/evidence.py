"""Clustering of recordings by the evidence that they show one person (docs/method.md, section 12)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from himpc.model import CALIBRATION_SLOPE, IdentityScoring

__all__ = ["NOISE_RANGE", "cut_by_evidence", "membership_probabilities"]

JOIN_EVIDENCE = 2.0
"""Log-likelihood ratio, in nats, that is subtracted from that of each merge: wrong merges cost more than splits."""

JOIN_NOISE = 0.2
"""Variance of the error of a recording with which recordings are joined. That of probabilities,
`himpc.model.NOISE_VARIANCE`, is larger and joined people in some sets (docs/lab-notebook.md)."""

NOISE_RANGE = (0.1, 0.45)
"""Variances with which the largest and the smallest plausible number of people are estimated."""

MAX_OTHER_CLUSTERS = 64
"""Nearest other clusters that a recording is compared with; farther ones hardly change a probability."""

Array = NDArray[np.float64]


def cut_by_evidence(
    tree: Array, vectors: Array, scoring: IdentityScoring, noise: float = JOIN_NOISE
) -> NDArray[np.int64]:
    """Cut a tree into the clusters whose merges have the largest sum of evidence.

    The evidence of a merge is the log-likelihood ratio of one person against two for the means of its two parts, minus
    `JOIN_EVIDENCE`. That of a cluster is the sum over its merges; a single recording has 0. Each number of clusters is
    possible, from one to R, but merges at an infinite distance are not (`himpc.learning.clustering.ward_tree`).

    Parameters
    ----------
    tree : array ``(R - 1, 4)``
    vectors : array ``(R, D)``
        Embeddings of recordings.
    scoring : IdentityScoring
    noise : float
        Variance of the error of a recording.

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
    ratio = replace(scoring, noise=noise).log_likelihood_ratio
    gains = ratio(means[left], means[right], sizes[left], sizes[right]) - JOIN_EVIDENCE
    gains[~np.isfinite(tree[:, 2])] = -np.inf
    # The evidence of each node as one cluster, and that of the best division of the node into clusters.
    whole, best = np.zeros(2 * count - 1), np.zeros(2 * count - 1)
    for node, (left, right) in enumerate(children, start=count):
        whole[node] = whole[left] + whole[right] + gains[node - count]
        best[node] = max(whole[node], best[left] + best[right])
    labels = np.zeros(count, dtype=np.int64)
    cluster = -1
    pending = [(2 * count - 2, False)]
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


def membership_probabilities(
    vectors: Array, labels: NDArray[np.int64], scoring: IdentityScoring, pairs: NDArray[np.int64] | None = None
) -> Array:
    """Compute the probability that each recording belongs to its cluster, against the other clusters and a new person.

    The recording is compared with the mean of each cluster, without itself. Clusters that hold a recording of another
    person, by `pairs`, are left out.

    Parameters
    ----------
    vectors : array ``(R, D)``
    labels : int array ``(R,)``
        Clusters, from 0.

    Returns
    -------
    float64 array ``(R,)``
    """
    from scipy.spatial.distance import cdist

    sizes = np.bincount(labels)
    sums = np.zeros((len(sizes), vectors.shape[1]))
    np.add.at(sums, labels, vectors)
    centres = sums / sizes[:, None]
    probabilities = np.empty(len(vectors))
    excluded = np.zeros((len(vectors), len(sizes)), dtype=bool)
    if pairs is not None:
        excluded[pairs, labels[pairs[:, ::-1]]] = True
    for row, (vector, own) in enumerate(zip(vectors, labels, strict=True)):
        nearest = np.argsort(cdist(vector[None], centres)[0], kind="stable")[: MAX_OTHER_CLUSTERS + 1]
        others = nearest[(nearest != own) & ~excluded[row, nearest]][:MAX_OTHER_CLUSTERS]
        own_size = sizes[own] - 1
        ratios = list(scoring.log_likelihood_ratio(centres[others], vector, sizes[others]))
        new_person = JOIN_EVIDENCE
        if own_size:
            mean = (sums[own] - vector) / own_size
            own_ratio = float(scoring.log_likelihood_ratio(mean, vector, own_size))
        else:
            own_ratio, new_person = new_person, -np.inf
        scores = CALIBRATION_SLOPE * np.array([own_ratio, new_person, *ratios])
        shares = np.exp(scores - scores.max())
        probabilities[row] = shares[0] / shares.sum()
    return probabilities

"""Covariances, whitening, sampling, and the agreement of two clusterings.

scikit-learn has some of these, but takes long to import.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["adjusted_rand_index", "evenly_spaced", "second_moment", "shrunk_covariance", "whitening_matrix"]


def evenly_spaced(count: int, limit: int) -> NDArray[np.int64]:
    """Return at most `limit` evenly spaced indices from 0 to ``count - 1``, ascending.

    >>> evenly_spaced(9, 3).tolist(), evenly_spaced(2, 3).tolist()
    ([0, 4, 8], [0, 1])
    """
    return np.linspace(0, count - 1, min(count, limit)).astype(np.int64)


def second_moment(vectors: NDArray[np.float64], weights: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Compute the mean of ``v v'`` over vectors v ``(N, D)``, weighted by ``(N,)`` if given: ``(D, D)``."""
    moment: NDArray[np.float64]
    if weights is None:
        moment = vectors.T @ vectors / len(vectors)
    else:
        moment = (vectors * weights[:, None]).T @ vectors / weights.sum()
    return moment


def shrunk_covariance(vectors: NDArray[np.floating]) -> NDArray[np.float64]:
    """Compute the covariance ``(D, D)`` of vectors ``(N, D)`` of mean 0, shrunk towards a multiple of the identity.

    References
    ----------
    Ledoit, Wolf: A well-conditioned estimator for large-dimensional covariance matrices. J. Multivar. Anal. 88 (2004).
    """
    rows = np.asarray(vectors, dtype=np.float64)
    n, size = rows.shape
    covariance = second_moment(rows)
    target = np.trace(covariance) / size * np.eye(size)
    distance = ((covariance - target) ** 2).sum()
    squares = rows**2
    error = max(0.0, ((squares.sum(axis=1) ** 2).sum() / n - (covariance**2).sum()) / n)
    share = min(error / distance, 1.0) if distance else 0.0
    shrunk: NDArray[np.float64] = (1 - share) * covariance + share * target
    return shrunk


def whitening_matrix(
    covariance: NDArray[np.float64], *, min_share: float = 1e-9, min_variance: float = float(np.finfo(np.float64).tiny)
) -> NDArray[np.float64]:
    """Compute the matrix ``(D, D)`` that maps a covariance to the identity: its axes, each divided by its deviation.

    Axes of no variance would get an infinite scale: each counts as having at least the variance `min_variance`, and at
    least the share `min_share` of the largest one.

    Examples
    --------
    >>> abs(whitening_matrix(np.diag([4.0, 9.0]))).round(3).tolist()
    [[0.5, 0.0], [0.0, 0.333]]
    """
    variance, axes = np.linalg.eigh(covariance)
    matrix: NDArray[np.float64] = axes / np.sqrt(np.maximum(variance, max(variance[-1] * min_share, min_variance)))
    return matrix


def adjusted_rand_index(labels: NDArray[np.integer], others: NDArray[np.integer]) -> float:
    """Compute the adjusted Rand index of two clusterings ``(N,)``: 1 if they are equal, about 0 by chance.

    References
    ----------
    Hubert, Arabie: Comparing partitions. J. Classif. 2 (1985).
    """
    first, second = (np.unique(each, return_inverse=True)[1].astype(np.int64) for each in (labels, others))
    n_second = int(second.max(initial=0)) + 1
    together, one, other = (
        _pairs(np.unique(each, return_counts=True)[1]) for each in (first * n_second + second, first, second)
    )
    total = len(first) * (len(first) - 1) / 2
    expected = one * other / total if total else 0.0
    largest = (one + other) / 2
    return 1.0 if largest == expected else (together - expected) / (largest - expected)


def _pairs(sizes: NDArray[np.integer]) -> float:
    """Return the number of pairs of items in one cluster."""
    return float((sizes.astype(np.float64) * (sizes - 1)).sum() / 2)

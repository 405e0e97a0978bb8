"""Evidence that a recording shows a person: log-likelihood ratios of a heavy-tailed two-covariance model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.learning import whitening_matrix

__all__ = ["PersonMeans", "Space", "fit_space", "log_ratio", "robust_spread"]

DEGREES_OF_FREEDOM = 10.0
"""Of the t distribution of errors. With a normal distribution, recordings of unusual poses were false alarms."""

PRIOR_WEIGHT = 16.0
"""Degrees of freedom that the label-free variance of errors counts for, beside those of the recordings' own."""

CORRELATION = 0.3
"""Correlation of the errors of two recordings of one person, as in `himpc.model.IdentityScoring`."""

MIN_VARIANCE = 1e-6

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Space:
    """Axes in which the errors of recordings are independent, with variance 1.

    Attributes
    ----------
    axes : float64 array ``(D, D)``
        Matrix from vectors of recordings to these axes.
    between : float64 array ``(D,)``
        Variance of people along each axis.
    """

    axes: Array
    between: Array


@dataclass(frozen=True, eq=False)
class PersonMeans:
    """Means of the recordings of people, as a reference that a recording is compared with.

    Attributes
    ----------
    means : float64 array ``(N, D)``
    counts : float64 array ``(N,)``
        Number of recordings of each mean; 0 for a reference without recordings, which says nothing.
    """

    means: Array
    counts: Array


def robust_spread(deviations: Array, least: float) -> float:
    """Estimate a standard deviation by the median size of deviations, as if normally distributed; at least `least`."""
    return max(1.4826 * float(np.nanmedian(np.abs(deviations))), least)


def fit_space(vectors: Array, between: Array, noise: float, people: NDArray[np.int64]) -> Space:
    """Estimate the axes from recordings and their people; -1 is a recording to leave out.

    The covariance of errors is that within people, shrunk towards `noise` along each axis.

    Parameters
    ----------
    vectors : array ``(R, D)``
    between : array ``(D,)``
        Label-free variance of people along each axis.
    noise : float
        Label-free variance of the errors.
    people : int array ``(R,)``
    """
    chosen = people >= 0
    rows, number = vectors[chosen], np.unique(people[chosen], return_inverse=True)[1]
    size = vectors.shape[1]
    scatter = PRIOR_WEIGHT * noise * np.eye(size)
    freedom = PRIOR_WEIGHT
    if len(rows):
        counts = np.bincount(number)
        sums = np.zeros((len(counts), size))
        np.add.at(sums, number, rows)
        residuals = rows - (sums / counts[:, None])[number]
        scatter += residuals.T @ residuals
        freedom += len(rows) - len(counts)
    whitening = whitening_matrix(scatter / freedom, min_share=0.0)
    spread, turned = np.linalg.eigh(whitening.T @ (between[:, None] * whitening))
    return Space(whitening @ turned, np.maximum(spread, MIN_VARIANCE))


def log_ratio(space: Space, references: PersonMeans, rows: Array, counts: Array | float = 1.0) -> Array:
    """Compute the log-likelihood ratio of the reference's person against an unknown one.

    A person is ``y ~ N(0, between)``, and the mean of n recordings ``y + e``, with ``var(e) = (1 + (n - 1) r) / n``
    and r the `CORRELATION`. With ``d`` and ``d0`` the squared Mahalanobis distances of the row from its prediction by
    the reference and from the mean of all people,

        ratio = (log det V0 - log det V) / 2 - (f + D) / 2 * (log(1 + d / f) - log(1 + d0 / f))

    that of two multivariate t distributions with f degrees of freedom.

    Parameters
    ----------
    space : Space
    references : PersonMeans
        N references, in the axes of the space.
    rows : array ``(R, D)``
        Recordings, or means of recordings, in the axes of the space.
    counts : float or array ``(R,)``
        Number of recordings of each row.

    Returns
    -------
    float64 array ``(R, N)``
        In nats; 0 for references without recordings.

    References
    ----------
    Prince, Elder: Probabilistic linear discriminant analysis for inferences about identity. ICCV 2007. Kenny: Bayesian
    speaker verification with heavy-tailed priors. Odyssey 2010.
    """
    between, freedom, size = space.between, DEGREES_OF_FREEDOM, rows.shape[1]
    gain = between / (between + _error_of_mean(references.counts)[:, None])
    counts = np.broadcast_to(np.asarray(counts, dtype=np.float64), len(rows))
    ratios = np.zeros((len(rows), len(gain)))
    for count in np.unique(counts):
        of_count = counts == count
        error = float(_error_of_mean(np.array([count]))[0])
        chosen = rows[of_count]
        variance = between + error - between * gain
        predicted = gain * references.means
        distance = chosen**2 @ (1 / variance).T - 2 * chosen @ (predicted / variance).T
        distance += (predicted**2 / variance).sum(axis=1)
        unknown = (chosen**2 / (between + error)).sum(axis=1)
        determinants = 0.5 * (np.log(between + error).sum() - np.log(variance).sum(axis=1))
        tails = np.log1p(np.maximum(distance, 0) / freedom) - np.log1p(unknown / freedom)[:, None]
        ratios[of_count] = determinants - 0.5 * (freedom + size) * tails
    ratios[:, references.counts == 0] = 0
    return ratios


def _error_of_mean(counts: Array) -> Array:
    errors: Array = (1 + (np.maximum(counts, 1) - 1) * CORRELATION) / np.maximum(counts, 1)
    return errors

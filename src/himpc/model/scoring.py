"""Log-likelihood ratios of one person against two, for embeddings of an adapted model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["CALIBRATION_SLOPE", "NOISE_VARIANCE", "IdentityScoring"]

NOISE_VARIANCE = 0.45
"""Variance between recordings of one person along each whitened axis, where recordings are too short to estimate it."""

CORRELATION = 0.3
"""Correlation of the errors of two recordings of one person, such as those of one session. The mean of n recordings
therefore counts as ``n / (1 + (n - 1) CORRELATION)`` independent ones."""

CALIBRATION_SLOPE = 0.25
"""Factor of log-likelihood ratios in probabilities: axes are not independent, and errors have heavy tails."""

MATCH_EVIDENCE = 12.0
"""Log-likelihood ratio, in nats, that about 1 % of comparisons of two people exceed on sets of a depth camera; in
motion capture fewer do."""

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class IdentityScoring:
    """The two-covariance model of the embeddings of recordings.

    In whitened units, which are the embedding times `pose_scale`, a recording is ``y + e``: the person's
    ``y ~ N(0, between)`` plus an error ``e ~ N(0, noise)`` (Prince and Elder, ICCV 2007).

    Attributes
    ----------
    pose_scale : float64 array ``(D,)``
        Whitened units per unit of the embedding; 0 for unused axes.
    between : float64 array ``(D,)``
        Variance of people along each axis; 0 for unused axes.
    noise : float
        Variance of the error e; that of an adapted model is estimated from its recordings.
    """

    pose_scale: Array
    between: Array
    noise: float = NOISE_VARIANCE

    def log_likelihood_ratio(
        self,
        first: Array,
        second: Array,
        n_first: NDArray[np.number] | int = 1,
        n_second: NDArray[np.number] | int = 1,
        relative_first: NDArray[np.floating] | float = 1.0,
        relative_second: NDArray[np.floating] | float = 1.0,
    ) -> Array:
        """Compute the log-likelihood ratio of one person against two for means of recordings.

        Parameters
        ----------
        first, second : arrays ``(..., D)``
            Embeddings: each the mean of n recordings of one person.
        n_first, n_second : int or int arrays ``(...)``
            The numbers of recordings.
        relative_first, relative_second : float or float arrays ``(...)``
            The variance of the error of a recording, relative to `noise`: the harmonic mean over the recordings, whose
            mean is weighted by the reciprocals (`himpc.model.relative_noise`).

        Returns
        -------
        float64 array ``(...)``
            In nats; positive if one person is more likely.
        """
        used = self.pose_scale > 0
        a, b = (np.asarray(each, dtype=np.float64)[..., used] * self.pose_scale[used] for each in (first, second))
        between = self.between[used]
        noise_a = self.noise_of_mean(n_first) * relative_first
        noise_b = self.noise_of_mean(n_second) * relative_second
        variance_a, variance_b = (between + np.asarray(each)[..., None] for each in (noise_a, noise_b))
        product = variance_a * variance_b
        determinant = product - between**2
        separate = a**2 / variance_a + b**2 / variance_b
        together = (variance_b * a**2 - 2 * between * a * b + variance_a * b**2) / determinant
        ratio: Array = 0.5 * (np.log(product / determinant) + separate - together).sum(axis=-1)
        return ratio

    def compare(self, first: NDArray[np.floating], second: NDArray[np.floating]) -> Array:
        """Compute `log_likelihood_ratio` of all pairs of two sets of single embeddings, ``(P, D)`` and ``(G, D)``.

        Returns
        -------
        float64 array ``(P, G)``
        """
        used = self.pose_scale > 0
        a, b = (np.asarray(each, dtype=np.float64)[:, used] * self.pose_scale[used] for each in (first, second))
        between = self.between[used]
        total = between + self.noise
        determinant = total**2 - between**2
        factor = between / determinant
        shrinkage = factor * between / total
        constant = 0.5 * np.log(total**2 / determinant).sum()
        sizes = 0.5 * ((a**2 @ shrinkage)[:, None] + b**2 @ shrinkage)
        ratios: Array = constant + (a * factor) @ b.T - sizes
        return ratios

    def distance_threshold(self) -> float:
        """Return a Euclidean distance up to which about 1 % of pairs of two people match.

        It needs no recordings, so that a gallery of a few people has a threshold, too. It is that of a log-likelihood
        ratio of `MATCH_EVIDENCE`, for two recordings of average people.
        """
        between = self.between[self.pose_scale > 0]
        total = between + self.noise
        constant = 0.5 * (np.log(total**2 / (total**2 - between**2)) + between / total).sum()
        return float(np.sqrt(max(0.0, 2 * (constant - MATCH_EVIDENCE))))

    def error_variance(self) -> Array:
        """Compute the variance of the error of a recording along each axis of the embedding, ``(D,)``; 0 if unused."""
        used = self.pose_scale > 0
        return self.noise * np.divide(1, self.pose_scale, out=np.zeros(len(used)), where=used) ** 2

    def noise_of_mean(self, n: NDArray[np.number] | int) -> Array:
        """Compute the variance of the error of the mean of n recordings of one person."""
        count = np.asarray(n, dtype=np.float64)
        noise: Array = self.noise * (1 + (count - 1) * CORRELATION) / count
        return noise

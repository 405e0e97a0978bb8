"""Log-likelihood ratios of one person against two, for embeddings of an adapted model."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

__all__ = ["CALIBRATION_SLOPE", "NOISE_VARIANCE", "IdentityScoring", "RankingScoring"]

NOISE_VARIANCE = 0.45
"""Variance between recordings of one person along each whitened axis, where recordings are too short to estimate it."""

CORRELATION = 0.3
"""Correlation of the errors of two recordings of one person, such as those of one session. The mean of n recordings
therefore counts as ``n / (1 + (n - 1) CORRELATION)`` independent ones."""

CALIBRATION_SLOPE = 0.25
"""Factor of log-likelihood ratios in probabilities: axes are not independent, and errors have heavy tails."""

TYPICAL_NOISE_RATIO = 0.45
"""Variance of the error of a typical recording, relative to `IdentityScoring.noise`, which covers unusual ones."""

NETWORK_WEIGHT = 0.5
"""Weight of the similarity by a network that was trained on the same recordings, relative to the log-likelihood ratio,
both standardised (docs/lab-notebook.md)."""

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
        a, b = self._whiten(first), self._whiten(second)
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
        a, b = self._whiten(first), self._whiten(second)
        factor, shrinkage, constant = self._weights()
        sizes = 0.5 * ((a**2 @ shrinkage)[:, None] + b**2 @ shrinkage)
        ratios: Array = constant + (a * factor) @ b.T - sizes
        return ratios

    def for_typical_recordings(self) -> IdentityScoring:
        """Return the scoring of recordings with the error of a typical one, by which galleries compare."""
        return replace(self, noise=TYPICAL_NOISE_RATIO * self.noise)

    def to_distance(self, ratio: NDArray[np.floating] | float) -> Array:
        """Express log-likelihood ratios as distances, which fall as the ratio rises and are never negative.

        ``d = sqrt(2 ln(1 + exp(r0 - r)))``, where r0 is the mean ratio of a recording with itself. Between average
        people, d is the Euclidean distance in units of the error of a difference; between people who differ from the
        average alike, it is smaller.
        """
        between = self.between[self.pose_scale > 0]
        identical = self._weights()[2] + (between / (2 * between + self.noise)).sum()
        distance: Array = np.sqrt(2 * np.logaddexp(0, identical - np.asarray(ratio, dtype=np.float64)))
        return distance

    def entry_vectors(self, embeddings: NDArray[np.floating]) -> NDArray[np.float32]:
        """Map embeddings ``(R, D)`` so that their Euclidean distances to `query_vectors` rank them by `compare`.

        As ``-2 r = |a - b|² - q(a) - q(b)`` plus a constant, in units in which ``q(x)`` is quadratic, one more
        coordinate, ``sqrt(max q - q(b))``, holds what depends on the entry alone.
        """
        whitened = self._whiten(embeddings)
        factor, shrinkage, _ = self._weights()
        sizes = whitened**2 @ (factor - shrinkage)
        last = np.sqrt(sizes.max(initial=0) - sizes)
        vectors: NDArray[np.float32] = np.column_stack([whitened * np.sqrt(factor), last]).astype(np.float32)
        return vectors

    def query_vectors(self, embeddings: NDArray[np.floating]) -> NDArray[np.float32]:
        """Map embeddings ``(Q, D)`` of probes; see `entry_vectors`."""
        whitened = self._whiten(embeddings) * np.sqrt(self._weights()[0])
        vectors: NDArray[np.float32] = np.column_stack([whitened, np.zeros(len(whitened))]).astype(np.float32)
        return vectors

    def _whiten(self, embeddings: NDArray[np.floating]) -> Array:
        used = self.pose_scale > 0
        whitened: Array = np.asarray(embeddings, dtype=np.float64)[..., used] * self.pose_scale[used]
        return whitened

    def _weights(self) -> tuple[Array, Array, float]:
        """Return the weights of products and of squares in the ratio of single recordings, and its constant."""
        between = self.between[self.pose_scale > 0]
        total = between + self.noise
        determinant = total**2 - between**2
        factor = between / determinant
        return factor, factor * between / total, float(0.5 * np.log(total**2 / determinant).sum())

    def error_variance(self) -> Array:
        """Compute the variance of the error of a recording along each axis of the embedding, ``(D,)``; 0 if unused."""
        used = self.pose_scale > 0
        return self.noise * np.divide(1, self.pose_scale, out=np.zeros(len(used)), where=used) ** 2

    def noise_of_mean(self, n: NDArray[np.number] | int) -> Array:
        """Compute the variance of the error of the mean of n recordings of one person."""
        count = np.asarray(n, dtype=np.float64)
        noise: Array = self.noise * (1 + (count - 1) * CORRELATION) / count
        return noise


@dataclass(frozen=True, eq=False)
class RankingScoring:
    """A score to rank by: log-likelihood ratios, and similarity by a network trained on the same recordings.

    Embeddings are those of the adapted model, then those of the network.

    Attributes
    ----------
    identity : IdentityScoring
        That of the adapted model.
    network_size : int
        The size of an embedding of the network.
    """

    identity: IdentityScoring
    network_size: int

    @property
    def pose_scale(self) -> Array:
        """That of the adapted model; 0 for the axes of the network."""
        return np.append(self.identity.pose_scale, np.zeros(self.network_size))

    def compare(self, first: NDArray[np.floating], second: NDArray[np.floating]) -> Array:
        """Compute the scores of all pairs of two sets of embeddings, ``(P, D)`` and ``(G, D)``: ``(P, G)``.

        Each row is the ratios, standardised, minus the standardised distances by the network times `NETWORK_WEIGHT`, so
        that a row can be compared within itself only.
        """
        size = len(self.identity.pose_scale)
        ratios = self.identity.compare(first[:, :size], second[:, :size])
        a, b = (np.asarray(each, dtype=np.float64)[:, size:] for each in (first, second))
        squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
        return _standardise(ratios) - NETWORK_WEIGHT * _standardise(np.sqrt(np.maximum(squares, 0)))


def _standardise(rows: Array) -> Array:
    """Shift and scale each row to mean 0 and variance 1; a row of equal values becomes 0."""
    spread = rows.std(axis=1, keepdims=True)
    standardised: Array = (rows - rows.mean(axis=1, keepdims=True)) / np.maximum(spread, np.finfo(float).tiny)
    return standardised

"""The likelihood of people and of the offsets of systems, given the clusters of each system (docs/method.md, 14)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from himpc.learning.clustering.constraints import Pairs, renumber_pairs
from himpc.learning.clustering.evidence import JOIN_NOISE, ClusterMeans
from himpc.learning.clustering.system_effects import SystemEffects
from himpc.model import IdentityScoring

__all__ = ["OffsetModel", "Variances", "renumber"]

JOIN_EVIDENCE = 12.0
"""Log-likelihood, in nats, that each join across systems costs. It is larger than within a system, because many
assignments are tried, of which one may fit by chance (`himpc.learning.clustering.offset_search.LINK_EVIDENCE`)."""

MIN_VARIANCE_RATIO = 1e-6
"""Smallest variance of offsets along an axis, relative to the largest: a joint that moves nothing has none."""

Array = NDArray[np.float64]
Labels = NDArray[np.int64]


class Variances(NamedTuple):
    """The variances of an `OffsetModel`, in units of `OffsetModel.variance`."""

    offset: float
    """Of the offsets of systems, t."""
    interaction: float
    """Of what a system adds to one body and not to another, u."""


@dataclass(frozen=True, eq=False)
class OffsetModel:
    """A linear mixed model of the means of K clusters on D axes, in whitened units.

    The mean of cluster k, of the person i and the system c, is ``m_k = y_i + o_c + e_k``: the person's ``y ~ N(0,
    between)``, the offset of the system ``o ~ N(0, t w)`` and the error ``e_k ~ N(0, n_k + u w)``. w is `variance`, n_k
    `noise`, and t and u `Variances`.

    Attributes
    ----------
    means : float64 array ``(K, D)``
    noise : float64 array ``(K,)``
        Variance of the error of each mean.
    system : int64 array ``(K,)``
    between : float64 array ``(D,)``
        Variance of people.
    variance : float64 array ``(D,)``
        Variance of a displacement of all joints by 3 cm.
    apart : bool array ``(K, K)``
        Whether two clusters cannot be one person: of one system, or seen at one time.
    """

    means: Array
    noise: Array
    system: NDArray[np.int64]
    between: Array
    variance: Array
    apart: NDArray[np.bool_]

    @classmethod
    def of_clusters(
        cls,
        clusters: ClusterMeans,
        used: NDArray[np.int64],
        system: NDArray[np.int64],
        scoring: IdentityScoring,
        effects: SystemEffects,
        pairs: Pairs,
    ) -> OffsetModel:
        """Return the model of the used clusters, given the system of each cluster, and pairs of different people."""
        axes = scoring.pose_scale > 0
        scale, own = scoring.pose_scale[axes], system[used]
        noise = replace(scoring, noise=JOIN_NOISE * scoring.noise).noise_of_mean(clusters.sizes[used])
        apart = own[:, None] == own
        first, second = renumber_pairs(pairs, used).T
        apart[first, second] = apart[second, first] = True
        variance = effects.variance[axes] * scale**2
        return cls(
            (clusters.means[used] + effects.shift[own])[:, axes] * scale,
            noise * clusters.relative_noise[used],
            own,
            scoring.between[axes],
            np.maximum(variance, max(MIN_VARIANCE_RATIO * variance.max(), np.finfo(float).tiny)),
            apart,
        )

    def precision(self, interaction: float) -> Array:
        """Compute the reciprocal of the variance of the errors of each cluster, ``(K, D)``."""
        precision: Array = 1 / (self.noise[:, None] + interaction * self.variance)
        return precision

    def offsets(self, labels: Labels, variances: Variances) -> Array:
        """Estimate the offset of each system, ``(S, D)``, given the person of each cluster."""
        return self._fit(labels, variances)[1]

    def difference_variances(self, labels: Labels, variances: Variances) -> Array:
        """Compute the posterior variance of the difference of the offsets of each two systems, ``(S, S, D)``."""
        n_systems = int(self.system.max()) + 1
        if variances.offset == 0:
            return np.zeros((n_systems, n_systems, len(self.between)))
        p = self.precision(variances.interaction)
        parts = np.zeros((labels.max() + 1, n_systems, len(self.between)))
        np.add.at(parts, (labels, self.system), p)
        covariance = np.linalg.inv(self._offset_precision(parts, variances))
        own = np.diagonal(covariance, axis1=1, axis2=2)
        difference: Array = (own[:, :, None] + own[:, None, :] - 2 * covariance).transpose(1, 2, 0)
        return difference

    def _offset_precision(self, parts: Array, variances: Variances) -> Array:
        """Compute the matrix H of `_fit` on each axis, ``(D, S, S)``, from U, ``(G, S, D)``: a posterior precision."""
        share = 1 / (parts.sum(axis=1) + 1 / self.between)
        matrix: Array = -np.einsum("gsd,gtd,gd->dst", parts, parts, share, optimize=True)
        width = variances.offset * self.variance
        matrix += np.eye(parts.shape[1]) * (parts.sum(axis=0).T + 1 / width[:, None])[:, None]
        return matrix

    def value(self, labels: Labels, variances: Variances) -> float:
        """Compute the log-likelihood of the person of each cluster, minus `JOIN_EVIDENCE` for each join."""
        joins = len(labels) - len(np.unique(labels))
        return self._fit(labels, variances)[0] - JOIN_EVIDENCE * joins

    def _fit(self, labels: Labels, variances: Variances) -> tuple[float, Array]:
        """Return the log-likelihood with offsets integrated out, and their posterior means ``(S, D)``.

        On each axis, with p the precisions, P and q the sums of p and p m over the clusters of a person, and U those of
        p over its clusters of each system, integrating y out leaves the quadratic form with matrix H and vector h below
        in the offsets.
        """
        n_systems, axes = int(self.system.max()) + 1, len(self.between)
        p = self.precision(variances.interaction)
        parts = np.zeros((labels.max() + 1, n_systems, axes))
        np.add.at(parts, (labels, self.system), p)
        sums = np.zeros_like(parts)
        np.add.at(sums, (labels, self.system), p * self.means)
        total, weighted = parts.sum(axis=1), sums.sum(axis=1)
        share = 1 / (total + 1 / self.between)
        squares = (p * self.means**2).sum(axis=0) - (weighted**2 * share).sum(axis=0)
        volume = -np.log(p).sum(axis=0) + np.log1p(self.between * total).sum(axis=0)
        likelihood = -0.5 * float((squares + volume).sum())
        if variances.offset == 0:
            return likelihood, np.zeros((n_systems, axes))
        width = variances.offset * self.variance
        h = (sums.sum(axis=0) - (parts * (weighted * share)[:, None]).sum(axis=0)).T
        matrix = self._offset_precision(parts, variances)
        offsets = np.linalg.solve(matrix, h[..., None])[..., 0]
        volume = np.linalg.slogdet(matrix)[1] + n_systems * np.log(width)
        return likelihood + 0.5 * float(((h * offsets).sum(axis=1) - volume).sum()), offsets.T

    def evidence(self, first: tuple[Array, Array], second: tuple[Array, Array]) -> Array:
        """Compute the log-likelihood ratio of one person against two, minus `JOIN_EVIDENCE`.

        Either is a pair of arrays ``(..., D)``: the sums of p and of p m over clusters without offsets.
        """
        (p, q), (r, s), inverse = first, second, 1 / self.between
        volume = np.log((1 + self.between * p) * (1 + self.between * r) / (1 + self.between * (p + r)))
        squares = (q + s) ** 2 / (p + r + inverse) - q**2 / (p + inverse) - s**2 / (r + inverse)
        ratio: Array = 0.5 * (volume + squares).sum(axis=-1) - JOIN_EVIDENCE
        return ratio

    def join(self, offsets: Array, interaction: float) -> Labels:
        """Join clusters of different systems, the two with most evidence first, given the offsets ``(S, D)``."""
        p = self.precision(interaction)
        q = p * (self.means - offsets[self.system])
        labels, apart = np.arange(len(p)), self.apart.copy()
        gains = np.stack([self.evidence((p[k], q[k]), (p, q)) for k in labels])
        gains[apart] = -np.inf
        while len(gains) and gains.max() > 0:
            kept, gone = sorted(int(i) for i in np.unravel_index(int(gains.argmax()), gains.shape))
            labels[labels == gone] = kept
            p[kept] += p[gone]
            q[kept] += q[gone]
            apart[kept] |= apart[gone]
            apart[:, kept] |= apart[:, gone]
            apart[gone] = apart[:, gone] = True
            gains[gone] = gains[:, gone] = -np.inf
            gains[kept] = gains[:, kept] = np.where(apart[kept], -np.inf, self.evidence((p[kept], q[kept]), (p, q)))
        return renumber(labels)


def renumber(labels: Labels) -> Labels:
    """Return labels from 0 without gaps, in the same order."""
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)

"""Clustering of recordings from several systems: estimate the offset of each system, and the people that they share.

Docs/method.md, section 14.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from himpc.errors import count_noun
from himpc.learning.clustering.constraints import Pairs, renumber_pairs
from himpc.learning.clustering.evidence import JOIN_NOISE, ClusterMeans, cut_by_evidence
from himpc.learning.clustering.neighbour_tree import identity_tree
from himpc.learning.statistics import evenly_spaced
from himpc.model import IdentityScoring

__all__ = ["JoinedSystems", "SystemCheck", "SystemEffects", "check_systems", "join_systems"]

OFFSET_SCALES = (0.0, 0.03, 0.1, 0.3, 1.0, 3.0)
"""Variances of the offsets that are tried, in units of `SystemEffects.variance`, a displacement of each joint by 3 cm:
none, and displacements from 0.5 to 5 cm."""

PERSON_SCALES = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1)
"""Variances that are tried, in the same units, of what a system adds to one body and not to another: from 1 to 9 mm."""

JOIN_EVIDENCE, LINK_EVIDENCE = 12.0, 30.0
"""Log-likelihood, in nats, that each join across systems costs, and that a system must gain to show people of the
others. They are larger than within a system, because many assignments are tried, of which one may fit by chance. In 105
simulated archives, in part of different people, 2 and 10 joined 202 wrong pairs of recordings of noisy systems, these
5, and found 62 % of the right pairs instead of 81 %."""

MAX_CLUSTERS = 160
"""Number of clusters, the largest ones of each system, from which offsets are estimated; memory grows with the square.
"""

MIN_VARIANCE_RATIO = 1e-6
"""Smallest variance of offsets along an axis, relative to the largest: a joint that moves nothing has none."""

MAX_HYPOTHESES, KEPT_HYPOTHESES = 8, 2
"""Number of clusters of a system each of which is tried as any cluster of another system, and of the pairs of clusters
that are kept as starts, for each two systems: those by whose difference most others fit."""

MAX_PASSES = 8
"""Maximum number of times that clusters are joined and offsets estimated in turn; most starts settle in three."""

Array = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SystemEffects:
    """The systems of R recordings, whose embeddings were centred: each system has the same mean body.

    Attributes
    ----------
    system : int64 array ``(R,)``
        The system of each recording, 0 to S - 1; each occurs.
    shift : float64 array ``(S, D)``
        The embedding of the mean body of each system, before it was centred, minus that after it.
    variance : float64 array ``(D,)``
        Variance of embeddings if a system displaces each joint by 3 cm (`himpc.learning.system_centring`).
    names : tuple of str
        The names of the systems, to show.
    """

    system: NDArray[np.int64]
    shift: Array
    variance: Array
    names: tuple[str, ...]

    def of(self, recordings: NDArray[np.integer]) -> SystemEffects:
        """Return the effects for some of the recordings, given by number."""
        present, system = np.unique(self.system[recordings], return_inverse=True)
        return SystemEffects(system, self.shift[present], self.variance, tuple(self.names[i] for i in present))


@dataclass(frozen=True, eq=False)
class JoinedSystems:
    """The result of `join_systems`.

    Attributes
    ----------
    labels : int64 array ``(R,)``
        The cluster of each recording, from 0.
    vectors : float64 array ``(R, D)``
        The embeddings without the offsets of the systems.
    noise : float
        Variance of the errors between systems, relative to that within one.
    check : SystemCheck
    """

    labels: Labels
    vectors: Array
    noise: float
    check: SystemCheck


@dataclass(frozen=True)
class SystemCheck:
    """Whether people were found who were recorded by several systems.

    Attributes
    ----------
    names : tuple of str
        The systems.
    shared : int
        The number of people who were found by more than one of them.
    alone : tuple of str
        The systems that share no person with another one.
    """

    names: tuple[str, ...]
    shared: int
    alone: tuple[str, ...]

    @property
    def note(self) -> str:
        """What was found; empty if nothing was."""
        if not self.shared:
            return ""
        return (
            f"{count_noun(self.shared, 'person', 'people')} found by more than one of {len(self.names)} systems; the "
            "difference that a system makes to every body was estimated from them and removed"
        )

    @property
    def warning(self) -> str:
        """The doubt about systems that share no person with the others; empty if there is none."""
        if not self.alone:
            return ""
        if len(self.alone) == len(self.names):
            found = f"no person was found by more than one of {len(self.names)} systems ({', '.join(self.names)})"
        else:
            found = f"no person of {' or '.join(self.alone)} was found by another system"
        return f"{found}: systems measure a body differently, so one person may have a group in each"


def join_systems(
    vectors: Array, relative_noise: Array, scoring: IdentityScoring, effects: SystemEffects, pairs: Pairs
) -> JoinedSystems:
    """Cluster the recordings of each system by evidence, and join clusters of different systems that are one person.

    A cluster k of system c has the mean ``m_k = y + o_c + e_k`` of the person's y ~ N(0, between), the offset of the
    system ``o_c ~ N(0, t w)`` and the error ``e_k ~ N(0, n_k + u w)``, where w is `SystemEffects.variance`. Offsets are
    integrated out, so that people are joined across systems only where several of them, or one without an offset, agree
    better than different people would by chance. t, u and the assignment of clusters to people are those of the largest
    likelihood, minus `JOIN_EVIDENCE` for each join, among the results of several starts.

    Parameters
    ----------
    vectors : array ``(R, D)``
        Centred embeddings of recordings.
    relative_noise : array ``(R,)``
        As in `himpc.learning.clustering.evidence.cut_by_evidence`.
    scoring : IdentityScoring
    effects : SystemEffects
    pairs : int64 array ``(P, 2)``
        Recordings of different people: no cluster holds both.

    Returns
    -------
    JoinedSystems
    """
    labels = _cluster_each_system(vectors, relative_noise, scoring, effects.system, pairs)
    clusters = ClusterMeans.from_labels(vectors, labels, 1 / relative_noise)
    of_cluster = effects.system[np.unique(labels, return_index=True)[1]]
    largest = _largest(clusters.sizes, of_cluster)
    model = _OffsetModel.of_clusters(clusters, largest, of_cluster, scoring, effects, labels[pairs])
    people, offset_scale, person_scale = _search(model)
    offsets = np.zeros_like(effects.shift)
    used = scoring.pose_scale > 0
    offsets[:, used] = model.offsets(people, offset_scale, person_scale) / scoring.pose_scale[used]
    corrected = vectors + (effects.shift - offsets)[effects.system]
    noise = 1 + person_scale * float(model.variance.mean()) / (JOIN_NOISE * scoring.noise)
    if len(largest) < len(clusters.means):
        tree = identity_tree(corrected, scoring, pairs, relative_noise)
        joined = cut_by_evidence(
            tree, corrected, replace(scoring, noise=noise * scoring.noise), JOIN_NOISE, relative_noise
        )
    else:
        joined = people[labels]
    return JoinedSystems(joined, corrected, noise, check_systems(joined, effects))


def _cluster_each_system(
    vectors: Array, relative_noise: Array, scoring: IdentityScoring, system: NDArray[np.int64], pairs: Pairs
) -> Labels:
    labels, found = np.zeros(len(vectors), dtype=np.int64), 0
    for number in range(int(system.max()) + 1):
        rows = np.flatnonzero(system == number)
        if len(rows) > 1:
            tree = identity_tree(vectors[rows], scoring, renumber_pairs(pairs, rows), relative_noise[rows])
            labels[rows] = cut_by_evidence(tree, vectors[rows], scoring, relative_noise=relative_noise[rows])
        labels[rows] += found
        found = int(labels[rows].max()) + 1
    return labels


def _largest(sizes: Array, system: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the numbers of up to `MAX_CLUSTERS` clusters, ascending: the largest ones of each system."""
    order = np.lexsort((-sizes, system))
    rank = np.arange(len(order)) - np.searchsorted(system[order], system[order])
    return np.sort(order[rank < max(MAX_CLUSTERS // (int(system.max()) + 1), 1)])


def check_systems(labels: Labels, effects: SystemEffects) -> SystemCheck:
    """Find the people whom several systems recorded, from the cluster of each recording."""
    seen = np.zeros((labels.max() + 1, len(effects.names)), dtype=bool)
    seen[labels, effects.system] = True
    shared = seen.sum(axis=1) > 1
    is_linked = seen[shared].any(axis=0)
    alone = tuple(name for name, linked in zip(effects.names, is_linked, strict=True) if not linked)
    return SystemCheck(effects.names, int(shared.sum()), alone)


@dataclass(frozen=True, eq=False)
class _OffsetModel:
    """The model of K clusters in whitened units, on D axes; see `join_systems`.

    Attributes
    ----------
    means : float64 array ``(K, D)``
    noise : float64 array ``(K,)``
        Variance of the error of each mean.
    system : int64 array ``(K,)``
    between, variance : float64 arrays ``(D,)``
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
    ) -> _OffsetModel:
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

    def precision(self, person_scale: float) -> Array:
        """Compute the reciprocal of the variance of the errors of each cluster, ``(K, D)``."""
        precision: Array = 1 / (self.noise[:, None] + person_scale * self.variance)
        return precision

    def offsets(self, labels: Labels, offset_scale: float, person_scale: float) -> Array:
        """Estimate the offset of each system, ``(S, D)``, given the person of each cluster."""
        return self._fit(labels, offset_scale, person_scale)[1]

    def value(self, labels: Labels, offset_scale: float, person_scale: float) -> float:
        """Compute the log-likelihood of the person of each cluster, minus `JOIN_EVIDENCE` for each join."""
        joins = len(labels) - len(np.unique(labels))
        return self._fit(labels, offset_scale, person_scale)[0] - JOIN_EVIDENCE * joins

    def _fit(self, labels: Labels, offset_scale: float, person_scale: float) -> tuple[float, Array]:
        """Return the log-likelihood with offsets integrated out, and their posterior means ``(S, D)``.

        On each axis, with p the precisions, P and q the sums of p and p m over the clusters of a person, and U those of
        p over its clusters of each system, integrating y out leaves the quadratic form with matrix H and vector h below
        in the offsets.
        """
        n_systems, axes = int(self.system.max()) + 1, len(self.between)
        p = self.precision(person_scale)
        parts = np.zeros((labels.max() + 1, n_systems, axes))
        np.add.at(parts, (labels, self.system), p)
        sums = np.zeros_like(parts)
        np.add.at(sums, (labels, self.system), p * self.means)
        total, weighted = parts.sum(axis=1), sums.sum(axis=1)
        share = 1 / (total + 1 / self.between)
        squares = (p * self.means**2).sum(axis=0) - (weighted**2 * share).sum(axis=0)
        volume = -np.log(p).sum(axis=0) + np.log1p(self.between * total).sum(axis=0)
        likelihood = -0.5 * float((squares + volume).sum())
        if offset_scale == 0:
            return likelihood, np.zeros((n_systems, axes))
        width = offset_scale * self.variance
        h = (sums.sum(axis=0) - (parts * (weighted * share)[:, None]).sum(axis=0)).T
        matrix = -np.einsum("gsd,gtd,gd->dst", parts, parts, share, optimize=True)
        matrix += np.eye(n_systems) * (parts.sum(axis=0).T + 1 / width[:, None])[:, None]
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

    def join(self, offsets: Array, person_scale: float) -> Labels:
        """Join clusters of different systems, the two with most evidence first, given the offsets ``(S, D)``."""
        p = self.precision(person_scale)
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
        return _renumber(labels)


def _search(model: _OffsetModel) -> tuple[Labels, float, float]:
    """Find the person of each cluster, and the scales of the variances, of the largest value."""
    scales = [(offset_scale, person_scale) for offset_scale in OFFSET_SCALES for person_scale in PERSON_SCALES]
    separate = np.arange(len(model.means))

    def solve(labels: Labels) -> tuple[float, float, float]:
        return max((model.value(labels, *each), *each) for each in scales)

    nothing, offset_scale, _ = solve(separate)
    offset_scale = max(offset_scale, OFFSET_SCALES[1])
    tried = {separate.tobytes(): separate}
    for person_scale in PERSON_SCALES[::2]:
        for start in _starts(model, offset_scale, person_scale):
            tried |= {each.tobytes(): each for each in _refine(model, start, offset_scale, person_scale)}
    candidates = list(tried.values())
    solutions = [solve(each) for each in candidates]
    best = max(range(len(candidates)), key=lambda i: solutions[i][0])
    labels, (value, offset_scale, person_scale) = candidates[best], solutions[best]
    for other in _refine(model, model.offsets(labels, offset_scale, person_scale), offset_scale, person_scale):
        if (improved := model.value(other, offset_scale, person_scale)) > value:
            value, labels = improved, other
    labels = _prune(model, labels, nothing, offset_scale, person_scale)
    return labels, *solve(labels)[1:]


def _starts(model: _OffsetModel, offset_scale: float, person_scale: float) -> Iterator[Array]:
    """Yield offsets to start from: none, those of the means of systems, and the differences of pairs of clusters."""
    separate = np.arange(len(model.means))
    yield np.zeros((int(model.system.max()) + 1, len(model.between)))
    yield model.offsets(separate, offset_scale, person_scale)
    p = model.precision(person_scale)
    for a, b in combinations(range(int(model.system.max()) + 1), 2):
        first, second = np.flatnonzero(model.system == a), np.flatnonzero(model.system == b)
        scored = []
        for i in first[evenly_spaced(len(first), MAX_HYPOTHESES)]:
            for j in second:
                half = (model.means[j] - model.means[i]) / 2
                moved = (p[first] * (model.means[first] + half))[:, None], p[second] * (model.means[second] - half)
                gains = model.evidence((p[first][:, None], moved[0]), (p[second], moved[1]))
                scored.append((float(gains.max(axis=1).clip(0).sum()), int(i), int(j)))
        for _, one, other in sorted(scored, reverse=True)[:KEPT_HYPOTHESES]:
            labels = separate.copy()
            labels[other] = one
            yield model.offsets(_renumber(labels), offset_scale, person_scale)


def _refine(model: _OffsetModel, offsets: Array, offset_scale: float, person_scale: float) -> Iterator[Labels]:
    """Join clusters and estimate offsets in turn until nothing changes, and yield the labels of each pass."""
    seen = set()
    for _ in range(MAX_PASSES):
        labels = model.join(offsets, person_scale)
        if labels.tobytes() in seen:
            return
        seen.add(labels.tobytes())
        yield labels
        offsets = model.offsets(labels, offset_scale, person_scale)


def _prune(model: _OffsetModel, labels: Labels, nothing: float, offset_scale: float, person_scale: float) -> Labels:
    """Separate clusters, and systems, that were joined without enough evidence.

    `nothing` is the value if no clusters are joined.
    """
    scale = (offset_scale, person_scale)
    value = model.value(labels, *scale)
    for k in range(len(labels)):
        without = _separate(labels, np.array([k]))
        if (other := model.value(without, *scale)) > value:
            value, labels = other, without
    for number in range(int(model.system.max()) + 1):
        without = _separate(labels, np.flatnonzero(model.system == number))
        if len(np.unique(without)) > len(np.unique(labels)) and model.value(without, *scale) > value - LINK_EVIDENCE:
            value, labels = model.value(without, *scale), without
    return labels if value > nothing + LINK_EVIDENCE else np.arange(len(labels))


def _separate(labels: Labels, clusters: NDArray[np.int64]) -> Labels:
    """Return labels with some clusters each on their own."""
    changed = labels.copy()
    changed[clusters] = labels.max() + 1 + np.arange(len(clusters))
    return _renumber(changed)


def _renumber(labels: Labels) -> Labels:
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)

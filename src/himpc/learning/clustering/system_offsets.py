"""Clustering of recordings from several systems: estimate the offset of each system, and the people that they share.

Docs/method.md, section 14.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from himpc.learning.clustering.constraints import Pairs, renumber_pairs
from himpc.learning.clustering.evidence import JOIN_NOISE, ClusterMeans, cut_by_evidence
from himpc.learning.clustering.neighbour_tree import identity_tree
from himpc.learning.clustering.offset_model import OffsetModel
from himpc.learning.clustering.offset_search import find_people, fit_variances
from himpc.learning.clustering.system_effects import SystemEffects, SystemMatch, match_systems
from himpc.model import IdentityScoring

__all__ = ["JoinedSystems", "SystemOffsets", "cluster_each_system", "estimate_offsets", "join_systems"]

MAX_CLUSTERS = 160
"""Number of clusters from which offsets are estimated, as many of each system; memory grows with the square."""

Array = NDArray[np.float64]
Labels = NDArray[np.int64]


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
    match : SystemMatch
    """

    labels: Labels
    vectors: Array
    noise: float
    match: SystemMatch


@dataclass(frozen=True, eq=False)
class SystemOffsets:
    """The result of `estimate_offsets`, for S systems.

    Attributes
    ----------
    offsets : float64 array ``(S, D)``
        The offset of the embeddings of each system.
    noise : float
        As in `JoinedSystems`.
    slack : float64 array ``(S, S)``
        The squared distance that two systems add, beside their offsets, between recordings of one person on average: by
        what a system adds to one body and not to another, and by the error of the offsets.
    clusters, people : int64 arrays ``(K,)``
        The clusters from which offsets were estimated, and the person of each.
    """

    offsets: Array
    noise: float
    slack: Array
    clusters: Labels
    people: Labels


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
    labels = cluster_each_system(vectors, relative_noise, scoring, effects.system, pairs)
    found = estimate_offsets(vectors, labels, relative_noise, scoring, effects, pairs)
    corrected = vectors + (effects.shift - found.offsets)[effects.system]
    if len(found.clusters) <= labels.max():
        wider = replace(scoring, noise=found.noise * scoring.noise)
        linked = _linked_systems(effects.system[np.unique(labels, return_index=True)[1]][found.clusters], found.people)
        joined = _cluster_linked(corrected, relative_noise, wider, effects.system, linked, labels, pairs)
    else:
        joined = found.people[labels]
    return JoinedSystems(joined, corrected, found.noise, match_systems(joined, effects))


def _linked_systems(system: NDArray[np.int64], people: Labels) -> NDArray[np.int64]:
    """Return for each system the lowest number of those with which it has people in common, directly or by others."""
    seen = np.zeros((people.max() + 1, int(system.max()) + 1), dtype=np.bool_)
    seen[people, system] = True
    reach = seen.T @ seen
    for _ in reach:
        reach = reach @ reach
    lowest: NDArray[np.int64] = reach.argmax(axis=1)
    return lowest


def _cluster_linked(
    vectors: Array,
    relative_noise: Array,
    scoring: IdentityScoring,
    system: NDArray[np.int64],
    linked: NDArray[np.int64],
    labels: Labels,
    pairs: Pairs,
) -> Labels:
    """Cluster recordings by evidence, those of each set of linked systems by themselves, ``(R,)``.

    `linked` is the set of each system. Clusters of a set that is one system are its `labels`.
    """
    of_set = linked[system]
    joined, found = np.zeros_like(labels), 0
    for number in np.unique(linked).tolist():
        rows = np.flatnonzero(of_set == number)
        own = np.unique(labels[rows], return_inverse=True)[1].astype(np.int64)
        if (linked == number).sum() > 1:
            tree = identity_tree(vectors[rows], scoring, renumber_pairs(pairs, rows), relative_noise[rows])
            own = cut_by_evidence(tree, vectors[rows], scoring, JOIN_NOISE, relative_noise[rows])
        joined[rows] = own + found
        found += int(own.max()) + 1
    return joined


def estimate_offsets(
    vectors: Array,
    labels: Labels,
    relative_noise: Array,
    scoring: IdentityScoring,
    effects: SystemEffects,
    pairs: Pairs | None = None,
    *,
    is_person: bool = False,
) -> SystemOffsets:
    """Estimate the offset of each system from clusters of its recordings; see `join_systems`.

    Parameters
    ----------
    vectors, relative_noise, scoring, effects, pairs
        As in `join_systems`.
    labels : int64 array ``(R,)``
        The cluster of each recording, from 0. Each is of one system, and may be any person of the others.
    is_person : bool
        Clusters are known to be people instead, whom several systems may have recorded.
    """
    keys, rows, cells = np.unique(labels * len(effects.names) + effects.system, return_index=True, return_inverse=True)
    clusters = ClusterMeans.from_labels(vectors, cells, 1 / relative_noise)
    system, person = effects.system[rows], labels[rows]
    used = np.arange(len(keys)) if is_person else _choose_clusters(clusters, system, scoring.pose_scale)
    apart = np.empty((0, 2), dtype=np.int64) if pairs is None else cells[pairs]
    model = OffsetModel.of_clusters(clusters, used, system, scoring, effects, apart)
    if is_person:
        people = person[used]
        _, variances = fit_variances(model, people)
    else:
        people, variances = find_people(model)
    offsets = np.zeros_like(effects.shift)
    axes = scoring.pose_scale > 0
    offsets[:, axes] = model.offsets(people, variances) / scoring.pose_scale[axes]
    noise = 1 + variances.interaction * float(model.variance.mean()) / (JOIN_NOISE * scoring.noise)
    errors = model.difference_variances(people, variances) / scoring.pose_scale[axes] ** 2
    slack = 2 * variances.interaction * effects.variance[axes].sum() + errors.sum(axis=2)
    np.fill_diagonal(slack, 0)
    return SystemOffsets(offsets, noise, slack, person[used], people)


def cluster_each_system(
    vectors: Array, relative_noise: Array, scoring: IdentityScoring, system: NDArray[np.int64], pairs: Pairs
) -> Labels:
    """Cluster the recordings of each system by evidence; no cluster has recordings of two."""
    labels, found = np.zeros(len(vectors), dtype=np.int64), 0
    for number in range(int(system.max()) + 1):
        rows = np.flatnonzero(system == number)
        if len(rows) > 1:
            tree = identity_tree(vectors[rows], scoring, renumber_pairs(pairs, rows), relative_noise[rows])
            labels[rows] = cut_by_evidence(tree, vectors[rows], scoring, relative_noise=relative_noise[rows])
        labels[rows] += found
        found = int(labels[rows].max()) + 1
    return labels


def _choose_clusters(clusters: ClusterMeans, system: NDArray[np.int64], scale: Array) -> NDArray[np.int64]:
    """Return the numbers of up to `MAX_CLUSTERS` clusters, ascending.

    Of the system with fewest clusters, the largest ones; of each other system, those nearest to them first, because few
    of many people would be among the largest ones of both.
    """
    limit = max(MAX_CLUSTERS // (int(system.max()) + 1), 1)
    of_system = [np.flatnonzero(system == number) for number in range(int(system.max()) + 1)]
    of_system = [rows[np.argsort(-clusters.sizes[rows], kind="stable")] for rows in of_system]
    fewest = min(range(len(of_system)), key=lambda number: len(of_system[number]))
    anchors = clusters.means[of_system[fewest][:limit]] * scale
    chosen = []
    for number, rows in enumerate(of_system):
        if len(rows) > limit and number != fewest:
            means = clusters.means[rows] * scale
            distances = (means**2).sum(axis=1) - 2 * anchors @ means.T
            near = np.unique(distances.argmin(axis=1))
            rows = rows[np.concatenate([near, np.setdiff1d(np.arange(len(rows)), near)])]
        chosen.append(rows[:limit])
    return np.sort(np.concatenate(chosen))

"""Search for the people whom clusters of several systems show, and for the offsets of these systems."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from himpc.learning.clustering.offset_model import OffsetModel, Variances, renumber
from himpc.learning.statistics import evenly_spaced

__all__ = ["find_people", "fit_variances"]

OFFSET_VARIANCES = (0.0, 0.03, 0.1, 0.3, 1.0, 3.0)
"""Variances of the offsets that are tried, in units of `SystemEffects.variance`, a displacement of each joint by 3 cm:
none, and displacements from 0.5 to 5 cm."""

INTERACTION_VARIANCES = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1)
"""Variances that are tried, in the same units, of what a system adds to one body and not to another: from 1 to 9 mm."""

LINK_EVIDENCE = 30.0
"""Log-likelihood, in nats, that a system must gain to show people of the others. In 105 simulated archives, in part of
different people, 2 and 10 for `JOIN_EVIDENCE` and this joined 202 wrong pairs of recordings of noisy systems, 12 and 30
joined 5, and found 62 % of the right pairs instead of 81 %."""

MAX_HYPOTHESES, KEPT_HYPOTHESES = 8, 2
"""Number of clusters of a system each of which is tried as any cluster of another system, and of the pairs of clusters
that are kept as starts, for each two systems: those by whose difference most others fit."""

MAX_PASSES = 8
"""Maximum number of times that clusters are joined and offsets estimated in turn; most starts settle in three."""

Array = NDArray[np.float64]
Labels = NDArray[np.int64]


def find_people(model: OffsetModel) -> tuple[Labels, Variances]:
    """Find the person of each cluster, from 0, and the variances, of the largest `OffsetModel.value`."""
    separate = np.arange(len(model.means))
    value_apart, variances = fit_variances(model, separate)
    offset = max(variances.offset, OFFSET_VARIANCES[1])
    tried = {separate.tobytes(): separate}
    for interaction in INTERACTION_VARIANCES[::2]:
        variances = Variances(offset, interaction)
        for start in _starts(model, variances):
            tried |= {each.tobytes(): each for each in _refine(model, start, variances)}
    candidates = list(tried.values())
    solutions = [fit_variances(model, each) for each in candidates]
    best = max(range(len(candidates)), key=lambda i: solutions[i][0])
    labels, (value, variances) = candidates[best], solutions[best]
    for other in _refine(model, model.offsets(labels, variances), variances):
        if (improved := model.value(other, variances)) > value:
            value, labels = improved, other
    labels = _prune(model, labels, value_apart, variances)
    return labels, fit_variances(model, labels)[1]


def fit_variances(model: OffsetModel, labels: Labels) -> tuple[float, Variances]:
    """Find the variances of the largest `OffsetModel.value`, given the person of each cluster; return both."""
    grid = (Variances(offset, interaction) for offset in OFFSET_VARIANCES for interaction in INTERACTION_VARIANCES)
    return max((model.value(labels, each), each) for each in grid)


def _starts(model: OffsetModel, variances: Variances) -> Iterator[Array]:
    """Yield offsets to start from: none, those of the means of systems, and the differences of pairs of clusters."""
    separate = np.arange(len(model.means))
    yield np.zeros((int(model.system.max()) + 1, len(model.between)))
    yield model.offsets(separate, variances)
    p = model.precision(variances.interaction)
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
            yield model.offsets(renumber(labels), variances)


def _refine(model: OffsetModel, offsets: Array, variances: Variances) -> Iterator[Labels]:
    """Join clusters and estimate offsets in turn until nothing changes, and yield the labels of each pass."""
    seen = set()
    for _ in range(MAX_PASSES):
        labels = model.join(offsets, variances.interaction)
        if labels.tobytes() in seen:
            return
        seen.add(labels.tobytes())
        yield labels
        offsets = model.offsets(labels, variances)


def _prune(model: OffsetModel, labels: Labels, value_apart: float, variances: Variances) -> Labels:
    """Separate clusters, and systems, that were joined without enough evidence.

    `value_apart` is the value if no clusters are joined.
    """
    value = model.value(labels, variances)
    for k in range(len(labels)):
        without = _separate(labels, np.array([k]))
        if (other := model.value(without, variances)) > value:
            value, labels = other, without
    for number in range(int(model.system.max()) + 1):
        without = _separate(labels, np.flatnonzero(model.system == number))
        if len(np.unique(without)) > len(np.unique(labels)) and model.value(without, variances) > value - LINK_EVIDENCE:
            value, labels = model.value(without, variances), without
    return labels if value > value_apart + LINK_EVIDENCE else np.arange(len(labels))


def _separate(labels: Labels, clusters: NDArray[np.int64]) -> Labels:
    """Return labels with some clusters each on their own."""
    changed = labels.copy()
    changed[clusters] = labels.max() + 1 + np.arange(len(clusters))
    return renumber(changed)

"""Clusters of recordings by person: by evidence, with confidences and plausible numbers, or of a stated number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError
from himpc.learning.clustering.constraints import Pairs, assign_apart, fewest_clusters, ward_tree
from himpc.learning.clustering.evidence import NOISE_RANGE, cut_by_evidence
from himpc.learning.clustering.membership import membership_probabilities, purity_probabilities, reassign
from himpc.learning.clustering.neighbour_tree import identity_tree
from himpc.learning.clustering.number_of_people import MAX_RECORDINGS, cut_tree
from himpc.learning.clustering.recordings import means_by_label
from himpc.learning.clustering.system_effects import SystemEffects, SystemMatch, match_systems
from himpc.learning.clustering.system_offsets import join_systems
from himpc.model import IdentityScoring

__all__ = ["RecordingClusters", "cluster_by_evidence", "divide"]

FEW_RECORDINGS_NOISE = 24.0
"""For confidences and the smallest plausible number of people, the noise of R recordings is multiplied by
``1 + FEW_RECORDINGS_NOISE / R**2``: few recordings hardly tell how much a person differs between days. For two it is
seven times as large: then 90 % of the pairs of walks of one person are joined, and half of those of two people from
video. For the confidence of joined recordings, R - G + 1 takes the place of R with G groups: only joins show it."""

MAX_ASSIGNMENTS = 50
"""Maximum number of times that recordings are assigned to groups whose number is given: the assignment is a heuristic,
which may not settle."""


@dataclass(frozen=True, eq=False)
class RecordingClusters:
    """Clusters of the R recordings that have a window.

    `means` are their vectors ``(R, D)``, `labels` their clusters ``(R,)`` from 0, and `confidence` is that of each. Of
    C clusters, `doubtful` ``(C,)`` tells which are left ungrouped. `plausible` is as in `Grouping`. `estimated` are the
    labels without a stated number of people, by which views are checked as well.
    """

    means: NDArray[np.float64]
    labels: NDArray[np.int64]
    confidence: NDArray[np.float64]
    plausible: tuple[int, int] | None = None
    doubtful: NDArray[np.bool_] | None = None
    match: SystemMatch | None = None
    estimated: NDArray[np.int64] | None = None


def cluster_by_evidence(
    means: NDArray[np.float64],
    noise: NDArray[np.float64],
    scoring: IdentityScoring,
    people: int | None,
    pairs: Pairs,
    systems: SystemEffects | None = None,
) -> RecordingClusters:
    """Cluster recordings by the evidence that they show one person, given the relative noise of each, ``(R,)``.

    Systems that share no person may differ by people or by an offset. Confidences and plausible numbers allow for both:
    the offset that the evidence suggests, and all of the difference between their mean bodies.
    """
    alternatives, match, labels = [means], None, None
    if systems is not None and len(systems.names) > 1:
        joined = join_systems(means, noise, scoring, systems, pairs)
        noise, labels, match = joined.noise * noise, joined.labels, joined.match
        alternatives = [joined.vectors, *([means] if match.unmatched else [])]
        means = joined.vectors
    if people is not None:
        labels = divide(means, people, pairs, 1 / noise)
        match = None if systems is None or match is None else match_systems(labels, systems)
    plausible = None
    trees = [identity_tree(each, scoring, pairs, noise) for each in alternatives] if people is None else []
    if labels is None:
        labels = cut_by_evidence(trees[0], means, scoring, relative_noise=noise)
    if match is None and len(means) <= MAX_RECORDINGS:
        labels = reassign(means, labels, scoring, pairs, noise)
    if trees:
        found = int(labels.max()) + 1
        smallest, largest = NOISE_RANGE
        counts = [
            int(cut_by_evidence(tree, each, scoring, variance, noise).max()) + 1
            for tree, each in zip(trees, alternatives, strict=True)
            for variance in (smallest, largest * _few_recordings(len(means)))
        ]
        plausible = min(*counts, found), max(*counts, found)
    confidence = np.minimum.reduce(
        [
            _membership(each, labels, noise, scoring, pairs) * purity_probabilities(each, labels, scoring, noise)
            for each in alternatives
        ]
    )
    return RecordingClusters(means, labels, confidence, plausible, match=match)


def _membership(
    means: NDArray[np.float64],
    labels: NDArray[np.int64],
    noise: NDArray[np.float64],
    scoring: IdentityScoring,
    pairs: Pairs,
) -> NDArray[np.float64]:
    """Compute `membership_probabilities` with the noise of few recordings, which differs for joined ones.

    Only joins show how much the recordings of a person differ: R recordings in G clusters do so R - G times.
    """
    sizes = np.bincount(labels)
    is_joined, probabilities = sizes[labels] > 1, np.empty(len(labels))
    for rows, count in ((~is_joined, len(means)), (is_joined, len(means) - len(sizes) + 1)):
        if rows.any():
            own = membership_probabilities(means, labels, scoring, pairs, _few_recordings(count) * noise)
            probabilities[rows] = own[rows]
    return probabilities


def _few_recordings(count: int) -> float:
    """Return the factor of noise by which a number of recordings is doubted."""
    return 1 + FEW_RECORDINGS_NOISE / count**2


def divide(
    vectors: NDArray[np.float64], people: int, pairs: Pairs, weights: NDArray[np.float64] | None = None
) -> NDArray[np.int64]:
    """Divide recordings into `people` groups, none of which holds a pair, and return their labels from 0.

    Raises
    ------
    ConfigError
        If there is no such division.
    """
    tree = ward_tree(vectors, pairs, weights)
    fewest = fewest_clusters(tree)
    labels = cut_tree(tree, max(people, fewest))
    if people >= fewest:
        return labels
    # The merges of the tree can be joined no further without a pair in a group, but other divisions may be possible:
    # all recordings are assigned again, starting from the centres of the largest groups.
    largest = np.argsort(-np.bincount(labels), kind="stable")[:people]
    centres = means_by_label(vectors, labels)[largest]
    for _ in range(MAX_ASSIGNMENTS):
        previous, labels = labels, assign_apart(-((vectors[:, None] - centres) ** 2).sum(axis=2), pairs)
        if (labels < 0).any():
            raise ConfigError(
                f"people is {people}, but no division into {people} groups keeps all recordings apart that overlap in "
                "time",
                hint="state a larger number of {people}, or leave it out to estimate it",
            )
        if (labels == previous).all():
            break
        present = np.unique(labels)
        centres[present] = means_by_label(vectors, np.searchsorted(present, labels))
    return labels

"""Grouping of recordings by person, without labels (docs/method.md, sections 10 and 12)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError, DataError, count_noun
from himpc.learning.clustering.constraints import Pairs, largest_clique, renumber_pairs
from himpc.learning.clustering.membership import doubtful_clusters
from himpc.learning.clustering.number_of_people import (
    MAX_RECORDINGS,
    MIN_RECORDINGS,
    cluster_by_silhouette,
    silhouette_confidence,
)
from himpc.learning.clustering.recording_clusters import RecordingClusters, cluster_by_evidence, divide
from himpc.learning.clustering.recordings import means_by_label, whitened_means
from himpc.learning.clustering.system_effects import SystemEffects
from himpc.learning.grouping_result import Grouping
from himpc.learning.views import check_views, is_seen_from_one_side
from himpc.model import IdentityScoring, noise_and_still, pool_windows

__all__ = ["check_people", "group_recordings"]

STILL_CERTAINTY = 0.5
"""Factor of the confidence of recordings without movement in no group with a moving one: they show another person, or
one of the others in another pose."""


def check_people(people: int | None, recordings: int) -> None:
    """Raise `ConfigError` if a stated number of people is below 1 or above the number of recordings."""
    if people is not None and not 1 <= people <= recordings:
        raise ConfigError(
            f"the number of people should be from 1 to the number of recordings, {recordings}, found {people}"
        )


def group_recordings(
    vectors: NDArray[np.floating],
    recording: NDArray[np.integer],
    n_recordings: int,
    people: int | None = None,
    *,
    whiten: bool = True,
    scoring: IdentityScoring | None = None,
    cannot_link: NDArray[np.int64] | None = None,
    headings: NDArray[np.complex128] | None = None,
    relative_noise: NDArray[np.floating] | None = None,
    leave_ungrouped: bool = True,
    systems: SystemEffects | None = None,
) -> Grouping:
    """Group recordings by person.

    Without a scoring, vectors are whitened by an estimate of the within-person covariance: the covariance of the
    windows of a recording around their mean (within-class covariance normalisation, Hatch et al., with recordings as
    classes), plus a twentieth of the covariance between recordings. Both are shrunk as by Ledoit and Wolf. The
    means of the recordings are joined into Ward's tree, which is cut into `people` groups, or into an estimated number
    (`himpc.learning.clustering.cluster_by_silhouette`). That number is never below the square root of R: pass `people`
    if the recordings show fewer.

    Parameters
    ----------
    vectors : array ``(N, D)``
        One embedding per window.
    recording : int array ``(N,)``
        The recording of each window.
    n_recordings : int
        R; a recording without a window belongs to no group.
    people : int, optional
        Number of groups; estimated if not given.
    whiten : bool
        False for embeddings that are whitened already, such as those of the preset ``tracklet``.
    scoring : IdentityScoring, optional
        That of an adapted model (`himpc.model.Model.scoring`). Recordings are then pooled and joined by the evidence
        that they show one person (`himpc.learning.clustering.evidence`), and any number of people is possible.
        More than `MAX_RECORDINGS` recordings are joined with near ones only
        (`himpc.learning.clustering.neighbour_tree`).
    cannot_link : int64 array ``(P, 2)``, optional
        Pairs of recordings that show different people (`himpc.recordings.cannot_link`): no group holds both.
    headings : complex128 array ``(R,)``, optional
        The mean heading of each recording relative to the camera (`himpc.learning.heading_vectors`). The confidence of
        groups that follow the side from which people were seen is lowered (`himpc.learning.views.check_views`).
    relative_noise : array ``(R,)``, optional
        With `scoring`, the variance of the error of each recording (`himpc.model.relative_noise`); estimated from the
        windows if not given.
    leave_ungrouped : bool
        With `scoring` and without `people`, whether small groups that may show the person of a larger one are left out
        (`himpc.learning.clustering.membership`).
    systems : SystemEffects, optional
        With `scoring`, the systems that made the R recordings, whose embeddings are centred. People are joined across
        systems only where the evidence allows for their offsets (`himpc.learning.clustering.system_offsets`).

    Raises
    ------
    DataError
        If fewer than two recordings have a window, or an embedding is not finite. Without `scoring`: if there are fewer
        than `MIN_RECORDINGS` and `people` is not given. Without `scoring`, or with `people`: if there are more than
        `MAX_RECORDINGS`.
    ConfigError
        If `people` is not between 1 and the number of recordings, or less than the number of people seen at one time.

    References
    ----------
    Hatch, Kajarekar, Stolcke: Within-class covariance normalization for SVM-based speaker recognition. Interspeech
    2006. Ledoit, Wolf: A well-conditioned estimator for large-dimensional covariance matrices. J. Multivar. Anal. 88
    (2004). Ward: Hierarchical grouping to optimize an objective function. JASA 58 (1963).
    """
    if not np.isfinite(vectors).all():
        raise DataError("embeddings contain values that are not finite", hint="check that the model was trained")
    recordings, member = np.unique(recording, return_inverse=True)
    pairs, still = renumber_pairs(cannot_link, recordings), np.zeros(len(recordings), dtype=np.bool_)
    _check_number_of_recordings(len(recordings), people, scoring)
    if people is not None:
        _check_number_of_people(people, len(recordings), pairs)
    if scoring is None:
        means = whitened_means(vectors.astype(np.float64), member) if whiten else means_by_label(vectors, member)
        labels = cluster_by_silhouette(means, pairs=pairs) if people is None else divide(means, people, pairs)
        clusters = RecordingClusters(means, labels, silhouette_confidence(means, labels))
    else:
        means = pool_windows(vectors, member, len(recordings), scoring.pose_scale)
        if relative_noise is None:
            order = np.argsort(member, kind="stable")
            noise, still = noise_and_still(vectors[order], member[order], scoring.pose_scale)
        else:
            noise = np.asarray(relative_noise, dtype=np.float64)[recordings]
        effects = None if systems is None else systems.of(recordings)
        clusters = cluster_by_evidence(means, noise, scoring, people, pairs, effects)
        if leave_ungrouped and people is None:
            system = None if effects is None else effects.system
            doubtful = doubtful_clusters(clusters.means, clusters.labels, scoring, pairs, noise, system)
            clusters = replace(clusters, doubtful=doubtful)
        if people is not None and headings is not None:
            # The stated number may leave groups that mix people and sides, in which no view is noticed.
            estimated = cluster_by_evidence(means, noise, scoring, None, pairs, effects)
            clusters = replace(clusters, estimated=estimated.labels)
    found = _number_groups(
        clusters, recordings, n_recordings, headings, estimated=people is None, kept_apart=len(pairs)
    )
    if still.all() or not still.any():
        return found
    is_still = np.zeros(n_recordings, dtype=np.bool_)
    is_still[recordings] = still
    found = replace(found, is_still=is_still)
    certainty = np.where(found.is_unmatched_still, STILL_CERTAINTY, 1.0)
    return replace(found, confidence=found.confidence * certainty)


def _number_groups(
    clusters: RecordingClusters,
    recordings: NDArray[np.integer],
    n_recordings: int,
    headings: NDArray[np.complex128] | None,
    *,
    estimated: bool,
    kept_apart: int,
) -> Grouping:
    """Number the clusters of some recordings by size, compare them with the headings, and leave doubtful ones out."""
    labels, plausible, views = clusters.labels, clusters.plausible, None
    groups = np.zeros(n_recordings, dtype=np.int64)
    confidence = np.full(n_recordings, np.nan)
    vectors = np.full((n_recordings, clusters.means.shape[1]), np.nan)
    groups[recordings] = _number_by_size(labels)
    confidence[recordings] = clusters.confidence
    vectors[recordings] = clusters.means
    if headings is not None and np.isfinite(headings).any():
        views = check_views(vectors, groups, headings)
        if clusters.estimated is not None and views.verdict == "people":
            tested = np.zeros(n_recordings, dtype=np.int64)
            tested[recordings] = clusters.estimated
            without_number = check_views(vectors, tested, headings)
            views = without_number if without_number.verdict == "views" else views
        confidence[is_seen_from_one_side(groups, headings)] *= views.certainty
    if clusters.doubtful is not None and clusters.doubtful.any():
        is_left_out = clusters.doubtful[labels]
        groups[recordings[~is_left_out]] = _number_by_size(labels[~is_left_out])
        groups[recordings[is_left_out]], confidence[recordings[is_left_out]] = 0, np.nan
        plausible = None if plausible is None else (min(plausible[0], int(groups.max())), plausible[1])
    return Grouping(groups, confidence, vectors, estimated, plausible, kept_apart, views, systems=clusters.match)


def _check_number_of_recordings(count: int, people: int | None, scoring: IdentityScoring | None) -> None:
    if count < 2:
        raise DataError(
            f"found {count_noun(count, 'recording')} as long as a window, expected at least two to group",
            hint="add recordings, or longer ones",
        )
    if count > MAX_RECORDINGS and (scoring is None or people is not None):
        raise DataError(
            f"found {count} recordings, expected at most {MAX_RECORDINGS} to group at once",
            hint="leave {people} out, and use a model that adapts the identity prior, such as {prior=identity}",
        )
    if people is None and scoring is None and count < MIN_RECORDINGS:
        raise DataError(
            f"found {count} recordings, expected at least {MIN_RECORDINGS} to estimate the number of people",
            hint="add recordings, or pass {people}",
        )


def _check_number_of_people(people: int, n_recordings: int, pairs: Pairs) -> None:
    check_people(people, n_recordings)
    if people < (visible := len(largest_clique(pairs))):
        raise ConfigError(
            f"people is {people}, but {visible} recordings overlap in time, and so show different people",
            hint="leave {people} out to estimate the number",
        )


def _number_by_size(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Renumber labels from 1, the largest group first, ties by first appearance."""
    names, first, counts = np.unique(labels, return_index=True, return_counts=True)
    order = np.lexsort((first, -counts))
    rank = np.empty(len(names), dtype=np.int64)
    rank[order] = np.arange(1, len(names) + 1)
    return rank[np.searchsorted(names, labels)]

"""Grouping of recordings by person, without labels (docs/method.md, sections 10 and 12)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError, DataError, Hint, Reference, count_noun
from himpc.learning.clustering.constraints import (
    Pairs,
    assign_apart,
    fewest_clusters,
    largest_clique,
    renumber_pairs,
    ward_tree,
)
from himpc.learning.clustering.evidence import NOISE_RANGE, cut_by_evidence
from himpc.learning.clustering.membership import doubtful_clusters, membership_probabilities, purity_probabilities
from himpc.learning.clustering.neighbour_tree import identity_tree
from himpc.learning.clustering.number_of_people import (
    MAX_RECORDINGS,
    MIN_RECORDINGS,
    cluster_by_silhouette,
    cut_tree,
    distance_sums,
    margins,
    own_and_nearest_distances,
)
from himpc.learning.clustering.recordings import means_by_label
from himpc.learning.clustering.system_offsets import SystemCheck, SystemEffects, check_systems, join_systems
from himpc.learning.statistics import shrunk_covariance, whitening_matrix
from himpc.learning.views import ViewCheck, check_views, is_seen_from_one_side
from himpc.model import IdentityScoring, noise_and_still, pool_windows

__all__ = ["Grouping", "group_recordings"]

NUISANCE_SHARE = 0.05
"""Share of the variance between recordings that is attributed to other causes than the person, such as view, posture or
shoes. Chosen from 0, 0.05, 0.2 and 0.5 on simulated walkers."""

MAX_RANGE = 1.5
"""Ratio of the largest to the smallest plausible number of people above which a warning calls the number uncertain:
half as many again."""

MAX_ASSIGNMENTS = 50
"""Maximum number of times that recordings are assigned to groups whose number is given: the assignment is a heuristic,
which may not settle."""

FEW_RECORDINGS_NOISE = 24.0
"""For confidences and the smallest plausible number of people, the noise of R recordings is multiplied by
``1 + FEW_RECORDINGS_NOISE / R**2``: few recordings hardly tell how much a person differs between days. For two it is
seven times as large: then 90 % of the pairs of walks of one person are joined, and half of those of two people from
video."""

MAX_STILL_APART = 0.05
"""Share of recordings without movement in no group with a moving one, above which a warning is given."""

STILL_CERTAINTY = 0.5
"""Factor of the confidence of these recordings: they show another person, or one of the others in another pose."""

LOW_CONFIDENCE, MAX_LOW_SHARE = 0.5, 0.2
"""Confidence below which a recording is more likely in a wrong group than in its own, and the share of such recordings
above which a warning is given."""


@dataclass(frozen=True, eq=False)
class Grouping:
    """The result of `group_recordings`.

    Attributes
    ----------
    groups : int64 array ``(R,)``
        The group of each recording, numbered from 1 in order of decreasing size; 0 for recordings without a window, and
        for those of small groups that may show the person of a larger one (`himpc.learning.clustering.membership`).
    confidence : float array ``(R,)``
        In [0, 1]; NaN if the group is 0. With a scoring, the probability that the recording belongs to its group, and
        that the group is one person. Otherwise its silhouette, or 0 if that is negative. A recording alone in its group
        is taken to be as far from others of its person as the median recording is; if all are alone, it is NaN.
    vectors : float64 array ``(R, D)``
        The vectors by which the recordings were compared; NaN for recordings without a window.
    estimated : bool
        True if the number of people was estimated, False if it was specified.
    plausible : (int, int) or None
        The smallest and the largest plausible number of people; None if it was specified, or is not known.
    kept_apart : int
        The number of pairs of recordings that were kept in different groups, because they overlap in time.
    views : ViewCheck or None
        Whether the groups are people, or the sides from which people were seen; None if no heading is known.
    view_effect_removed : bool
        True if the mean effect of the heading on bodies was removed before they were compared, since it was larger than
        that of the person.
    systems : SystemCheck or None
        Whether people were found who were recorded by several systems; None if there is one system.
    still_apart : (int, int)
        The number of recordings without movement that are in no group with a moving one, and the number of recordings
        without movement. With a scoring only.
    """

    groups: NDArray[np.int64]
    confidence: NDArray[np.float64]
    vectors: NDArray[np.float64]
    estimated: bool
    plausible: tuple[int, int] | None = None
    kept_apart: int = 0
    views: ViewCheck | None = None
    view_effect_removed: bool = False
    systems: SystemCheck | None = None
    still_apart: tuple[int, int] = (0, 0)

    @property
    def people(self) -> int:
        """The number of people."""
        return int(self.groups.max(initial=0))

    @property
    def ungrouped(self) -> int:
        """The number of recordings that have a window, but no group."""
        return int(((self.groups == 0) & np.isfinite(self.vectors).all(axis=1)).sum())

    @property
    def warning(self) -> str:
        """Doubts about views, the number of people and confidences, in one text; empty if there are none."""
        return self.render_warning()

    @property
    def note(self) -> str:
        """What was done to the bodies before they were compared; empty if nothing was."""
        notes = [] if self.systems is None else [self.systems.note]
        if self.view_effect_removed:
            notes.append(
                "bodies differed more by the side from which they were seen than by the person, so the mean effect of "
                "the side was removed before they were compared"
            )
        return "; ".join(note for note in notes if note)

    @property
    def remarks(self) -> tuple[str, ...]:
        """All that concerns views and systems: `note`, and the doubts whether groups are people."""
        return tuple(remark for remark in (self.note, *self._doubts_of_people) if remark)

    def render_warning(self, spell: Callable[[Reference], str] = str) -> str:
        """Return `warning` with each reference to a parameter written by `spell`, such as an option of a command."""
        return "; ".join(doubt for doubt in (*self._doubts_of_people, self._doubt_of_number(spell)) if doubt)

    @property
    def _doubts_of_people(self) -> tuple[str, ...]:
        """Doubts whether groups are people, or the sides or the systems from which these were seen."""
        return tuple("" if check is None else check.warning for check in (self.views, self.systems))

    def _doubt_of_number(self, spell: Callable[[Reference], str]) -> str:
        if not self.estimated:
            return ""
        if self.plausible is not None:
            return "; ".join(each.render(spell) for each in self._doubts_of_evidence())
        grouped = int((self.groups > 0).sum())
        if self.people == grouped:
            return Hint(
                f"no two of {grouped} recordings were found to show the same person, so each is its own group; if that "
                "is wrong, state the number of people with {people}"
            ).render(spell)
        if self.people <= math.ceil(math.sqrt(grouped)):
            return Hint(
                f"{count_noun(self.people, 'person', 'people')} is the smallest number that is tried for {grouped} "
                "recordings; if there are fewer, state the number of people with {people}"
            ).render(spell)
        return ""

    def _doubts_of_evidence(self) -> Iterator[Hint]:
        """Yield doubts about a grouping by evidence."""
        assert self.plausible is not None
        low, high = self.plausible
        if self.ungrouped:
            yield Hint(
                f"{count_noun(self.ungrouped, 'recording')} in no group: each differs from all groups, but too few are "
                "alike to say that they show another person"
            )
        apart, still = self.still_apart
        if apart > MAX_STILL_APART * len(self.groups):
            yield Hint(
                f"{apart} of {still} recordings without movement are in no group with a moving one, because a pose "
                "changes what is measured of a body; if they hold markers, compare these as they are with "
                "{layout=points}, or leave them out"
            )
        if high > MAX_RANGE * low:
            yield Hint(
                f"the number of people is uncertain: from {low} to {high} are plausible; if you know it, state it "
                "with {people}"
            )
        low_confidence = int((self.confidence < LOW_CONFIDENCE).sum())
        if low_confidence > MAX_LOW_SHARE * len(self.confidence) and not any(self._doubts_of_people):
            yield Hint(
                f"{low_confidence} of {len(self.confidence)} recordings have a confidence below {LOW_CONFIDENCE}; "
                "check their groups before you rely on them"
            )


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
    classes), plus `NUISANCE_SHARE` of the covariance between recordings. Both are shrunk as by Ledoit and Wolf. The
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
        means = _whitened_means(vectors.astype(np.float64), member) if whiten else means_by_label(vectors, member)
        labels = cluster_by_silhouette(means, pairs=pairs) if people is None else _divide(means, people, pairs)
        clusters = _Clusters(means, labels, _silhouette_confidence(means, labels))
    else:
        means = pool_windows(vectors, member, len(recordings), scoring.pose_scale)
        if relative_noise is None:
            order = np.argsort(member, kind="stable")
            noise, still = noise_and_still(vectors[order], member[order], scoring.pose_scale)
        else:
            noise = np.asarray(relative_noise, dtype=np.float64)[recordings]
        effects = None if systems is None else systems.of(recordings)
        clusters = _cluster_by_evidence(means, noise, scoring, people, pairs, effects)
        if leave_ungrouped and people is None:
            system = None if effects is None else effects.system
            doubtful = doubtful_clusters(clusters.means, clusters.labels, scoring, pairs, noise, system)
            clusters = replace(clusters, doubtful=doubtful)
        if people is not None and headings is not None:
            # The stated number may leave groups that mix people and sides, in which no view is noticed.
            estimated = _cluster_by_evidence(means, noise, scoring, None, pairs, effects)
            clusters = replace(clusters, estimated=estimated.labels)
    found = _number_groups(
        clusters, recordings, n_recordings, headings, estimated=people is None, kept_apart=len(pairs)
    )
    if still.all() or not still.any():
        return found
    groups = found.groups[recordings]
    apart = still & ((groups == 0) | ~np.isin(groups, groups[~still]))
    confidence = found.confidence.copy()
    confidence[recordings[apart]] *= STILL_CERTAINTY
    return replace(found, confidence=confidence, still_apart=(int(apart.sum()), int(still.sum())))


@dataclass(frozen=True, eq=False)
class _Clusters:
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
    systems: SystemCheck | None = None
    estimated: NDArray[np.int64] | None = None


def _number_groups(
    clusters: _Clusters,
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
    return Grouping(groups, confidence, vectors, estimated, plausible, kept_apart, views, systems=clusters.systems)


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


def _cluster_by_evidence(
    means: NDArray[np.float64],
    noise: NDArray[np.float64],
    scoring: IdentityScoring,
    people: int | None,
    pairs: Pairs,
    systems: SystemEffects | None = None,
) -> _Clusters:
    """Cluster recordings by the evidence that they show one person, given the relative noise of each, ``(R,)``.

    Systems that share no person may differ by people or by an offset. Confidences and plausible numbers allow for both:
    the offset that the evidence suggests, and all of the difference between their mean bodies.
    """
    few_recordings = 1 + FEW_RECORDINGS_NOISE / len(means) ** 2
    alternatives, check, labels = [means], None, None
    if systems is not None and len(systems.names) > 1:
        joined = join_systems(means, noise, scoring, systems, pairs)
        noise, labels, check = joined.noise * noise, joined.labels, joined.check
        alternatives = [joined.vectors, *([means] if check.alone else [])]
        means = joined.vectors
    if people is not None:
        labels = _divide(means, people, pairs, 1 / noise)
        check = None if systems is None or check is None else check_systems(labels, systems)
    plausible = None
    trees = [identity_tree(each, scoring, pairs, noise) for each in alternatives] if people is None else []
    if labels is None:
        labels = cut_by_evidence(trees[0], means, scoring, relative_noise=noise)
    if trees:
        found = int(labels.max()) + 1
        smallest, largest = NOISE_RANGE
        counts = [
            int(cut_by_evidence(tree, each, scoring, variance, noise).max()) + 1
            for tree, each in zip(trees, alternatives, strict=True)
            for variance in (smallest, largest * few_recordings)
        ]
        plausible = min(*counts, found), max(*counts, found)
    confidence = np.minimum.reduce(
        [
            membership_probabilities(each, labels, scoring, pairs, few_recordings * noise)
            * purity_probabilities(each, labels, scoring, noise)
            for each in alternatives
        ]
    )
    return _Clusters(means, labels, confidence, plausible, systems=check)


def _whitened_means(vectors: NDArray[np.float64], member: NDArray[np.integer]) -> NDArray[np.float64]:
    """Compute the mean of the windows of each recording, ``(R, D)``, whitened by the within-person variation."""
    means = means_by_label(vectors, member)
    within = vectors - means[member]
    if not within.any():
        return means
    between = means - means.mean(axis=0)
    covariance = shrunk_covariance(within) + NUISANCE_SHARE * shrunk_covariance(between)
    min_share = float(np.finfo(np.float64).eps) * len(covariance)
    whitened: NDArray[np.float64] = means @ whitening_matrix(covariance, min_share=min_share)
    return whitened


def _divide(
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


def _silhouette_confidence(vectors: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Compute the confidence ``(R,)`` from silhouettes (see `Grouping`); 1 if there is one group."""
    from scipy.spatial.distance import pdist, squareform

    if labels.max() == 0:
        return np.ones(len(labels))
    distances = squareform(pdist(vectors))
    sums, sizes = distance_sums(distances, labels)
    own_distance, nearest_distance = own_and_nearest_distances(sums, sizes, labels)
    is_single = sizes[labels] == 1
    if is_single.all():
        return np.full(len(labels), np.nan)
    own_distance = np.where(is_single, np.median(own_distance[~is_single]), own_distance)
    return np.clip(margins(own_distance, nearest_distance), 0, 1)


def _number_by_size(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Renumber labels from 1, the largest group first, ties by first appearance."""
    names, first, counts = np.unique(labels, return_index=True, return_counts=True)
    order = np.lexsort((first, -counts))
    rank = np.empty(len(names), dtype=np.int64)
    rank[order] = np.arange(1, len(names) + 1)
    return rank[np.searchsorted(names, labels)]

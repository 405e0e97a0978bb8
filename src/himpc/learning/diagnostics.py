"""Self-diagnostics of a model without labels: measures that correlate with the true Rank-1, and advice.

The measures were selected by their rank correlation with the true Rank-1 over simulated suites of many difficulties
(``perf/diagnostics.py``; docs/lab-notebook.md).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import count_noun
from himpc.learning.clustering.number_of_people import MIN_RECORDINGS, silhouette_gain
from himpc.learning.clustering.recordings import cluster_recordings, means_by_label
from himpc.learning.grouping import group_recordings
from himpc.model import Model
from himpc.recordings import Windows
from himpc.skeleton import has_side_lines, headings

CLEAR_MARGIN, MIN_MARGIN = 0.45, 0.25
"""Thresholds of the margin, chosen on 32 simulated suites. On 24 others (preset ``tracklet``), Rank-1 of recordings was
at least 77 % in each suite above the first, and at most 62 % in each suite below the second."""

MIN_AGREEMENT = 0.5
"""Minimum agreement of levels: in each of those 24 suites with less, Rank-1 of recordings was at most 62 %."""

CLEAR_CONFIDENCE, MIN_CONFIDENCE = 0.8, 0.5
"""Thresholds of the mean confidence of groups of an adapted model. On the development sets and parts of them, Rank-1 of
recordings was at least 82 % above the first, and at most 71 % below the second."""

NARROW_ARC_DEGREES = 60.0
"""Recordings whose headings lie within a narrower arc show people from one side, as in the simulated suite one-view."""

ARC_SHARE = 0.9
"""Share of the recordings whose headings the arc contains."""


@dataclass(frozen=True)
class Diagnosis:
    """Self-diagnostics of a model on its training recordings; higher values correlate with a higher Rank-1.

    Attributes
    ----------
    recordings, groups : int
        R, and the number of groups that the embeddings of the model form (`himpc.learning.clustering`).
    margin : float
        Gain of the mean silhouette of the groups over that of random data; 0 if no two recordings are joined.
    nearest : float
        1 - (distance to the nearest other recording) / (median distance to the others); median over recordings.
    halves : float, optional
        1 - (mean distance between the halves of a recording) / (mean distance between halves of two recordings). None
        if fewer than two recordings have windows that do not overlap.
    levels : float, optional
        Share of recordings with the same nearest recording at two levels; mean over pairs of levels. None with one
        level.
    facing : float, optional
        The narrowest arc, in degrees, that contains the headings of 90 % of the recordings; None if unknown, as in 2D.
    confidence : float, optional
        Mean confidence of the groups, for a model with the identity prior; the advice then depends on it alone.
    """

    recordings: int
    groups: int
    margin: float
    nearest: float
    halves: float | None
    levels: float | None
    facing: float | None = None
    confidence: float | None = None

    @property
    def advice(self) -> tuple[str, ...]:
        """The interpretation of the numbers, one sentence each."""
        if self.confidence is not None:
            return (self._verdict_by_evidence(self.confidence),)
        if self.recordings < MIN_RECORDINGS:
            return (
                f"found {count_noun(self.recordings, 'recording')}, too few to group by person, so each counted as "
                f"another person; add recordings, at least {MIN_RECORDINGS}",
            )
        sentences = [self._verdict()]
        if self.groups == math.ceil(math.sqrt(self.recordings)):
            sentences.append(
                f"{count_noun(self.groups, 'group')} is the smallest number that is tried for {self.recordings} "
                "recordings; if there are fewer people, state their number when you group"
            )
        if self.levels is not None and self.levels < MIN_AGREEMENT:
            sentences.append(
                "joints, components and limbs disagree (the same nearest recording for only "
                f"{self.levels:.0%}); check the groups before you rely on them"
            )
        if self.facing is not None and self.facing < NARROW_ARC_DEGREES:
            sentences.append(
                f"nearly all bodies face one direction (within {self.facing:.0f} degrees), so recognition from other "
                "sides was not learned; add recordings from more sides if you need it"
            )
        return tuple(sentences)

    def _verdict(self) -> str:
        numbers = f"{self.groups} groups of {self.recordings} recordings, {self.margin:.2f} above random data"
        if self.groups == self.recordings:
            return self._verdict_without_evidence()
        if self.margin >= CLEAR_MARGIN:
            return f"people are distinguished clearly: {numbers}"
        if self.margin >= MIN_MARGIN:
            return f"people are distinguished, but not clearly: {numbers}; expect some errors"
        return (
            f"people look similar, or differ much between recordings: {numbers}; expect many errors, and try more and "
            "longer recordings of each person, from more sides"
        )

    def _verdict_without_evidence(self) -> str:
        return (
            f"no two of {self.recordings} recordings were found to show the same person; if each shows another person, "
            "add more recordings of each; if not, people look too similar, or differ too much between recordings"
        )

    def _verdict_by_evidence(self, confidence: float) -> str:
        if self.groups == self.recordings:
            return self._verdict_without_evidence()
        groups, recordings = count_noun(self.groups, "group"), count_noun(self.recordings, "recording")
        numbers = f"{groups} of {recordings}, with a mean confidence of {confidence:.2f}"
        if confidence >= CLEAR_CONFIDENCE:
            return f"people are distinguished clearly: {numbers}"
        if confidence >= MIN_CONFIDENCE:
            return f"people are distinguished, but not clearly: {numbers}; expect some errors"
        return (
            f"people look similar, or differ much between recordings: {numbers}; expect many errors, and try more and "
            "longer recordings of each person, standing or walking upright, from the same side"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers and the advice as plain data."""
        return {**asdict(self), "advice": list(self.advice)}


def diagnose(model: Model, windows: Windows) -> Diagnosis:
    """Compute the self-diagnostics of a model from the embeddings of recordings.

    Parameters
    ----------
    model : Model
    windows : Windows
        Windows of at least one recording, usually those that the model was trained on.

    Raises
    ------
    ModelError
        If the windows do not fit the model.
    DataError
        If there are too many recordings to group at once.
    """
    recording = np.unique(windows.whole_recording, return_inverse=True)[1]
    vectors = model.embed(windows)
    first = np.unique(recording, return_index=True)[1]
    if model.scoring is not None and len(first) > 1:
        grouping = group_recordings(vectors, recording, len(first), scoring=model.scoring)
        labels, confidence = grouping.groups[recording] - 1, float(np.nanmean(grouping.confidence))
        means = grouping.vectors
    else:
        labels, confidence = cluster_recordings(vectors, recording), None
        means = means_by_label(vectors, recording)
    return Diagnosis(
        recordings=len(first),
        groups=int(labels.max()) + 1,
        margin=silhouette_gain(means[labels[first] >= 0], labels[first][labels[first] >= 0]),
        nearest=_nearest_gain(means),
        halves=_halves_gain(vectors, recording, windows.starts, windows.length),
        levels=_level_agreement(np.split(means, len(model.levels), axis=1)),
        facing=_narrowest_arc(windows, recording),
        confidence=confidence,
    )


def _narrowest_arc(windows: Windows, recording: NDArray[np.integer]) -> float | None:
    """Return the narrowest arc, in degrees, that contains the mean heading of `ARC_SHARE` of the recordings."""
    if windows.dimensions != 3 or not has_side_lines(windows.layout):
        return None
    angles = headings(windows.frames[windows.starts], windows.layout)
    is_defined = np.isfinite(angles)
    sums = np.zeros(recording.max() + 1, dtype=np.complex128)
    np.add.at(sums, recording[is_defined], np.exp(1j * angles[is_defined]))
    directions = np.sort(np.angle(sums[np.abs(sums) > 0]))
    if not len(directions):
        return None
    count = math.ceil(ARC_SHARE * len(directions))
    two_turns = np.concatenate([directions, directions + 2 * np.pi])
    return float(np.degrees((two_turns[count - 1 : count - 1 + len(directions)] - directions).min()))


def _distances_between(means: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distances ``(R, R)`` between recordings, infinite on the diagonal."""
    from scipy.spatial.distance import pdist, squareform

    distances: NDArray[np.float64] = squareform(pdist(means))
    np.fill_diagonal(distances, np.inf)
    return distances


def _nearest_gain(means: NDArray[np.float64]) -> float:
    """Compute the gain of the nearest other recording over the median one; 0 with fewer than two."""
    if len(means) < 2:
        return 0.0
    sorted_distances = np.sort(_distances_between(means), axis=1)[:, :-1]
    return _relative_gain(sorted_distances[:, 0], np.median(sorted_distances, axis=1))


def _halves_gain(
    vectors: NDArray[np.floating], recording: NDArray[np.integer], starts: NDArray[np.int64], length: int
) -> float | None:
    """Compute the gain of the halves of one recording over halves of two recordings."""
    from scipy.spatial.distance import cdist

    halves = []
    ordered = np.lexsort((starts, recording))
    for rows in np.split(ordered, np.cumsum(np.bincount(recording))[:-1]):
        early, late = rows[: (len(rows) + 1) // 2], rows[len(rows) // 2 :]
        late = late[starts[late] >= starts[early[-1]] + length]
        if len(late):
            halves.append((vectors[early].mean(axis=0), vectors[late].mean(axis=0)))
    if len(halves) < 2:
        return None
    distances = cdist(*(np.array(side, dtype=np.float64) for side in zip(*halves, strict=True)))
    same = np.eye(len(halves), dtype=bool)
    return _relative_gain(distances[same].mean(keepdims=True), distances[~same].mean(keepdims=True))


def _relative_gain(near: NDArray[np.float64], far: NDArray[np.float64]) -> float:
    """Return the median of 1 - near / far; 0 where `far` is 0."""
    shares = np.divide(near, far, out=np.ones_like(near), where=far > 0)
    return float(1 - np.median(shares))


def _level_agreement(levels: list[NDArray[np.float64]]) -> float | None:
    """Compute the share of recordings with the same nearest recording at two levels, averaged over pairs of levels."""
    nearest = [_distances_between(means).argmin(axis=1) for means in levels]
    pairs = list(combinations(nearest, 2))
    return float(np.mean([(one == other).mean() for one, other in pairs])) if pairs else None

"""Self-diagnostics of a model, without labels: numbers that correlate with its true Rank-1, and advice.

The numbers were chosen by how well they rank simulated suites of many difficulties by their true Rank-1
(``perf/diagnostics.py``; docs/lab-notebook.md has the table, and the numbers that were rejected).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.learning.clustering.number_of_people import MIN_RECORDINGS, silhouette_gain
from himpc.learning.clustering.recordings import cluster_recordings, means_by_label
from himpc.model import Model
from himpc.recordings import Windows
from himpc.skeleton import headings

__all__ = ["Diagnosis", "diagnose"]

CLEAR, UNCLEAR = 0.45, 0.25
"""Limits of the margin, chosen on 32 simulated suites. On 24 others (preset ``tracklet``), Rank-1 of recordings was at
least 77 % in each suite above the first, and at most 62 % in each below the second."""

MIN_AGREEMENT = 0.5
"""Minimum agreement of levels: in each of those 24 suites with less, Rank-1 of recordings was at most 62 %."""

NARROW_ARC = 60.0
"""Bodies that face into an arc of fewer degrees are seen from one side, as in the simulated suite one-view."""

ARC_SHARE = 0.9
"""Share of recordings that an arc must contain."""


@dataclass(frozen=True)
class Diagnosis:
    """Self-diagnostics of a model on the recordings that it was trained on; higher numbers go with a higher Rank-1.

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
        The narrowest arc, in degrees, that 90 % of the recordings face into; None if unknown, as in 2D.
    """

    recordings: int
    groups: int
    margin: float
    nearest: float
    halves: float | None
    levels: float | None
    facing: float | None = None

    @property
    def advice(self) -> tuple[str, ...]:
        """The interpretation of the numbers, one sentence each."""
        if self.recordings < MIN_RECORDINGS:
            return (
                f"{self.recordings} recordings are too few to group by person, so each counted as another person; add "
                f"recordings, at least {MIN_RECORDINGS}",
            )
        sentences = [self._verdict()]
        if self.groups == math.ceil(math.sqrt(self.recordings)):
            sentences.append(
                f"{self.groups} groups is the smallest number that is tried for {self.recordings} recordings; if there "
                "are fewer people, state their number when you group"
            )
        if self.levels is not None and self.levels < MIN_AGREEMENT:
            sentences.append(
                "joints, components and limbs disagree (the same nearest recording for only "
                f"{self.levels:.0%}); check the groups before you rely on them"
            )
        if self.facing is not None and self.facing < NARROW_ARC:
            sentences.append(
                f"nearly all bodies face one direction (within {self.facing:.0f} degrees), so recognition from other "
                "sides was not learned; add recordings from more sides if you need it"
            )
        return tuple(sentences)

    def _verdict(self) -> str:
        numbers = f"{self.groups} groups of {self.recordings} recordings, {self.margin:.2f} above random data"
        if self.groups == self.recordings:
            return (
                f"no two of {self.recordings} recordings were found to show the same person; if each shows another "
                "person, add more recordings of each; if not, people look too similar, or differ too much between "
                "recordings"
            )
        if self.margin >= CLEAR:
            return f"people are distinguished clearly: {numbers}"
        if self.margin >= UNCLEAR:
            return f"people are distinguished, but not clearly: {numbers}; expect some errors"
        return (
            f"people look similar, or differ much between recordings: {numbers}; expect many errors, and try more and "
            "longer recordings of each person, from more sides"
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
    take = np.unique(windows.whole_recording, return_inverse=True)[1]
    vectors = model.embed(windows)
    labels = cluster_recordings(vectors, take)
    first = np.unique(take, return_index=True)[1]
    means = means_by_label(vectors, take)
    return Diagnosis(
        recordings=len(first),
        groups=int(labels.max()) + 1,
        margin=silhouette_gain(means, labels[first]),
        nearest=_nearest(means),
        halves=_halves(vectors, take, windows.starts, windows.length),
        levels=_agreement(np.split(means, len(model.levels), axis=1)),
        facing=_facing(windows, take),
    )


def _facing(windows: Windows, take: NDArray[np.integer]) -> float | None:
    """Return the narrowest arc, in degrees, that contains the mean heading of `ARC_SHARE` of the recordings."""
    if windows.dimensions != 3 or not windows.layout.has("left_hip", "right_hip", "left_shoulder", "right_shoulder"):
        return None
    angles = headings(windows.frames[windows.starts], windows.layout)
    is_known = np.isfinite(angles)
    sums = np.zeros(take.max() + 1, dtype=np.complex128)
    np.add.at(sums, take[is_known], np.exp(1j * angles[is_known]))
    faced = np.sort(np.angle(sums[np.abs(sums) > 0]))
    if not len(faced):
        return None
    count = math.ceil(ARC_SHARE * len(faced))
    around = np.concatenate([faced, faced + 2 * np.pi])
    return float(np.degrees((around[count - 1 : count - 1 + len(faced)] - faced).min()))


def _others(means: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distances ``(R, R)`` between recordings, infinite on the diagonal."""
    from scipy.spatial.distance import pdist, squareform

    distances: NDArray[np.float64] = squareform(pdist(means))
    np.fill_diagonal(distances, np.inf)
    return distances


def _nearest(means: NDArray[np.float64]) -> float:
    """Return how much nearer the nearest other recording is than the median one; 0 with fewer than two."""
    if len(means) < 2:
        return 0.0
    others = np.sort(_others(means), axis=1)[:, :-1]
    return _gain(others[:, 0], np.median(others, axis=1))


def _halves(
    vectors: NDArray[np.floating], take: NDArray[np.integer], starts: NDArray[np.int64], length: int
) -> float | None:
    """Return how much nearer the two halves of a recording are to each other than to those of others."""
    from scipy.spatial.distance import cdist

    halves = []
    ordered = np.lexsort((starts, take))
    for rows in np.split(ordered, np.cumsum(np.bincount(take))[:-1]):
        early, late = rows[: (len(rows) + 1) // 2], rows[len(rows) // 2 :]
        late = late[starts[late] >= starts[early[-1]] + length]
        if len(late):
            halves.append((vectors[early].mean(axis=0), vectors[late].mean(axis=0)))
    if len(halves) < 2:
        return None
    distances = cdist(*(np.array(side, dtype=np.float64) for side in zip(*halves, strict=True)))
    own = np.eye(len(halves), dtype=bool)
    return _gain(distances[own].mean(keepdims=True), distances[~own].mean(keepdims=True))


def _gain(near: NDArray[np.float64], far: NDArray[np.float64]) -> float:
    """Return the median of 1 - near / far; 0 where `far` is 0."""
    shares = np.divide(near, far, out=np.ones_like(near), where=far > 0)
    return float(1 - np.median(shares))


def _agreement(levels: list[NDArray[np.float64]]) -> float | None:
    """Return how often two levels have the same nearest recording."""
    nearest = [_others(means).argmin(axis=1) for means in levels]
    pairs = list(combinations(nearest, 2))
    return float(np.mean([(one == other).mean() for one, other in pairs])) if pairs else None

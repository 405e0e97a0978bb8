"""How far a model can be believed, without any label: numbers that go with its true Rank-1, and what they say in words.

Chosen by how well they rank simulated suites of many difficulties by the Rank-1 that the true people give
(``perf/diagnostics.py``; the table, and the numbers that did not, are in docs/lab-notebook.md).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.learning.cuts import over_strangers
from himpc.learning.grouping import MIN_RECORDINGS
from himpc.learning.recording_labels import recording_labels
from himpc.learning.whitening import means_of
from himpc.model import Model
from himpc.recordings.windows import Windows
from himpc.skeleton import headings

__all__ = ["Diagnosis", "diagnose"]

CLEAR, UNCLEAR = 0.45, 0.25
"""Margins, chosen on 32 simulated suites: on 24 others, Rank-1 of recordings was 77 % or more in each above the first,
and 62 % or less in each below the second (preset ``tracklet``)."""

AGREED = 0.5
"""Agreement of levels: in each of those 24 with less, Rank-1 of recordings was 62 % or less."""


NARROW = 60.0
"""Degrees: bodies that face within so narrow an arc are seen from one side, as in the simulated suite one-view."""

MOST = 0.9
"""The share of recordings that an arc must hold."""


@dataclass(frozen=True)
class Diagnosis:
    """What a model says of the recordings that it was trained on; higher numbers go with a higher Rank-1.

    Attributes
    ----------
    recordings, groups : int
        R, and into how many groups the model's representation puts them (`himpc.learning.recording_labels`).
    margin : float
        By how much the mean silhouette of the groups exceeds that of as many groups of strangers; 0 where no two
        recordings are joined.
    nearest : float
        1 - (distance to the nearest other recording) / (median distance to the others), median over recordings.
    halves : float, optional
        1 - (distance between the halves of a recording) / (distance between the halves of two), both in the mean. None
        where fewer than two recordings have windows that do not overlap.
    levels : float, optional
        Share of recordings for which two levels find the same other recording nearest, mean over pairs of levels. None
        with a single level.
    facing : float, optional
        The narrowest arc, in degrees, that 90 % of the recordings face into; None where that cannot be seen, as in 2D.
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
        """What to make of it, a sentence each."""
        if self.recordings < MIN_RECORDINGS:
            return (
                f"{self.recordings} recordings are too few to see which show the same person: each counted as somebody "
                f"else; give {MIN_RECORDINGS} or more",
            )
        said = [self._verdict()]
        if self.groups == math.ceil(math.sqrt(self.recordings)):
            said.append(
                f"{self.groups} groups are the fewest that are tried for {self.recordings} recordings: if there are "
                "fewer people, say how many when you group (--people)"
            )
        if self.levels is not None and self.levels < AGREED:
            said.append(
                "joints, components and limbs do not agree on who is who (the same nearest recording for "
                f"{self.levels:.0%}): look at the groups before you rely on them"
            )
        if self.facing is not None and self.facing < NARROW:
            said.append(
                f"nearly all bodies face one way (within {self.facing:.0f} degrees): whether people are known from "
                "another side was not learned; add recordings from more sides if there will be such"
            )
        return tuple(said)

    def _verdict(self) -> str:
        each = f"{self.groups} groups of {self.recordings} recordings, {self.margin:.2f} clearer than strangers"
        if self.groups == self.recordings:
            return (
                f"no two of {self.recordings} recordings were found to show the same person, so nothing was joined: if "
                "each shows somebody else, more recordings of each are what helps; if not, people look too much alike "
                "here, or differ too much from one recording to the next"
            )
        if self.margin >= CLEAR:
            return f"people are told apart clearly: {each}"
        if self.margin >= UNCLEAR:
            return f"people are told apart, but not clearly: {each}; expect some that are wrong"
        return (
            f"people look alike here, or differ much from one recording to the next: {each}; expect many that are "
            "wrong, and try more and longer recordings of each person, from more sides"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers and the advice as plain data."""
        return {**asdict(self), "advice": list(self.advice)}


def diagnose(model: Model, windows: Windows) -> Diagnosis:
    """Compare recordings by a model's representation, and say how far it can be believed.

    Parameters
    ----------
    model : Model
    windows : Windows
        Of at least one recording; those that it was trained on, as a rule.

    Raises
    ------
    ModelError
        If the windows do not fit the model.
    DataError
        If there are more recordings than can be grouped at once.
    """
    take = np.unique(windows.whole_recording, return_inverse=True)[1]
    vectors = model.embed(windows)
    labels = recording_labels(vectors, take)
    first = np.unique(take, return_index=True)[1]
    means = means_of(vectors, take)
    return Diagnosis(
        recordings=len(first),
        groups=int(labels.max()) + 1,
        margin=over_strangers(means, labels[first]),
        nearest=_nearest(means),
        halves=_halves(vectors, take, windows.starts, windows.length),
        levels=_agreement(np.split(means, len(model.levels), axis=1)),
        facing=_facing(windows, take),
    )


def _facing(windows: Windows, take: NDArray[np.integer]) -> float | None:
    """Return the narrowest arc, in degrees, that most recordings face into, each by the mean of its windows."""
    if windows.dimensions != 3 or not windows.layout.has("left_hip", "right_hip", "left_shoulder", "right_shoulder"):
        return None
    angles = headings(windows.frames[windows.starts], windows.layout)
    seen = np.isfinite(angles)
    sums = np.zeros(take.max() + 1, dtype=np.complex128)
    np.add.at(sums, take[seen], np.exp(1j * angles[seen]))
    faced = np.sort(np.angle(sums[np.abs(sums) > 0]))
    if not len(faced):
        return None
    held = math.ceil(MOST * len(faced))
    around = np.concatenate([faced, faced + 2 * np.pi])
    return float(np.degrees((around[held - 1 : held - 1 + len(faced)] - faced).min()))


def _others(means: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distances ``(R, R)`` between recordings, infinite to itself."""
    from scipy.spatial.distance import pdist, squareform

    distances: NDArray[np.float64] = squareform(pdist(means))
    np.fill_diagonal(distances, np.inf)
    return distances


def _nearest(means: NDArray[np.float64]) -> float:
    """Return how much nearer the nearest other recording is than the median one; 0 where there are no two."""
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
    """Return 1 - near / far, the median; 0 where all are in one place."""
    shares = np.divide(near, far, out=np.ones_like(near), where=far > 0)
    return float(1 - np.median(shares))


def _agreement(levels: list[NDArray[np.float64]]) -> float | None:
    """Return how often two levels find the same recording nearest."""
    nearest = [_others(means).argmin(axis=1) for means in levels]
    pairs = list(combinations(nearest, 2))
    return float(np.mean([(one == other).mean() for one, other in pairs])) if pairs else None

"""Whether a recording shows a body of another size than the other recordings of its person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.auditing.evidence import robust_spread
from himpc.recordings import Recording, number_whole_recordings

__all__ = ["SizeCheck", "check_sizes", "measure_sizes"]

PRIOR = 0.01
MIN_SPREAD = 0.006
"""Smallest standard deviation of the logarithm of a size between recordings of one person."""

RANGE = np.log(4.0)
"""Width of the range, in logarithms, in which another size may be anywhere."""

IMPOSSIBLE = np.log(2.5)
"""Logarithm of the ratio of two bodies of which one is not in metres."""

FREEDOM = 8.0
"""Degrees of freedom of the t distribution of sizes of one person."""

SIMILAR_POSES = 5
"""Recordings of other people, in the most similar poses, whose differences are expected of a recording as well."""

MAX_FRAMES = 300

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SizeCheck:
    """The result of `check_sizes`.

    Attributes
    ----------
    probability : float64 array ``(W,)``
        That the size of a whole recording is not that of its person; NaN for the only recording of a person, unless no
        body has such a size.
    ratio : float64 array ``(W,)``
        Its size relative to the median of the person's other recordings, or else of all.
    """

    probability: Array
    ratio: Array


def measure_sizes(recordings: Sequence[Recording]) -> Array:
    """Measure the size of each whole recording ``(W,)``: the sum of the median lengths of all bones.

    For points without bones, it is the sum of the median distances of all points from their centre.
    """
    layout = recordings[0].layout
    whole = number_whole_recordings(recordings)
    bones = np.array(layout.bones, dtype=np.int64).reshape(-1, 2)
    frames: list[list[Array]] = [[] for _ in range(int(whole.max()) + 1)]
    for number, recording in zip(whole, recordings, strict=True):
        joints = recording.joints[:: max(1, len(recording) // MAX_FRAMES)].astype(np.float64)
        spans = (
            joints[:, bones[:, 0]] - joints[:, bones[:, 1]] if len(bones) else joints - joints.mean(1, keepdims=True)
        )
        frames[number].append(np.linalg.norm(spans, axis=-1))
    return np.array([float(np.median(np.concatenate(each), axis=0).sum()) for each in frames])


def check_sizes(sizes: Array, people: NDArray[np.int64], poses: Array) -> SizeCheck:
    """Compare the size of each whole recording with the person's other ones.

    The spread between recordings of one person is estimated from all people. A difference that other people in similar
    poses have as well is of the sensor: depth cameras see sitting people shorter. Of two recordings that differ nothing
    says which is wrong, so each gets half of the probability.

    Parameters
    ----------
    sizes : float64 array ``(W,)``
    people : int64 array ``(W,)``
    poses : float64 array ``(W, D)``
        Of the whole recordings, to find similar ones.
    """
    logs = np.log(np.maximum(sizes, 1e-9))
    difference, probability = np.full(len(sizes), np.nan), np.full(len(sizes), np.nan)
    count = np.bincount(people)[people]
    for index in np.flatnonzero(count > 1):
        others = (people == people[index]) & (np.arange(len(sizes)) != index)
        difference[index] = logs[index] - np.median(logs[others])
    single = count == 1
    difference[single] = logs[single] - np.median(logs)
    probability[single & (np.abs(difference) > IMPOSSIBLE)] = 0.99
    difference[single & (np.abs(difference) <= IMPOSSIBLE)] = np.nan
    known = ~np.isnan(difference) & ~single
    if known.any():
        unexplained = difference - _shared_difference(difference, known, people, poses)
        spread = robust_spread(unexplained[known], MIN_SPREAD)
        scaled = unexplained[known] / spread
        own = 0.387 * (1 + scaled**2 / FREEDOM) ** (-(FREEDOM + 1) / 2) / spread  # the density of t with 8
        other = np.where(np.abs(unexplained[known]) > 2 * spread, 1 / RANGE, 0)
        probability[known] = PRIOR * other / (PRIOR * other + (1 - PRIOR) * own)
        probability[count == 2] *= 0.5 + 1e-9
    return SizeCheck(probability, np.exp(difference))


def _shared_difference(difference: Array, known: NDArray[np.bool_], people: NDArray[np.int64], poses: Array) -> Array:
    """Return the part of each difference that other people in similar poses have as well: at most all of it."""
    shared = np.zeros(len(difference))
    for index in np.flatnonzero(known):
        others = np.flatnonzero(known & (people != people[index]))
        if len(others) >= SIMILAR_POSES:
            distance = ((poses[others] - poses[index]) ** 2).sum(axis=1)
            similar = others[np.argsort(distance, kind="stable")[:SIMILAR_POSES]]
            shared[index] = np.median(difference[similar])
    return np.clip(shared, np.minimum(difference, 0), np.maximum(difference, 0))

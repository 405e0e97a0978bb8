"""How well people were followed: switches, splits and merges against a known truth.

Definitions after Bernardin and Stiefelhagen, "Evaluating multiple object tracking performance: the CLEAR MOT metrics",
EURASIP J. Image and Video Processing 2008, and IDF1 after Ristani et al., "Performance measures and a data set for
multi-target, multi-camera tracking", ECCV workshops 2016.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError

__all__ = ["HandCount", "TrackingScore", "compare_with_hand_count", "read_hand_count", "score_tracks"]


@dataclass(frozen=True)
class TrackingScore:
    """How well people were followed.

    Attributes
    ----------
    people, tracks : int
        How many there are.
    found : float
        Share of the true sightings (a person in a picture) that are in some track, in [0, 1].
    switches : int
        Times that a track goes on with another person.
    splits : int
        Tracks beyond one for each person.
    merges : int
        Tracks that hold more than one person.
    wrong : float
        Share of tracked sightings that are not of the person whom the track shows most, in [0, 1].
    idf1 : float
        F1 of sightings when each person is given one track, as well as can be, in [0, 1].
    """

    people: int
    tracks: int
    found: float
    switches: int
    splits: int
    merges: int
    wrong: float
    idf1: float


def score_tracks(person: NDArray[np.integer], track: NDArray[np.integer], missed: int = 0) -> TrackingScore:
    """Return how well people were followed.

    Parameters
    ----------
    person : int array ``(n,)``
        The true person of each sighting that was found, in the order of time; below 0 for what is nobody.
    track : int array ``(n,)``
        The track that it was put into; 0 or less for none.
    missed : int
        True sightings that were not found at all.

    Raises
    ------
    DataError
        If the lengths differ.
    """
    person, track = np.asarray(person), np.asarray(track)
    if person.shape != track.shape or person.ndim != 1:
        raise DataError(f"person has shape {person.shape} and track {track.shape}: expected one number a sighting")
    tracked = (track > 0) & (person >= 0)
    people, who = np.unique(person[tracked], return_inverse=True)
    tracks, which = np.unique(track[tracked], return_inverse=True)
    shared = np.zeros((len(tracks), len(people)), dtype=np.int64)
    np.add.at(shared, (which, who), 1)
    switches = sum(int((np.diff(who[which == t]) != 0).sum()) for t in range(len(tracks)))
    truth = int((person >= 0).sum()) + missed
    given = int((track > 0).sum())
    return TrackingScore(
        people=len(np.unique(person[person >= 0])),
        tracks=len(np.unique(track[track > 0])),
        found=float(tracked.sum() / truth) if truth else 1.0,
        switches=switches,
        splits=int(np.maximum((shared > 0).sum(axis=0) - 1, 0).sum()),
        merges=int(((shared > 0).sum(axis=1) > 1).sum()),
        wrong=float(1 - shared.max(axis=1).sum() / shared.sum()) if shared.size else 0.0,
        idf1=_idf1(shared, truth, given),
    )


def _idf1(shared: NDArray[np.int64], truth: int, given: int) -> float:
    from scipy.optimize import linear_sum_assignment

    if not truth + given:
        return 1.0
    rows, columns = linear_sum_assignment(-shared)
    return float(2 * shared[rows, columns].sum() / (truth + given))


@dataclass(frozen=True)
class HandCount:
    """What comparing tracks with a hand count gives.

    Attributes
    ----------
    people, tracks : int
        Stays of people that a person counted, and tracks.
    matched : int
        Stays that at least one track shows.
    split : int
        Stays that more than one track shows.
    merged : int
        Tracks that show more than one stay.
    false : int
        Tracks while nobody was there.
    """

    people: int
    tracks: int
    matched: int
    split: int
    merged: int
    false: int


def read_hand_count(path: str | Path) -> list[tuple[str, float, float]]:
    """Read a CSV table of who was there from when to when: columns ``person``, ``start`` and ``end``, in seconds.

    Raises
    ------
    DataError
        If it cannot be read, lacks a column, or a row is no stay.
    """
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as a CSV table: {error}") from error
    stays = []
    for number, row in enumerate(rows, start=2):
        try:
            start, end = float(row["start"]), float(row["end"])
            stays.append((row["person"], start, end))
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{path}, row {number}: expected person, start and end in seconds") from error
        if not 0 <= start < end < np.inf:
            raise DataError(f"{path}, row {number}: a stay from {start:g} to {end:g} s ends before it starts")
    if not stays:
        raise DataError(f"{path}: holds no stays; expected the columns person, start and end")
    return stays


def compare_with_hand_count(
    tracks: Sequence[tuple[float, float]], stays: Sequence[tuple[str, float, float]]
) -> HandCount:
    """Compare tracks with a hand count of people who were there one at a time.

    Parameters
    ----------
    tracks : sequence of (float, float)
        First and last second of each.
    stays : sequence of (str, float, float)
        As `read_hand_count` returns them.

    Returns
    -------
    HandCount
        A track shows a stay where they share at least half a second, or half of the track.
    """
    shows = np.zeros((len(tracks), len(stays)), dtype=bool)
    for t, (first, last) in enumerate(tracks):
        for s, (_, start, end) in enumerate(stays):
            shows[t, s] = (
                min(last, end) - max(first, start) >= min(0.5, (last - first) / 2) and first < end and last > start
            )
    return HandCount(
        people=len(stays),
        tracks=len(tracks),
        matched=int(shows.any(axis=0).sum()),
        split=int((shows.sum(axis=0) > 1).sum()),
        merged=int((shows.sum(axis=1) > 1).sum()),
        false=int((~shows.any(axis=1)).sum()),
    )

"""Metrics of tracking people in a video: switches, splits and merges.

Definitions after Bernardin and Stiefelhagen, "Evaluating multiple object tracking performance: the CLEAR MOT metrics",
EURASIP J. Image and Video Processing 2008, and IDF1 after Ristani et al., "Performance measures and a data set for
multi-target, multi-camera tracking", ECCV workshops 2016.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError


@dataclass(frozen=True)
class TrackingScore:
    """The result of `score_tracks`. A detection is one person in one image.

    Attributes
    ----------
    people, tracks : int
        Numbers of true persons and of tracks.
    recall : float
        Share of true detections that are in some track, in [0, 1].
    switches : int
        Number of times that a track continues with another person.
    splits : int
        Number of tracks beyond one per person.
    merges : int
        Number of tracks that show more than one person.
    impurity : float
        Share of tracked detections that do not show the most frequent person of their track, in [0, 1].
    idf1 : float
        F1 of detections for the best assignment of one track to each person, in [0, 1].
    """

    people: int
    tracks: int
    recall: float
    switches: int
    splits: int
    merges: int
    impurity: float
    idf1: float


def score_tracks(person: NDArray[np.integer], track: NDArray[np.integer], missed: int = 0) -> TrackingScore:
    """Compare tracks with the true persons.

    Parameters
    ----------
    person : int array ``(n,)``
        The true person of each detection, in order of time; below 0 for a false detection.
    track : int array ``(n,)``
        The track of each detection; 0 or less for none.
    missed : int
        Number of true detections that are missing.

    Raises
    ------
    DataError
        If the lengths differ.
    """
    person, track = np.asarray(person), np.asarray(track)
    if person.shape != track.shape or person.ndim != 1:
        raise DataError(f"person has shape {person.shape} and track {track.shape}: expected one number per detection")
    tracked = (track > 0) & (person >= 0)
    people, who = np.unique(person[tracked], return_inverse=True)
    tracks, which = np.unique(track[tracked], return_inverse=True)
    shared = np.zeros((len(tracks), len(people)), dtype=np.int64)
    np.add.at(shared, (which, who), 1)
    switches = sum(int((np.diff(who[which == t]) != 0).sum()) for t in range(len(tracks)))
    truth = int((person >= 0).sum()) + missed
    n_tracked = int((track > 0).sum())
    return TrackingScore(
        people=len(np.unique(person[person >= 0])),
        tracks=len(np.unique(track[track > 0])),
        recall=float(tracked.sum() / truth) if truth else 1.0,
        switches=switches,
        splits=int(np.maximum((shared > 0).sum(axis=0) - 1, 0).sum()),
        merges=int(((shared > 0).sum(axis=1) > 1).sum()),
        impurity=float(1 - shared.max(axis=1).sum() / shared.sum()) if shared.size else 0.0,
        idf1=_idf1(shared, truth, n_tracked),
    )


def _idf1(shared: NDArray[np.int64], truth: int, n_tracked: int) -> float:
    from scipy.optimize import linear_sum_assignment

    if not truth + n_tracked:
        return 1.0
    rows, columns = linear_sum_assignment(-shared)
    return float(2 * shared[rows, columns].sum() / (truth + n_tracked))

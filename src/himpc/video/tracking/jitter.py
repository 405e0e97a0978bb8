"""Removal of frames in which a skeleton jumps to and fro, which is made of two people who overlap in the image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import count

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from himpc.video.tracking.bone_lengths import median_known
from himpc.video.tracking.rules import TrackingRules
from himpc.video.tracking.track import Track

_WINDOW_SECONDS = 1.0
_MAX_STEP = 0.15
"""Seconds between frames; people land from a jump within more."""

_FREE_FALL = 9.81 / 1.7 / 2
"""Body sizes per square second: a body in free fall is this far from a straight path between two times."""

_MIN_FRAMES = 6
_MIN_KNOWN = 3


def remove_jitter(tracks: Sequence[Track], rules: TrackingRules) -> tuple[list[Track], int]:
    """Split tracks where joints jump (see `TrackingRules.max_jitter`).

    Parts are numbered after all tracks, except the first part of each. Parts of fewer than six frames are dropped.

    Returns
    -------
    tracks : list of Track
    dropped : int
        Number of frames that are in no part.
    """
    numbers = count(1 + max((track.number for track in tracks), default=0))
    parts = [part for track in tracks for part in _steady_parts(track, rules, numbers)]
    return parts, sum(map(len, tracks)) - sum(map(len, parts))


def _steady_parts(track: Track, rules: TrackingRules, numbers: count[int]) -> list[Track]:
    steady = np.concatenate([[False], ~(jitter(track, rules.max_jitter) > 1), [False]])
    if steady[1:-1].all():
        return [track]
    edges = np.flatnonzero(np.diff(steady.astype(np.int8))).reshape(-1, 2)
    runs = [(a, b) for a, b in edges.tolist() if b - a >= _MIN_FRAMES]
    return [
        replace(
            track.between(a, b),
            number=next(numbers) if place else track.number,
            ended=track.ended if b == len(track) else "jitter",
        )
        for place, (a, b) in enumerate(runs)
    ]


def jitter(track: Track, limit: float) -> NDArray[np.float64]:
    """Compute how far joints are from the straight path between the frames before and after, 1 at its limit.

    The limit is in body sizes, and larger by what free fall explains at low frame rates.

    Returns
    -------
    float64 array ``(n,)``
        Median over joints and a second; NaN where too few frames are near.
    """
    points, seconds = track.points.astype(np.float64), track.seconds
    if len(track) < 3:
        return np.full(len(track), np.nan)
    before, after = np.diff(seconds)[:-1], np.diff(seconds)[1:]
    weight = (after / (before + after))[:, None, None]
    path = weight * points[:-2] + (1 - weight) * points[2:]
    distances = np.linalg.norm(points[1:-1] - path, axis=2)
    sizes = np.fmax.reduce(np.fmax.reduce(points, axis=1) - np.fmin.reduce(points, axis=1), axis=1)[1:-1]
    ratio = median_known(distances.T) / np.maximum(sizes, 1.0) / (limit + _FREE_FALL * before * after)
    ratio[np.maximum(before, after) > _MAX_STEP] = np.nan
    half = max(1, round(_WINDOW_SECONDS / 2 / float(np.median(np.diff(seconds)))))
    windows = sliding_window_view(np.pad(ratio, half + 1, constant_values=np.nan), 2 * half + 1)
    known = np.isfinite(windows).sum(axis=1) >= _MIN_KNOWN
    return np.where(known, median_known(windows.T), np.nan)

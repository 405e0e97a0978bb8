"""Recordings that show different people, because one camera or one system saw both at the same time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from himpc.recordings.recording import Origin, Recording, number_whole_recordings
from himpc.skeleton import centre

__all__ = ["cannot_link", "synchronise"]

MIN_OVERLAP_SECONDS = 0.5
MIN_OVERLAP_FRAMES = 15
"""Shortest overlap that shows two people, in frames where the rate is unknown; at most half of the shorter recording.
A tracker that switches from one track to another may show one person twice for a moment."""

MAX_SAMPLES = 200
"""Maximum number of moments of an overlap at which two bodies are compared."""

MIN_CENTRE_DISTANCE = 0.15
"""Distance of the centres of two bodies in space, as a share of their size, below which one body was tracked twice: two
people do not fit into 0.25 m."""

MIN_IMAGE_DISTANCE = 0.05
"""The same for the joints of two bodies in the image plane."""

MIN_POSE_DISTANCE = 0.003
"""The same for joints relative to the body: only copies are below it, since two people may walk in step."""


def cannot_link(recordings: Sequence[Recording]) -> NDArray[np.int64]:
    """Find the pairs of whole recordings that overlap in time on one clock, and so show two people.

    A short overlap does not count, nor do two bodies in one place: trackers sometimes show one person twice. Parts of
    one recording are one person. Recordings without a time, or of different clocks, have no pairs.

    Parameters
    ----------
    recordings : sequence of Recording
        R recordings.

    Returns
    -------
    int64 array ``(P, 2)``
        Numbers of whole recordings (`number_whole_recordings`), the lower first, in ascending order.

    Examples
    --------
    >>> from himpc.simulation import simulate
    >>> first, second = simulate(people=2, recordings=1, seconds=2.0)
    >>> beside = second.with_(joints=second.joints + np.float32([1, 0, 0]))
    >>> cannot_link([walk.with_(start=0.0, clock=Origin(body="hall")) for walk in (first, beside)]).tolist()
    [[0, 1]]
    """
    whole = number_whole_recordings(recordings)
    lengths = np.zeros(len(recordings))
    np.add.at(lengths, whole, [_duration(recording) for recording in recordings])
    common: dict[tuple[int, int], float] = {}
    limits: dict[tuple[int, int], float] = {}
    for a, b in _overlapping_pairs(recordings):
        low, high = sorted((int(whole[a]), int(whole[b])))
        if low != high:
            shortest = MIN_OVERLAP_FRAMES if recordings[a].fps is None else MIN_OVERLAP_SECONDS
            limits[low, high] = min(shortest, lengths[low] / 2, lengths[high] / 2)
            common[low, high] = common.get((low, high), 0.0) + _duration_of_two_bodies(recordings[a], recordings[b])
    pairs = sorted(pair for pair, seconds in common.items() if seconds > 0 and seconds >= limits[pair])
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def synchronise(recordings: Sequence[Recording]) -> list[Recording]:
    """Give the recordings of each camera one clock, given that the clocks of their files agree.

    Each camera keeps a clock of its own, since two cameras may see one person at the same time. So does a file whose
    time begins at 0, which states no time that could be compared.
    """
    begin: dict[Origin, float] = {}
    for each in recordings:
        if each.clock is not None and each.start is not None:
            begin[each.clock] = min(each.start, begin.get(each.clock, each.start))
    return [
        each.with_(clock=Origin(body=f"camera {each.camera}"))
        if each.camera is not None and each.clock is not None and begin[each.clock] != 0
        else each
        for each in recordings
    ]


def _duration(recording: Recording) -> float:
    return len(recording) / (recording.fps or 1)


def _overlapping_pairs(recordings: Sequence[Recording]) -> Iterator[tuple[int, int]]:
    """Yield the pairs of recordings of one clock whose spans of time overlap."""
    by_clock: dict[Origin, list[tuple[float, float, int]]] = {}
    for index, each in enumerate(recordings):
        if each.clock is not None and each.start is not None:
            by_clock.setdefault(each.clock, []).append((*_span(each), index))
    for spans in by_clock.values():
        active: list[tuple[float, int]] = []
        for start, end, index in sorted(spans):
            active = [(other_end, other) for other_end, other in active if other_end > start]
            yield from ((other, index) for _, other in active)
            active.append((end, index))


def _duration_of_two_bodies(a: Recording, b: Recording) -> float:
    """Compute for how long two bodies are seen at once, in seconds or frames; 0 if one body was tracked twice."""
    (first, last), (other_first, other_last) = _span(a), _span(b)
    begin, end = max(first, other_first), min(last, other_last)
    rate = min(a.fps or 1, b.fps or 1)
    count = max(1, round((end - begin) * rate))
    moments = begin + np.linspace(0, count - 1, min(count, MAX_SAMPLES)) / rate
    one, other = _joints_at(a, moments), _joints_at(b, moments)
    seen = np.isfinite(one).any(axis=(1, 2)) & np.isfinite(other).any(axis=(1, 2))
    if not seen.any() or _is_one_body(a, b, one[seen], other[seen]):
        return 0.0
    return float((end - begin) * seen.mean())


def _span(recording: Recording) -> tuple[float, float]:
    start = recording.start or 0.0
    return start, start + _duration(recording)


def _joints_at(recording: Recording, moments: NDArray[np.float64]) -> NDArray[np.float64]:
    frames = np.rint((moments - _span(recording)[0]) * (recording.fps or 1)).astype(np.int64)
    return recording.joints[np.clip(frames, 0, len(recording) - 1)].astype(np.float64)


def _is_one_body(a: Recording, b: Recording, one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Return whether the bodies of two recordings, at the same moments, are one."""
    size = float(np.median((np.nanmax(one, axis=1) - np.nanmin(one, axis=1)).max(axis=1)))
    are_relative = all(
        np.allclose(centre(x, r.layout), x, atol=1e-4, equal_nan=True) for x, r in ((one, a), (other, b))
    )
    if a.dimensions == 3 and not are_relative:
        distances = np.linalg.norm(np.nanmean(one, axis=1) - np.nanmean(other, axis=1), axis=1)
        return bool(np.median(distances) < MIN_CENTRE_DISTANCE * size)
    if a.layout != b.layout:
        return False
    distances = np.linalg.norm(one - other, axis=2)
    known = distances[np.isfinite(distances)]
    limit = MIN_POSE_DISTANCE if a.dimensions == 3 else MIN_IMAGE_DISTANCE
    return bool(len(known) and np.median(known) < limit * size)

"""Recordings that show different people, because one camera or one system saw both at the same time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.recordings.mapped_arrays import iter_blocks
from himpc.recordings.recording import Origin, Recording, number_whole_recordings

__all__ = ["cannot_link", "synchronise"]

MIN_OVERLAP_SECONDS = 0.5
MIN_OVERLAP_FRAMES = 15
"""Shortest overlap that shows two people, in frames where the rate is unknown; at most half of the shorter recording.
A tracker that switches from one track to another may show one person twice for a moment."""

SAMPLES = 25
"""Number of moments of an overlap at which two bodies are compared."""

MIN_CENTRE_DISTANCE = 0.15
"""Distance of the centres of two bodies in space, as a share of their size, below which one body was tracked twice: two
people do not fit into 0.25 m."""

MAX_ROOT_DISTANCE = 0.03
"""Distance of the root from the origin, as a share of the size, up to which joints are relative to the body. MediaPipe
puts the centre of the hips 1 mm beside it."""

MIN_IMAGE_DISTANCE = 0.05
"""The same for the joints of two bodies in the image plane."""

MIN_POSE_DISTANCE = 0.003
"""The same for joints relative to the body: only copies are below it, since two people may walk in step."""

PROBES, MAX_PROBE_DISTANCE = 4, 0.2
"""Number of joints, and moments, that are compared first, and the distance, as a share of the size, below which all
joints are."""

BLOCK = 2**14
"""Pairs that are compared at once."""

_Indices = NDArray[np.int64]
_Floats = NDArray[np.float64]


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
    durations = np.array([_duration(recording) for recording in recordings])
    halves = np.bincount(whole, durations, minlength=1) / 2
    counts_frames = np.array([recording.fps is None for recording in recordings], dtype=bool)
    count = len(halves)
    keys: list[_Indices] = []
    common: list[_Floats] = []
    frames_only: list[NDArray[np.bool_]] = []
    for group in _simultaneous_groups(recordings):
        bodies = _Bodies.of([recordings[index] for index in group])
        for first, second in _overlapping_pairs(bodies):
            a, b = group[first], group[second]
            apart = whole[a] != whole[b]
            low, high = np.minimum(whole[a], whole[b])[apart], np.maximum(whole[a], whole[b])[apart]
            keys.append(low * count + high)
            common.append(bodies.durations_of_two(first[apart], second[apart]))
            frames_only.append(counts_frames[a][apart])
    if not keys:
        return np.empty((0, 2), dtype=np.int64)
    pairs, place = np.unique(np.concatenate(keys), return_inverse=True)
    total = np.bincount(place, np.concatenate(common), minlength=len(pairs))
    in_frames = np.bincount(place, np.concatenate(frames_only), minlength=len(pairs)) > 0
    found = np.stack(np.divmod(pairs, count), axis=1)
    limits = np.minimum(np.where(in_frames, MIN_OVERLAP_FRAMES, MIN_OVERLAP_SECONDS), halves[found].min(axis=1))
    kept: _Indices = found[(total > 0) & (total >= limits)]
    return kept


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


def _simultaneous_groups(recordings: Sequence[Recording]) -> Iterator[_Indices]:
    """Yield the numbers of the recordings of each clock, in the order of their starts, where some overlap in time."""
    by_clock: dict[Origin, list[int]] = {}
    for index, each in enumerate(recordings):
        if each.clock is not None and each.start is not None:
            by_clock.setdefault(each.clock, []).append(index)
    for group in by_clock.values():
        spans = np.array([(recordings[i].start or 0.0, _duration(recordings[i])) for i in group])
        order = np.argsort(spans[:, 0], kind="stable")
        start, end = spans[order, 0], spans[order].sum(axis=1)
        if (start[1:] < np.maximum.accumulate(end)[:-1]).any():
            yield np.array(group, dtype=np.int64)[order]


def _overlapping_pairs(bodies: _Bodies) -> Iterator[tuple[_Indices, _Indices]]:
    """Yield blocks of pairs of bodies whose spans of time overlap; bodies are in the order of their starts."""
    later = np.searchsorted(bodies.start, bodies.end, side="left")  # the first that starts after each has ended
    numbers = np.arange(len(later))
    partners = np.maximum(later - numbers - 1, 0)
    total = np.concatenate([[0], np.cumsum(partners)])
    for begin in range(0, int(total[-1]), BLOCK):
        place = np.arange(begin, min(begin + BLOCK, total[-1]))
        first = np.searchsorted(total, place, side="right") - 1
        yield first, first + 1 + place - total[first]


@dataclass(frozen=True, eq=False)
class _Bodies:
    """The bodies of recordings of one clock, in arrays by which many pairs are compared at once.

    Attributes
    ----------
    recordings : list of Recording
        N recordings, in the order of their starts.
    start, end, rate, offset : array ``(N,)``
        The span of each in time, its frames in one unit of time, and the place of its first frame in the arrays below.
    kind : int array ``(N,)``
        0 for bodies that have a place in space; else one number for all whose joints can be compared one by one.
    extents : array ``(F,)``
        The longest side of the box around the joints of each frame; NaN where none was seen.
    points : array ``(F, 1 + PROBES, 3)``
        The mean of the joints of each frame, and some joints.
    """

    recordings: list[Recording]
    start: _Floats
    end: _Floats
    rate: _Floats
    offset: _Indices
    kind: _Indices
    extents: NDArray[np.floating]
    points: NDArray[np.floating]

    @classmethod
    def of(cls, recordings: list[Recording]) -> _Bodies:
        """Measure the bodies of recordings."""
        start = np.array([recording.start or 0.0 for recording in recordings])
        measured = [_measure(block) for recording in recordings for block in iter_blocks(recording.joints)]
        kinds = [(r.layout, r.dimensions) if r.dimensions == 2 or _is_relative(r) else None for r in recordings]
        numbers = {None: 0} | {kind: n for n, kind in enumerate(dict.fromkeys(k for k in kinds if k), start=1)}
        return cls(
            recordings,
            start,
            start + [_duration(recording) for recording in recordings],
            np.array([recording.fps or 1.0 for recording in recordings]),
            np.cumsum([0, *map(len, recordings)])[:-1],
            np.array([numbers[kind] for kind in kinds]),
            np.concatenate([extents for extents, _ in measured]),
            np.concatenate([points for _, points in measured]),
        )

    def durations_of_two(self, first: _Indices, second: _Indices) -> _Floats:
        """Compute for how long pairs of bodies are seen at once, in units of time; 0 if one body was tracked twice."""
        begin = np.maximum(self.start[first], self.start[second])
        duration = np.minimum(self.end[first], self.end[second]) - begin
        rate = np.minimum(self.rate[first], self.rate[second])
        steps = np.maximum(np.rint(duration * rate), 1) - 1
        moments = begin[:, None] + (steps / rate)[:, None] * np.linspace(0, 1, SAMPLES)
        one, other = self._frames_at(first, moments), self._frames_at(second, moments)
        seen = np.isfinite(self.extents[one]) & np.isfinite(self.extents[other])
        sizes = _median(np.where(seen, self.extents[one], np.inf))
        apart = _median(np.where(seen, _distances(self.points[one, 0], self.points[other, 0]), np.inf))
        is_one = apart < MIN_CENTRE_DISTANCE * sizes
        is_one &= (self.kind[first] == 0) | (self.kind[second] == 0)
        places = np.flatnonzero((self.kind[first] > 0) & (self.kind[first] == self.kind[second]))
        some = np.ix_(places, np.arange(0, SAMPLES, SAMPLES // PROBES))
        probes = _distances(self.points[one[some], 1:], self.points[other[some], 1:])
        probes = probes.reshape(len(places), some[1].size * PROBES)
        is_near = _median(np.where(np.isfinite(probes), probes, np.inf)) < MAX_PROBE_DISTANCE * sizes[places]
        for place in places[is_near | ~np.isfinite(probes).any(axis=1)].tolist():
            a, b = first[place], second[place]
            is_one[place] = self._is_one_pose(a, b, one[place][seen[place]], other[place][seen[place]], sizes[place])
        return np.where(is_one, 0.0, duration * seen.mean(axis=1))

    def _frames_at(self, bodies: _Indices, moments: _Floats) -> _Indices:
        """Return the places ``(n, SAMPLES)`` of the frames of bodies ``(n,)`` at moments ``(n, SAMPLES)``."""
        lengths = np.diff([*self.offset, len(self.extents)])[bodies, None]
        frames = np.rint((moments - self.start[bodies, None]) * self.rate[bodies, None]).astype(np.int64)
        return self.offset[bodies, None] + np.clip(frames, 0, lengths - 1)

    def _is_one_pose(self, a: int, b: int, one: _Indices, other: _Indices, size: float) -> bool:
        """Return whether the joints of two bodies without a place are, at the same moments, those of one body."""
        joints = self.recordings[a].joints[one - self.offset[a]].astype(np.float64)
        distances = _distances(joints, self.recordings[b].joints[other - self.offset[b]])
        known = distances[np.isfinite(distances)]
        limit = MIN_IMAGE_DISTANCE if self.recordings[a].dimensions == 2 else MIN_POSE_DISTANCE
        return bool(len(known) and np.median(known) < limit * size)


def _measure(joints: NDArray[np.floating]) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Measure the extents ``(frames,)`` and `points` ``(frames, 1 + PROBES, 3)`` of a block of frames."""
    seen = np.isfinite(joints[..., 0]).any(axis=1)
    known = np.where(seen[:, None, None], joints, 0)
    extents = (np.nanmax(known, axis=1) - np.nanmin(known, axis=1)).max(axis=1)
    chosen = np.linspace(0, joints.shape[1] - 1, PROBES).round().astype(int)
    mean = np.nanmean(known, axis=1, keepdims=True)
    return np.where(seen, extents, np.nan), np.concatenate([mean, joints[:, chosen]], axis=1)


def _is_relative(recording: Recording) -> bool:
    """Return whether joints are relative to the body, whose root stays at the origin, so that it has no place."""
    moments = recording.joints[:: max(1, len(recording) // SAMPLES)].astype(np.float64)
    roots = np.linalg.norm(moments[:, list(recording.layout.root)].mean(axis=1), axis=1)
    sizes, _ = _measure(moments)
    return bool(_median((roots / sizes)[None])[0] < MAX_ROOT_DISTANCE) if np.isfinite(roots).any() else False


def _distances(one: NDArray[np.floating], other: NDArray[np.floating]) -> NDArray[np.floating]:
    """Compute the distances ``(...)`` of points ``(..., 3)``."""
    distances: NDArray[np.floating] = np.sqrt(np.square(one - other).sum(axis=-1))
    return distances


def _median(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Compute the lower median of the finite values in each row; infinite if there is none."""
    if values.shape[1] == 0:
        return np.full(len(values), np.inf)
    middle = np.maximum(np.isfinite(values).sum(axis=1) - 1, 0) // 2
    return np.take_along_axis(np.sort(values, axis=1), middle[:, None], axis=1)[:, 0]

"""Joining tracks that an ambiguity split, once the whole video is known.

The tracker decides frame by frame. Afterwards more is known of every track: direction, speed, size, heading, bone
lengths, and who else was there. Two tracks are joined if one continues the other in all of these and no other track
does nearly as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from himpc.recordings import mean_direction
from himpc.skeleton import Layout
from himpc.video.orientation import facing_direction
from himpc.video.tracking.bone_lengths import bone_ends, log_bone_lengths, median_known
from himpc.video.tracking.rules import JoiningRules
from himpc.video.tracking.track import Track

Floats = NDArray[np.float64]

_END_SECONDS = 0.5
"""Length of the end of a track that is extrapolated: about a step."""

_MIN_FRAMES = 6
_MIN_BONES = 4


@dataclass(frozen=True, eq=False)
class _End:
    """State at one end of a track: pixels, pixels per second, and degrees."""

    seconds: float
    centre: Floats
    velocity: Floats
    size: float
    heading: float


@dataclass(frozen=True, eq=False)
class _Segment:
    track: Track
    first: _End
    last: _End
    bones: Floats = field(repr=False)


def find_joins(tracks: Sequence[Track], layout: Layout, rules: JoiningRules | None = None) -> dict[int, int]:
    """Find tracks of a video that continue an earlier one: the number of the later and of the earlier track.

    Tracks of fewer than six frames are not joined, and nothing continues a track that ended with another body's bone
    lengths, or where the skeleton jumped.
    """
    rules = rules or JoiningRules()
    segments = [_segment(track, layout) for track in tracks if len(track) >= _MIN_FRAMES]
    segments.sort(key=lambda segment: (segment.track.shot, segment.first.seconds, segment.track.number))
    joins: dict[int, int] = {}
    open_ends: list[_Segment] = []
    for index, segment in enumerate(segments):
        open_ends = [earlier for earlier in open_ends if _gap(earlier, segment) <= rules.max_gap]
        candidates = [earlier for earlier in open_ends if _gap(earlier, segment) > 0]
        costs = [_cost(earlier, segment, rules) for earlier in candidates]
        if costs:
            best = int(np.argmin(costs))
            earlier, limit = candidates[best], costs[best] + rules.ambiguity_margin
            rivals = [cost for other, cost in enumerate(costs) if other != best]
            rivals += [_cost(earlier, other, rules) for other in _rival_segments(index, segments, earlier, rules)]
            if (
                costs[best] <= 1
                and earlier.track.ended not in ("bones", "jitter")
                and all(cost >= limit for cost in rivals)
            ):
                joins[segment.track.number] = earlier.track.number
                open_ends.remove(earlier)
        open_ends.append(segment)
    return joins


def join_tracks(tracks: Sequence[Track], joins: Mapping[int, int]) -> list[Track]:
    """Join tracks (see `find_joins`), in the order of their numbers; each keeps the number of its first piece."""
    chains: dict[int, list[Track]] = {}
    for track in sorted(tracks, key=lambda track: track.number):
        chains.setdefault(first_number(track.number, joins), []).append(track)
    return [_concatenate(chain) if len(chain) > 1 else chain[0] for _, chain in sorted(chains.items())]


def first_number(number: int, joins: Mapping[int, int]) -> int:
    """Return the number of the first piece of a joined track."""
    while number in joins:
        number = joins[number]
    return number


def _concatenate(chain: list[Track]) -> Track:
    chain = sorted(chain, key=lambda track: float(track.seconds[0]))
    joints = [track.joints for track in chain if track.joints is not None]
    return replace(
        chain[0],
        frames=np.concatenate([track.frames for track in chain]),
        seconds=np.concatenate([track.seconds for track in chain]),
        points=np.concatenate([track.points for track in chain]),
        confidence=np.concatenate([track.confidence for track in chain]),
        joints=np.concatenate(joints) if joints else None,
        ended=chain[-1].ended,
    )


def _gap(earlier: _Segment, later: _Segment) -> float:
    if earlier.track.shot != later.track.shot:
        return np.inf
    return later.first.seconds - earlier.last.seconds


def _rival_segments(
    index: int, segments: Sequence[_Segment], earlier: _Segment, rules: JoiningRules
) -> Iterator[_Segment]:
    """Yield segments that could continue `earlier` and overlap segment `index`, so they show another person."""
    segment = segments[index]
    for other in reversed(segments[:index]):
        if not 0 < _gap(earlier, other) <= rules.max_gap:
            break
        if other.last.seconds >= segment.first.seconds:
            yield other
    for other in segments[index + 1 :]:
        if other.first.seconds > segment.last.seconds or not 0 < _gap(earlier, other) <= rules.max_gap:
            break
        yield other


def _cost(earlier: _Segment, later: _Segment, rules: JoiningRules) -> float:
    """Compute how badly one segment continues another: the largest difference, where 1 is at its limit."""
    a, b = earlier.last, later.first
    gap, size = b.seconds - a.seconds, (a.size + b.size) / 2
    forward = np.linalg.norm(a.centre + gap * a.velocity - b.centre)
    backward = np.linalg.norm(b.centre - gap * b.velocity - a.centre)
    turn = abs((a.heading - b.heading + 180) % 360 - 180)
    bones = np.abs(earlier.bones - later.bones)
    finite = np.isfinite(bones)
    differences = [
        (forward + backward) / 2 / size / (rules.max_distance * max(1.0, 2 * gap)),
        np.linalg.norm(a.velocity - b.velocity) / size / rules.max_velocity_change,
        abs(np.log(a.size / b.size)) / (rules.max_size_change * max(1.0, 2 * gap)),
        turn / rules.max_turn if np.isfinite(turn) else 0.0,
        bones[finite].mean() / rules.max_bone_change if finite.sum() >= _MIN_BONES else 0.0,
    ]
    return float(max(differences))


def _segment(track: Track, layout: Layout) -> _Segment:
    early = int((track.seconds <= track.seconds[0] + _END_SECONDS).sum())
    late = int((track.seconds >= track.seconds[-1] - _END_SECONDS).sum())
    bones = np.full(0, np.nan)
    if track.joints is not None:
        bones = median_known(log_bone_lengths(track.joints, track.confidence, bone_ends(layout)))
    first = _end(track, slice(None, max(early, _MIN_FRAMES)), 0, layout)
    last = _end(track, slice(-max(late, _MIN_FRAMES), None), -1, layout)
    return _Segment(track, first, last, bones)


def _end(track: Track, part: slice, index: int, layout: Layout) -> _End:
    """Fit a line to the first (`index` 0) or last (-1) frames of a track, and evaluate it at that frame."""
    points, seconds = track.points[part].astype(np.float64), track.seconds[part]
    centres = np.nanmean(points, axis=1)
    sizes = np.nanmax(np.nanmax(points, axis=1) - np.nanmin(points, axis=1), axis=1)
    offsets = seconds - seconds.mean()
    velocity = (offsets[:, None] * (centres - centres.mean(axis=0))).sum(axis=0) / max(float((offsets**2).sum()), 1e-9)
    at = float(track.seconds[index])
    centre = centres.mean(axis=0) + (at - seconds.mean()) * velocity
    heading = float("nan")
    if track.joints is not None:
        heading, _ = mean_direction(facing_direction(track.joints[part], layout))
    return _End(at, centre, velocity, max(float(np.median(sizes)), 1.0), heading)

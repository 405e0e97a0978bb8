"""Taking people up again after a doubt: pieces of tracks that are beyond doubt of one person become one.

The tracker lets go where two people could be taken for each other, picture by picture. When all has been seen, more is
known: who went which way, how fast, how large, facing where, with which bones, and who else was about. Where one piece
goes on as another did, and nobody else's does nearly as well, they are one person's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from himpc.skeleton import Layout
from himpc.video.cleaning.heading import facing_direction, mean_direction
from himpc.video.tracking.bone_lengths import bone_ends, log_bones, median_of_known
from himpc.video.tracking.rules import JoiningRules
from himpc.video.tracking.track import Track

__all__ = ["find_joins", "first_piece", "join_tracks"]

Floats = NDArray[np.float64]

_END_SECONDS = 0.5
"""So much of a piece says where it goes: a step."""

_FIRM = 6
"""Pictures of a piece that says where it goes; fewer give no recording either."""


@dataclass(frozen=True, eq=False)
class _Side:
    """What one end of a piece says: when and where it is, its way and size, where it faces."""

    seconds: float
    centre: Floats
    pace: Floats
    size: float
    heading: float


@dataclass(frozen=True, eq=False)
class _Piece:
    track: Track
    first: _Side
    last: _Side
    bones: Floats = field(repr=False)


def find_joins(tracks: Sequence[Track], layout: Layout, rules: JoiningRules | None = None) -> dict[int, int]:
    """Return which tracks go on with whom: the number of the later piece, and that of the one it continues.

    A piece of fewer than six pictures says too little and is left alone. So is one that ended since its bones became
    another body's.

    Parameters
    ----------
    tracks : sequence of Track
        All of a video.
    layout : Layout
        Their joints.
    rules : JoiningRules, optional
    """
    rules = rules or JoiningRules()
    pieces = [_piece(track, layout) for track in tracks if len(track) >= _FIRM]
    pieces.sort(key=lambda piece: (piece.track.shot, piece.first.seconds, piece.track.number))
    joins: dict[int, int] = {}
    tails: list[_Piece] = []
    for place, piece in enumerate(pieces):
        tails = [tail for tail in tails if _gap(tail, piece) <= rules.longest_gap]
        before = [tail for tail in tails if _gap(tail, piece) > 0]
        costs = [_cost(tail, piece, rules) for tail in before]
        if costs:
            best = int(np.argmin(costs))
            tail, limit = before[best], costs[best] + rules.margin
            rivals = [cost for other, cost in enumerate(costs) if other != best]
            rivals += [_cost(tail, other, rules) for other in _beside(place, pieces, tail, rules)]
            if costs[best] <= 1 and tail.track.ended != "bones" and all(cost >= limit for cost in rivals):
                joins[piece.track.number] = tail.track.number
                tails.remove(tail)
        tails.append(piece)
    return joins


def join_tracks(tracks: Sequence[Track], joins: Mapping[int, int]) -> list[Track]:
    """Return the tracks with pieces joined, in the order of their numbers; each keeps the number of its first piece.

    Parameters
    ----------
    tracks : sequence of Track
    joins : mapping of int to int
        As `find_joins` returns it.
    """
    chains: dict[int, list[Track]] = {}
    for track in sorted(tracks, key=lambda track: track.number):
        chains.setdefault(first_piece(track.number, joins), []).append(track)
    return [_joined(chain) if len(chain) > 1 else chain[0] for _, chain in sorted(chains.items())]


def first_piece(number: int, joins: Mapping[int, int]) -> int:
    """Return the number of the first piece of a track's chain."""
    while number in joins:
        number = joins[number]
    return number


def _joined(chain: list[Track]) -> Track:
    chain = sorted(chain, key=lambda track: float(track.seconds[0]))
    joints = [track.joints for track in chain if track.joints is not None]
    return Track(
        chain[0].number,
        chain[0].shot,
        np.concatenate([track.frames for track in chain]),
        np.concatenate([track.seconds for track in chain]),
        np.concatenate([track.points for track in chain]),
        np.concatenate([track.confidence for track in chain]),
        np.concatenate(joints) if joints else None,
        chain[-1].ended,
    )


def _gap(earlier: _Piece, later: _Piece) -> float:
    if earlier.track.shot != later.track.shot:
        return np.inf
    return later.first.seconds - earlier.last.seconds


def _beside(place: int, pieces: Sequence[_Piece], tail: _Piece, rules: JoiningRules) -> Iterator[_Piece]:
    """Yield who else could go on with a tail while a piece is there, and so is somebody else.

    `pieces` are in the order of their beginnings; `place` is that of the piece.
    """
    piece = pieces[place]
    for at in range(place - 1, -1, -1):
        other = pieces[at]
        if not 0 < _gap(tail, other) <= rules.longest_gap:
            break
        if other.last.seconds >= piece.first.seconds:
            yield other
    for at in range(place + 1, len(pieces)):
        other = pieces[at]
        if other.first.seconds > piece.last.seconds or not 0 < _gap(tail, other) <= rules.longest_gap:
            break
        yield other


def _cost(earlier: _Piece, later: _Piece, rules: JoiningRules) -> float:
    """Return how unlike one piece goes on as the other did: up to 1 is allowed."""
    a, b = earlier.last, later.first
    gap, size = b.seconds - a.seconds, (a.size + b.size) / 2
    ahead = np.linalg.norm(a.centre + gap * a.pace - b.centre)
    back = np.linalg.norm(b.centre - gap * b.pace - a.centre)
    turned = abs((a.heading - b.heading + 180) % 360 - 180)
    bones = np.abs(earlier.bones - later.bones)
    known = np.isfinite(bones)
    parts = [
        (ahead + back) / 2 / size / (rules.place * max(1.0, 2 * gap)),
        np.linalg.norm(a.pace - b.pace) / size / rules.pace,
        abs(np.log(a.size / b.size)) / (rules.size * max(1.0, 2 * gap)),
        turned / rules.turn if np.isfinite(turned) else 0.0,
        bones[known].mean() / rules.body if known.sum() >= 4 else 0.0,
    ]
    return float(max(parts))


def _piece(track: Track, layout: Layout) -> _Piece:
    early = int((track.seconds <= track.seconds[0] + _END_SECONDS).sum())
    late = int((track.seconds >= track.seconds[-1] - _END_SECONDS).sum())
    bones = np.full(0, np.nan)
    if track.joints is not None:
        bones = median_of_known(log_bones(track.joints, track.confidence, bone_ends(layout)))
    first = _side(track, slice(None, max(early, _FIRM)), 0, layout)
    last = _side(track, slice(-max(late, _FIRM), None), -1, layout)
    return _Piece(track, first, last, bones)


def _side(track: Track, part: slice, end: int, layout: Layout) -> _Side:
    """Return what the first (`end` 0) or last (-1) pictures of a track say."""
    points, seconds = track.points[part].astype(np.float64), track.seconds[part]
    centres = np.nanmean(points, axis=1)
    sizes = np.nanmax(np.nanmax(points, axis=1) - np.nanmin(points, axis=1), axis=1)
    since = seconds - seconds.mean()
    pace = (since[:, None] * (centres - centres.mean(axis=0))).sum(axis=0) / max(float((since**2).sum()), 1e-9)
    at = float(track.seconds[end])
    centre = centres.mean(axis=0) + (at - seconds.mean()) * pace
    heading = float("nan")
    if track.joints is not None:
        heading, _ = mean_direction(facing_direction(track.joints[part], layout))
    return _Side(at, centre, pace, max(float(np.median(sizes)), 1.0), heading)

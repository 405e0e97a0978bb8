"""Matching of people across cameras: which tracks of different cameras show one person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from himpc.video.cameras.camera import CalibratedCamera
from himpc.video.cameras.triangulation import triangulate_points

Floats = NDArray[np.float64]

MAX_ERROR = 0.05
"""Distance between a joint in space and in the picture, as a share of the body's size there, above which they
contradict each other. Pose estimators put joints up to 3 % of the body beside each other in two views."""

MAX_MEDIAN_ERROR = 0.03
"""The same for the median over joints and frames of two tracks of one person."""

MIN_MARGIN = 1.5
"""How many times worse the next best match must fit. Where it does not, nothing is matched."""

MIN_COMMON_FRAMES = 6
MAX_COMMON_FRAMES = 40
"""Frames in which two tracks are compared, evenly spaced."""

MAX_SHARED = 0.3
"""Share of the shorter of two tracks of one camera in which both may be seen, and still be one person."""


@dataclass(frozen=True, eq=False)
class ViewedTrack:
    """A person before one camera, in F successive frames of those that all cameras share."""

    camera: int
    """Number of the camera."""
    name: str
    first: int
    """Number of the first frame."""
    rays: Floats = field(repr=False)
    """Rays ``(F, J, 2)`` of the joints (see `CalibratedCamera.to_rays`); NaN where not seen."""
    weights: Floats = field(repr=False)
    """Confidence ``(F, J)``; 0 where not seen."""
    size: Floats = field(repr=False)
    """Size ``(F,)`` of the body in the plane of the rays; NaN where it is not seen."""

    @property
    def end(self) -> int:
        """The number of the frame after the last one."""
        return self.first + len(self.size)

    def common_frames(self, other: ViewedTrack) -> tuple[slice, slice]:
        """Return the frames that two tracks share, as places in each."""
        begin, end = max(self.first, other.first), min(self.end, other.end)
        end = max(begin, end)
        return slice(begin - self.first, end - self.first), slice(begin - other.first, end - other.first)

    @property
    def seen(self) -> NDArray[np.bool_]:
        """In which frames ``(F,)`` the person is seen."""
        return np.isfinite(self.size)


def match_tracks(
    cameras: Sequence[CalibratedCamera], tracks: Sequence[ViewedTrack]
) -> tuple[list[list[int]], list[tuple[int, int]]]:
    """Find the tracks of different cameras that show one person, by how well their rays meet.

    Groups are merged, the best first, unless they hold tracks of one camera at one time, or another match would be
    nearly as good.

    Returns
    -------
    people : list of list of int
        The tracks of each person, of one camera or several.
    ambiguous : list of (int, int)
        Pairs of tracks that fit each other, and others nearly as well.
    """
    fits = {
        (a, b): median_error(cameras, tracks[a], tracks[b])
        for a, b in combinations(range(len(tracks)), 2)
        if tracks[a].camera != tracks[b].camera
    }
    conflicts = {
        (a, b)
        for a, b in combinations(range(len(tracks)), 2)
        if tracks[a].camera == tracks[b].camera and _share_time(tracks[a], tracks[b])
    }
    people = [[number] for number in range(len(tracks))]
    while True:
        costs = _merge_costs(people, fits, conflicts)
        clear = [pair for pair, cost in costs.items() if not _has_rival(pair, cost, costs, people, conflicts)]
        if not clear:
            return people, [(people[a][0], people[b][0]) for a, b in costs]
        first, second = min(clear, key=lambda pair: costs[pair])
        people[first] += people.pop(second)


def median_error(cameras: Sequence[CalibratedCamera], one: ViewedTrack, other: ViewedTrack) -> float:
    """Compute how far the rays of two tracks miss each other, as a median in shares of the body's size.

    Infinite if they are not seen together for `MIN_COMMON_FRAMES`.
    """
    places = one.common_frames(other)
    common = np.flatnonzero(one.seen[places[0]] & other.seen[places[1]])
    if len(common) < MIN_COMMON_FRAMES:
        return np.inf
    chosen = common[np.linspace(0, len(common) - 1, min(len(common), MAX_COMMON_FRAMES)).round().astype(int)]
    both_tracks = list(zip((one, other), places, strict=True))
    rays = np.stack([track.rays[place][chosen] for track, place in both_tracks])
    weights = np.stack([track.weights[place][chosen] for track, place in both_tracks])
    sizes = np.stack([track.size[place][chosen] for track, place in both_tracks])[..., None] * np.ones(rays.shape[2])
    both = (weights > 0).all(axis=0).ravel()
    if not both.any():
        return np.inf
    pair = [cameras[one.camera], cameras[other.camera]]
    flat = [array.reshape(2, -1, *array.shape[3:])[:, both] for array in (rays, weights, sizes)]
    _, errors, used = triangulate_points(pair, flat[0], flat[1], 1e3 * flat[2])
    errors = np.where(used, errors * 1e3, np.inf)
    return float(np.median(errors.max(axis=0)))


def _share_time(one: ViewedTrack, other: ViewedTrack) -> bool:
    """Return whether two tracks of one camera are seen at one time for long enough to be two people."""
    place, other_place = one.common_frames(other)
    both = (one.seen[place] & other.seen[other_place]).sum()
    return bool(both > MAX_SHARED * min(one.seen.sum(), other.seen.sum()))


def _merge_costs(
    people: list[list[int]], fits: dict[tuple[int, int], float], conflicts: set[tuple[int, int]]
) -> dict[tuple[int, int], float]:
    """Return the mean error of each pair of groups that may be merged."""
    costs = {}
    for (a, one), (b, other) in combinations(enumerate(people), 2):
        pairs = list(_pairs(one, other))
        errors = [error for pair in pairs if np.isfinite(error := fits.get(pair, np.inf))]
        if errors and not conflicts.intersection(pairs) and np.mean(errors) < MAX_MEDIAN_ERROR:
            costs[a, b] = float(np.mean(errors))
    return costs


def _has_rival(
    pair: tuple[int, int],
    cost: float,
    costs: dict[tuple[int, int], float],
    people: list[list[int]],
    conflicts: set[tuple[int, int]],
) -> bool:
    """Return whether one of two groups fits a third nearly as well, which cannot be of the same person."""
    for other, error in costs.items():
        shared = set(pair) & set(other)
        if len(shared) != 1 or error > MIN_MARGIN * cost:
            continue
        mine, theirs = (set(pair) - shared).pop(), (set(other) - shared).pop()
        if conflicts.intersection(_pairs(people[mine], people[theirs])):
            return True
    return False


def _pairs(one: list[int], other: list[int]) -> Iterator[tuple[int, int]]:
    for a in one:
        for b in other:
            yield min(a, b), max(a, b)

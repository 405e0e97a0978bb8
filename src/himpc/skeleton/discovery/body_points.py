"""Points that are part of the body: without props, points of the room, and quantities that are no positions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.skeleton.discovery.distances import evenly_spaced

_MIN_TRAVEL = 0.25
"""Movement, as a root mean square in extents of the body, from which a body travels."""

_MOVEMENT_SHARES = (0.5, 2.0)
"""Limits of the share that a point has in the movement of a travelling body: 0.8 to 1.2 in walking, 0 in the room."""

_MAX_DEVIATION = 0.4
"""Maximum root mean square deviation of a point from the movement of the body, in its extents: up to 0.2 for a walking
foot. Moments and forces follow the steps, but their values are no distances."""

_MAX_RELATIVE_DEVIATION = 0.5
"""Maximum deviation between two points that move together, relative to the movement of the one that moves more."""

_MIN_GROUP = 3
"""Minimum number of points that move together while a body travels: two may be props or noise."""

_MAX_VARIATION = 0.35
"""Maximum variation of the distance of a point from a moving part of the same body, relative to the distance."""

_MAX_PART_DISTANCE = 8.0
"""Maximum distance of a point from a moving part of the same body, such as a forearm, in extents of the part."""

_MAX_DISTANCE = 2.0
"""Maximum distance of a point from the mean of the points of a body that stays in place, in its extents."""

_MAX_STILL_MOVEMENT, _MIN_MOVEMENT = 0.003, 0.05
"""Movement, in extents of the body, up to which a point belongs to the room, and above which half of the points of a
body that moves in place are: only then are points of the room left out."""

_MIN_SEEN = 0.5
"""Minimum share of the frames in which a point of the body is seen."""

_MAX_FRAMES, _MAX_EXTENT_FRAMES = 60, 10
"""Maximum numbers of evenly spaced frames to compare movements and to measure an extent, which bound time."""

Array = NDArray[np.float64]


def find_body_points(joints: NDArray[np.floating]) -> NDArray[np.intp]:
    """Find the points that are seen in most frames and move with the body.

    Points of the room stay where they are while the body moves. Angles, forces and other quantities that a file stores
    as points are no positions: they do not move with the body, or change along one axis only.

    Parameters
    ----------
    joints : array ``(frames, P, 3)``
        In any unit; NaN where not seen.

    Returns
    -------
    int array ``(n,)``
        Indices of the points; if nothing moves, of all positions that are seen.
    """
    frames = joints[evenly_spaced(len(joints), _MAX_FRAMES)].astype(np.float64)
    frames = frames[~np.isnan(frames[:, :, 0]).all(axis=1)]
    if not len(frames):
        return np.empty(0, np.intp)
    points = np.flatnonzero((~np.isnan(frames[:, :, 0])).mean(axis=0) >= _MIN_SEEN)
    points = points[~_are_scalars(frames[:, points])]
    if len(points) < 2:
        return points
    frames = frames[:, points]
    shifts = frames - np.nanmedian(frames, axis=0)
    movement = np.sqrt(np.nanmean((shifts**2).sum(axis=2), axis=0))
    core = _largest_group_that_moves_together(shifts, movement)
    course = np.nan_to_num(np.nanmean(shifts[:, core], axis=1))
    whole = _whole_body(frames, core)
    extent = _extent(frames[:, whole])
    if len(core) >= _MIN_GROUP and np.sqrt((course**2).sum(axis=1).mean()) > _MIN_TRAVEL * extent:
        share = np.nansum((shifts * course[:, None]).sum(axis=2), axis=0)
        share /= np.where(np.isnan(shifts[:, :, 0]), 0, (course**2).sum(axis=1)[:, None]).sum(axis=0)
        deviation = np.sqrt(np.nanmean(((shifts - course[:, None]) ** 2).sum(axis=2), axis=0))
        body = (share > _MOVEMENT_SHARES[0]) & (share < _MOVEMENT_SHARES[1]) & (deviation < _MAX_DEVIATION * extent)
        return np.asarray(points[body])
    middle, variation = _distances_from(frames, whole)
    near = (middle < _MAX_DISTANCE * extent) & (variation < _MAX_DEVIATION * extent)
    if near.mean() > 0.5:  # otherwise the group that moves together is not of the body
        frames, points, movement = frames[:, near], points[near], movement[near]
    extent = _extent(frames[:, movement >= np.quantile(movement, 0.9) / 2])
    return points[movement > _MAX_STILL_MOVEMENT * extent] if np.median(movement) > _MIN_MOVEMENT * extent else points


def _are_scalars(frames: Array) -> NDArray[np.bool_]:
    """Find points that change along one axis only, such as powers, or stay on the floor at 0; none if most do."""
    low, high = np.fmin.reduce(frames, axis=0), np.fmax.reduce(frames, axis=0)
    changes = (high > low).sum(axis=1)
    is_flat = ((low == 0) & (high == 0)).any(axis=1)
    scalar: NDArray[np.bool_] = (changes == 1) | ((changes == 2) & is_flat)
    return scalar if scalar.mean() < 0.5 else np.zeros_like(scalar)


def _extent(frames: Array) -> float:
    """Compute the largest distance between points, the median over some frames; 0 without two points."""
    from scipy.spatial.distance import pdist

    chosen = frames[evenly_spaced(len(frames), _MAX_EXTENT_FRAMES)]
    return float(np.median([pdist(frame[~np.isnan(frame[:, 0])]).max(initial=0.0) for frame in chosen]))


def _distances_from(frames: Array, group: NDArray[np.intp]) -> tuple[Array, Array]:
    """Return the typical distance of each point from the mean of a group, and half its range within a recording."""
    centre = np.nanmean(frames[:, group], axis=1, keepdims=True)
    low, middle, high = np.nanquantile(np.linalg.norm(frames - centre, axis=2), (0.1, 0.5, 0.9), axis=0)
    return middle, (high - low) / 2


def _whole_body(frames: Array, core: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return a group that moves together, and, if it is less than half of the points, those that stay near it.

    If only an arm is raised, it moves together, and the body that it belongs to stays near it.
    """
    if 2 * len(core) >= frames.shape[1]:
        return core
    middle, variation = _distances_from(frames, core)
    near = (variation < _MAX_VARIATION * middle) & (middle < _MAX_PART_DISTANCE * _extent(frames[:, core]))
    return np.union1d(core, np.flatnonzero(near))


def _largest_group_that_moves_together(shifts: Array, movement: Array) -> NDArray[np.intp]:
    """Return the point that moves together with the most others, and these."""
    seen = ~np.isnan(shifts[:, :, 0])
    weight, filled = seen.astype(np.float64), np.nan_to_num(shifts)
    squares = weight.T @ (filled**2).sum(axis=2)
    products = np.einsum("fpa,fqa->pq", filled, filled, optimize=True)
    both = np.maximum(weight.T @ weight, 1)
    deviation = np.sqrt(np.maximum(squares + squares.T - 2 * products, 0) / both)
    together = deviation <= _MAX_RELATIVE_DEVIATION * np.maximum(movement[:, None], movement)
    return np.flatnonzero(together[together.sum(axis=1).argmax()])

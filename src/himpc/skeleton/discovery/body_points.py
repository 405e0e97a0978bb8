"""Points that are part of the body: without props, points of the room, and quantities that are no positions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.skeleton.discovery.distances import evenly_spaced, measure_distances

_MIN_TRAVEL = 0.25
"""Root mean square movement of a body that travels, in its extent."""

_MIN_SHARE = 0.5
"""Share of the movement of a travelling body that each of its points has: 0.8 to 1.2 in walking, 0 in the room."""

_STILL, _MOVING = 0.003, 0.05
"""Movement of a point of the room, and of half of the points of a body that moves in place, in its extent."""

_MIN_SEEN = 0.5
"""Share of the frames in which a point of the body is seen."""

_MAX_FRAMES = 60


def find_body_points(joints: NDArray[np.floating]) -> NDArray[np.intp]:
    """Find the points that are seen in most frames and move with the body.

    Points of the room stay where they are while the body moves; so do angles or forces that a file stores as points.

    Parameters
    ----------
    joints : array ``(frames, P, 3)``
        In any unit; NaN where not seen.

    Returns
    -------
    int array ``(n,)``
        Indices of the points; if nothing moves, of all that are seen.
    """
    frames = joints[evenly_spaced(len(joints), _MAX_FRAMES)].astype(np.float64)
    frames = frames[~np.isnan(frames[:, :, 0]).all(axis=1)]
    if not len(frames):
        return np.empty(0, np.intp)
    seen = np.flatnonzero((~np.isnan(frames[:, :, 0])).mean(axis=0) >= _MIN_SEEN)
    if len(seen) < 2:
        return seen
    frames = frames[:, seen]
    shifts = frames - np.nanmedian(frames, axis=0)
    movement = np.sqrt(np.nanmean((shifts**2).sum(axis=2), axis=0))
    movers = np.flatnonzero(movement >= np.quantile(movement, 0.9) / 2)
    course = np.nan_to_num(np.nanmean(shifts[:, movers], axis=1)) if len(movers) else np.zeros((len(frames), 3))
    extent = measure_distances([frames[:, movers]]).extent
    body = np.arange(len(seen))
    if np.sqrt((course**2).sum(axis=1).mean()) > _MIN_TRAVEL * extent:
        along = (shifts * course[:, None]).sum(axis=2)
        full = np.where(np.isnan(along), np.nan, (course**2).sum(axis=1)[:, None])
        body = np.flatnonzero(np.nansum(along, axis=0) > _MIN_SHARE * np.nansum(full, axis=0))
    elif np.median(movement) > _MOVING * extent:
        body = np.flatnonzero(movement > _STILL * extent)
    return seen[body]

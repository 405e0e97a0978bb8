"""Gaps of named points: filled by the points that are rigid with them, where these were seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.skeleton import MIN_POINTS, neighbours_in_segment

__all__ = ["fill_rigid_gaps", "points_to_keep"]

_N_NEIGHBOURS = 6
_MAX_VARIATION = 0.02
"""Variation of the distance to a neighbour that is rigid with a point, in extents of the body."""

_MIN_FLATNESS = 0.1
"""Second to first singular value of neighbours that are not on one line, which would leave a turn open."""


def fill_rigid_gaps(joints: NDArray[np.float32], gaps: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Fill gaps of points by rigid neighbours: the nearest seen pose of point and neighbours, turned and moved.

    Parameters
    ----------
    joints : float32 array ``(frames, P, 3)``
        NaN where not seen.
    gaps : bool array ``(frames, P)``
        What to fill.

    Returns
    -------
    float32 array ``(frames, P, 3)``
        A copy. What cannot be filled stays NaN: where fewer than three neighbours were seen, or those on one line.
    """
    filled = joints.copy()
    neighbours = neighbours_in_segment(joints, _N_NEIGHBOURS, _MAX_VARIATION)
    seen = ~np.isnan(joints[:, :, 0])
    for point in np.flatnonzero(gaps.any(axis=0)):
        near = neighbours[point]
        poses = np.flatnonzero(seen[:, point])
        if len(near) < MIN_POINTS or not len(poses):
            continue
        for frame in np.flatnonzero(gaps[:, point] & ~seen[:, point]):
            pose = poses[np.abs(poses - frame).argmin()]
            both = near[seen[frame, near] & seen[pose, near]]
            placed = _place(joints[pose, both], joints[frame, both], joints[pose, point])
            if placed is not None:
                filled[frame, point] = placed
    return filled


def _place(
    before: NDArray[np.float32], after: NDArray[np.float32], point: NDArray[np.float32]
) -> NDArray[np.float64] | None:
    """Return where a point goes when its neighbours go from `before` to `after` (Kabsch)."""
    if len(before) < MIN_POINTS:
        return None
    a, b = before.astype(np.float64), after.astype(np.float64)
    spread = np.linalg.svd(a - a.mean(axis=0), compute_uv=False)
    if spread[1] <= _MIN_FLATNESS * spread[0]:
        return None
    u, _, v = np.linalg.svd((b - b.mean(axis=0)).T @ (a - a.mean(axis=0)))
    u[:, -1] *= np.sign(np.linalg.det(u @ v)) or 1.0
    placed: NDArray[np.float64] = b.mean(axis=0) + u @ v @ (point - a.mean(axis=0))
    return placed


def points_to_keep(seen: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Choose the points without which most data remain: positions of kept points in frames that show all of them.

    Parameters
    ----------
    seen : bool array ``(frames, P)``

    Returns
    -------
    int array ``(n,)``
        At least `MIN_POINTS`, if there are as many.
    """
    kept = np.arange(seen.shape[1])
    best, best_size = kept, -1
    while len(kept) >= MIN_POINTS:
        complete = seen[:, kept].all(axis=1).sum()
        if complete * len(kept) > best_size:
            best, best_size = kept, int(complete) * len(kept)
        missing = (~seen[:, kept]).sum(axis=0)
        if not missing.any():
            break
        kept = np.delete(kept, missing.argmax())
    return best

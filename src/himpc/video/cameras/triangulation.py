"""Triangulation: points in space from the rays of two or more cameras, without those that contradict the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from himpc.video.cameras.camera import CalibratedCamera

Floats = NDArray[np.float64]

MAX_GUESS = 8.0
"""Limits by which two rays may miss each other and the point between them still be a guess."""


def triangulate_points(
    cameras: Sequence[CalibratedCamera], rays: Floats, weights: Floats, limits: Floats
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Triangulate n points from their rays in C cameras.

    A ray that contradicts the others is left out: the one without which the others agree best, again and again. Where
    only two are left that contradict each other, no ray is used, and the point between them is a guess.

    Parameters
    ----------
    cameras : sequence of CalibratedCamera
    rays : float64 array ``(C, n, 2)``
        See `CalibratedCamera.to_rays`; NaN where a camera sees nothing.
    weights : float64 array ``(C, n)``
        Confidence, 0 to 1; a ray of weight 0 does not count.
    limits : float64 array ``(C, n)``
        Distances between a point and its ray, in the plane one unit ahead, above which they contradict each other.

    Returns
    -------
    points : float64 array ``(n, 3)``
        In the world; NaN where there are no two rays, or they miss each other by more than `MAX_GUESS` limits.
    errors : float64 array ``(C, n)``
        Distances of the points from their rays, in limits; NaN for rays that do not count.
    used : bool array ``(C, n)``
    """
    poses = np.stack([camera.pose for camera in cameras])
    used = np.isfinite(rays).all(axis=2) & (weights > 0)
    points = intersect_rays(poses, rays, np.where(used, weights, 0))
    errors = _errors(poses, points, rays, limits)
    while len(wrong := _find_wrong(errors, used, min_rays=3)):
        used[_find_worst_ray(poses, rays[:, wrong], weights[:, wrong], limits[:, wrong], used[:, wrong]), wrong] = False
        points[wrong] = intersect_rays(poses, rays[:, wrong], np.where(used, weights, 0)[:, wrong])
        errors[:, wrong] = _errors(poses, points[wrong], rays[:, wrong], limits[:, wrong])
    far = (np.where(used, errors, 0) > MAX_GUESS).any(axis=0) | (used.sum(axis=0) < 2)
    points[far] = np.nan
    used[:, _find_wrong(errors, used, min_rays=0)] = False
    used[:, far] = False
    return points, np.where(used, errors, np.nan), used


def intersect_rays(poses: Floats, rays: Floats, weights: Floats) -> Floats:
    """Return the points ``(n, 3)`` nearest to weighted rays ``(C, n, 2)`` of cameras with poses ``(C, [n,] 3, 4)``.

    Linear triangulation (Hartley and Zisserman, Multiple View Geometry, section 12.2), inhomogeneous. OpenCV has it for
    two cameras without weights only. NaN where fewer than two rays count.
    """
    rays = np.where((weights > 0)[..., None], rays, 0)
    poses = poses[:, None] if poses.ndim == 3 else poses
    rows = rays[..., None] * poses[:, :, 2:3] - poses[:, :, :2]  # (C, n, 2, 4)
    rows = rows * weights[..., None, None]
    lhs, rhs = rows[..., :3], -rows[..., 3]
    normal = np.einsum("cnka,cnkb->nab", lhs, lhs)
    enough = ((weights > 0).sum(axis=0) >= 2) & (np.linalg.cond(normal) < 1e12)
    points = np.full((rays.shape[1], 3), np.nan)
    if enough.any():
        moment = np.einsum("cnka,cnk->na", lhs, rhs)[enough]
        points[enough] = np.linalg.solve(normal[enough], moment[..., None])[..., 0]
    return points


def _errors(poses: Floats, points: Floats, rays: Floats, limits: Floats) -> Floats:
    """Compute the distances ``(C, n)`` of points from rays, in limits; infinite behind a camera, or without a point."""
    local = np.einsum("cab,nb->cna", poses[..., :3], points) + poses[:, None, :, 3]
    depth = np.where(local[..., 2] > 0, local[..., 2], np.nan)
    errors = np.linalg.norm(local[..., :2] / depth[..., None] - rays, axis=2) / limits
    return np.where(np.isfinite(errors), errors, np.inf)


def _find_wrong(errors: Floats, used: NDArray[np.bool_], min_rays: int) -> NDArray[np.intp]:
    """Return the points that a ray in use contradicts, and that have at least a number of rays."""
    contradicted = (np.where(used, errors, 0) > 1).any(axis=0)
    return np.flatnonzero(contradicted & (used.sum(axis=0) >= min_rays))


def _find_worst_ray(
    poses: Floats, rays: Floats, weights: Floats, limits: Floats, used: NDArray[np.bool_]
) -> NDArray[np.intp]:
    """Return the camera ``(n,)`` of the ray without which the others agree best."""
    remaining = np.full(used.shape, np.inf)
    for camera in range(len(poses)):
        others = used.copy()
        others[camera] = False
        points = intersect_rays(poses, rays, np.where(others, weights, 0))
        worst = np.where(others, _errors(poses, points, rays, limits), 0).max(axis=0)
        remaining[camera] = np.where(used[camera], worst, np.inf)
    worst_rays: NDArray[np.intp] = remaining.argmin(axis=0)
    return worst_rays

"""Orientation: the vertical axis of a tilted camera, and the direction that a body faces."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from himpc.skeleton import Layout, has_side_lines, headings

MAX_TILT = 60.0
"""Degrees. A steeper camera sees too little of the body's length, so nothing is rotated."""

_SHOULDERS, _ANKLES = ("left_shoulder", "right_shoulder"), ("left_ankle", "right_ankle")


def estimate_up(bodies: Iterable[NDArray[np.floating]], layout: Layout) -> NDArray[np.float64] | None:
    """Estimate the direction of up in the axes of a camera, from joints ``(frames, J, 3)`` of the people before it.

    It is the median direction from the ankles to the shoulders over all frames: the lean of single steps cancels out.
    It is a few degrees off if everybody walks in one direction, or bends.

    Returns
    -------
    float64 array ``(3,)`` or None
        A unit vector; None if it cannot be estimated or the camera is tilted by more than `MAX_TILT`.
    """
    if not layout.has(*_SHOULDERS, *_ANKLES):
        return None
    top, bottom = ([layout.index(name) for name in names] for names in (_SHOULDERS, _ANKLES))
    lines = [body[:, top].mean(axis=1) - body[:, bottom].mean(axis=1) for body in bodies]
    upward = np.concatenate(lines).astype(np.float64) if lines else np.empty((0, 3))
    length = np.linalg.norm(upward, axis=1)
    upward = upward[length > 0] / length[length > 0, None]
    upward = upward[np.isfinite(upward).all(axis=1)]
    if len(upward) == 0:
        return None
    median = np.median(upward, axis=0)
    median /= np.linalg.norm(median) or 1.0
    return median if median[1] >= np.cos(np.radians(MAX_TILT)) else None


def rotate_upright(joints: NDArray[np.float64], up: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Rotate joints ``(frames, J, 3)`` by the smallest angle that makes `up` the y axis; return the angle, too."""
    cosine = float(np.clip(up[1], -1.0, 1.0))
    axis = np.cross(up, [0.0, 1.0, 0.0])
    sine = float(np.linalg.norm(axis))
    if sine < 1e-9:
        return joints.copy(), 0.0
    x, y, z = axis / sine
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    rotation = np.eye(3) + sine * cross + (1 - cosine) * cross @ cross
    return joints @ rotation.T, float(np.degrees(np.arccos(cosine)))


def facing_direction(joints: NDArray[np.floating], layout: Layout) -> NDArray[np.float64]:
    """Compute the direction that a body faces, from the lines between hips and shoulders seen from above.

    Joints ``(frames, J, 3)`` are in the axes of `Detection`.

    Returns
    -------
    float64 array ``(frames,)``
        Degrees: 0 towards the camera, 90 to the right of the image, -90 to the left, 180 away; NaN if unknown.
    """
    return np.degrees(headings(joints, layout)) if has_side_lines(layout) else np.full(len(joints), np.nan)

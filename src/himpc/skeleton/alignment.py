"""Turning skeletons to face one way, so that where a person walks does not change what is seen of the body."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.errors import LayoutError
from himpc.skeleton.layout import Layout

__all__ = ["TOO_SHORT", "body_frame", "headings", "sides"]

TOO_SHORT = 1e-3
"""A body whose left-to-right line is this short (metres), seen from above, does not show where it faces."""


def body_frame(joints: NDArray[np.floating], layout: Layout) -> NDArray[np.floating]:
    """Return the joints of each frame turned about the upward axis so that the body faces +z, its left side towards +x.

    The left side is where the left hips and shoulders lie, seen from the right ones and from above: the mean of both
    lines, or one of them where only that is there. Only the heading changes: all heights and all distances within a
    frame stay. The turn is about the origin, so subtract the root first (`himpc.skeleton.centre`).

    Parameters
    ----------
    joints : array ``(..., J, 3)``
        Joints, y up, in right-handed axes; NaN where not seen.
    layout : Layout
        The J joints.

    Returns
    -------
    array ``(..., J, 3)``
        In the same type and unit. Where neither hips nor shoulders are seen, or the line between them points straight
        up, the frame keeps its heading.

    Raises
    ------
    LayoutError
        If the array does not hold the layout's joints in three axes, or the layout has neither hips nor shoulders.
    """
    if joints.ndim < 2 or joints.shape[-2:] != (len(layout), 3):
        raise LayoutError(
            f"layout {layout.name!r} has {len(layout)} joints, but the array has shape {joints.shape}: "
            "expected (..., joints, 3)"
        )
    leftward = _leftward(joints, layout)
    length = np.hypot(leftward[..., 0], leftward[..., 1])
    shows = length > TOO_SHORT
    divisor = np.where(shows, length, 1)
    cosine = np.where(shows, leftward[..., 0] / divisor, 1)[..., None]
    sine = np.where(shows, leftward[..., 1] / divisor, 0)[..., None]
    turned = joints.copy()
    turned[..., 0] = cosine * joints[..., 0] + sine * joints[..., 2]
    turned[..., 2] = -sine * joints[..., 0] + cosine * joints[..., 2]
    return turned


def headings(joints: NDArray[np.floating], layout: Layout) -> NDArray[np.float64]:
    """Return where the body of each frame faces, in radians about the upward axis, as `body_frame` would turn it.

    Parameters
    ----------
    joints : array ``(..., J, 3)``
        Joints, y up, in right-handed axes; NaN where not seen.
    layout : Layout
        The J joints.

    Returns
    -------
    float64 array ``(...)``
        0 towards +z, rising towards +x, in [-pi, pi]; NaN where the frame does not show it.

    Raises
    ------
    LayoutError
        If the layout has neither hips nor shoulders.
    """
    leftward = _leftward(joints, layout)
    shows = np.hypot(leftward[..., 0], leftward[..., 1]) > TOO_SHORT
    return np.where(shows, np.arctan2(-leftward[..., 1], leftward[..., 0]), np.nan)


def sides(layout: Layout) -> NDArray[np.intp]:
    """Return the left and right joint ``(n, 2)`` of the lines that show a body's left: hips and shoulders.

    Raises
    ------
    LayoutError
        If the layout has neither.
    """
    lines = [(f"left_{part}", f"right_{part}") for part in ("hip", "shoulder")]
    known = [line for line in lines if layout.has(*line)]
    if not known:
        raise LayoutError(
            f"layout {layout.name!r} has neither hips nor shoulders, so no side to turn by: say --align=false"
        )
    return np.array([[layout.index(left), layout.index(right)] for left, right in known])


def _leftward(joints: NDArray[np.floating], layout: Layout) -> NDArray[np.float64]:
    """Return the x and z ``(..., 2)`` of the mean line from right to left hip and shoulder; 0 where unseen."""
    seen_from_above = joints[..., sides(layout), ::2].astype(np.float64)  # in float32 the short line of a side is rough
    spans = seen_from_above[..., 0, :] - seen_from_above[..., 1, :]
    seen = np.isfinite(spans).all(axis=-1, keepdims=True)
    total: NDArray[np.float64] = np.where(seen, spans, 0).sum(axis=-2) / np.maximum(seen.sum(axis=-2), 1)
    return total

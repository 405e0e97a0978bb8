"""Rotation of skeletons to one heading, so that the walking direction does not change the features."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.errors import LayoutError
from himpc.skeleton.layout import Layout

__all__ = ["MIN_SIDE_LENGTH", "body_frame", "has_side_lines", "headings", "side_lines"]

MIN_SIDE_LENGTH = 1e-3
"""Length (metres, seen from above) of the left-to-right line below which a frame does not show its heading."""


def body_frame(joints: NDArray[np.floating], layout: Layout) -> NDArray[np.floating]:
    """Rotate each frame about the upward axis so that the body faces +z, with its left side towards +x.

    The left side is given by the lines of `side_lines`, such as from the right to the left hip, seen from above: the
    mean of those that are seen. Only the heading changes: all heights and all distances within a frame stay. The
    rotation is about the origin, so subtract the root first (`himpc.skeleton.centre`).

    Parameters
    ----------
    joints : array ``(..., J, 3)``
        Joints, y up, in right-handed axes; NaN where not seen.
    layout : Layout
        The J joints.

    Returns
    -------
    array ``(..., J, 3)``
        In the same type and unit. A frame keeps its heading where none of the lines is seen, or they point straight
        up.

    Raises
    ------
    LayoutError
        If the array does not hold the layout's joints in three axes, or the layout has no lines from side to side.
    """
    if joints.ndim < 2 or joints.shape[-2:] != (len(layout), 3):
        raise LayoutError(
            f"layout {layout.name!r} has {len(layout)} joints, but the array has shape {joints.shape}: "
            "expected (..., joints, 3)"
        )
    leftward = _leftward(joints, layout)
    length = np.hypot(leftward[..., 0], leftward[..., 1])
    is_shown = length > MIN_SIDE_LENGTH
    divisor = np.where(is_shown, length, 1)
    cosine = np.where(is_shown, leftward[..., 0] / divisor, 1)[..., None]
    sine = np.where(is_shown, leftward[..., 1] / divisor, 0)[..., None]
    turned = joints.copy()
    turned[..., 0] = cosine * joints[..., 0] + sine * joints[..., 2]
    turned[..., 2] = -sine * joints[..., 0] + cosine * joints[..., 2]
    return turned


def headings(joints: NDArray[np.floating], layout: Layout) -> NDArray[np.float64]:
    """Compute the heading of the body in each frame, in radians about the upward axis, as `body_frame` uses it.

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
        If the layout has no lines from side to side.
    """
    leftward = _leftward(joints, layout)
    is_shown = np.hypot(leftward[..., 0], leftward[..., 1]) > MIN_SIDE_LENGTH
    return np.where(is_shown, np.arctan2(-leftward[..., 1], leftward[..., 0]), np.nan)


def has_side_lines(layout: Layout) -> bool:
    """Return whether a layout shows a heading: whether it has lines from side to side (see `side_lines`)."""
    return bool(_find_side_lines(layout))


def side_lines(layout: Layout) -> NDArray[np.intp]:
    """Return the left and right joint ``(n, 2)`` of the lines that show the left side.

    These are the lines that the layout declares (`Layout.sideways`), else those between its hips and between its
    shoulders, else between the joints of all its pairs.

    Raises
    ------
    LayoutError
        If the layout has none of them.
    """
    lines = _find_side_lines(layout)
    if not lines:
        raise LayoutError(
            f"layout {layout.name!r} has no left and right joints, so it shows no heading to align",
            hint="switch alignment off: {align=False}",
        )
    return np.array(lines)


def _find_side_lines(layout: Layout) -> tuple[tuple[int, int], ...]:
    girdles = [(f"left_{part}", f"right_{part}") for part in ("hip", "shoulder")]
    between = tuple((layout.index(left), layout.index(right)) for left, right in girdles if layout.has(left, right))
    return layout.sideways or between or layout.pairs


def _leftward(joints: NDArray[np.floating], layout: Layout) -> NDArray[np.float64]:
    """Return the x and z ``(..., 2)`` of the mean of the lines from right to left; 0 where unseen."""
    # float32 is too coarse for the short line of a side.
    seen_from_above = joints[..., side_lines(layout), ::2].astype(np.float64)
    spans = seen_from_above[..., 0, :] - seen_from_above[..., 1, :]
    seen = np.isfinite(spans).all(axis=-1, keepdims=True)
    total: NDArray[np.float64] = np.where(seen, spans, 0).sum(axis=-2) / np.maximum(seen.sum(axis=-2), 1)
    return total

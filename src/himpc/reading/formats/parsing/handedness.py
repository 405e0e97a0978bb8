"""Left and right of a body against the direction that it faces, in formats whose axes or joints may be mirrored."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.reading.axes import recognise_up, to_y_up
from himpc.skeleton import Layout

__all__ = ["leftward_of", "looks_mirrored"]

# From joint, to joint: forwards on a body that stands or walks, and to its left.
_FORWARD = (
    *((f"{side}_ankle", f"{side}_foot") for side in ("left", "right")),
    *((f"{side}_heel", f"{side}_big_toe") for side in ("left", "right")),
    *((f"{side}_ear", "nose") for side in ("left", "right")),
)
_LEFTWARD = (("right_hip", "left_hip"), ("right_shoulder", "left_shoulder"))
_MIN_SINE = 0.5
_MIN_SHARE = 0.8


def looks_mirrored(joints: NDArray[np.floating], layout: Layout) -> bool:
    """Return whether the left side of a body is where its right side must be, as feet and face show.

    The direction forwards, turned by a quarter about the upward axis, must be the direction to the left. A body is
    mirrored if both are opposed in 80 % of the frames that show them. This is less evidence than
    `himpc.reading.axes.is_mirrored` asks for, which serves files of every format.

    Parameters
    ----------
    joints : array ``(frames, J, 3)``
        Joints in any unit and axes; NaN where not seen.
    """
    upright = to_y_up(joints, recognise_up(joints, layout) or "y")[..., ::2].astype(np.float64)
    forward, leftward = (_direction(upright, layout, lines) for lines in (_FORWARD, _LEFTWARD))
    sine = forward[:, 1] * leftward[:, 0] - forward[:, 0] * leftward[:, 1]
    shown = sine[np.isfinite(sine) & (np.abs(sine) >= _MIN_SINE)]
    return shown.size > 0 and bool((shown < 0).mean() >= _MIN_SHARE)


def leftward_of(joints: NDArray[np.floating], layout: Layout) -> NDArray[np.float64]:
    """Return the direction to the left of a body ``(frames, 3)``, as feet and face show it; NaN where they do not.

    Parameters
    ----------
    joints : array ``(frames, J, 3)``
        Joints in right-handed axes, y up; NaN where not seen.
    """
    forward = _direction(joints[..., ::2].astype(np.float64), layout, _FORWARD)
    return np.stack([forward[:, 1], np.zeros(len(forward)), -forward[:, 0]], axis=1)


def _direction(
    seen_from_above: NDArray[np.float64], layout: Layout, lines: tuple[tuple[str, str], ...]
) -> NDArray[np.float64]:
    """Return the mean direction ``(frames, 2)`` of the lines that a layout has; NaN where none is seen."""
    total = np.zeros((len(seen_from_above), 2))
    for start, end in lines:
        if layout.has(start, end):
            line = seen_from_above[:, layout.index(end)] - seen_from_above[:, layout.index(start)]
            total += np.nan_to_num(line)
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return np.where(length > 0, total / np.where(length > 0, length, 1), np.nan)

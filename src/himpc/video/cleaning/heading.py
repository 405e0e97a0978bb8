"""Which way a body faces."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.skeleton import Layout

__all__ = ["facing_direction", "mean_direction"]

_ACROSS = (("left_hip", "right_hip"), ("left_shoulder", "right_shoulder"))


def facing_direction(joints: NDArray[np.floating], layout: Layout) -> NDArray[np.float64]:
    """Return the direction that a body faces in each frame, degrees ``(frames,)``; NaN where it does not show.

    0 faces the camera, 90 the right side of the picture, -90 the left, 180 away. It follows from the line across the
    hips and shoulders, seen from above.

    Parameters
    ----------
    joints : array ``(frames, J, 3)``
        Metres, x right in the picture, y up, z towards the camera.
    """
    pairs = [pair for pair in _ACROSS if layout.has(*pair)]
    if not pairs:
        return np.full(len(joints), np.nan)
    across = sum(joints[:, layout.index(a)] - joints[:, layout.index(b)] for a, b in pairs)
    left = np.asarray(across, dtype=np.float64)[:, [0, 2]]  # towards the body's own left, on the floor
    ahead_x, ahead_z = -left[:, 1], left[:, 0]  # up x left... seen from above, a quarter turn from left to ahead
    degrees: NDArray[np.float64] = np.degrees(np.arctan2(ahead_x, ahead_z))
    degrees[(left == 0).all(axis=1)] = np.nan
    return degrees


def mean_direction(degrees: NDArray[np.float64]) -> tuple[float, float]:
    """Return the mean of directions in degrees, and how much they spread: 0 for one direction, 1 for all alike."""
    known = np.radians(degrees[np.isfinite(degrees)])
    if len(known) == 0:
        return float("nan"), float("nan")
    mean = np.exp(1j * known).mean()
    return float(np.degrees(np.angle(mean))), float(1 - abs(mean))

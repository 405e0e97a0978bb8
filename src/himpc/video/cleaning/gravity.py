"""Which way is up: from the axes of a camera that looks down to those of the room."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from himpc.skeleton import Layout

__all__ = ["estimate_up", "rotate_upright"]

MOST_DEGREES = 60.0
"""A camera that looks down by more sees too little of the body's length; nothing is turned then."""

_TOP, _BOTTOM = ("left_shoulder", "right_shoulder"), ("left_ankle", "right_ankle")


def estimate_up(bodies: Iterable[NDArray[np.floating]], layout: Layout) -> NDArray[np.float64] | None:
    """Return the unit vector that points up ``(3,)`` in the axes of a camera; None where it does not show.

    It is the mean of the lines from the ankles to the shoulders over all frames of all people before one camera: a
    stride leans one way and the other, and people who walk in several directions lean in several. Somebody who walks
    in one direction only, or bends, is a few degrees off.

    Parameters
    ----------
    bodies : iterable of arrays ``(frames, J, 3)``
        Joints in the camera's axes, y about up.
    """
    if not layout.has(*_TOP, *_BOTTOM):
        return None
    top, bottom = ([layout.index(name) for name in names] for names in (_TOP, _BOTTOM))
    lines = [body[:, top].mean(axis=1) - body[:, bottom].mean(axis=1) for body in bodies]
    upward = np.concatenate(lines).astype(np.float64) if lines else np.empty((0, 3))
    length = np.linalg.norm(upward, axis=1)
    upward = upward[length > 0] / length[length > 0, None]
    upward = upward[np.isfinite(upward).all(axis=1)]
    if len(upward) == 0:
        return None
    mean = np.median(upward, axis=0)
    mean /= np.linalg.norm(mean) or 1.0
    return mean if mean[1] >= np.cos(np.radians(MOST_DEGREES)) else None


def rotate_upright(joints: NDArray[np.float64], up: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Turn joints ``(frames, J, 3)`` by the shortest way so that `up` becomes +y; return them and the degrees."""
    cosine = float(np.clip(up[1], -1.0, 1.0))
    axis = np.cross(up, [0.0, 1.0, 0.0])
    sine = float(np.linalg.norm(axis))
    if sine < 1e-9:
        return joints.copy(), 0.0
    x, y, z = axis / sine
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    turn = np.eye(3) + sine * cross + (1 - cosine) * cross @ cross
    return joints @ turn.T, float(np.degrees(np.arccos(cosine)))

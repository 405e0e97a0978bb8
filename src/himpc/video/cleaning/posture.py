"""Walking, standing and sitting."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, median_filter

from himpc.skeleton import Layout

__all__ = ["POSTURES", "Posture", "find_posture"]

Posture = Literal["walking", "standing", "seated"]
POSTURES: tuple[Posture, ...] = get_args(Posture)

_SECONDS = 1.0
"""A stretch of less is taken for what is around it; a step takes about half of it."""

_SWING = 0.12
"""Of the leg's length: how far the ankles come apart and together again within a second and a half in walking. Steps
are 0.6 to 0.9 of it; what an estimator makes of somebody who stands still is below a tenth."""

_SEATED = 50.0
"""Degrees of both thighs from upright: walking swings one by some 30, sitting lifts both by 60 to 100."""

_NEEDED = ("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle")


def find_posture(joints: NDArray[np.floating], layout: Layout, fps: float) -> NDArray[np.int8]:
    """Return the posture of each frame, an index into `POSTURES` ``(frames,)``; walking where legs are unknown.

    Parameters
    ----------
    joints : array ``(frames, J, 3)``
        Complete, y up.
    """
    posture = np.zeros(len(joints), dtype=np.int8)
    if not layout.has(*_NEEDED):
        return posture
    body = np.asarray(joints, dtype=np.float64)
    left_hip, right_hip, left_knee, right_knee, left_ankle, right_ankle = (body[:, layout.index(n)] for n in _NEEDED)
    leg = float(np.median(_length(left_hip - left_knee) + _length(left_knee - left_ankle))) or 1.0
    apart = _length(left_ankle - right_ankle)
    window = max(3, round(1.5 * fps))
    swing = maximum_filter1d(apart, window) + maximum_filter1d(-apart, window)
    posture[swing < _SWING * leg] = 1
    lifted = np.minimum(_tilt(left_hip - left_knee), _tilt(right_hip - right_knee))
    posture[lifted > _SEATED] = 2
    least = min(len(posture), max(1, round(_SECONDS * fps)) | 1)
    return np.asarray(median_filter(posture, size=least, mode="nearest"), dtype=np.int8)


def _length(line: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(line, axis=1))


def _tilt(upward: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far lines ``(frames, 3)`` are from upright, degrees."""
    length = np.maximum(_length(upward), 1e-9)
    return np.asarray(np.degrees(np.arccos(np.clip(upward[:, 1] / length, -1, 1))))

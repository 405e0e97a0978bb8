"""Walking, standing and sitting."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from himpc.skeleton import Layout

Posture = Literal["walking", "standing", "seated"]
POSTURES: tuple[Posture, ...] = get_args(Posture)

_MIN_SECONDS = 1.0
"""A shorter stretch is assigned the posture around it; a step takes about half of it."""

_MIN_SWING = 0.12
"""Range of the distance between the ankles within 1.5 s of walking, as a share of the leg length. Steps are 0.6 to 0.9;
what an estimator returns for a standing person is below 0.1."""

_SEATED_ANGLE = 50.0
"""Degrees of both thighs from vertical. Walking swings one of them by some 30, sitting lifts both by 60 to 100."""

_LEG_JOINTS = ("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle")


def find_posture(joints: NDArray[np.floating], layout: Layout, fps: float) -> NDArray[np.int8]:
    """Return the posture in each frame, as an index into `POSTURES`: int8 array ``(frames,)``.

    Joints ``(frames, J, 3)`` are complete and y up. The posture is walking if the layout has no legs.
    """
    from scipy.ndimage import maximum_filter1d, median_filter  # slow to import

    posture = np.zeros(len(joints), dtype=np.int8)
    if not layout.has(*_LEG_JOINTS):
        return posture
    body = np.asarray(joints, dtype=np.float64)
    left_hip, right_hip, left_knee, right_knee, left_ankle, right_ankle = (
        body[:, layout.index(name)] for name in _LEG_JOINTS
    )
    leg = float(np.median(_length(left_hip - left_knee) + _length(left_knee - left_ankle))) or 1.0
    distance = _length(left_ankle - right_ankle)
    window = max(3, round(1.5 * fps))
    swing = maximum_filter1d(distance, window) + maximum_filter1d(-distance, window)
    posture[swing < _MIN_SWING * leg] = POSTURES.index("standing")
    lifted = np.minimum(_tilt(left_hip - left_knee), _tilt(right_hip - right_knee))
    posture[lifted > _SEATED_ANGLE] = POSTURES.index("seated")
    size = min(len(posture), max(1, round(_MIN_SECONDS * fps)) | 1)
    return np.asarray(median_filter(posture, size=size, mode="nearest"), dtype=np.int8)


def _length(lines: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(lines, axis=1))


def _tilt(lines: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the angle between lines ``(frames, 3)`` and the vertical, degrees."""
    length = np.maximum(_length(lines), 1e-9)
    return np.asarray(np.degrees(np.arccos(np.clip(lines[:, 1] / length, -1, 1))))

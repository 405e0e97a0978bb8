"""Walking, standing and sitting."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from himpc.skeleton import Layout

Floats = NDArray[np.float64]
Posture = Literal["walking", "standing", "seated", "unknown"]
POSTURES: tuple[Posture, ...] = get_args(Posture)

_MIN_SECONDS = 1.0
"""A shorter stretch is assigned the posture around it; a step takes about half of it."""

_STEP_SECONDS = 1.5
"""Time in which the range of the ankles is taken: more than two steps."""

_MIN_STEP, _MAX_STILL = 0.3, 0.12
"""Range of the distance between the ankles, as a share of the leg length: steps are 0.6 to 0.9. Below the second a
person stands; what is between is unknown, unless the image shows it."""

_MIN_IMAGE_STEP = 0.045
"""Range of the distance between the ankles in the image, as a share of the body's size; that of simulated walkers is
0.06 to 0.4. The image is several times as exact as the depth, which alone makes steps of a person who stands still."""

_MIN_CONFIDENCE = 0.5
"""Confidence of knees and ankles below which they count as hidden: the estimator guesses their place."""

_SEATED_ANGLE, _DOUBTFUL_ANGLE = 50.0, 30.0
"""Degrees of both thighs from vertical. Walking swings one of them by some 30, sitting lifts both by 60 to 100. Above
the second a person is seated if the image shows it as well; below, the two contradict each other."""

_SEATED_DROP = 0.5
"""Height of the hips above the knees in the image, as a share of that of the shoulders above the hips. It is 0.7 to 1
while standing and walking."""

_LEG_JOINTS = ("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle")


def find_posture(
    joints: NDArray[np.floating],
    layout: Layout,
    fps: float,
    confidence: NDArray[np.floating] | None = None,
    points: NDArray[np.floating] | None = None,
) -> NDArray[np.int8]:
    """Return the posture in each frame, as an index into `POSTURES`: int8 array ``(frames,)``.

    Parameters
    ----------
    joints : array ``(frames, J, 3)``
        Complete and y up.
    layout : Layout
        Without legs, the posture is unknown.
    fps : float
    confidence : array ``(frames, J)``, optional
        The posture is unknown where knees or ankles are hidden.
    points : array ``(frames, J, 2)``, optional
        Pixels, y down, NaN if not seen.
    """
    from scipy.ndimage import median_filter  # slow to import

    posture = np.full(len(joints), POSTURES.index("unknown"), dtype=np.int8)
    if not layout.has(*_LEG_JOINTS):
        return posture
    legs = [layout.index(name) for name in _LEG_JOINTS]
    body = np.asarray(joints, dtype=np.float64)[:, legs]
    window = max(3, round(_STEP_SECONDS * fps))
    leg = float(np.median(_length(body[:, 0] - body[:, 2]) + _length(body[:, 2] - body[:, 4]))) or 1.0
    swing = _range(_length(body[:, 4] - body[:, 5])[:, None], window) / leg
    walks, stands = swing > _MIN_STEP, swing < _MAX_STILL
    lifted = np.minimum(_tilt(body[:, 0] - body[:, 2]), _tilt(body[:, 1] - body[:, 3]))
    seated, doubtful = lifted > _SEATED_ANGLE, np.zeros(len(body), dtype=bool)
    if points is not None and np.isfinite(points[:, legs]).any():
        image = np.nan_to_num(np.asarray(points, dtype=np.float64))
        size = float(np.median(np.ptp(image, axis=1).max(axis=1))) or 1.0
        # Absolute values, because estimators exchange left and right.
        moves = _range(np.abs(image[:, legs[4]] - image[:, legs[5]]), window) > _MIN_IMAGE_STEP * size
        walks, stands = walks & moves, stands | ~moves
        in_image = _is_seated_in_image(image, layout)
        seated |= in_image & (lifted > _DOUBTFUL_ANGLE)
        doubtful = in_image & ~seated
    posture[stands] = POSTURES.index("standing")
    posture[walks] = POSTURES.index("walking")
    posture[seated] = POSTURES.index("seated")
    posture[doubtful] = POSTURES.index("unknown")
    if confidence is not None:
        hidden = np.asarray(confidence)[:, legs[2:]].reshape(len(body), 2, 2).mean(axis=2).min(axis=1) < _MIN_CONFIDENCE
        posture[hidden] = POSTURES.index("unknown")
    size_of_filter = min(len(posture), max(1, round(_MIN_SECONDS * fps)) | 1)
    labels = [median_filter((posture == k).astype(np.float32), size=size_of_filter, mode="nearest") for k in range(4)]
    return np.asarray(np.where(np.max(labels, axis=0) > 0, np.argmax(labels, axis=0), 3), dtype=np.int8)


def _range(values: Floats, window: int) -> Floats:
    """Compute the largest range of any column of values ``(frames, columns)`` in a window around each frame."""
    from scipy.ndimage import maximum_filter1d, minimum_filter1d

    ranges = maximum_filter1d(values, window, axis=0) - minimum_filter1d(values, window, axis=0)
    return np.asarray(ranges.max(axis=1))


def _is_seated_in_image(image: Floats, layout: Layout) -> NDArray[np.bool_]:
    """Return whether both knees are nearly as high as the hips, in each frame of points ``(frames, J, 2)``."""
    if not layout.has("left_shoulder", "right_shoulder"):
        return np.zeros(len(image), dtype=bool)
    heights = {
        part: image[:, [layout.index(f"{side}_{part}") for side in ("left", "right")], 1]
        for part in ("shoulder", "hip", "knee")
    }
    trunk = heights["hip"].mean(axis=1) - heights["shoulder"].mean(axis=1)
    drop = (heights["knee"] - heights["hip"]).max(axis=1)
    return np.asarray((trunk > 0) & (drop < _SEATED_DROP * trunk))


def _length(lines: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(lines, axis=1))


def _tilt(lines: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the angle between lines ``(frames, 3)`` and the vertical, degrees."""
    length = np.maximum(_length(lines), 1e-9)
    return np.asarray(np.degrees(np.arccos(np.clip(lines[:, 1] / length, -1, 1))))

"""Metric skeletons from image points and depths of an uncalibrated camera."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from himpc.skeleton import Layout, long_bones

ASSUMED_STATURE = 1.70
"""Metres; one image does not show how tall a person is."""

_MIN_CONFIDENCE = 0.3
_MIN_BONES = 4
"""Bones between confident joints that a scale needs."""


def to_metres(
    points: NDArray[np.floating], depth: NDArray[np.floating], confidence: NDArray[np.floating], layout: Layout
) -> NDArray[np.float32] | None:
    """Convert image points ``(J, 2)`` and depths ``(J,)``, in metres with any offset, to `Detection.joints`.

    The size of a pixel is chosen such that the long bones, added up, are those of a person of `ASSUMED_STATURE`. The
    skeleton therefore has true proportions and pose, but no true size. None if too few bones are confident or no scale
    fits.
    """
    bones = [
        (a, b, share * ASSUMED_STATURE)
        for a, b, share in long_bones(layout)
        if min(confidence[a], confidence[b]) >= _MIN_CONFIDENCE
    ]
    if len(bones) < _MIN_BONES:
        return None
    first, second, lengths = (np.array(column) for column in zip(*bones, strict=True))
    in_image = np.linalg.norm(points[first] - points[second], axis=1).astype(np.float64)
    in_depth = np.abs(depth[first] - depth[second]).astype(np.float64)
    total = float(lengths.sum())
    if not in_image.sum() > 0 or in_depth.sum() >= total:
        return None
    scale = brentq(
        lambda metres: float(np.hypot(metres * in_image, in_depth).sum()) - total, 0.0, total / in_image.sum()
    )
    body = np.stack([scale * points[:, 0], -scale * points[:, 1], -depth], axis=1)
    hips = body[[layout.index("left_hip"), layout.index("right_hip")]]
    centred: NDArray[np.float32] = (body - hips.mean(axis=0)).astype(np.float32)
    return centred

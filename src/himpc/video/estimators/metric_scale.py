"""Metric skeletons from image points and depths of an uncalibrated camera."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from himpc.skeleton import Layout

ASSUMED_STATURE = 1.70
"""Metres; one image does not show how tall a person is."""

_MIN_CONFIDENCE = 0.3
_MIN_BONES = 4
"""Bones between confident joints that a scale needs."""

# Shares of the stature: Winter, Biomechanics and Motor Control of Human Movement, figure 4.1, after Drillis and Contini
# 1966; shoulder to hip from the heights of both.
_BONE_LENGTHS = {
    ("shoulder", "elbow"): 0.186,
    ("elbow", "wrist"): 0.146,
    ("hip", "knee"): 0.245,
    ("knee", "ankle"): 0.246,
    ("shoulder", "hip"): 0.288,
}


def estimate_stature(joints: NDArray[np.floating], layout: Layout) -> float:
    """Estimate the stature that joints ``(frames, J, 3)`` show, in their unit, from the median lengths of long bones.

    NaN if the layout lacks such bones.
    """
    bones = [
        (f"{side}_{a}", f"{side}_{b}", share) for (a, b), share in _BONE_LENGTHS.items() for side in ("left", "right")
    ]
    known = [(layout.index(a), layout.index(b), share) for a, b, share in bones if layout.has(a, b)]
    lengths = [np.nanmedian(np.linalg.norm(joints[:, a] - joints[:, b], axis=1)) for a, b, _ in known]
    return float(np.sum(lengths) / sum(share for *_, share in known)) if known else float("nan")


def to_metres(
    points: NDArray[np.floating], depth: NDArray[np.floating], confidence: NDArray[np.floating], layout: Layout
) -> NDArray[np.float32] | None:
    """Convert image points ``(J, 2)`` and depths ``(J,)``, in metres with any offset, to `Detection.joints`.

    The size of a pixel is chosen such that the long bones, added up, are those of a person of `ASSUMED_STATURE`. The
    skeleton therefore has true proportions and pose, but no true size. None if too few bones are confident or no scale
    fits.
    """
    bones = [
        (layout.index(f"{side}_{a}"), layout.index(f"{side}_{b}"), share * ASSUMED_STATURE)
        for (a, b), share in _BONE_LENGTHS.items()
        for side in ("left", "right")
    ]
    bones = [(a, b, length) for a, b, length in bones if min(confidence[a], confidence[b]) >= _MIN_CONFIDENCE]
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

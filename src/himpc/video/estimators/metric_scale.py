"""From points in a picture and depths in metres to a body in metres, where the camera is unknown."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from himpc.skeleton import Layout

__all__ = ["STATURE", "to_metres"]

STATURE = 1.70
"""Metres: how tall everybody is taken to be, for how large a body is cannot be seen in one picture."""

_SURE = 0.3
"""Confidence of a joint below which its bones say nothing of the scale."""

_LEAST = 4
"""Bones that must be sure."""

# Of the stature: Winter, Biomechanics and Motor Control of Human Movement, figure 4.1, after Drillis and Contini 1966;
# from shoulder to hip by the heights of both.
_LENGTHS = (
    *((("shoulder", "elbow"), 0.186), (("elbow", "wrist"), 0.146)),
    *((("hip", "knee"), 0.245), (("knee", "ankle"), 0.246), (("shoulder", "hip"), 0.288)),
)


def to_metres(
    points: NDArray[np.floating], depth: NDArray[np.floating], confidence: NDArray[np.floating], layout: Layout
) -> NDArray[np.float32] | None:
    """Return a body in metres ``(J, 3)``, as `Detection` holds it; None where it has too few sure bones.

    One pixel is as many metres as make the long bones, all together, those of somebody of 1.70 m. So the body has its
    proportions and its pose, but nobody's size.

    Parameters
    ----------
    points : array ``(J, 2)``
        Pixels, x right and y down; NaN where not seen.
    depth : array ``(J,)``
        Metres, away from the camera, from anywhere.
    confidence : array ``(J,)``
        Of each joint, in [0, 1].
    layout : Layout
        The J joints.
    """
    named = [
        (layout.index(f"{side}_{a}"), layout.index(f"{side}_{b}"), length * STATURE)
        for (a, b), length in _LENGTHS
        for side in ("left", "right")
    ]
    sure = [(a, b, length) for a, b, length in named if min(confidence[a], confidence[b]) >= _SURE]
    if len(sure) < _LEAST:
        return None
    first, second, lengths = (np.array(column) for column in zip(*sure, strict=True))
    across = np.linalg.norm(points[first] - points[second], axis=1).astype(np.float64)
    along = np.abs(depth[first] - depth[second]).astype(np.float64)
    total = float(lengths.sum())
    if not across.sum() > 0 or along.sum() >= total:
        return None
    scale = brentq(lambda metres: float(np.hypot(metres * across, along).sum()) - total, 0.0, total / across.sum())
    body = np.stack([scale * points[:, 0], -scale * points[:, 1], -depth], axis=1)
    hips = body[[layout.index("left_hip"), layout.index("right_hip")]]
    centred: NDArray[np.float32] = (body - hips.mean(axis=0)).astype(np.float32)
    return centred

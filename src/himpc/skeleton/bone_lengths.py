"""The stature that a skeleton shows, from the lengths of its long bones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.skeleton.layout import Layout

__all__ = ["long_bones", "stature"]

# Shares of the stature: Winter, Biomechanics and Motor Control of Human Movement, figure 4.1, after Drillis and Contini
# 1966; shoulder to hip from the heights of both.
_LENGTHS = {
    ("shoulder", "elbow"): 0.186,
    ("elbow", "wrist"): 0.146,
    ("hip", "knee"): 0.245,
    ("knee", "ankle"): 0.246,
    ("shoulder", "hip"): 0.288,
}


def long_bones(layout: Layout) -> list[tuple[int, int, float]]:
    """Return the long bones of a layout: indices of both joints, and the mean length as a share of the stature."""
    bones = [
        (f"{side}_{first}", f"{side}_{second}", share)
        for (first, second), share in _LENGTHS.items()
        for side in ("left", "right")
    ]
    return [(layout.index(a), layout.index(b), share) for a, b, share in bones if layout.has(a, b)]


def stature(joints: NDArray[np.floating], layout: Layout) -> float:
    """Estimate the stature that joints ``(frames, J, 3)`` show, in their unit, from the median lengths of long bones.

    Bones that are never seen do not count. NaN if there is none.
    """
    total = share_of_known = 0.0
    for first, second, share in long_bones(layout):
        lengths = np.linalg.norm(joints[:, first] - joints[:, second], axis=1)
        known = lengths[~np.isnan(lengths)]
        if len(known):
            total += float(np.median(known))
            share_of_known += share
    return total / share_of_known if share_of_known else float("nan")

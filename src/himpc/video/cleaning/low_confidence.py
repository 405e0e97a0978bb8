"""Joints of low confidence, and joints that were not seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["fill_low_confidence"]

Floats = NDArray[np.float64]


def fill_low_confidence(
    joints: Floats, confidence: NDArray[np.floating], *, min_confidence: float, max_gap: int
) -> tuple[Floats, int, int]:
    """Interpolate joints of low confidence between confident ones, by a shape-preserving cubic.

    Parameters
    ----------
    joints : float64 array ``(frames, J, 3)``
        NaN for a joint that was not seen.
    confidence : array ``(frames, J)``
        Confidence of each joint in [0, 1].
    min_confidence : float
        Joints below it are replaced.
    max_gap : int
        Frames; a longer stretch keeps its joints and its NaN.

    Returns
    -------
    joints : float64 array ``(frames, J, 3)``
    filled, guessed : int
        Number of joints that were replaced, and that were left although their confidence is low.
    """
    from scipy.interpolate import PchipInterpolator  # slow to import

    result = joints.copy()
    low = (confidence < min_confidence) | np.isnan(joints[:, :, 0])
    filled = 0
    for joint in np.flatnonzero(low.any(axis=0)):
        confident = np.flatnonzero(~low[:, joint])
        gaps = np.diff(confident) - 1
        short = np.flatnonzero((gaps > 0) & (gaps <= max_gap))
        if len(confident) > 1 and len(short):
            frames = np.concatenate([np.arange(confident[i] + 1, confident[i + 1]) for i in short])
            result[frames, joint] = PchipInterpolator(confident, joints[confident, joint])(frames)
            filled += len(frames)
    return result, filled, int(low.sum()) - filled

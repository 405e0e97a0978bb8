"""Joints that the estimator only guessed, and joints that it did not see."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["fill_low_confidence"]

Floats = NDArray[np.float64]


def fill_low_confidence(
    joints: Floats, confidence: NDArray[np.floating], *, least: float, gap: int
) -> tuple[Floats, int, int]:
    """Put what lies between two sure sightings in place of a guess, by a cubic that keeps their shape.

    Parameters
    ----------
    joints : float64 array ``(frames, J, 3)``
        NaN where not seen.
    confidence : array ``(frames, J)``
        In [0, 1].
    least : float
        A joint of less is a guess.
    gap : int
        Frames; a longer stretch keeps its guesses, which are the estimator's best, and its NaN.

    Returns
    -------
    joints : float64 array ``(frames, J, 3)``
    filled, guessed : int
        Joints that were replaced, and guesses that were left.
    """
    from scipy.interpolate import PchipInterpolator  # slow to import, and most recordings are no videos

    result = joints.copy()
    unsure = (confidence < least) | np.isnan(joints[:, :, 0])
    filled = guessed = 0
    for joint in np.flatnonzero(unsure.any(axis=0)):
        sure = np.flatnonzero(~unsure[:, joint])
        steps = np.diff(sure) - 1
        short = np.flatnonzero((steps > 0) & (steps <= gap))
        if len(sure) > 1 and len(short):
            frames = np.concatenate([np.arange(sure[i] + 1, sure[i + 1]) for i in short])
            result[frames, joint] = PchipInterpolator(sure, joints[sure, joint])(frames)
            filled += len(frames)
        guessed += int(unsure[:, joint].sum())
    return result, filled, guessed - filled

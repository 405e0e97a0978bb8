"""Smoothing that keeps gait."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["smooth"]

_MOST = 0.4
"""Of the frame rate: a cut-off above this leaves nothing to cut."""


def smooth(joints: NDArray[np.float64], fps: float, cutoff: float = 6.0) -> tuple[NDArray[np.float64], bool]:
    """Take away what is faster than movement, without delay.

    A Butterworth low pass of second order, run forwards and backwards: fourth order in all, no shift in time. 6 Hz is
    usual for gait (Winter, Biomechanics and Motor Control of Human Movement, chapter 3): steps come at about 2 Hz.

    Parameters
    ----------
    joints : float64 array ``(frames, J, 3)``
        Complete.
    fps : float
        Frames a second.
    cutoff : float
        Hertz, at which half of the power is left in each run.

    Returns
    -------
    joints : float64 array ``(frames, J, 3)``
    smoothed : bool
        False where the frame rate is too low for the cut-off, or there are too few frames: then nothing changed.
    """
    from scipy.signal import butter, sosfiltfilt  # slow to import, and most recordings are no videos

    frames = len(joints)
    if cutoff >= _MOST * fps or frames < 4:
        return joints.copy(), False
    filtered = butter(2, cutoff, fs=fps, output="sos")
    pad = min(frames - 1, max(3, round(fps / 2)))
    return np.asarray(sosfiltfilt(filtered, joints, axis=0, padlen=pad)), True

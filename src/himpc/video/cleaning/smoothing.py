"""Smoothing that keeps gait."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["low_pass", "smooth"]

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
    frames = len(joints)
    if cutoff >= _MOST * fps or frames < 4:
        return joints.copy(), False
    return low_pass(joints, fps, cutoff, pad=max(3, round(fps / 2))), True


def low_pass(values: NDArray[np.float64], fps: float, cutoff: float, pad: int) -> NDArray[np.float64]:
    """Run a Butterworth low pass of second order forwards and backwards over values ``(frames, ...)``.

    `pad` is how many frames are thought to be there before the first and after the last, where there are so many.
    """
    from scipy.signal import butter, sosfiltfilt  # slow to import, and most recordings are no videos

    sections = butter(2, cutoff, fs=fps, output="sos")
    return np.asarray(sosfiltfilt(sections, values, axis=0, padlen=min(len(values) - 1, pad)))

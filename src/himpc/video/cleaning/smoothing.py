"""Zero-phase low-pass filters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["low_pass", "smooth"]

_MAX_CUTOFF = 0.4
"""As a share of the frame rate; above it hardly anything would be filtered."""


def smooth(joints: NDArray[np.float64], fps: float, cutoff: float = 6.0) -> tuple[NDArray[np.float64], bool]:
    """Remove noise that is faster than human movement, without delay.

    A second-order Butterworth low pass is applied forwards and backwards, so the order is four and the phase zero. 6 Hz
    is usual for gait (Winter, Biomechanics and Motor Control of Human Movement, chapter 3).

    Parameters
    ----------
    joints : float64 array ``(frames, J, 3)``
        Complete.
    fps : float
        Frames per second.
    cutoff : float
        Hertz; half of the power is left there by each pass.

    Returns
    -------
    joints : float64 array ``(frames, J, 3)``
    smoothed : bool
        False if nothing was changed, because the frame rate is too low for the cut-off or there are too few frames.
    """
    if cutoff >= _MAX_CUTOFF * fps or len(joints) < 4:
        return joints.copy(), False
    return low_pass(joints, fps, cutoff, pad=max(3, round(fps / 2))), True


def low_pass(values: NDArray[np.float64], fps: float, cutoff: float, pad: int) -> NDArray[np.float64]:
    """Filter values ``(frames, ...)`` by a second-order Butterworth low pass, forwards and backwards.

    Both ends are extended by up to `pad` frames.
    """
    from scipy.signal import butter, sosfiltfilt  # slow to import

    sections = butter(2, cutoff, fs=fps, output="sos")
    return np.asarray(sosfiltfilt(sections, values, axis=0, padlen=min(len(values) - 1, pad)))

"""Gait cycles: how often a walker's feet change places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, find_peaks, sosfiltfilt

from himpc.skeleton import Layout

__all__ = ["Gait", "find_gait"]

_SLOWEST, _FASTEST = 0.4, 2.0
"""Strides a second, from an old person's stroll to a run."""

_PERIODIC = 0.4
"""Autocorrelation one stride later that a walker's feet have at least; those of somebody who stands have less."""


@dataclass(frozen=True)
class Gait:
    """How somebody walks.

    Attributes
    ----------
    cycles : int
        Whole strides that were counted, from a foot's swing ahead to its next.
    stride_seconds : float
        How long one takes, NaN where there is none.
    """

    cycles: int
    stride_seconds: float

    @property
    def cadence(self) -> float:
        """Steps a minute; NaN where there are none."""
        return 120.0 / self.stride_seconds


def find_gait(joints: NDArray[np.floating], layout: Layout, fps: float, ahead: NDArray[np.float64]) -> Gait:
    """Count the strides in a recording.

    The left ankle swings ahead of the right and back once a stride: along the direction that the body faces, its lead
    is a wave. Its period is where it is most like itself (autocorrelation), and its crests are counted.

    Parameters
    ----------
    joints : array ``(frames, J, 3)``
        Complete, y up.
    fps : float
        Frames a second.
    ahead : float64 array ``(frames,)``
        The direction that the body faces, degrees as `facing` gives them.
    """
    none = Gait(0, float("nan"))
    if not layout.has("left_ankle", "right_ankle") or len(joints) < fps / _FASTEST * 2:
        return none
    apart = np.asarray(joints[:, layout.index("left_ankle")] - joints[:, layout.index("right_ankle")], dtype=np.float64)
    turn = np.radians(np.nan_to_num(ahead))
    lead = apart[:, 0] * np.sin(turn) + apart[:, 2] * np.cos(turn)
    if 0.4 * fps > 3.0 and len(lead) > 10:
        lead = sosfiltfilt(butter(2, 3.0, fs=fps, output="sos"), lead, padlen=min(len(lead) - 1, round(fps)))
    lead = lead - lead.mean()
    period = _period(lead, fps)
    if period is None:
        return none
    crests, _ = find_peaks(lead, distance=max(1, round(0.7 * period)), prominence=0.5 * float(lead.std()))
    cycles = max(0, len(crests) - 1)
    return Gait(cycles, float(np.diff(crests).mean() / fps)) if cycles else none


def _period(wave: NDArray[np.float64], fps: float) -> float | None:
    """Return the period of a wave in frames; None where it has none."""
    shortest, longest = max(2, int(fps / _FASTEST)), min(len(wave) - 2, int(fps / _SLOWEST))
    power = float(wave @ wave)
    if longest <= shortest or power <= 1e-6 * len(wave):
        return None
    lags = np.arange(shortest, longest + 1)
    alike = np.array([_alike(wave[:-lag], wave[lag:]) for lag in lags])
    peaks, _ = find_peaks(np.concatenate([[-1.0], alike, [-1.0]]))
    good = [peak - 1 for peak in peaks if alike[peak - 1] >= max(_PERIODIC, 0.85 * float(alike.max()))]
    return float(lags[good[0]]) if good else None


def _alike(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    both = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / both if both > 0 else 0.0

"""Gait cycles: how often a walker's feet change places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.skeleton import Layout
from himpc.video.cleaning.smoothing import low_pass

__all__ = ["Gait", "find_gait"]

_CUTOFF = 4.0
"""Hertz: steps come at about 2 Hz."""

_SLOWEST, _FASTEST = 0.4, 2.0
"""Strides a second, from an old person's stroll to a run."""

_PERIODIC = 0.4
"""Autocorrelation one step later that a walker's feet have at least; those of somebody who stands have less."""

_FIRST = 0.6
"""The first peak of the autocorrelation that is so high a share of the highest is the step: two steps later the feet
are often more alike than one, for the steps of left and right differ."""


@dataclass(frozen=True)
class Gait:
    """How somebody walks.

    Attributes
    ----------
    cycles : int
        Whole strides that were counted, of two steps each.
    stride_seconds : float
        How long one takes, NaN where there is none.
    """

    cycles: int
    stride_seconds: float

    @property
    def cadence(self) -> float:
        """Steps a minute; NaN where there are none."""
        return 120.0 / self.stride_seconds


def find_gait(joints: NDArray[np.floating], layout: Layout, fps: float) -> Gait:
    """Count the strides in a recording.

    The ankles come apart and together once a step, twice a stride. Their distance over the floor is a wave, whose
    period is where it is most like itself (autocorrelation); its crests are counted. Which foot is which has no part
    in it: seen from the side, estimators take one for the other.

    Parameters
    ----------
    joints : array ``(frames, J, 3)``
        Complete, y up.
    fps : float
        Frames a second.
    """
    from scipy.signal import find_peaks  # slow to import, and most recordings are no videos

    none = Gait(0, float("nan"))
    if not layout.has("left_ankle", "right_ankle") or len(joints) < fps / _FASTEST * 2:
        return none
    apart = np.asarray(joints[:, layout.index("left_ankle")] - joints[:, layout.index("right_ankle")], dtype=np.float64)
    wave = np.hypot(apart[:, 0], apart[:, 2])
    if 0.4 * fps > _CUTOFF and len(wave) > 10:
        wave = low_pass(wave, fps, _CUTOFF, pad=round(fps))
    wave = wave - wave.mean()
    period = _period(wave, fps)
    if period is None:
        return none
    crests, _ = find_peaks(wave, distance=max(1, round(0.7 * period)), prominence=0.5 * float(wave.std()))
    steps = max(0, len(crests) - 1)
    return Gait(steps // 2, 2 * float(np.diff(crests).mean() / fps)) if steps > 1 else none


def _period(wave: NDArray[np.float64], fps: float) -> float | None:
    """Return the period of a wave, a step, in frames; None where it has none."""
    from scipy.signal import find_peaks

    shortest, longest = max(2, int(fps / _FASTEST / 2)), min(len(wave) - 2, int(fps / _SLOWEST / 2))
    power = float(wave @ wave)
    if longest <= shortest or power <= 1e-6 * len(wave):
        return None
    lags = np.arange(shortest, longest + 1)
    alike = np.array([_alike(wave[:-lag], wave[lag:]) for lag in lags])
    peaks, _ = find_peaks(np.concatenate([[-1.0], alike, [-1.0]]))
    good = [peak - 1 for peak in peaks if alike[peak - 1] >= max(_PERIODIC, _FIRST * float(alike.max()))]
    return float(lags[good[0]]) if good else None


def _alike(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    both = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / both if both > 0 else 0.0

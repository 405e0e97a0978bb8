"""Gait cycles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.skeleton import Layout
from himpc.video.cleaning.steps import low_pass

_CUTOFF = 4.0
"""Hertz; the step frequency is about 2 Hz."""

_MIN_STRIDES_PER_SECOND, _MAX_STRIDES_PER_SECOND = 0.4, 2.0
"""From an old person's stroll to a run."""

_MIN_AUTOCORRELATION = 0.4
"""At the step period, for a walker; that of a standing person is lower."""

_FIRST_PEAK = 0.6
"""The first autocorrelation peak of at least this share of the highest one is the step. Two steps are often more alike
than one, because the steps of the left and right foot differ."""


@dataclass(frozen=True)
class Gait:
    """Gait of a person."""

    cycles: int
    """Number of whole strides, of two steps each."""
    stride_seconds: float
    """Mean duration of a stride; NaN without strides."""

    @property
    def cadence(self) -> float:
        """Steps per minute; NaN without strides."""
        return 120.0 / self.stride_seconds


def find_gait(joints: NDArray[np.floating], layout: Layout, fps: float) -> Gait:
    """Count the strides in a recording.

    The horizontal distance between the ankles is a wave with one crest a step. Its period is the lag of highest
    autocorrelation; its crests are counted. It does not depend on which ankle is left, because estimators confuse left
    and right in side views. Joints ``(frames, J, 3)`` are complete and y up.
    """
    from scipy.signal import find_peaks  # slow to import

    no_gait = Gait(0, float("nan"))
    if not layout.has("left_ankle", "right_ankle") or len(joints) < fps / _MAX_STRIDES_PER_SECOND * 2:
        return no_gait
    ankles = joints[:, layout.index("left_ankle")] - joints[:, layout.index("right_ankle")]
    between = np.asarray(ankles, dtype=np.float64)
    wave = np.hypot(between[:, 0], between[:, 2])
    if 0.4 * fps > _CUTOFF and len(wave) > 10:
        wave = low_pass(wave, fps, _CUTOFF, pad=round(fps))
    wave = wave - wave.mean()
    period = _period(wave, fps)
    if period is None:
        return no_gait
    crests, _ = find_peaks(wave, distance=max(1, round(0.7 * period)), prominence=0.5 * float(wave.std()))
    steps = max(0, len(crests) - 1)
    return Gait(steps // 2, 2 * float(np.diff(crests).mean() / fps)) if steps > 1 else no_gait


def _period(wave: NDArray[np.float64], fps: float) -> float | None:
    """Return the period of a wave (one step) in frames; None if it is not periodic."""
    from scipy.signal import find_peaks

    shortest = max(2, int(fps / _MAX_STRIDES_PER_SECOND / 2))
    longest = min(len(wave) - 2, int(fps / _MIN_STRIDES_PER_SECOND / 2))
    power = float(wave @ wave)
    if longest <= shortest or power <= 1e-6 * len(wave):
        return None
    lags = np.arange(shortest, longest + 1)
    correlation = np.array([_correlate(wave[:-lag], wave[lag:]) for lag in lags])
    peaks, _ = find_peaks(np.concatenate([[-1.0], correlation, [-1.0]]))
    threshold = max(_MIN_AUTOCORRELATION, _FIRST_PEAK * float(correlation.max()))
    high = [peak - 1 for peak in peaks if correlation[peak - 1] >= threshold]
    return float(lags[high[0]]) if high else None


def _correlate(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    norm = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / norm if norm > 0 else 0.0

"""Joint angles of walking over one stride: mean curves as Fourier series, and how a person's curves differ from them.

Each table holds an angle in degrees at 0, 5, ... 95 % of the stride, from heel strike to the next heel strike of the
same foot. The tables approximate the shape and range of published mean curves and were not digitised from them: expect
differences of a few degrees. People differ by five degrees and more. The curves of the leg were shifted (by one degree
on average, five at most, in swing) so that together they move the pelvis of the mean walker evenly and lift the
swinging foot off the floor.

Sources
-------
Hip: Bovi et al., Gait & Posture 33 (2011) 6-13, adults at natural speed, and Kadaba, Ramakrishnan and Wootten, Journal
of Orthopaedic Research 8 (1990) 383-392. Knee, ankle: Winter, "Biomechanics and Motor Control of Human Movement", 4th
ed. 2009, natural cadence, as in Bovi. Shoulder, elbow: Murray, Sepic and Barnard, Physical Therapy 47 (1967) 272-284,
free speed. The variation between people is an estimate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Curve = Literal["hip", "knee", "ankle", "shoulder", "elbow"]

CURVES: dict[Curve, tuple[float, ...]] = {
    # thigh against the vertical, forward positive: hip flexion less a pelvic tilt of 11 degrees
    "hip": (
        *(23.0, 23.0, 21.5, 18.5, 13.0, 7.0, 1.5, -4.5, -9.5, -13.5),
        *(-16.5, -16.0, -11.5, -4.0, 5.5, 16.5, 25.5, 28.5, 26.5, 24.0),
    ),
    # flexion positive
    "knee": (
        *(4.5, 10.5, 16.5, 19.0, 17.5, 14.0, 11.0, 8.5, 8.0, 9.0),
        *(12.0, 19.5, 34.0, 51.5, 62.5, 65.5, 58.0, 42.5, 22.5, 7.0),
    ),
    # toes up positive
    "ankle": (
        *(0.5, -4.0, -3.5, 0.0, 2.5, 4.5, 6.0, 7.5, 9.0, 9.5),
        *(8.0, 0.5, -10.5, -18.5, -13.5, -3.5, 4.0, 5.0, 2.5, 0.5),
    ),
    # upper arm against the trunk, forward positive: back when the foot of the same side is in front
    "shoulder": (
        *(-21.0, -20.5, -19.0, -16.5, -13.0, -9.0, -4.5, 0.5, 5.5, 9.5),
        *(11.5, 11.5, 9.5, 6.0, 1.5, -4.0, -9.5, -14.5, -18.5, -20.5),
    ),
    # flexion positive, largest when the arm is in front
    "elbow": (
        *(18.0, 17.5, 17.5, 18.0, 19.5, 22.0, 25.5, 29.5, 33.5, 37.0),
        *(39.5, 40.5, 40.0, 38.0, 35.0, 31.0, 27.0, 23.5, 21.0, 19.0),
    ),
}

HARMONICS = 6
"""Harmonics of each curve."""

# Standard deviation between people of the gain, the delay (strides), the offset and each ripple (degrees).
_STYLE_SPREAD: dict[Curve, tuple[float, float, float, float]] = {
    "hip": (0.07, 0.007, 2.0, 0.6),
    "knee": (0.06, 0.007, 1.8, 0.8),
    "ankle": (0.12, 0.008, 1.5, 0.7),
    "shoulder": (0.30, 0.015, 4.0, 1.5),
    "elbow": (0.25, 0.015, 6.0, 1.5),
}
_SIDE_SHARE = 0.3  # difference between the sides of one person over the difference between people


@cache
def fourier_series(curve: Curve) -> NDArray[np.complex128]:
    """Return the Fourier coefficients ``(1 + HARMONICS,)`` of a mean curve, in degrees.

    The angle at phase p is ``Re(sum_k c_k exp(2 pi i k p))``.
    """
    table = np.asarray(CURVES[curve])
    coefficients = np.fft.rfft(table)[: HARMONICS + 1] / len(table)
    coefficients[1:] *= 2
    coefficients.flags.writeable = False
    return coefficients


def evaluate_series(coefficients: NDArray[np.complex128], phase: NDArray[np.float64]) -> NDArray[np.float64]:
    """Evaluate a series ``(K,)`` at phases ``(P,)`` in strides; return ``(P,)``."""
    orders = np.arange(len(coefficients))
    values: NDArray[np.float64] = (np.exp(2j * np.pi * phase[:, None] * orders) @ coefficients).real
    return values


@dataclass(frozen=True)
class CurveStyle:
    """Difference of a person's joint curve from the mean curve."""

    gain: float
    """Factor of the amplitude about the mean."""
    delay: float
    """Shift in strides."""
    offset: float
    """Added to the angle, degrees."""
    ripple: tuple[complex, complex, complex]
    """Added to harmonics 1, 2 and 3, degrees."""

    def angles(self, curve: Curve, phase: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the joint angle in radians at phases ``(P,)`` in strides of the same side."""
        coefficients = fourier_series(curve).copy()
        coefficients[1:] *= self.gain
        coefficients[0] += self.offset
        coefficients[1:4] += np.asarray(self.ripple)
        return np.radians(evaluate_series(coefficients, phase - self.delay))

    def scaled(self, factor: float) -> CurveStyle:
        """Return the style with its amplitude multiplied by a factor."""
        first, second, third = self.ripple
        return replace(self, gain=self.gain * factor, ripple=(first * factor, second * factor, third * factor))


def draw_styles(rng: np.random.Generator, curve: Curve, spread: float) -> tuple[CurveStyle, CurveStyle]:
    """Draw a person's styles of the left and the right side; the number of draws does not depend on `spread`."""
    gain, delay, offset, ripple = _STYLE_SPREAD[curve]
    scales = np.array([gain, delay, offset, *[ripple] * 6]) * spread
    common = np.clip(rng.standard_normal(len(scales)), -2.5, 2.5)
    own = np.clip(rng.standard_normal((2, len(scales))), -2.5, 2.5)
    drawn = scales * (common + _SIDE_SHARE * own) / np.hypot(1, _SIDE_SHARE)
    left, right = (_style([round(float(value), 4) for value in side]) for side in drawn)
    return left, right


def _style(numbers: list[float]) -> CurveStyle:
    gain, delay, offset, *parts = numbers
    first, second, third = (complex(a, b) for a, b in zip(parts[::2], parts[1::2], strict=True))
    return CurveStyle(gain=1 + gain, delay=delay, offset=offset, ripple=(first, second, third))

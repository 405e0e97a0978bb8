"""Joint angles of normal walking over one stride, as low-order Fourier series.

Each table holds an angle in degrees at 0, 5, ... 95 % of the stride, from heel strike to the next heel strike of the
same foot. They follow the shape and range of the published mean curves but are our own approximations, not digitised
from a figure or table; expect a few degrees of difference. Those of the leg were then shifted (by one degree on
average, five at most, in swing) so that together they move the pelvis of the mean walker evenly and lift the swinging
foot over the floor. People differ by five degrees and more.

What they approximate
---------------------
Hip: Bovi et al., Gait & Posture 33 (2011) 6-13, adults at natural speed, and Kadaba, Ramakrishnan and Wootten, Journal
of Orthopaedic Research 8 (1990) 383-392. Knee, ankle: Winter, "Biomechanics and Motor Control of Human Movement", 4th
ed. 2009, natural cadence, as in Bovi.
Shoulder, elbow: Murray, Sepic and Barnard, Physical Therapy 47 (1967) 272-284, free speed.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["CURVES", "HARMONICS", "Curve", "fourier", "series"]

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
    # flexion positive, most when the arm is in front
    "elbow": (
        *(18.0, 17.5, 17.5, 18.0, 19.5, 22.0, 25.5, 29.5, 33.5, 37.0),
        *(39.5, 40.5, 40.0, 38.0, 35.0, 31.0, 27.0, 23.5, 21.0, 19.0),
    ),
}

HARMONICS = 6
"""Harmonics kept of each curve."""


@cache
def series(curve: Curve) -> NDArray[np.complex128]:
    """Return the Fourier coefficients ``(1 + HARMONICS,)`` of a mean curve, in degrees.

    Coefficient k of the curve ``c`` is such that the angle at phase p is ``Re(sum_k c_k exp(2 pi i k p))``.
    """
    table = np.asarray(CURVES[curve])
    coefficients = np.fft.rfft(table)[: HARMONICS + 1] / len(table)
    coefficients[1:] *= 2
    coefficients.flags.writeable = False
    return coefficients


def fourier(coefficients: NDArray[np.complex128], phase: NDArray[np.float64]) -> NDArray[np.float64]:
    """Evaluate a series ``(K,)`` at phases ``(P,)`` in strides; return ``(P,)``."""
    orders = np.arange(len(coefficients))
    values: NDArray[np.float64] = (np.exp(2j * np.pi * phase[:, None] * orders) @ coefficients).real
    return values

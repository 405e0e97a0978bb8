"""Joint angles as Fourier series."""

import math

import numpy as np
import pytest

from himpc.simulation.joint_angles import CURVES, HARMONICS, evaluate_series, fourier_series


def test_fourier_series_equals_the_plain_sum_and_approximates_the_table():
    for curve, table in CURVES.items():
        phase = np.arange(20) / 20
        values = evaluate_series(fourier_series(curve), phase)
        angles = np.array(table)
        for place in (0, 7, 13):
            plain = angles.mean()
            for order in range(1, HARMONICS + 1):
                for n, angle in enumerate(angles):
                    plain += 2 / 20 * angle * math.cos(2 * math.pi * order * (place - n) / 20)
            assert values[place] == pytest.approx(plain)
        assert np.abs(values - angles).max() < 1.5

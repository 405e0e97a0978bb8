"""People are predicted from frame to frame."""

from __future__ import annotations

import numpy as np
import pytest

from himpc.video.detection import Detection
from himpc.video.tracking.motion import (
    INITIAL_VARIANCES,
    MEASUREMENT_VARIANCE,
    PROCESS_VARIANCE,
    PredictedPerson,
    match_nearest,
)


def detection(points: np.ndarray) -> Detection:
    return Detection(points.astype(np.float32), np.ones(len(points), np.float32))


def filter_by_matrices(positions: np.ndarray) -> float:
    """Filter one coordinate by the formulas of the textbook; NaN is a frame without a detection."""
    move, see = np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([[1.0, 0.0]])
    variance, both, velocity = INITIAL_VARIANCES
    state, covariance = np.array([positions[0], 0.0]), np.array([[variance, both], [both, velocity]])
    for position in positions[1:]:
        state, covariance = move @ state, move @ covariance @ move.T + PROCESS_VARIANCE * np.eye(2)
        if np.isfinite(position):
            gain = covariance @ see.T / (see @ covariance @ see.T + MEASUREMENT_VARIANCE)
            state = state + gain[:, 0] * (position - state[0])
            covariance = (np.eye(2) - gain @ see) @ covariance
    return float(state[0])


def test_prediction_equals_kalman_filter_with_matrices() -> None:
    generator = np.random.default_rng(0)
    points = np.cumsum(generator.normal(3, 2, (20, 4, 2)), axis=0).astype(np.float32)
    points[5:8, 2] = np.nan
    person = PredictedPerson(1, detection(points[0]), 0.0, 5)
    for frame in range(1, 20):
        person.predict()
        person.correct(detection(points[frame]), frame / 25, 5)
    expected = [[filter_by_matrices(points[:, joint, axis]) for axis in range(2)] for joint in range(4)]
    np.testing.assert_allclose(person.estimate, expected, rtol=1e-6)


def test_joint_that_appears_late_starts_where_it_is_seen() -> None:
    points = np.array([[10.0, 20.0], [np.nan, np.nan]])
    person = PredictedPerson(1, detection(points), 0.0, 5)
    np.testing.assert_array_equal(person.estimate[1], [10.0, 20.0])
    person.predict()
    person.correct(detection(np.array([[10.0, 20.0], [400.0, 300.0]])), 0.04, 5)
    np.testing.assert_allclose(person.estimate[1], [400.0, 300.0])
    person.predict()
    np.testing.assert_allclose(person.estimate[1], [400.0, 300.0])  # it has no velocity yet


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (2, 0)])
def test_nothing_is_matched_to_nothing(shape: tuple[int, int]) -> None:
    assert match_nearest(np.zeros(shape), 1.0) == []


def test_nearest_pair_is_matched_first_and_distant_ones_never() -> None:
    distances = np.array([[0.5, 0.1, 3.0], [0.4, 0.2, 3.0], [3.0, 3.0, 1.0]])
    assert match_nearest(distances, 1.0) == [(0, 1), (1, 0)]

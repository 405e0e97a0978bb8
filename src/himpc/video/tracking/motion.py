"""Prediction of where people are in the next frame, by a Kalman filter of constant velocity.

Kalman, "A New Approach to Linear Filtering and Prediction Problems", 1960. Coordinates are filtered independently of
each other, so that a filter is three arrays of the shape of the points instead of one matrix.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.video.detection import Detection

Floats = NDArray[np.float64]

MEASUREMENT_VARIANCE, PROCESS_VARIANCE = 4.0, 0.1
"""Square pixels, and per frame: what a detection is off, and what a person's movement changes."""

INITIAL_VARIANCES = (10.0, 0.0, 1.0)
"""Of the position, of position with velocity, and of the velocity, after the first detection."""


class PredictedPerson:
    """A person who is followed from frame to frame.

    Parameters
    ----------
    identity : int
        Number of the person.
    detection : Detection
        The first detection.
    seconds : float
        Its time.
    lifetime : int
        Frames for which the person is followed without another detection.

    Attributes
    ----------
    estimate : float64 array ``(J, 2)``
        Position of each joint in the current frame, pixels.
    last_detection, last_seconds
        The newest detection and its time.
    lifetime : int
        Frames for which the person is still followed; below 0 the person is lost.
    detections : int
        Number of detections.
    """

    def __init__(self, identity: int, detection: Detection, seconds: float, lifetime: int) -> None:
        self.identity, self.lifetime = identity, lifetime
        self.last_detection, self.last_seconds, self.detections = detection, seconds, 1
        self._seen = np.isfinite(detection.points[:, 0])
        self.estimate: Floats = detection.points.astype(np.float64)
        self.estimate[~self._seen] = self.estimate[self._seen].mean(axis=0) if self._seen.any() else 0.0
        self._velocity = np.zeros_like(self.estimate)
        self._variances = np.array(INITIAL_VARIANCES)[:, None, None] * np.ones_like(self.estimate)

    def predict(self) -> None:
        """Advance by one frame."""
        position, both, velocity = self._variances
        self.estimate = self.estimate + self._velocity
        self._variances = np.stack(
            [position + 2 * both + velocity + PROCESS_VARIANCE, both + velocity, velocity + PROCESS_VARIANCE]
        )
        self.lifetime -= 1

    def correct(self, detection: Detection, seconds: float, lifetime: int) -> None:
        """Correct the prediction by a detection in the current frame."""
        self.last_detection, self.last_seconds, self.lifetime = detection, seconds, lifetime
        self.detections += 1
        measured = np.isfinite(detection.points[:, 0])
        first = measured & ~self._seen
        self.estimate[first], self._velocity[~self._seen] = detection.points[first], 0.0
        error = np.where(measured[:, None], detection.points - self.estimate, 0.0)
        position, both, velocity = self._variances
        gain, velocity_gain = self._variances[:2] / (position + MEASUREMENT_VARIANCE)
        self.estimate = self.estimate + gain * error
        self._velocity = self._velocity + np.where(self._seen[:, None], velocity_gain * error, 0.0)
        corrected = np.stack([(1 - gain) * position, (1 - gain) * both, velocity - velocity_gain * both])
        self._variances = np.where(measured[:, None], corrected, self._variances)
        self._seen |= measured


def match_nearest(distances: Floats, limit: float) -> list[tuple[int, int]]:
    """Match rows to columns, the nearest pair first, as long as they are closer than a limit; each at most once.

    An assignment that minimises the sum of all distances would match what does not belong together in order to match
    more.
    """
    pairs: list[tuple[int, int]] = []
    left = distances.copy()
    while left.size and left.min() < limit:
        row, column = divmod(int(left.argmin()), left.shape[1])
        pairs.append((row, column))
        left[row], left[:, column] = np.inf, np.inf
    return pairs

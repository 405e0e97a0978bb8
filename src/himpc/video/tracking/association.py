"""Geometry of associating detections with tracks: distances, occlusion, and the edge of the frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.video.detection import Detection
from himpc.video.estimators.multi_person import body_size
from himpc.video.tracking.motion import PredictedPerson
from himpc.video.tracking.rules import TrackingRules

_UNRELATED = 1e6
_FREE_SIZE_CHANGE = 0.3
_MAX_EXTRAPOLATION = 0.4
"""Seconds; the search radius of a lost track stops growing then, since another person may have come."""


def prediction_distance(person: PredictedPerson, detection: Detection) -> float:
    """Compute the mean distance of the joints from their prediction, in body sizes."""
    last = person.last_detection
    size = max(body_size(last.points), 1.0)
    seen = np.isfinite(detection.points[:, 0]) & np.isfinite(last.points[:, 0])
    if not seen.any():
        return _UNRELATED
    distances = np.linalg.norm(person.estimate[seen] - detection.points[seen], axis=1)
    size_change = abs(float(np.log(max(body_size(detection.points), 1e-9) / size)))
    return float(distances.mean()) / size + max(0.0, size_change - _FREE_SIZE_CHANGE)


def outside_share(detection: Detection, frame_size: tuple[int, int] | None) -> float:
    """Return the share of joints outside a frame (width, height); 0 if its size is unknown."""
    points = detection.points[np.isfinite(detection.points[:, 0])]
    if frame_size is None or not len(points):
        return 0.0
    return float(((points < 0) | (points >= frame_size)).any(axis=1).mean())


def bounding_box(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the bounding box of points: left, top, right, bottom."""
    return np.concatenate([points.min(axis=0), points.max(axis=0)])


def covered_share(box: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """Return the share of a box (left, top, right, bottom) that another one covers."""
    sides = np.minimum(box[2:], other[2:]) - np.maximum(box[:2], other[:2])
    area = float(np.prod(box[2:] - box[:2]))
    return float(np.prod(np.maximum(sides, 0.0))) / area if area > 0 else 0.0


def association_distance(person: PredictedPerson, detection: Detection, seconds: float, rules: TrackingRules) -> float:
    """Compute the distance of a detection from a person; above 1 it is of another one."""
    lost = min(max(0.0, seconds - person.last_seconds), _MAX_EXTRAPOLATION)
    return prediction_distance(person, detection) / (rules.max_distance + rules.max_speed * lost)

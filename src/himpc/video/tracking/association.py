"""How far bodies in a picture are from where somebody is expected, and how they lie to each other and to its edge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.video.detection import Detection
from himpc.video.estimators.multi_person import body_size
from himpc.video.tracking.bone_lengths import apart
from himpc.video.tracking.rules import TrackingRules

__all__ = ["InReach", "box_of", "distance", "outside", "overlap"]

_FAR = 1e6

_WANDERS = 0.4
"""Seconds: whoever is lost for longer is not looked for any farther; by then somebody else may have come."""


def distance(expected: Any, found: Detection) -> float:
    """Return how far a body is from where one is expected: the mean over the joints, in body sizes."""
    last: Detection = expected.last_detection.data[0]
    size = max(body_size(last.points), 1.0)
    both = np.isfinite(found.points[:, 0]) & np.isfinite(last.points[:, 0])
    if not both.any():
        return _FAR
    gaps = np.linalg.norm(expected.estimate[both] - found.points[both], axis=1)
    scale = apart(body_size(found.points), size)
    return float(gaps.mean()) / size + max(0.0, scale - 0.3)


def outside(found: Detection, picture: tuple[int, int] | None) -> float:
    """Return the share of the joints found that are outside of the picture."""
    seen = found.points[np.isfinite(found.points[:, 0])]
    if picture is None or not len(seen):
        return 0.0
    return float(((seen < 0) | (seen >= picture)).any(axis=1).mean())


def box_of(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([points.min(axis=0), points.max(axis=0)])


def overlap(box: NDArray[np.float64], other: NDArray[np.floating]) -> float:
    """Return the share of a box (left, top, right, bottom) that another covers."""
    sides = np.minimum(box[2:], other[2:]) - np.maximum(box[:2], other[:2])
    area = float(np.prod(box[2:] - box[:2]))
    return float(np.prod(np.maximum(sides, 0.0))) / area if area > 0 else 0.0


class InReach:
    """norfair's idea of a distance between what is expected and what was found: below 1 it is in reach."""

    def __init__(self, rules: TrackingRules) -> None:
        self._rules = rules

    def get_distances(self, objects: Sequence[Any], candidates: Sequence[Any]) -> NDArray[np.float64]:
        found = [[self._distance(each, *candidate.data) for each in objects] for candidate in candidates]
        return np.array(found, dtype=np.float64).reshape(len(candidates), len(objects))

    def _distance(self, expected: Any, found: Detection, seconds: float) -> float:
        away = min(max(0.0, seconds - expected.last_detection.data[1]), _WANDERS)
        return float(distance(expected, found) / (self._rules.reach + self._rules.pace * away))

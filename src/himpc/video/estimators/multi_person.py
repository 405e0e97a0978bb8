"""Helpers for several people in one frame: tiles, duplicate detections, and checks that estimators share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError, DataError
from himpc.video.detection import Detection

Box = tuple[int, int, int, int]
"""A part of a frame, pixels: top, left, bottom, right."""

MAX_PEOPLE = 100

DUPLICATE_DISTANCE = 0.15
"""Two detections are one person if their joints are on average closer than this share of the body size. People who
walk side by side are about a third of their height apart; two detections of one body about a twentieth."""

MAX_SHARED = 0.5
"""Share of the smaller of two boxes that both cover, above which a detection in a part of a frame is of a person who
is known."""


def check_people(people: int) -> None:
    """Raise `ConfigError` if a maximum number of people is out of range."""
    if not 1 <= people <= MAX_PEOPLE:
        raise ConfigError(f"people is {people}, expected 1 to {MAX_PEOPLE} in a frame")


def check_image(image: NDArray[np.uint8]) -> None:
    """Raise `DataError` if an image is not uint8 RGB."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise DataError(f"an image must be uint8 (height, width, 3), found {image.dtype} {image.shape}")


def tile_boxes(height: int, width: int, rows: int) -> list[Box]:
    """Divide a frame into square tiles (top, left, bottom, right) that overlap by half; none for 0 rows.

    The side of a tile is ``min(height, width) / rows``. A tile that would be the whole frame is omitted.
    """
    if not rows:
        return []
    side = -(-min(height, width) // rows)
    boxes = [(top, left, top + side, left + side) for top in _starts(height, side) for left in _starts(width, side)]
    return [box for box in boxes if box != (0, 0, height, width)]


def _starts(length: int, side: int) -> list[int]:
    count = 1 if length <= side else 1 + -(-(length - side) // max(1, side // 2))
    return sorted({round(start) for start in np.linspace(0, length - side, count)})


def square_around(box: NDArray[np.float32], size: float, height: int, width: int) -> Box:
    """Return a square around a box (left, top, right, bottom), `size` times as large and clipped to the frame."""
    centre, half = (box[:2] + box[2:]) / 2, size / 2 * float((box[2:] - box[:2]).max())
    (left, top), (right, bottom) = centre - half, centre + half
    return max(0, int(top)), max(0, int(left)), min(height, int(bottom)), min(width, int(right))


def paint_over(image: NDArray[np.uint8], boxes: list[NDArray[np.float32]]) -> NDArray[np.uint8]:
    """Return a copy of the image whose boxes are filled with the colours at their left and right edges."""
    if not boxes:
        return image
    painted = image.copy()
    for box in boxes:
        margin = 0.08 * (box[2:] - box[:2]).max()
        left, top = np.maximum(box[:2] - margin, 0).astype(int)
        right, bottom = (box[2:] + margin).astype(int)
        edges = image[top:bottom, [max(left - 1, 0), min(right, image.shape[1] - 1)]]
        if edges.size:
            painted[top:bottom, left:right] = edges.mean(axis=1, keepdims=True).astype(np.uint8)
    return painted


def shift_detection(detection: Detection, left: int, top: int) -> Detection:
    """Convert a detection in a crop to the pixel coordinates of the whole frame."""
    points = detection.points + np.array([left, top], dtype=np.float32)
    return Detection(points, detection.confidence, detection.joints)


def body_size(points: NDArray[np.floating]) -> float:
    """Return the longer side of the bounding box of joints ``(J, 2)``, pixels; 0 if no joint was seen."""
    seen = points[np.isfinite(points[:, 0])]
    return float(np.ptp(seen, axis=0).max()) if len(seen) else 0.0


def deduplicate(detections: Sequence[Detection], max_people: int) -> list[Detection]:
    """Keep the most confident detection of each person, up to `max_people`, most confident first."""
    unique: list[Detection] = []
    for detection in sorted(detections, key=lambda each: -float(each.confidence.sum())):
        if all(joint_distance(detection, other) >= DUPLICATE_DISTANCE for other in unique):
            unique.append(detection)
    return unique[:max_people]


def is_part(box: NDArray[np.floating], other: NDArray[np.floating]) -> bool:
    """Return whether a box (left, top, right, bottom) lies mostly within another one, or that one within it."""
    width, height = np.minimum(box[2:], other[2:]) - np.maximum(box[:2], other[:2])
    smaller = min(float(np.prod(each[2:] - each[:2])) for each in (box, other))
    return bool(max(width, 0.0) * max(height, 0.0) > MAX_SHARED * smaller)


def joint_distance(detection: Detection, other: Detection) -> float:
    """Compute the mean distance of the joints of two detections, in body sizes; infinite if they share no joint."""
    distances = np.linalg.norm(detection.points - other.points, axis=1)
    seen = np.isfinite(distances)
    size = max(body_size(detection.points), body_size(other.points), 1.0)
    return float(distances[seen].mean()) / size if seen.any() else float("inf")


def is_nearest(detection: Detection, person: Detection, others: Sequence[Detection], ratio: float = 1.0) -> bool:
    """Return whether all others are farther from a detection than a person, by a factor."""
    limit = ratio * joint_distance(detection, person)
    return all(joint_distance(detection, other) > limit for other in others)


def is_apart(person: Detection, others: Sequence[Detection], size: float) -> bool:
    """Return whether no other box overlaps that of a person, enlarged by (size - 1) times its longer side."""
    margin = (size - 1) / 2 * (person.box[2:] - person.box[:2]).max()
    around = person.box + margin * np.array([-1, -1, 1, 1], np.float32)
    return not any(is_overlapping(each.box, around) for each in others)


def is_overlapping(box: NDArray[np.generic], other: NDArray[np.generic]) -> bool:
    """Return whether two boxes (left, top, right, bottom) overlap."""
    return bool((np.maximum(box[:2], other[:2]) < np.minimum(box[2:], other[2:])).all())

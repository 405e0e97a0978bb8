"""Several people in one picture: tiles to find small ones in, and one detection for each person."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError
from himpc.video.detection import Detection

__all__ = ["NEAR", "body_size", "check_picture", "deduplicate", "shifted", "tile_boxes"]

NEAR = 0.15
"""Two detections whose joints are on average nearer than this share of the body's size are one person. People who
walk side by side are about a third of their height apart, and joints of one body seen twice about a twentieth."""


def check_picture(image: NDArray[np.uint8]) -> None:
    """Raise `DataError` for what is no picture of red, green and blue in uint8."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise DataError(f"a picture must be uint8 (height, width, 3), found {image.dtype} {image.shape}")


def tile_boxes(height: int, width: int, rows: int) -> list[tuple[int, int, int, int]]:
    """Return overlapping tiles of a picture as (top, left, bottom, right), pixels.

    They are squares that overlap by half, `rows` of them down the picture if they did not overlap; a tile that would be
    the whole picture is left out, so a square picture has none for one row.
    """
    if not rows:
        return []
    side = -(-min(height, width) // rows)
    tops = _places(height, side)
    lefts = _places(width, side)
    tiles = [(top, left, top + side, left + side) for top in tops for left in lefts]
    return [tile for tile in tiles if tile != (0, 0, height, width)]


def _places(length: int, side: int) -> list[int]:
    count = 1 if length <= side else 1 + -(-(length - side) // max(1, side // 2))
    return sorted({round(place) for place in np.linspace(0, length - side, count)})


def shifted(found: Detection, left: int, top: int) -> Detection:
    """Return a detection of a tile in the pixels of the whole picture."""
    points = found.points + np.array([left, top], dtype=np.float32)
    return Detection(points, found.confidence, found.joints)


def body_size(points: NDArray[np.floating]) -> float:
    """Return the longer side of the box around joints ``(J, 2)``, pixels; 0 where none was seen."""
    seen = points[np.isfinite(points[:, 0])]
    return float(np.ptp(seen, axis=0).max()) if len(seen) else 0.0


def deduplicate(found: Sequence[Detection], most: int) -> list[Detection]:
    """Return one detection for each person, the surest, at most so many; the surest first."""
    ranked = sorted(found, key=lambda each: -float(each.confidence.sum()))
    kept: list[Detection] = []
    for each in ranked:
        if not any(_same(each, other) for other in kept):
            kept.append(each)
    return kept[:most]


def _same(one: Detection, other: Detection) -> bool:
    apart = np.linalg.norm(one.points - other.points, axis=1)
    both = np.isfinite(apart)
    size = max(body_size(one.points), body_size(other.points), 1.0)
    return bool(both.any()) and float(apart[both].mean()) < NEAR * size

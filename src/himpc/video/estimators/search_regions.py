"""Where in a frame to look for people whom a look at the whole frame misses.

A detector scales what it is given to some 200 pixels, so a person who is small in the frame is not seen. A person who
walks alone in a portrait picture is often missed as well, because the frame is scaled by its longer side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc._extras import require
from himpc.video.estimators.multi_person import Box, tile_boxes

COLUMNS = 96
"""Cells across the longer side of a frame in which change is sought."""

SAMPLED_ROWS = 240
"""Rows of pixels that are used of them, since all would take 2 ms of a 720p frame."""

MIN_CHANGE = 12.0
"""Grey levels, of 256, by which a cell differs from the background where something moves."""

MAX_MOVING_SHARE = 0.4
"""Share of changed cells above which the camera moves, so that change shows no people."""

BACKGROUND_WEIGHT = 0.1
"""Weight of each searched frame in the background."""

MARGIN = 0.15
"""Width of what belongs to a person around the box of their joints, in the longer side of that box."""

MAX_MOVING_REGIONS = 4

FINE_ROWS, FINE_TILES = 2, 3
"""Rows of small tiles, and how many of them are searched at a time while there is no person at all."""

MAX_TILES = 12
"""Tiles of a frame that is longer than that are not all searched at once."""


class SearchRegions:
    """The crops of a frame in which a second look is worth its time: where something moves, and tiles.

    Parameters
    ----------
    min_side : int
        Smallest side of a crop, pixels.
    """

    def __init__(self, min_side: int) -> None:
        self._min_side = min_side
        self.reset()

    def reset(self) -> None:
        """Discard the background, because another shot starts."""
        self._background: NDArray[np.float32] | None = None
        self._fruitless: NDArray[np.float32] | None = None
        self._searched: tuple[NDArray[np.float32], Sequence[NDArray[np.float32]]] | None = None
        self._turn = 0

    def is_unchanged(self, image: NDArray[np.uint8]) -> bool:
        """Return whether a frame looks like the last one in which no person was found."""
        return self._fruitless is not None and _is_like(_cells(image), self._fruitless)

    def note_fruitless(self, image: NDArray[np.uint8]) -> None:
        """Remember a frame in which no person was found."""
        self._fruitless = _cells(image)

    def is_still(self, image: NDArray[np.uint8], people: Sequence[NDArray[np.float32]]) -> bool:
        """Return whether a frame looks like the last searched one, except in the boxes of people, now or then."""
        if self._searched is None:
            return False
        earlier, boxes = self._searched
        cells = _cells(image)
        if cells.shape != earlier.shape:
            return False
        change = np.abs(cells - earlier)
        around = [
            box + MARGIN * np.array([-1, -1, 1, 1], np.float32) * (box[2:] - box[:2]).max() for box in (*boxes, *people)
        ]
        _clear(change, around, image.shape[0] / len(cells))
        return float(change.max()) < MIN_CHANGE / 2

    def note_searched(self, image: NDArray[np.uint8], people: Sequence[NDArray[np.float32]]) -> None:
        """Remember a frame that was searched, and the boxes of the people in it."""
        self._searched = _cells(image), people

    def coarse(self, image: NDArray[np.uint8], people: Sequence[NDArray[np.float32]]) -> list[Box]:
        """Return where something moves outside the boxes of known people, and the large tiles, in turn if many."""
        return [*self._moving(image, people), *self._next_tiles(image, 1, MAX_TILES)]

    def fine(self, image: NDArray[np.uint8]) -> list[Box]:
        """Return some of the small tiles: others in each call, until all had their turn."""
        return self._next_tiles(image, FINE_ROWS, FINE_TILES)

    def _next_tiles(self, image: NDArray[np.uint8], rows: int, count: int) -> list[Box]:
        tiles = tile_boxes(image.shape[0], image.shape[1], rows)
        if not tiles or tiles[0][2] - tiles[0][0] < self._min_side:
            return []
        if len(tiles) <= count:
            return tiles
        first, self._turn = self._turn % len(tiles), self._turn + count
        return [*tiles, *tiles][first : first + count]

    def _moving(self, image: NDArray[np.uint8], people: Sequence[NDArray[np.float32]]) -> list[Box]:
        """Return squares around what differs from the background, the largest first."""
        cells = _cells(image)
        background = self._background
        if background is None or background.shape != cells.shape:
            self._background = cells
            return []
        self._background = (1 - BACKGROUND_WEIGHT) * background + BACKGROUND_WEIGHT * cells
        moving = np.abs(cells - background) > MIN_CHANGE
        size = image.shape[0] / cells.shape[0]
        _clear(moving, people, size)
        if not moving.any() or moving.mean() > MAX_MOVING_SHARE:
            return []
        cv2: Any = require("cv2", "video")
        joined = cv2.dilate(moving.astype(np.uint8), np.ones((3, 3), np.uint8))
        _, _, statistics, _ = cv2.connectedComponentsWithStats(joined)
        boxes = sorted(statistics[1:, :4].tolist(), key=lambda box: -max(box[2:]))
        high = [box for box in boxes if max(box[2:]) * size >= self._min_side / 2]
        return [self._square(box, size, image) for box in high[:MAX_MOVING_REGIONS]]

    def _square(self, box: Sequence[int], size: float, image: NDArray[np.uint8]) -> Box:
        """Return a square around cells (left, top, width, height), twice as large, clipped to the frame."""
        left, top, width, height = (value * size for value in box)
        half = max(float(self._min_side), width, height)
        x, y = left + width / 2, top + height / 2
        bottom, right = min(image.shape[0], round(y + half)), min(image.shape[1], round(x + half))
        return max(0, round(y - half)), max(0, round(x - half)), bottom, right


def _clear(cells: NDArray[Any], boxes: Sequence[NDArray[np.float32]], size: float) -> None:
    """Set cells of a size in pixels to 0 in boxes (left, top, right, bottom)."""
    for left, top, right, bottom in boxes:
        cells[max(0, int(top / size)) : int(bottom / size) + 1, max(0, int(left / size)) : int(right / size) + 1] = 0


def _cells(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the mean grey of square cells."""
    cv2: Any = require("cv2", "video")
    step = max(1, min(image.shape[:2]) // SAMPLED_ROWS)
    sampled = np.ascontiguousarray(image[::step, ::step])
    height, width = sampled.shape[:2]
    scale = min(1.0, COLUMNS / max(height, width))
    shape = max(1, round(width * scale)), max(1, round(height * scale))
    grey: NDArray[np.float32] = cv2.resize(sampled, shape, interpolation=cv2.INTER_AREA).mean(axis=2, dtype=np.float32)
    return grey


def _is_like(cells: NDArray[np.float32], others: NDArray[np.float32]) -> bool:
    return cells.shape == others.shape and float(np.abs(cells - others).max()) < MIN_CHANGE / 2

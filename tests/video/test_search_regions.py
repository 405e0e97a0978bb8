"""A second look goes where something moves, and sooner or later everywhere."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("cv2")
from himpc.video.estimators.search_regions import FINE_ROWS, SearchRegions, tile_boxes


def room(height: int = 720, width: int = 1280) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(90, 130, (height, width, 3)).astype(np.uint8)


def test_movement_is_searched_outside_known_people() -> None:
    regions = SearchRegions(100)
    regions.coarse(room(), [])
    image = room()
    image[300:420, 900:950] = 20
    moving, *tiles = regions.coarse(image, [])
    assert tiles == tile_boxes(720, 1280, 1)
    top, left, bottom, right = moving
    assert top <= 300
    assert bottom >= 420
    assert left <= 900
    assert right >= 950
    assert bottom - top < 350
    known = np.array([890.0, 290.0, 960.0, 430.0], np.float32)
    assert regions.coarse(image, [known]) == tiles


def test_moving_camera_shows_no_movement_of_people() -> None:
    regions = SearchRegions(100)
    regions.coarse(room(), [])
    assert regions.coarse(255 - room(), []) == tile_boxes(720, 1280, 1)


def test_small_tiles_take_turns_until_all_were_searched() -> None:
    regions, all_tiles = SearchRegions(100), set(tile_boxes(1280, 720, FINE_ROWS))
    searched = [tile for _ in range(len(all_tiles)) for tile in regions.fine(room(1280, 720))]
    assert set(searched) == all_tiles


@pytest.mark.parametrize("shape", [(1, 1), (3, 2000), (64, 64), (90, 90)])
def test_small_frames_are_not_divided(shape: tuple[int, int]) -> None:
    regions = SearchRegions(100)
    for _ in range(2):
        assert regions.coarse(room(*shape), []) == regions.fine(room(*shape)) == []


def test_frame_that_did_not_change_is_recognised() -> None:
    regions = SearchRegions(100)
    assert not regions.is_unchanged(room())
    regions.note_fruitless(room())
    assert regions.is_unchanged(room() + np.random.default_rng(1).integers(0, 3, (720, 1280, 3)).astype(np.uint8))
    image = room()
    image[300:372, 900:930] = 20
    assert not regions.is_unchanged(image)
    regions.reset()
    assert not regions.is_unchanged(room())

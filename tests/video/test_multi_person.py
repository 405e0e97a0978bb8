"""Tiles cover a frame, and each person is one detection."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from himpc.video import Detection
from himpc.video.estimators.multi_person import (
    DUPLICATE_DISTANCE,
    deduplicate,
    is_apart,
    is_nearest,
    is_overlapping,
    tile_boxes,
)


@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(1, 8))
def test_tiles_cover_a_frame_and_stay_inside(height: int, width: int, rows: int) -> None:
    tiles = tile_boxes(height, width, rows)
    covered_rows, covered_columns = np.zeros(height, bool), np.zeros(width, bool)
    for top, left, bottom, right in tiles:
        assert 0 <= top < bottom <= height
        assert 0 <= left < right <= width
        covered_rows[top:bottom] = covered_columns[left:right] = True
    assert not tiles or (covered_rows.all() and covered_columns.all())
    assert tile_boxes(height, width, 0) == []


@given(st.floats(0, 2 * DUPLICATE_DISTANCE), st.integers(1, 3))
def test_one_body_is_one_detection(apart: float, max_people: int) -> None:
    points = np.random.default_rng(0).uniform(0, 100, (33, 2)).astype(np.float32)
    size = np.ptp(points, axis=0).max()
    one = Detection(points, np.full(33, 0.9, np.float32))
    other = Detection(points + np.float32([apart * size, 0]), np.full(33, 0.5, np.float32))
    unique = deduplicate([other, one], max_people)
    assert unique[0] is one
    if abs(apart - DUPLICATE_DISTANCE) > 1e-3:
        assert len(unique) == (1 if apart < DUPLICATE_DISTANCE else min(2, max_people))


def body(left: float) -> Detection:
    """A body in a box of 30 x 100 pixels."""
    points = np.random.default_rng(0).uniform((left, 0), (left + 30, 100), (33, 2))
    points[:2] = (left, 0), (left + 30, 100)
    return Detection(points.astype(np.float32), np.ones(33, np.float32))


def test_detection_belongs_to_the_nearest_person() -> None:
    person, other = body(0), body(60)
    assert is_nearest(body(29), person, [other])
    assert not is_nearest(body(31), person, [other])
    assert is_nearest(body(15), person, [other], ratio=2.0)
    assert not is_nearest(body(25), person, [other], ratio=2.0)
    assert is_nearest(body(99), person, [])


def test_person_is_apart_unless_the_enlarged_box_overlaps_another() -> None:
    person = body(0)
    assert is_apart(person, [body(56)], 1.5)  # by 25 pixels on both sides
    assert not is_apart(person, [body(54), body(900)], 1.5)
    assert is_apart(person, [], 1.5)
    assert not is_overlapping(body(0).box, body(30).box)
    assert is_overlapping(body(0).box, body(29).box)

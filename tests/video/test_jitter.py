"""Frames in which a skeleton jumps to and fro are removed; those of people who move fast are not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from crowd import Crowd, simulate_crowd
from himpc.video.tracking import Track, TrackingRules, find_joins, remove_jitter

RULES = TrackingRules()


@pytest.fixture(scope="module")
def crowd() -> Crowd:
    return simulate_crowd(2, 8, 60, scene="beside", seed=2)


def track(points: NDArray[np.floating], fps: float, number: int = 1) -> Track:
    frames = np.arange(len(points))
    confidence = np.ones(points.shape[:2], np.float32)
    return Track(number, 1, frames, frames / fps, points.astype(np.float32), confidence, None, "left")


@pytest.mark.parametrize("step", [1, 2, 4, 12, 24])
def test_steady_walk_is_kept_as_it_is_at_any_frame_rate(crowd: Crowd, step: int) -> None:
    walk = track(crowd.points[0, ::step], 60 / step)
    parts, dropped = remove_jitter([walk], RULES)
    assert parts == [walk]
    assert dropped == 0


@pytest.mark.parametrize("fps", [5, 10, 25])
def test_jumping_person_is_kept(crowd: Crowd, fps: int) -> None:
    """Two jumps of 0.4 m in a second, by a person 400 pixels high."""
    seconds = np.arange(8 * fps) / fps
    phase = seconds % 0.5
    height = np.clip(9.81 / 2 * phase * (0.57 - phase), 0, None) * 400 / 1.7
    points = np.repeat(crowd.points[0, :1], len(seconds), axis=0)
    points[..., 1] -= height[:, None]
    assert remove_jitter([track(points, fps)], RULES)[1] == 0


def mixed(crowd: Crowd, fps: int = 15) -> Track:
    """Return a track that jumps to another person and back from 3 to 5 s, and stays with the other."""
    first, second = crowd.points[:, :: 60 // fps]
    seconds = np.arange(len(first)) / fps
    is_second = (seconds >= 5) | ((seconds >= 3) & (np.arange(len(first)) % 4 < 2))
    return track(np.where(is_second[:, None, None], second, first), fps, number=4)


def test_track_ends_where_the_skeleton_jumps_between_two_people(crowd: Crowd) -> None:
    whole, other = mixed(crowd), track(crowd.points[1, ::4], 15, number=7)
    parts, dropped = remove_jitter([whole, other], RULES)
    first, second, unchanged = parts
    assert unchanged is other
    assert (first.number, second.number) == (4, 8)
    assert (first.ended, second.ended) == ("jitter", "left")
    assert first.seconds[-1] == pytest.approx(3, abs=0.3)
    assert second.seconds[0] == pytest.approx(5, abs=0.3)
    assert dropped == len(whole) - len(first) - len(second)
    assert find_joins(parts, crowd.layout) == {}


def test_limit_decides(crowd: Crowd) -> None:
    assert remove_jitter([mixed(crowd)], TrackingRules(max_jitter=1.0))[1] == 0


def test_track_that_jumps_throughout_is_removed(crowd: Crowd) -> None:
    jumping = mixed(crowd).between(45, 75)
    assert remove_jitter([jumping], RULES) == ([], 30)


def test_joints_that_are_missing_are_no_jitter(crowd: Crowd) -> None:
    points = crowd.points[0, ::4].copy()
    points[::3, 5] = np.nan
    points[40:44] = np.nan
    assert remove_jitter([track(points, 15)], RULES)[1] == 0
    assert remove_jitter([track(points[:2], 15)], RULES)[1] == 0
    assert remove_jitter([], RULES) == ([], 0)

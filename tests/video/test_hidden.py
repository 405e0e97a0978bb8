"""A person who is lost behind another for long may be the one who is detected there."""

from __future__ import annotations

import numpy as np
import pytest

from crowd import simulate_crowd
from himpc.skeleton import get_layout
from himpc.video import Detection
from himpc.video.tracking import Tracker, TrackingRules
from himpc.video.tracking.hidden import HiddenPeople

FPS = 15


@pytest.fixture(scope="module")
def body() -> Detection:
    """A person whose box is wide: two of them overlap, but their joints are apart."""
    crowd = simulate_crowd(1, 4, FPS, scene="crowd", seed=2)
    boxes = np.ptp(crowd.points[0], axis=1)
    widest = int((boxes[:, 0] / boxes[:, 1]).argmax())
    return Detection(crowd.points[0, widest], np.ones(33, np.float32), crowd.joints[0, widest])


def follow(body: Detection, lost: tuple[float, float], **rules: float) -> list[tuple[float, list[int]]]:
    """Return the numbers of tracks by time, where the second person is not detected from `lost[0]` to `lost[1]`."""
    tracker = Tracker(get_layout("mediapipe-33"), fps=FPS, rules=TrackingRules(**rules))
    other = body.points + np.float32([0.7, 0]) * np.ptp(body.points, axis=0)
    numbers = []
    for frame in range(8 * FPS):
        seconds = frame / FPS
        all_points = [body.points] if lost[0] <= seconds < lost[1] else [body.points, other]
        found = [Detection(points, body.confidence, body.joints) for points in all_points]
        numbers.append((seconds, tracker.update(frame, seconds, found)))
    return numbers


def test_no_one_is_tracked_while_another_is_hidden_for_long(body: Detection) -> None:
    numbers = follow(body, (2, 5))
    before, after = (next(each for seconds, each in numbers if seconds >= at) for at in (1.5, 6))
    assert len(set(before)) == len(set(after)) == 2
    assert not set(before) & set(after)
    assert {each[0] for seconds, each in numbers if 3.1 < seconds < 5} == {0}


def test_track_goes_on_where_a_person_is_hidden_for_a_moment(body: Detection) -> None:
    numbers = follow(body, (2, 2.6))
    assert {each[0] for _, each in numbers} == {1}


def test_hidden_person_is_forgotten_in_time(body: Detection) -> None:
    numbers = follow(body, (2, 9), max_hidden_seconds=2.0)
    assert {each[0] for seconds, each in numbers if 3.1 < seconds < 4} == {0}
    assert numbers[-1][1][0] == 3


BOX, FRONT, BESIDE, FAR = (np.array([left, 0, left + 50, 100], float) for left in (0, 10, 80, 900))


def ambiguous(reappearing: np.ndarray | None, who: int, later: float = 2.0) -> set[int]:
    """Return who may be the hidden person 1, after 3 was detected at a place, when 2 is in front."""
    hidden = HiddenPeople(TrackingRules())
    assert hidden.update({1: BOX}, {2: FRONT}, [], 0.0) == set()
    assert hidden.update({}, {2: FRONT}, [], 1.5) == {2}
    if reappearing is not None:
        hidden.update({}, {2: FRONT, who: reappearing}, [who], 1.6)
    return hidden.update({}, {2: FRONT}, [], later)


@pytest.mark.parametrize(
    ("reappearing", "who", "expected"),
    [(None, 3, {2}), (BESIDE, 3, set()), (BOX, 3, set()), (FAR, 3, {2}), (FAR, 1, set())],
)
def test_other_is_certain_once_the_hidden_person_may_have_reappeared(
    reappearing: np.ndarray | None, who: int, expected: set[int]
) -> None:
    assert ambiguous(reappearing, who) == expected


def test_person_who_is_alone_hides_no_one() -> None:
    hidden = HiddenPeople(TrackingRules())
    assert hidden.update({1: FAR}, {2: FRONT}, [], 0.0) == set()
    assert hidden.update({}, {2: FRONT}, [], 2.0) == set()

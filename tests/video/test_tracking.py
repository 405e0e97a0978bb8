"""People are followed, and let go where it is in doubt who is who."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from himpc.simulation import Crowd, simulate_crowd
from himpc.video.detection import Detection
from himpc.video.tracking import Tracker, TrackingRules

pytest.importorskip("norfair")

_PATH = Path(__file__).parents[2] / "perf" / "tracking.py"
_SPEC = importlib.util.spec_from_file_location("tracking_benchmark", _PATH)
assert _SPEC is not None
assert _SPEC.loader is not None
benchmark = importlib.util.module_from_spec(_SPEC)
sys.modules[_SPEC.name] = benchmark  # dataclasses look there
_SPEC.loader.exec_module(benchmark)


@pytest.fixture(scope="module")
def one() -> Crowd:
    return simulate_crowd(1, 6, 25, scene="crowd", seed=2)


def seen(crowd: Crowd, frame: int, person: int = 0, flat: bool = False) -> Detection:
    found = benchmark.sighting(crowd, person, frame, 0.0, np.random.default_rng(0))
    return Detection(found.points, found.confidence) if flat else found


@pytest.mark.parametrize("scene", ["alone", "leaving"])
def test_nobody_is_merged_where_people_keep_apart(scene: str) -> None:
    score = benchmark.follow(simulate_crowd(3, 10, 25, scene=scene, seed=1)).score()
    assert score.merges == 0
    assert score.switches == 0
    assert score.recall > 0.85


def test_crossings_split_and_seldom_merge() -> None:
    crowd = simulate_crowd(4, 10, 25, scene="crossing", seed=0)
    run = benchmark.follow(crowd, noise=0.02)
    careful, joined = run.score(joined=False), run.score(joined=True)
    careless = benchmark.follow(crowd, noise=0.02, rules=benchmark.CARELESS).score(joined=False)
    assert careful.impurity <= joined.impurity <= min(0.005, careless.impurity)
    assert careless.splits <= joined.splits <= 0.6 * careful.splits
    assert joined.idf1 > 1.3 * careful.idf1


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_one_walker_is_one_track_at_any_rate(one: Crowd, flat: bool, steps: int) -> None:
    tracker = Tracker(one.layout, fps=25 / steps)
    for frame in range(0, 150, steps):
        assert tracker.update(frame, frame / 25, [seen(one, frame, flat=flat)]) == [1]
    tracker.finish()
    (track,) = tracker.pop_finished()
    assert track.frames.tolist() == list(range(0, 150, steps))
    assert track.ended == "video ended"
    assert (track.joints is None) == flat
    assert tracker.pop_finished() == []


@pytest.mark.parametrize("steps", [2, 3, 6, 9])
def test_pictures_that_did_not_come_end_no_track(steps: int) -> None:
    """A live source names its own rate, and whoever is slow sees a part of it, not always the same."""
    crowd = simulate_crowd(1, 12, 30, scene="crowd", seed=2)
    tracker = Tracker(crowd.layout, fps=crowd.fps)
    rng, frame, numbers = np.random.default_rng(0), 0, []
    while frame < 360:
        numbers += tracker.update(frame, frame / crowd.fps, [seen(crowd, frame)])
        frame += steps + int(rng.integers(0, steps // 2 + 1))
    assert len(set(numbers)) <= 2  # the first picture does not tell yet how often they come
    assert len(set(numbers[1:])) == 1


def test_a_walker_who_is_lost_for_a_moment_is_taken_up_again(one: Crowd) -> None:
    tracker = Tracker(one.layout, fps=25)
    for frame in [*range(40), *range(50, 90), *range(130, 150)]:
        tracker.update(frame, frame / 25, [seen(one, frame)])
    tracker.finish()
    first, second = tracker.pop_finished()
    assert first.frames[-1] == 89  # 10 pictures are a moment, 40 are not
    assert first.ended == "left"
    assert len(second) == 20


@pytest.mark.parametrize(("inside", "after"), [(True, 1), (False, 2)])
def test_who_is_lost_at_the_edge_has_left(one: Crowd, inside: bool, after: int) -> None:
    places = one.points[0, :30, :, 0]
    picture = (int(np.max(places)) + 1 if inside else int(np.median(places[24])), one.lens.height)
    tracker = Tracker(one.layout, fps=25)
    found = [tracker.update(frame, frame / 25, [seen(one, frame)], picture) for frame in range(25)]
    assert tracker.update(25, 1.0, [], picture) == []
    found += [tracker.update(frame, frame / 25, [seen(one, frame)], picture) for frame in range(26, 30)]
    assert found == [[1]] * 25 + [[after]] * 4


def test_a_cut_ends_all(one: Crowd) -> None:
    tracker = Tracker(one.layout, fps=25)
    for frame in range(50):
        if frame == 25:
            tracker.start_shot()
        tracker.update(frame, frame / 25, [seen(one, frame)])
    tracker.finish()
    tracks = tracker.pop_finished()
    assert [(track.number, track.shot, len(track), track.ended) for track in tracks] == [
        (1, 1, 25, "cut"),
        (2, 2, 25, "video ended"),
    ]


def test_a_long_track_is_cut_so_that_memory_stays_flat(one: Crowd) -> None:
    tracker = Tracker(one.layout, fps=25, rules=TrackingRules(max_seconds=2.0))
    for frame in range(150):
        tracker.update(frame, frame / 25, [seen(one, frame)])
    tracker.finish()
    assert [track.ended for track in tracker.pop_finished()] == ["length", "length", "video ended"]


def test_another_body_in_the_same_place_is_another_track(one: Crowd) -> None:
    tracker = Tracker(one.layout, fps=25)
    for frame in range(150):
        found = seen(one, frame)
        if frame >= 75:
            joints = np.asarray(found.joints) * np.float32(1.5)
            found = Detection(found.points, found.confidence, joints)
        tracker.update(frame, frame / 25, [found])
    tracker.finish()
    first, *others = tracker.pop_finished()
    assert first.ended == "bones"
    assert 75 <= first.frames[-1] < 90
    assert len(others) == 1


def test_what_flickers_takes_nobody_over(one: Crowd) -> None:
    tracker = Tracker(one.layout, fps=25)
    numbers = []
    for frame in range(100):
        ghost = Detection(np.random.default_rng(frame // 20).uniform(0, 40, (33, 2)).astype(np.float32),
                          np.full(33, 0.5, np.float32), seen(one, 0).joints)  # fmt: skip
        found = [seen(one, frame), *([ghost] if frame % 20 < 2 else [])]
        numbers.append(tracker.update(frame, frame / 25, found)[0])
    assert set(numbers) == {1}


def test_nobody_at_all(one: Crowd) -> None:
    tracker = Tracker(one.layout, fps=25)
    assert tracker.update(0, 0.0, []) == []
    tracker.finish()
    assert tracker.pop_finished() == []

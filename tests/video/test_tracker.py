"""People are tracked, and tracks end where the assignment is ambiguous."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from crowd import Crowd, simulate_crowd
from himpc.video.detection import Detection
from himpc.video.tracking import Tracker, TrackingRules

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


def detect(crowd: Crowd, frame: int, person: int = 0, flat: bool = False) -> Detection:
    found = benchmark.noisy_detection(crowd, person, frame, 0.0, np.random.default_rng(0))
    return Detection(found.points, found.confidence) if flat else found


@pytest.mark.parametrize("scene", ["alone", "leaving"])
def test_separate_people_are_never_merged(scene: str) -> None:
    score = benchmark.track_crowd(simulate_crowd(3, 10, 25, scene=scene, seed=1)).score()
    assert score.merges == 0
    assert score.switches == 0
    assert score.recall > 0.85


def test_crossings_split_tracks_and_rarely_merge_them() -> None:
    crowd = simulate_crowd(4, 10, 25, scene="crossing", seed=0)
    run = benchmark.track_crowd(crowd, noise=0.02)
    split, joined = run.score(joined=False), run.score(joined=True)
    never_ambiguous = benchmark.track_crowd(crowd, noise=0.02, rules=benchmark.NEVER_AMBIGUOUS).score(joined=False)
    assert split.impurity <= joined.impurity <= min(0.005, never_ambiguous.impurity)
    assert never_ambiguous.splits <= joined.splits <= 0.6 * split.splits
    assert joined.idf1 > 1.3 * split.idf1


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_walker_is_one_track_at_any_frame_rate(one: Crowd, flat: bool, steps: int) -> None:
    tracker = Tracker(one.layout, fps=25 / steps)
    for frame in range(0, 150, steps):
        assert tracker.update(frame, frame / 25, [detect(one, frame, flat=flat)]) == [1]
    tracker.finish()
    (track,) = tracker.pop_finished()
    assert track.frames.tolist() == list(range(0, 150, steps))
    assert track.ended == "video ended"
    assert (track.joints is None) == flat
    assert tracker.pop_finished() == []


@pytest.mark.parametrize("steps", [2, 3, 6, 9])
def test_dropped_frames_end_no_track(steps: int) -> None:
    """A live source has its own rate, and a slow consumer gets an irregular part of its frames."""
    crowd = simulate_crowd(1, 12, 30, scene="crowd", seed=2)
    tracker = Tracker(crowd.layout, fps=crowd.fps)
    rng, frame, numbers = np.random.default_rng(0), 0, []
    while frame < 360:
        numbers += tracker.update(frame, frame / crowd.fps, [detect(crowd, frame)])
        frame += steps + int(rng.integers(0, steps // 2 + 1))
    assert len(set(numbers)) <= 2  # the first interval is unknown at the first frame
    assert len(set(numbers[1:])) == 1


def test_track_resumes_after_a_short_occlusion(one: Crowd) -> None:
    tracker = Tracker(one.layout, fps=25)
    for frame in [*range(40), *range(50, 90), *range(130, 150)]:
        tracker.update(frame, frame / 25, [detect(one, frame)])
    tracker.finish()
    first, second = tracker.pop_finished()
    assert first.frames[-1] == 89  # after 10 lost frames it resumes, after 40 it does not
    assert first.ended == "left"
    assert len(second) == 20


@pytest.mark.parametrize(("inside", "after"), [(True, 1), (False, 2)])
def test_person_lost_at_the_edge_has_left(one: Crowd, inside: bool, after: int) -> None:
    places = one.points[0, :30, :, 0]
    picture = (int(np.max(places)) + 1 if inside else int(np.median(places[24])), one.lens.height)
    tracker = Tracker(one.layout, fps=25)
    found = [tracker.update(frame, frame / 25, [detect(one, frame)], picture) for frame in range(25)]
    assert tracker.update(25, 1.0, [], picture) == []
    found += [tracker.update(frame, frame / 25, [detect(one, frame)], picture) for frame in range(26, 30)]
    assert found == [[1]] * 25 + [[after]] * 4


def test_new_shot_ends_all_tracks(one: Crowd) -> None:
    tracker = Tracker(one.layout, fps=25)
    for frame in range(50):
        if frame == 25:
            tracker.start_shot()
        tracker.update(frame, frame / 25, [detect(one, frame)])
    tracker.finish()
    tracks = tracker.pop_finished()
    assert [(track.number, track.shot, len(track), track.ended) for track in tracks] == [
        (1, 1, 25, "cut"),
        (2, 2, 25, "video ended"),
    ]


def test_long_track_is_continued_as_another(one: Crowd) -> None:
    tracker = Tracker(one.layout, fps=25, rules=TrackingRules(max_seconds=2.0))
    for frame in range(150):
        tracker.update(frame, frame / 25, [detect(one, frame)])
    tracker.finish()
    assert [track.ended for track in tracker.pop_finished()] == ["length", "length", "video ended"]


def test_other_bone_lengths_start_another_track(one: Crowd) -> None:
    tracker = Tracker(one.layout, fps=25)
    for frame in range(150):
        found = detect(one, frame)
        if frame >= 75:
            joints = np.asarray(found.joints) * np.float32(1.5)
            found = Detection(found.points, found.confidence, joints)
        tracker.update(frame, frame / 25, [found])
    tracker.finish()
    first, *others = tracker.pop_finished()
    assert first.ended == "bones"
    assert 75 <= first.frames[-1] < 90
    assert len(others) == 1


def test_flickering_detections_do_not_take_over_a_track(one: Crowd) -> None:
    tracker = Tracker(one.layout, fps=25)
    numbers = []
    for frame in range(100):
        false_detection = Detection(np.random.default_rng(frame // 20).uniform(0, 40, (33, 2)).astype(np.float32),
                          np.full(33, 0.5, np.float32), detect(one, 0).joints)  # fmt: skip
        found = [detect(one, frame), *([false_detection] if frame % 20 < 2 else [])]
        numbers.append(tracker.update(frame, frame / 25, found)[0])
    assert set(numbers) == {1}


def test_no_detections_give_no_tracks(one: Crowd) -> None:
    tracker = Tracker(one.layout, fps=25)
    assert tracker.update(0, 0.0, []) == []
    tracker.finish()
    assert tracker.pop_finished() == []

"""Tracks become clean recordings without losing what tells people apart."""

from __future__ import annotations

import json

import numpy as np
import pytest
from walks import LAYOUT, WALK, make_track, simulate_walk

import himpc
from crowd import simulate_crowd
from himpc.errors import ConfigError, HimpcError
from himpc.recordings import Recording
from himpc.video import PoseCleaningRules, Track
from himpc.video.cleaning import clean_track


def test_clean_walk_hardly_changes_and_less_the_second_time() -> None:
    (clean,) = clean_track(make_track(WALK), LAYOUT, 25, source="a#1")
    changes = clean.changes
    assert (changes.added, changes.filled, changes.swapped, changes.left_out) == (0, 0, 0, 0)
    assert np.abs(clean.recording.joints - WALK).max() < 0.06
    (again,) = clean_track(make_track(clean.recording.joints.astype(np.float64)), LAYOUT, 25, source="a#1")
    assert np.abs(again.recording.joints - clean.recording.joints).mean() < 0.003
    assert clean.share("walking") == 1
    assert clean.recording.source == "a#1"
    json.dumps(clean.report())


def test_irregular_frames_are_resampled_to_a_constant_rate() -> None:
    rng = np.random.default_rng(0)
    fine = simulate_walk(seconds=8, fps=100)
    keep = np.sort(rng.choice(800, 300, replace=False))
    (clean,) = clean_track(
        make_track(fine[keep], keep / 100), LAYOUT, 25, source="a", rules=PoseCleaningRules(steps=())
    )
    times = clean.start + np.arange(len(clean.recording)) / 25
    truth = np.stack([fine[min(799, round(100 * t))] for t in times])
    assert np.abs(clean.recording.joints - truth).mean() < 0.01


def test_long_gaps_split_and_short_ones_are_filled() -> None:
    keep = np.r_[0:60, 65:120, 160:200]  # 0.2 s, then 1.6 s
    parts = clean_track(make_track(WALK[keep], keep / 25), LAYOUT, 25, source="a#1")
    assert [part.recording.source for part in parts] == ["a#1#part1", "a#1#part2"]
    assert [len(part.recording) for part in parts] == [120, 40]
    assert parts[0].changes.added == 5
    assert parts[1].start == pytest.approx(6.4)


def test_noise_lowers_the_score() -> None:
    rng = np.random.default_rng(0)
    scores = [
        clean_track(make_track(WALK + size * rng.standard_normal(WALK.shape)), LAYOUT, 25, source="a")[0].score
        for size in (0.0, 0.01, 0.03, 0.08)
    ]
    assert scores == sorted(scores, reverse=True)
    assert 0 <= scores[-1] < scores[0] <= 1


@pytest.mark.parametrize("fps", [5.0, 240.0])
def test_unusual_rates_and_bodies_are_cleaned(fps: float) -> None:
    assert len(clean_track(make_track(simulate_walk(seconds=3, fps=fps), fps=fps), LAYOUT, fps, source="a")) == 1
    assert clean_track(make_track(WALK[:1]), LAYOUT, 25, source="a") == []
    assert clean_track(make_track(np.full((50, 33, 3), np.nan)), LAYOUT, 25, source="a") == []
    (still,) = clean_track(make_track(np.zeros((50, 33, 3))), LAYOUT, 25, source="a")
    assert np.isfinite(still.recording.joints).all()


def test_2d_track_stays_2d() -> None:
    seen = make_track(WALK)
    flat = Track(1, 1, seen.frames, seen.seconds, seen.points, seen.confidence, None, "left")
    (clean,) = clean_track(flat, LAYOUT, 25, source="a")
    assert clean.recording.dimensions == 2
    assert (clean.recording.joints[..., 2] == 0).all()
    assert clean.changes.bones == 0
    assert clean.changes.turned == 0


def test_unknown_steps_and_postures_are_refused() -> None:
    with pytest.raises(ConfigError, match="polish"):
        PoseCleaningRules(steps=("polish",))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="flying"):
        PoseCleaningRules(leave_out=("flying",))  # type: ignore[arg-type]


def crowd_recordings(*, is_2d: bool) -> list[Recording]:
    """Clean each stay of four people before a camera."""
    crowd = simulate_crowd(4, 24, 25, layout="coco-17", scene="alone", seed=0)
    confidence = np.ones((crowd.joints.shape[1], 17), np.float32)
    recordings = []
    for person, name in enumerate(crowd.persons):
        present = np.flatnonzero(crowd.present[person])
        for number, frames in enumerate(np.split(present, np.flatnonzero(np.diff(present) > 1) + 1), start=1):
            joints = crowd.joints[person, frames] * np.array([-1, 1, -1], dtype=np.float32)
            body = None if is_2d else joints - joints[:, [11, 12]].mean(axis=1, keepdims=True)
            points = crowd.points[person, frames]
            track = Track(number, 1, frames, frames / 25, points, confidence[frames], body, "left")
            parts = clean_track(track, crowd.layout, 25, source=f"{name}#{number}")
            recordings += [part.recording.with_(person=name) for part in parts]
    return recordings


def test_2d_recordings_train_a_model_that_refuses_3d() -> None:
    recordings = crowd_recordings(is_2d=True)
    assert {recording.dimensions for recording in recordings} == {2}
    model = himpc.HiMPC(settings={"max_epochs": 2, "hidden": 16}).fit(recordings).model_
    assert himpc.embed(model, recordings).vectors.shape[0] > 0
    with pytest.raises(HimpcError, match="the model takes 2D skeletons"):
        himpc.embed(model, crowd_recordings(is_2d=False))

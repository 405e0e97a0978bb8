"""Skeletons are made clean without losing what tells people apart."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import himpc
from himpc.errors import ConfigError
from himpc.simulation import Camera, Sensor, simulate
from himpc.skeleton import get_layout
from himpc.video import PoseCleaningRules, Track
from himpc.video.cleaning import (
    POSTURES,
    clean_track,
    correct_swaps,
    fill_low_confidence,
    find_gait,
    find_posture,
    limb_bones,
    set_constant_lengths,
    smooth,
)
from himpc.video.orientation import estimate_up, facing_direction, rotate_upright

LAYOUT = get_layout("mediapipe-33")


def walk(seconds: float = 8.0, fps: float = 25.0, seed: int = 1, **camera: float) -> NDArray[np.float64]:
    """Return somebody as an estimator without error sees them: from the middle of the hips, z towards the camera."""
    seen = Camera("c", **{"distance": 5.0, "pitch": 0.0, **camera})
    (found,) = simulate(1, 1, seconds=seconds, fps=fps, layout=LAYOUT, sensor=Sensor(), cameras=[seen], sessions=1,
                        seed=seed, difficulty="easy")  # fmt: skip
    joints = found.joints.astype(np.float64) * (-1, 1, -1)
    return joints - joints[:, [23, 24]].mean(axis=1, keepdims=True)


def track(joints: NDArray[np.float64], seconds: NDArray[np.float64] | None = None, fps: float = 25.0) -> Track:
    count = len(joints)
    times = np.arange(count) / fps if seconds is None else seconds
    return Track(1, 1, np.arange(count), times, np.abs(joints[..., :2]).astype(np.float32) * 100,
                 np.full((count, 33), 0.9, np.float32), joints.astype(np.float32), "left")  # fmt: skip


@given(st.integers(1, 60), st.integers(1, 8), st.integers(0, 32))
def test_guesses_between_sure_sightings_are_replaced(start: int, length: int, joint: int) -> None:
    line = np.cumsum(np.full((100, 33, 3), 0.01), axis=0)
    spoilt, confidence = line.copy(), np.ones((100, 33))
    spoilt[start : start + length, joint] = 9.0
    confidence[start : start + length, joint] = 0.1
    filled, count, guessed = fill_low_confidence(spoilt, confidence, min_confidence=0.3, max_gap=8)
    assert np.allclose(filled, line)
    assert (count, guessed) == (length, 0)
    kept, count, guessed = fill_low_confidence(spoilt, confidence, min_confidence=0.3, max_gap=length - 1)
    assert (kept == spoilt).all()
    assert (count, guessed) == (0, length)


WALK = walk()


@given(st.integers(2, 150), st.integers(1, 12), st.booleans())
def test_left_and_right_are_exchanged_back(start: int, length: int, legs: bool) -> None:
    limbs = (0, 1) if legs else (3, 4)
    pairs = [(a, b) for a, b in LAYOUT.pairs if a in LAYOUT.limbs[limbs[0]] and b in LAYOUT.limbs[limbs[1]]]
    left, right = np.array(pairs).T
    spoilt = WALK.copy()
    stretch = slice(start, start + length)
    spoilt[stretch, left], spoilt[stretch, right] = WALK[stretch, right], WALK[stretch, left]
    mended, count = correct_swaps(spoilt, LAYOUT)
    assert np.abs(mended - WALK).max() < 0.15  # at the very moment of passing each other either is as good
    assert abs(count - length) <= 2


@pytest.mark.parametrize("seed", range(4))
def test_what_is_right_stays(seed: int) -> None:
    joints = walk(seed=seed)
    mended, count = correct_swaps(joints, LAYOUT)
    assert count == 0
    assert (mended == joints).all()
    assert np.abs(set_constant_lengths(joints, LAYOUT)[0] - joints).max() < 0.02


def test_bones_keep_their_length_and_direction() -> None:
    noisy = WALK + 0.03 * np.random.default_rng(0).standard_normal(WALK.shape)
    steady, changed = set_constant_lengths(noisy, LAYOUT)
    assert changed > 1000
    for joint, parent in limb_bones(LAYOUT):
        before, after = (body[:, joint] - body[:, parent] for body in (noisy, steady))
        lengths = np.linalg.norm(after, axis=1)
        assert np.allclose(lengths, np.median(np.linalg.norm(before, axis=1)))
        assert np.allclose(after / lengths[:, None], before / np.linalg.norm(before, axis=1, keepdims=True))
    again, changed = set_constant_lengths(steady, LAYOUT)
    assert np.allclose(again, steady)
    assert changed == 0


def test_smoothing_keeps_gait_and_takes_noise() -> None:
    noise = 0.03 * np.random.default_rng(0).standard_normal(WALK.shape)
    smoothed, done = smooth(WALK, 25)
    assert done
    assert np.sqrt(((smoothed - WALK) ** 2).mean()) < 0.004  # 4 mm of movement are lost
    for ankle in (27, 28):
        assert np.ptp(smoothed[:, ankle], axis=0) == pytest.approx(np.ptp(WALK[:, ankle], axis=0), rel=0.08, abs=0.01)
    left = smooth(WALK + noise, 25)[0] - smoothed
    assert np.sqrt((left**2).mean()) < 0.72 * 0.03  # of white noise, what is slower than 6 of 12.5 Hz stays
    assert not smooth(WALK, 10)[1]
    assert smooth(WALK[:3], 25)[1] is False


@pytest.mark.parametrize(("angle", "pitch"), [(0.0, 0.0), (90.0, 20.0), (45.0, 35.0), (180.0, 30.0)])
def test_up_is_found(angle: float, pitch: float) -> None:
    bodies = [walk(seed=seed, angle=angle, pitch=pitch) for seed in range(3)]
    up = estimate_up(bodies, LAYOUT)
    assert up is not None
    truth = np.array([0.0, np.cos(np.radians(pitch)), np.sin(np.radians(pitch))])
    assert np.degrees(np.arccos(min(1.0, float(up @ truth)))) < 3
    turned, degrees = rotate_upright(bodies[0], up)
    assert degrees == pytest.approx(pitch, abs=3)
    assert np.allclose(np.linalg.norm(turned, axis=2), np.linalg.norm(bodies[0], axis=2))
    assert estimate_up([turned], LAYOUT)[1] > 0.99


def test_facing_is_the_way_that_people_go() -> None:
    """Seen in a mirror of the definition: where the nose is, seen from the ears."""
    for angle in (0.0, 70.0, -120.0):
        joints = walk(angle=angle)
        nose = joints[:, 0] - joints[:, [7, 8]].mean(axis=1)
        ahead = np.degrees(np.arctan2(nose[:, 0], nose[:, 2]))
        apart = (facing_direction(joints, LAYOUT) - ahead + 180) % 360 - 180
        assert np.abs(np.median(apart)) < 10


@pytest.mark.parametrize("noise", [0.0, 0.03])
@pytest.mark.parametrize("fps", [15.0, 25.0, 60.0])
def test_strides_are_counted(fps: float, noise: float) -> None:
    joints = walk(seconds=10, fps=fps)
    joints = joints + noise * np.random.default_rng(0).standard_normal(joints.shape)
    gait = find_gait(joints, LAYOUT, fps)
    slow = find_gait(walk(seconds=30, fps=60), LAYOUT, 60)
    assert gait.stride_seconds == pytest.approx(slow.stride_seconds, rel=0.05)
    assert abs(gait.cycles - 10 / gait.stride_seconds) <= 2
    assert gait.cadence == pytest.approx(120 / gait.stride_seconds)


def test_which_foot_is_which_has_no_part_in_strides() -> None:
    joints = walk(seconds=10, fps=25)
    swapped = joints.copy()
    left, right = LAYOUT.index("left_ankle"), LAYOUT.index("right_ankle")
    which = np.random.default_rng(0).random(len(joints)) < 0.5
    swapped[np.ix_(which, [left, right])] = joints[np.ix_(which, [right, left])]
    assert find_gait(swapped, LAYOUT, 25) == find_gait(joints, LAYOUT, 25)


def test_strides_of_real_walks_are_plausible(shared_data: Path) -> None:
    walks = himpc.read(shared_data / "c3d-walking", name="{person}/{session}/*.c3d")
    found = [
        find_gait(each.joints, each.layout, each.fps or 100)
        for each in walks
        if each.session == "Straight" and len(each) > 200
    ]
    strides = [gait.stride_seconds for gait in found if gait.cycles]
    assert len(strides) >= 0.7 * len(found)
    assert all(0.75 < seconds < 1.5 for seconds in strides)


def test_postures() -> None:
    assert (find_posture(WALK, LAYOUT, 25) == POSTURES.index("walking")).all()
    still = np.repeat(WALK[:1], 100, axis=0)
    assert (find_posture(still, LAYOUT, 25) == POSTURES.index("standing")).all()
    seated = still.copy()
    for hip, knee, ankle in ((23, 25, 27), (24, 26, 28)):
        thigh = np.linalg.norm(still[0, hip] - still[0, knee])
        move = still[0, hip] + [0, 0, thigh] - still[0, knee]
        seated[:, [knee, ankle]] += move
    assert (find_posture(seated, LAYOUT, 25) == POSTURES.index("seated")).all()
    gait = find_gait(still, LAYOUT, 25)
    assert gait.cycles == 0
    assert np.isnan(gait.stride_seconds)


def test_a_clean_walk_is_hardly_changed_and_the_second_time_even_less() -> None:
    (clean,) = clean_track(track(WALK), LAYOUT, 25, source="a#1")
    changes = clean.changes
    assert (changes.added, changes.filled, changes.swapped, changes.left_out) == (0, 0, 0, 0)
    assert np.abs(clean.recording.joints - WALK).max() < 0.06
    (again,) = clean_track(track(clean.recording.joints.astype(np.float64)), LAYOUT, 25, source="a#1")
    assert np.abs(again.recording.joints - clean.recording.joints).mean() < 0.003
    assert clean.share("walking") == 1
    assert clean.recording.source == "a#1"
    json.dumps(clean.report())


def test_pictures_at_uneven_times_come_onto_an_even_beat() -> None:
    rng = np.random.default_rng(0)
    fine = walk(seconds=8, fps=100)
    keep = np.sort(rng.choice(800, 300, replace=False))
    (clean,) = clean_track(track(fine[keep], keep / 100), LAYOUT, 25, source="a", rules=PoseCleaningRules(steps=()))
    times = clean.start + np.arange(len(clean.recording)) / 25
    truth = np.stack([fine[min(799, round(100 * t))] for t in times])
    assert np.abs(clean.recording.joints - truth).mean() < 0.01


def test_long_gaps_split_and_short_ones_are_filled() -> None:
    keep = np.r_[0:60, 65:120, 160:200]  # 0.2 s, then 1.6 s
    parts = clean_track(track(WALK[keep], keep / 25), LAYOUT, 25, source="a#1")
    assert [part.recording.source for part in parts] == ["a#1#part1", "a#1#part2"]
    assert [len(part.recording) for part in parts] == [120, 40]
    assert parts[0].changes.added == 5
    assert parts[1].start == pytest.approx(6.4)


def test_noise_lowers_the_score() -> None:
    rng = np.random.default_rng(0)
    scores = [
        clean_track(track(WALK + size * rng.standard_normal(WALK.shape)), LAYOUT, 25, source="a")[0].score
        for size in (0.0, 0.01, 0.03, 0.08)
    ]
    assert scores == sorted(scores, reverse=True)
    assert 0 <= scores[-1] < scores[0] <= 1


@pytest.mark.parametrize("fps", [5.0, 240.0])
def test_odd_rates_and_odd_bodies(fps: float) -> None:
    assert len(clean_track(track(walk(seconds=3, fps=fps), fps=fps), LAYOUT, fps, source="a")) == 1
    assert clean_track(track(WALK[:1]), LAYOUT, 25, source="a") == []
    assert clean_track(track(np.full((50, 33, 3), np.nan)), LAYOUT, 25, source="a") == []
    (still,) = clean_track(track(np.zeros((50, 33, 3))), LAYOUT, 25, source="a")
    assert np.isfinite(still.recording.joints).all()


def test_a_flat_track_stays_flat() -> None:
    seen = track(WALK)
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

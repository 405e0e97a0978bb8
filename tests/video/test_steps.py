"""Every cleaning step repairs its kind of error and leaves correct joints unchanged."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from walks import LAYOUT, WALK, simulate_walk

from himpc.video.cleaning import correct_swaps, fill_low_confidence, limb_bones, set_constant_lengths, smooth


@given(st.integers(1, 60), st.integers(1, 8), st.integers(0, 32))
def test_joints_of_low_confidence_are_interpolated(start: int, length: int, joint: int) -> None:
    line = np.cumsum(np.full((100, 33, 3), 0.01), axis=0)
    corrupted, confidence = line.copy(), np.ones((100, 33))
    corrupted[start : start + length, joint] = 9.0
    confidence[start : start + length, joint] = 0.1
    filled, count, guessed = fill_low_confidence(corrupted, confidence, min_confidence=0.3, max_gap=8)
    assert np.allclose(filled, line)
    assert (count, guessed) == (length, 0)
    kept, count, guessed = fill_low_confidence(corrupted, confidence, min_confidence=0.3, max_gap=length - 1)
    assert (kept == corrupted).all()
    assert (count, guessed) == (0, length)


@given(st.integers(2, 150), st.integers(1, 12), st.booleans())
def test_swapped_limbs_are_swapped_back(start: int, length: int, legs: bool) -> None:
    limbs = (0, 1) if legs else (3, 4)
    pairs = [(a, b) for a, b in LAYOUT.pairs if a in LAYOUT.limbs[limbs[0]] and b in LAYOUT.limbs[limbs[1]]]
    left, right = np.array(pairs).T
    corrupted = WALK.copy()
    stretch = slice(start, start + length)
    corrupted[stretch, left], corrupted[stretch, right] = WALK[stretch, right], WALK[stretch, left]
    corrected, count = correct_swaps(corrupted, LAYOUT)
    assert np.abs(corrected - WALK).max() < 0.15  # at the very moment of passing each other either is as good
    assert abs(count - length) <= 2


@pytest.mark.parametrize("seed", range(4))
def test_correct_joints_are_unchanged(seed: int) -> None:
    joints = simulate_walk(seed=seed)
    corrected, count = correct_swaps(joints, LAYOUT)
    assert count == 0
    assert (corrected == joints).all()
    assert np.abs(set_constant_lengths(joints, LAYOUT)[0] - joints).max() < 0.02


def test_constant_lengths_keep_directions_and_are_idempotent() -> None:
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


def test_smoothing_keeps_gait_and_removes_noise() -> None:
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


def test_missing_joint_between_joints_of_low_confidence_is_interpolated() -> None:
    joints, confidence = WALK[:40].copy(), np.full((40, 33), 0.1)
    joints[20:22] = np.nan
    result, filled, guessed = fill_low_confidence(joints, confidence, min_confidence=0.5, max_gap=5)
    assert np.abs(result - WALK[:40]).max() < 0.1
    assert (filled, guessed) == (2 * 33, 38 * 33)
    joints[20:30] = np.nan
    result, *_ = fill_low_confidence(joints, confidence, min_confidence=0.5, max_gap=5)
    assert np.isnan(result[20:30]).all()

"""Pooling of windows: equal weights, and weights by the pose."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import DataError
from himpc.model import POSE_EXPONENT, noise_and_still, pool_windows, pooling, relative_noise


def test_pool_without_scale_is_the_mean():
    rng = np.random.default_rng(0)
    vectors, recording = rng.normal(size=(40, 5)), rng.integers(0, 6, 40)
    pooled = pool_windows(vectors, recording, 7)
    for number in range(6):
        np.testing.assert_allclose(pooled[number], vectors[recording == number].mean(axis=0))
    assert np.isnan(pooled[6]).all()


@given(st.integers(0, 2**32 - 1))
def test_weighted_pool_equals_the_formula(seed):
    rng = np.random.default_rng(seed)
    vectors, recording, scale = rng.normal(size=(30, 4)), rng.integers(0, 4, 30), rng.uniform(0.1, 3, 4)
    weights = np.linalg.norm(vectors * scale, axis=1) ** -POSE_EXPONENT
    pooled = pool_windows(vectors, recording, 4, scale)
    for number in np.unique(recording):
        rows = recording == number
        expected = (weights[rows, None] * vectors[rows]).sum(axis=0) / weights[rows].sum()
        np.testing.assert_allclose(pooled[number], expected, rtol=1e-9)


def test_weighted_pool_of_extreme_poses_is_finite():
    vectors = np.array([[0.0, 0.0], [1e30, 1.0], [1e-30, 0.0]], dtype=np.float32)
    pooled = pool_windows(vectors, np.zeros(3, dtype=int), 1, np.ones(2))
    assert np.isfinite(pooled).all()
    assert np.abs(pooled).max() < 1e-6  # the far pose has no weight


def test_pool_of_wrong_shapes_is_refused():
    with pytest.raises(DataError, match="expected \\(N, D\\)"):
        pool_windows(np.zeros((3, 2)), np.zeros(2, dtype=int), 1)
    with pytest.raises(DataError, match="expected 0 to 0"):
        pool_windows(np.zeros((3, 2)), np.arange(3), 1)


@given(st.integers(0, 2**32 - 1))
def test_relative_noise_equals_the_formula(seed):
    rng = np.random.default_rng(seed)
    vectors, recording, scale = rng.normal(size=(60, 4)), np.sort(rng.integers(0, 5, 60)), rng.uniform(0.1, 3, 4)
    recording = np.unique(recording, return_inverse=True)[1]
    distances = []
    for number in range(recording.max() + 1):
        squares = ((vectors[recording == number] * scale) ** 2).sum(axis=1)
        distances.append((1 / squares).sum() / (1 / squares**2).sum())
    counts = np.bincount(recording)
    expected = (distances / np.median(np.array(distances)[counts > 1])) ** pooling.NOISE_EXPONENT
    moving = counts > 2  # two windows may be alike by chance, as in a still recording
    found = relative_noise(vectors, recording, scale)
    np.testing.assert_allclose(found[moving], np.clip(expected, *pooling.NOISE_RATIOS)[moving], rtol=1e-9)
    assert (found[counts == 1] == 1).all()


def test_relative_noise_does_not_depend_on_blocks(monkeypatch):
    rng = np.random.default_rng(0)
    vectors, recording = rng.normal(size=(200, 3)), np.sort(rng.integers(0, 30, 200))
    recording = np.unique(recording, return_inverse=True)[1]
    whole = relative_noise(vectors, recording)
    for size in (1, 7, 64):
        monkeypatch.setattr(pooling, "BLOCK_WINDOWS", size)
        np.testing.assert_allclose(relative_noise(vectors, recording), whole)


def test_relative_noise_is_large_for_far_and_for_still_recordings():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(10, 50, 6))
    vectors[3] += 20
    vectors[5] = vectors[5, 0] + 1e-3 * vectors[5]
    noise = relative_noise(vectors.reshape(500, 6), np.repeat(np.arange(10), 50))
    assert noise[3] == pooling.NOISE_RATIOS[1]
    assert noise[5] > 10
    assert noise[[0, 1, 2, 4, 6, 7, 8, 9]] == pytest.approx(1, abs=0.9)


def test_relative_noise_is_1_where_no_recording_moves():
    assert relative_noise(np.ones((6, 3)), np.repeat([0, 1, 2], 2)) == pytest.approx(1)
    assert relative_noise(np.ones((3, 3)), np.arange(3)) == pytest.approx(1)


def test_still_recordings_are_found_beside_moving_ones():
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.normal(0, scale, (10, 4)) for scale in (1.0, 0.1, 1.2, 0.8)] + [np.ones((1, 4))])
    recording = np.repeat(np.arange(5), (10, 10, 10, 10, 1))
    assert noise_and_still(rows, recording)[1].tolist() == [False, True, False, False, False]
    assert noise_and_still(rows * 1e-3, recording)[1].tolist() == [False, True, False, False, False]
    assert not noise_and_still(np.ones((6, 4)), np.repeat([0, 1], 3))[1].any()

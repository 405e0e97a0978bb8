"""Pooling of windows: equal weights, and weights by the pose."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import DataError
from himpc.model import POSE_EXPONENT, pool_windows


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

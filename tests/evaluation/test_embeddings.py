import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import DataError
from himpc.evaluation.embeddings import pool_recordings


@given(st.lists(st.integers(0, 5), max_size=40), st.integers(0, 99))
def test_pooled_embedding_is_the_mean_of_the_windows(recording, seed):
    recording = np.array(recording, dtype=np.int64)
    embeddings = np.random.default_rng(seed).normal(size=(len(recording), 3)).astype(np.float32)
    pooled = pool_recordings(embeddings, recording, n_recordings=7)
    for r in range(7):
        of_it = embeddings[recording == r]
        expected = of_it.astype(float).mean(axis=0) if len(of_it) else np.full(3, np.nan)
        np.testing.assert_allclose(pooled[r], expected, rtol=1e-6)


def test_invalid_arguments_raise():
    with pytest.raises(DataError, match="recording holds 0 to 3, expected 0 to 2"):
        pool_recordings(np.zeros((2, 3)), np.array([0, 3]), n_recordings=3)
    with pytest.raises(DataError, match="expected"):
        pool_recordings(np.zeros((2, 3)), np.array([0]), n_recordings=3)

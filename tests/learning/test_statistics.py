"""Shrunk covariance and agreement of clusterings equal those of scikit-learn."""

import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf
from sklearn.metrics import adjusted_rand_score

from himpc.learning.statistics import adjusted_rand_index, shrunk_covariance


@pytest.mark.parametrize("count", [2, 5, 300])
def test_shrunk_covariance_equals_that_of_scikit_learn(count):
    vectors = np.random.default_rng(count).normal(size=(count, 40)) * np.linspace(0.1, 2, 40)
    np.testing.assert_allclose(
        shrunk_covariance(vectors), ledoit_wolf(vectors, assume_centered=True)[0], rtol=1e-9, atol=1e-12
    )


def test_shrunk_covariance_of_vectors_that_do_not_vary_is_zero():
    assert not shrunk_covariance(np.zeros((4, 3))).any()


def test_adjusted_rand_index_equals_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    for _ in range(20):
        labels, others = rng.integers(-1, rng.integers(0, 6), (2, 50))
        others[:20] = labels[:20]
        assert adjusted_rand_index(labels, others) == pytest.approx(adjusted_rand_score(labels, others))
        assert adjusted_rand_index(labels, labels) == 1

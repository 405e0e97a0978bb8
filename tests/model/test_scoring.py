"""Log-likelihood ratios of the two-covariance model."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from himpc.model.scoring import CORRELATION, IdentityScoring

SCORING = IdentityScoring(pose_scale=np.array([0.5, 2.0, 0.0]), between=np.array([3.0, 0.4, 0.0]), noise=0.3)


def test_ratio_equals_that_of_normal_densities():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 3))
    for n, m in ((1, 1), (4, 2)):
        expected = 0.0
        for axis in range(2):
            x, y = (each[axis] * SCORING.pose_scale[axis] for each in (a, b))
            between = SCORING.between[axis]
            va, vb = (between + 0.3 * (1 + (k - 1) * CORRELATION) / k for k in (n, m))
            together = multivariate_normal([0, 0], [[va, between], [between, vb]]).logpdf([x, y])
            separate = multivariate_normal([0, 0], np.diag([va, vb])).logpdf([x, y])
            expected += together - separate
        np.testing.assert_allclose(SCORING.log_likelihood_ratio(a, b, n, m), expected, rtol=1e-10)


def test_ratio_is_symmetric_and_broadcasts():
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(2, 5, 3))
    np.testing.assert_allclose(SCORING.log_likelihood_ratio(a, b), SCORING.log_likelihood_ratio(b, a))
    assert SCORING.log_likelihood_ratio(a, b[0]).shape == (5,)


def test_all_pairs_equal_single_pairs():
    a, b = np.random.default_rng(3).normal(size=(2, 6, 3))
    np.testing.assert_allclose(SCORING.compare(a, b), SCORING.log_likelihood_ratio(a[:, None], b[None]), rtol=1e-10)


def test_distance_falls_as_the_ratio_rises():
    distances = SCORING.to_distance(np.linspace(-1e6, 500, 200))
    assert (np.diff(distances) < 0).all()
    assert distances[-1] > 0


def test_distance_of_average_people_is_in_units_of_the_error():
    scoring = IdentityScoring(np.ones(50), np.full(50, 1e4), noise=0.5)
    average = np.full((1, 50), np.sqrt(1e4 + 0.5))
    for steps in (4.0, 10.0):
        other = average + steps * np.resize([1, -1], 50) / np.sqrt(50)  # as far from the mean, nearly
        distance = scoring.to_distance(scoring.compare(average, other))
        np.testing.assert_allclose(distance, steps, rtol=0.02)


def test_typical_recordings_have_smaller_errors():
    typical = SCORING.for_typical_recordings()
    assert 0 < typical.noise < SCORING.noise
    assert typical.between is SCORING.between


@pytest.mark.parametrize("noise", [0.05, 0.3, 3.0])
def test_mapped_vectors_are_ordered_by_distance_as_by_ratio(noise):
    scoring = IdentityScoring(np.array([0.5, 2.0, 0.0, 1.0]), np.array([3.0, 0.4, 0.0, 40.0]), noise)
    entries, queries = np.random.default_rng(4).normal(0, 3, size=(2, 200, 4))
    vectors, probes = scoring.entry_vectors(entries), scoring.query_vectors(queries)
    squares = ((probes[:, None].astype(np.float64) - vectors[None]) ** 2).sum(axis=2)
    offsets = squares + 2 * scoring.compare(queries, entries)  # of a query, the same for all entries
    np.testing.assert_allclose(offsets - offsets[:, :1], 0, atol=1e-5 * squares.max())

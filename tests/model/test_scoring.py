"""Log-likelihood ratios of the two-covariance model."""

import numpy as np
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


def test_threshold_rises_with_what_tells_people_apart():
    scale = np.ones(20)
    weak, strong = (IdentityScoring(scale, np.full(20, variance)).distance_threshold() for variance in (0.5, 50.0))
    assert 0 <= weak < strong

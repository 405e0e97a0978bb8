import numpy as np
import pytest

from himpc.errors import ConfigError, DataError
from probabilities import score_probabilities

PROBABILITIES = np.array([[0.75, 0.25], [0.75, 0.25], [0.5, 0.5], [0.0, 1.0]])
TRUTH = np.array([0, 1, 0, 1])


def test_scores_equal_those_computed_by_hand():
    scores = score_probabilities(PROBABILITIES, TRUTH)
    assert scores.brier == pytest.approx((2 / 16 + 2 * 9 / 16 + 2 / 4 + 0) / 4)
    assert scores.log_loss == pytest.approx(-np.log([0.75, 0.25, 0.5, 1.0]).mean())
    # At 0.75 one of two is right; 0.5 is right; 1 is right.
    assert scores.calibration_error == pytest.approx((2 * 0.25 + 0.5 + 0) / 4)


def test_weights_equal_repeated_probes():
    weighted, repeated = (
        score_probabilities(PROBABILITIES, TRUTH, np.array([1.0, 3, 1, 2])),
        score_probabilities(PROBABILITIES[[0, 1, 1, 1, 2, 3, 3]], TRUTH[[0, 1, 1, 1, 2, 3, 3]]),
    )
    assert weighted.brier == pytest.approx(repeated.brier)
    assert weighted.log_loss == pytest.approx(repeated.log_loss)
    assert weighted.calibration_error == pytest.approx(repeated.calibration_error)


def test_calibrated_probabilities_have_no_calibration_error():
    rng = np.random.default_rng(0)
    predicted = rng.dirichlet(np.ones(3), size=20_000)
    truth = (rng.random((20_000, 1)) > predicted.cumsum(axis=1)).sum(axis=1)
    assert score_probabilities(predicted, truth).calibration_error < 0.02
    assert score_probabilities(predicted, (truth + 1) % 3).calibration_error > 0.2


def test_log_loss_of_probability_zero_is_finite():
    assert score_probabilities(np.array([[1.0, 0.0]]), np.array([1])).log_loss == pytest.approx(27.6, abs=0.1)


def test_invalid_arguments_raise():
    with pytest.raises(DataError, match="expected"):
        score_probabilities(PROBABILITIES, TRUTH[:2])
    with pytest.raises(DataError, match="must sum to 1"):
        score_probabilities(2 * PROBABILITIES, TRUTH)
    with pytest.raises(ConfigError, match="bins must be 1 or more"):
        score_probabilities(PROBABILITIES, TRUTH, bins=0)

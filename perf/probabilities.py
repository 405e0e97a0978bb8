"""Scores of predicted probabilities: Brier score, logarithmic loss and calibration error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError, DataError

_MIN_PROBABILITY = 1e-12  # keeps the logarithmic loss finite


@dataclass(frozen=True)
class ProbabilityScores:
    """The result of `score_probabilities`; lower is better.

    Attributes
    ----------
    brier : float
        In [0, 2]: squared differences from 1 for the true class and 0 for all others, summed over classes, mean over
        probes
        (Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather Review, 1950).
    log_loss : float
        Mean of ``-log`` of the probability of the true class, 0 or more.
    calibration_error : float
        In [0, 1]: difference between the probability of the likeliest class and the share of probes for which it is
        true, mean over bins (Naeini, Cooper and Hauskrecht, AAAI 2015). With few probes it is never 0.
    """

    brier: float
    log_loss: float
    calibration_error: float


def score_probabilities(
    probabilities: NDArray[np.floating],
    truth: NDArray[np.integer],
    weights: NDArray[np.floating] | None = None,
    *,
    bins: int = 10,
) -> ProbabilityScores:
    """Compute scores of predicted class probabilities.

    Parameters
    ----------
    probabilities : array ``(Q, C)``
        Probabilities of C classes, with sum 1 per probe.
    truth : int array ``(Q,)``
        The true class of each probe.
    weights : array ``(Q,)``, optional
        Weight of each probe, for probes whose mix of classes differs from the assumed one.
    bins : int
        Number of bins of equal width.

    Raises
    ------
    DataError
        If sizes do not fit, or probabilities do not sum to 1.
    ConfigError
        If `bins` is below 1.
    """
    if probabilities.ndim != 2 or not len(probabilities) or truth.shape != (len(probabilities),):
        raise DataError(
            f"probabilities have shape {probabilities.shape} and truth {truth.shape}, expected (Q, C) and (Q,)"
        )
    if (
        not np.allclose(probabilities.sum(axis=1), 1, atol=1e-6)
        or not ((truth >= 0) & (truth < probabilities.shape[1])).all()
    ):
        raise DataError("probabilities must sum to 1 for each probe, and truth must be one of their columns")
    if bins < 1:
        raise ConfigError(f"bins must be 1 or more, found {bins}")
    share = np.ones(len(truth)) if weights is None else weights.astype(np.float64)
    share = share / share.sum()
    row = np.arange(len(truth))
    of_truth = probabilities[row, truth]
    squares = (probabilities**2).sum(axis=1) - 2 * of_truth + 1
    top = probabilities.max(axis=1)
    gap = share * (top - (probabilities.argmax(axis=1) == truth))
    per_bin = np.bincount(np.minimum((top * bins).astype(np.int64), bins - 1), weights=gap)
    return ProbabilityScores(
        brier=float(share @ squares),
        log_loss=float(-share @ np.log(np.maximum(of_truth, _MIN_PROBABILITY))),
        calibration_error=float(np.abs(per_bin).sum()),
    )

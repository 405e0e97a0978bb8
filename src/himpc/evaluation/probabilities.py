"""Do probabilities mean what they say? Brier score, logarithmic loss and calibration error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError, DataError

__all__ = ["ProbabilityScores", "score_probabilities"]

_LEAST = 1e-12  # a loss stays finite where the truth was called impossible


@dataclass(frozen=True)
class ProbabilityScores:
    """What `score_probabilities` returns; lower is better.

    Attributes
    ----------
    brier : float
        In [0, 2]: mean of the squared differences, summed over classes, from 1 for the truth and 0 for all others
        (Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather Review, 1950).
    log_loss : float
        Mean of ``-log`` of the truth's probability, 0 or more.
    calibration_error : float
        In [0, 1]: how far the probability of the likeliest class is from the share of times that it is the truth, mean
        over bins (Naeini, Cooper and Hauskrecht, AAAI 2015). With few probes it is never 0.
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
    """Score the probabilities of classes.

    Parameters
    ----------
    probabilities : array ``(Q, C)``
        Of each probe, summing to 1.
    truth : int array ``(Q,)``
        The class of each.
    weights : array ``(Q,)``, optional
        How much each probe counts, where the probes are not mixed as they were said to be.
    bins : int
        Of equal width.

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
        raise DataError("probabilities must sum to 1 for each probe, and truth be one of their columns")
    if bins < 1:
        raise ConfigError(f"bins must be 1 or more, found {bins}")
    share = np.ones(len(truth)) if weights is None else weights.astype(np.float64)
    share = share / share.sum()
    row = np.arange(len(truth))
    told = probabilities[row, truth]
    squares = (probabilities**2).sum(axis=1) - 2 * told + 1
    top = probabilities.max(axis=1)
    gap = share * (top - (probabilities.argmax(axis=1) == truth))
    of_bin = np.bincount(np.minimum((top * bins).astype(np.int64), bins - 1), weights=gap)
    return ProbabilityScores(
        brier=float(share @ squares),
        log_loss=float(-share @ np.log(np.maximum(told, _LEAST))),
        calibration_error=float(np.abs(of_bin).sum()),
    )

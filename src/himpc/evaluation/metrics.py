"""Metrics of a ranked gallery: pure functions on arrays, in one table.

A metric takes what a ranking gives for Q probes and a gallery of G entries:

- `match`, bool array ``(Q, G)``: the gallery from near to far, True where the entry shows the person of the probe;
- `rank`, int array ``(Q, G)``: the rank of each of these entries, from 1. Entries at equal distances share the last of
  their ranks, so that ties count against the probe.

It returns one value in [0, 1] per probe, ``(Q,)``: 0 for a probe without a match. Evaluations report the mean over the
probes, with a bootstrap interval over people.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

RankingMetric = Callable[[NDArray[np.bool_], NDArray[np.int64]], NDArray[np.float64]]


def average_precision(match: NDArray[np.bool_], rank: NDArray[np.int64]) -> NDArray[np.float64]:
    r"""Compute the average precision of each probe, :math:`\frac1n \sum_j j / r_j`.

    The probe has :math:`n` matches at ranks :math:`r_1 < ... < r_n` (Zheng et al., "Scalable person re-identification",
    ICCV 2015). With ties it equals `sklearn.metrics.average_precision_score`.

    Examples
    --------
    >>> average_precision(np.array([[False, True, True, False]]), np.array([[1, 2, 3, 4]]))
    array([0.58333333])
    """
    matches_so_far = np.take_along_axis(np.cumsum(match, axis=1), rank - 1, axis=1)
    summed = np.einsum("qg,qg->q", match, matches_so_far / rank)
    precision: NDArray[np.float64] = summed / np.maximum(match.sum(axis=1), 1)
    return precision


def inverse_negative_penalty(match: NDArray[np.bool_], rank: NDArray[np.int64]) -> NDArray[np.float64]:
    r"""Compute the inverse negative penalty of each probe, :math:`n / r_n`.

    The probe has :math:`n` matches, the last of them at rank :math:`r_n` (Ye et al., "Deep learning for person
    re-identification: a survey and outlook", TPAMI 2021, section 4.1).

    Examples
    --------
    >>> inverse_negative_penalty(np.array([[False, True, True, False]]), np.array([[1, 2, 3, 4]]))
    array([0.66666667])
    """
    last = match.shape[1] - 1 - match[:, ::-1].argmax(axis=1)
    penalty: NDArray[np.float64] = match.sum(axis=1) / rank[np.arange(len(match)), last]
    return penalty


METRICS: dict[str, RankingMetric] = {
    "mAP": average_precision,
    "mINP": inverse_negative_penalty,
}
"""The metrics of every evaluation beside Rank-k, by the name of their mean over probes."""

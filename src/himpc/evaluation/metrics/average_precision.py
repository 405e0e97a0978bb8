"""Average precision; its mean over probes is mAP."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def average_precision(match: NDArray[np.bool_], rank: NDArray[np.int64]) -> NDArray[np.float64]:
    r"""Compute the average precision of each probe, :math:`\frac1n \sum_j j / r_j`.

    The probe has :math:`n` matches at ranks :math:`r_1 < ... < r_n` (Zheng et al., "Scalable person re-identification",
    ICCV 2015). With ties it equals `sklearn.metrics.average_precision_score`.

    Parameters
    ----------
    match, rank : array ``(Q, G)``
        See `himpc.evaluation.metrics`.

    Returns
    -------
    float array ``(Q,)``

    Examples
    --------
    >>> average_precision(np.array([[False, True, True, False]]), np.array([[1, 2, 3, 4]]))
    array([0.58333333])
    """
    matches_so_far = np.take_along_axis(np.cumsum(match, axis=1), rank - 1, axis=1)
    summed = np.einsum("qg,qg->q", match, matches_so_far / rank)
    precision: NDArray[np.float64] = summed / np.maximum(match.sum(axis=1), 1)
    return precision

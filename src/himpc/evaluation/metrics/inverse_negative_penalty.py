"""Inverse negative penalty; its mean over probes is mINP."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def inverse_negative_penalty(match: NDArray[np.bool_], rank: NDArray[np.int64]) -> NDArray[np.float64]:
    r"""Compute the inverse negative penalty of each probe, :math:`n / r_n`.

    The probe has :math:`n` matches, the last of them at rank :math:`r_n` (Ye et al., "Deep learning for person
    re-identification: a survey and outlook", TPAMI 2021, section 4.1).

    Parameters
    ----------
    match, rank : array ``(Q, G)``
        See `himpc.evaluation.metrics`.

    Returns
    -------
    float array ``(Q,)``

    Examples
    --------
    >>> inverse_negative_penalty(np.array([[False, True, True, False]]), np.array([[1, 2, 3, 4]]))
    array([0.66666667])
    """
    last = match.shape[1] - 1 - match[:, ::-1].argmax(axis=1)
    penalty: NDArray[np.float64] = match.sum(axis=1) / rank[np.arange(len(match)), last]
    return penalty

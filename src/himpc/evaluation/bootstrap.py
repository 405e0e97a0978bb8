"""Confidence intervals by bootstrap over persons."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError, DataError

__all__ = ["bootstrap_interval"]

_BLOCK_CELLS = 4_000_000  # draws times persons at once


def bootstrap_interval(
    values: NDArray[np.floating],
    persons: Sequence[Hashable] | NDArray[Any],
    *,
    confidence: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the percentile interval of the mean over queries, drawing persons with replacement.

    The queries of one person resemble each other, so persons are drawn, each with all its queries (the cluster
    bootstrap: Davison and Hinkley, "Bootstrap Methods and their Application", 1997, section 3.8). The gallery stays.

    Parameters
    ----------
    values : array ``(Q,)`` or ``(Q, M)``
        M measures of each query.
    persons : sequence ``(Q,)``
        Whom each query shows.
    confidence : float
        Coverage, in (0, 1).
    draws : int
        Bootstrap samples.
    seed : int
        One seed gives one result.

    Returns
    -------
    low, high : array ``()`` or ``(M,)``
        NaN if all queries show one person: one person says nothing about others.

    Raises
    ------
    DataError
        If there are no queries or sizes do not fit.
    ConfigError
        If `confidence` or `draws` is out of range.
    """
    if not 0 < confidence < 1 or draws < 1:
        raise ConfigError(f"confidence must lie between 0 and 1 and draws be 1 or more, found {confidence} and {draws}")
    if values.ndim not in (1, 2) or not len(values) or len(persons) != len(values):
        raise DataError(f"values have shape {values.shape} for {len(persons)} persons' queries, expected one row each")
    number: dict[Hashable, int] = {}
    codes = np.array([number.setdefault(person, len(number)) for person in persons])
    if len(number) == 1:
        nothing = np.full(values.shape[1:], np.nan)
        return nothing, nothing
    queries = np.bincount(codes)
    sums = np.zeros((len(number), *values.shape[1:]))
    np.add.at(sums, codes, values)
    if seed < 0:
        raise ConfigError(f"seed must be 0 or more, found {seed}")
    rng = np.random.default_rng(seed)
    step = max(1, _BLOCK_CELLS // len(number))
    means = []
    for start in range(0, draws, step):
        times = rng.multinomial(len(number), np.full(len(number), 1 / len(number)), size=min(step, draws - start))
        weight = (times @ queries).reshape(-1, *(1,) * (values.ndim - 1))
        means.append(times @ sums / weight)
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.concatenate(means), [tail, 1 - tail], axis=0)
    return low, high

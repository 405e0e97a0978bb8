"""Confidence intervals by bootstrap over people.

The probes of one person resemble each other, so people are drawn with replacement, each with all probes of the
person (the cluster bootstrap: Davison and Hinkley, "Bootstrap Methods and their Application", 1997, section 3.8).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError, DataError
from himpc.evaluation.label_codes import Labels, encode_labels

_BLOCK_CELLS = 4_000_000  # draws times people in memory at once


def bootstrap_interval(
    values: NDArray[np.floating], persons: Labels, *, confidence: float = 0.95, draws: int = 2000, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute the percentile interval of the mean over probes; the gallery stays the same.

    Parameters
    ----------
    values : array ``(Q,)`` or ``(Q, M)``
        M metrics of each probe.
    persons : sequence ``(Q,)``
        The person of each probe.
    confidence : float
        Coverage, in (0, 1).
    draws : int
        Bootstrap samples.
    seed : int
        Seed of the draws.

    Returns
    -------
    low, high : array ``()`` or ``(M,)``
        NaN if all probes show one person.

    Raises
    ------
    DataError
        If there are no probes or sizes do not fit.
    ConfigError
        If `confidence`, `draws` or `seed` is out of range.
    """
    _check(confidence, draws, seed)
    if values.ndim not in (1, 2) or not len(values) or len(persons) != len(values):
        raise DataError(f"values have shape {values.shape} for probes of {len(persons)} people, expected one row each")
    (codes,), n_persons = encode_labels(persons)
    if n_persons == 1:
        unknown = np.full(values.shape[1:], np.nan)
        return unknown, unknown
    queries = np.bincount(codes)
    sums = np.zeros((n_persons, *values.shape[1:]))
    np.add.at(sums, codes, values)
    rng = np.random.default_rng(seed)
    step = max(1, _BLOCK_CELLS // n_persons)
    means = []
    for start in range(0, draws, step):
        times = rng.multinomial(n_persons, np.full(n_persons, 1 / n_persons), size=min(step, draws - start))
        weight = (times @ queries).reshape(-1, *(1,) * (values.ndim - 1))
        means.append(times @ sums / weight)
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.concatenate(means), [tail, 1 - tail], axis=0)
    return low, high


def resample_persons(n_persons: int, draws: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Yield for each bootstrap sample how often each person was drawn, ``(n_persons,)``; nothing for one person.

    Raises
    ------
    ConfigError
        If `draws` is below 1 or `seed` below 0.
    """
    _check(0.95, draws, seed)
    if n_persons == 1:
        return
    rng = np.random.default_rng(seed)
    for _ in range(draws):
        yield rng.multinomial(n_persons, np.full(n_persons, 1 / n_persons)).astype(np.float64)


def percentile_interval(values: Sequence[float], confidence: float) -> tuple[float, float]:
    """Compute the percentile interval of a metric over bootstrap samples; samples in which it is NaN do not count.

    Raises
    ------
    ConfigError
        If `confidence` does not lie between 0 and 1.
    """
    _check(confidence, 1, 0)
    known = [value for value in values if not np.isnan(value)]
    if not known:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _check(confidence: float, draws: int, seed: int) -> None:
    if not 0 < confidence < 1:
        raise ConfigError(f"confidence must lie between 0 and 1, found {confidence}")
    if draws < 1:
        raise ConfigError(f"draws must be 1 or more, found {draws}")
    if seed < 0:
        raise ConfigError(f"seed must be 0 or more, found {seed}")

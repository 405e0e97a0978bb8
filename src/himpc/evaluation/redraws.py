"""Persons drawn with replacement, for measures that are no mean over queries."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError

__all__ = ["interval", "number", "redraw"]


def number(*sides: Sequence[Hashable] | NDArray[Any]) -> tuple[list[NDArray[np.int64]], int]:
    """Return labels as whole numbers, equal where labels are, and how many there are; each None is one of its own."""
    known: dict[object, int] = {}
    codes = []
    for labels in sides:
        keys = [object() if label is None else label for label in labels]
        codes.append(np.array([known.setdefault(key, len(known)) for key in keys], dtype=np.int64))
    return codes, len(known)


def redraw(persons: int, draws: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Yield, for each bootstrap sample, how often each of the persons was drawn, ``(persons,)``.

    Raises
    ------
    ConfigError
        If `draws` is below 1 or `seed` below 0.
    """
    if draws < 1 or seed < 0:
        raise ConfigError(f"draws must be 1 or more and seed 0 or more, found {draws} and {seed}")
    rng = np.random.default_rng(seed)
    for _ in range(draws):
        yield rng.multinomial(persons, np.full(persons, 1 / persons)).astype(np.float64)


def interval(values: Sequence[float], confidence: float) -> tuple[float, float]:
    """Return the percentile interval of a measure over bootstrap samples; those in which it is NaN do not count.

    Raises
    ------
    ConfigError
        If `confidence` does not lie between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise ConfigError(f"confidence must lie between 0 and 1, found {confidence}")
    known = [value for value in values if not np.isnan(value)]
    if not known:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)

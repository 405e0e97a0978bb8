"""Cumulative distribution of distances, and the threshold for a rate."""

from __future__ import annotations

import math
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from himpc._schema import validated

MAX_POINTS = 512
"""Maximum number of points of a stored curve, densest at small rates."""

EQUAL_TOLERANCE = 1e-6
"""Relative tolerance of equal distances: float32 rounds, and each pair is compared in both directions."""

Floats = NDArray[np.float64]
Finite = Annotated[float, Field(ge=-1e100, le=1e100)]
"""A number that is finite, as all numbers of a calibration are."""

Points = Annotated[tuple[Finite, ...], Field(min_length=1, max_length=MAX_POINTS)]


@validated
class Curve:
    """The cumulative share of comparisons by distance."""

    distances: Points
    rates: Points
    """`distances`, `rates`: ascending distances, and the share of comparisons up to and including each, in (0, 1]."""
    independent: Annotated[int, Field(ge=1, le=2**53)]
    """The number of comparisons that do not depend on one another."""

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        ascending = (np.diff(self.distances) > 0).all() and (np.diff(self.rates) >= 0).all()
        if len(self.distances) != len(self.rates) or not ascending:
            raise ValueError("a curve must have as many distances as rates, both ascending")
        if self.distances[0] < 0 or not 0 < self.rates[0] <= self.rates[-1] <= 1:
            raise ValueError("a curve must have distances of 0 or more, and rates in (0, 1]")
        return self

    @classmethod
    def fit(cls, distances: Floats, weights: Floats, independent: int) -> Self:
        """Compute the curve of weighted distances, thinned to 512 points."""
        order = np.argsort(distances, kind="stable")
        values = distances[order]
        last = np.flatnonzero(np.diff(values, append=np.inf) > EQUAL_TOLERANCE * values)  # equal ones match together
        rates = np.minimum(np.cumsum(weights[order])[last] / weights.sum(), 1.0)
        points = np.unique(np.geomspace(1, len(last), MAX_POINTS).round().astype(np.int64)) - 1
        return cls(tuple(values[last][points].tolist()), tuple(rates[points].tolist()), independent)

    @property
    def smallest_rate(self) -> float:
        """The smallest rate that can be estimated from this number of independent comparisons."""
        return 1 / (self.independent + 1)

    def threshold(self, rate: float) -> float:
        """Return the largest stored distance at which a new comparison matches with at most the probability `rate`.

        The new comparison is counted as one more match: with n independent comparisons in random order the rate then
        holds on average (conformal prediction: Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World",
        2005). Below the first distance nothing matches.
        """
        n = self.independent
        max_rate = (rate * (n + 1) - 1) / n + 1e-12
        index = int(np.searchsorted(self.rates, max_rate, side="right")) - 1
        return self.distances[index] if index >= 0 else math.nextafter(self.distances[0], -math.inf)

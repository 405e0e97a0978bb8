"""How often comparisons match at each distance, and the distance for a rate."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError
from himpc.gallery.validation import fields_of, number, whole

__all__ = ["Curve"]

_KEPT = 512
"""Points of a curve that are kept, the densest where rates are small."""

_EQUAL = 1e-6
"""Share of a distance that float32 cannot tell: a pair of recordings, compared from either side, may differ by it."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """At each distance, the share of comparisons that are no farther.

    Attributes
    ----------
    distances, rates : tuple of float
        Rising, and the share of comparisons up to and with each distance, in (0, 1].
    independent : int
        Comparisons that do not depend on one another.
    """

    distances: tuple[float, ...]
    rates: tuple[float, ...]
    independent: int

    @classmethod
    def of(cls, distances: Floats, weights: Floats, independent: int) -> Curve:
        """Return the curve of weighted distances, thinned to 512 points."""
        order = np.argsort(distances, kind="stable")
        values = distances[order]
        last = np.flatnonzero(np.diff(values, append=np.inf) > _EQUAL * values)  # equal distances match together
        rates = np.minimum(np.cumsum(weights[order])[last] / weights.sum(), 1.0)
        kept = np.unique(np.geomspace(1, len(last), _KEPT).round().astype(np.int64)) - 1
        return cls(tuple(values[last][kept].tolist()), tuple(rates[kept].tolist()), independent)

    @property
    def smallest(self) -> float:
        """The smallest rate that so many comparisons can tell."""
        return 1 / (self.independent + 1)

    def threshold(self, rate: float) -> float:
        """Return the largest kept distance at which a new comparison matches at no more than `rate`.

        One more comparison, the new one, is counted as a match: with n independent ones in random order the rate then
        holds in the mean (conformal prediction: Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World",
        2005). Below the first distance nothing matches.
        """
        n = self.independent
        allowed = (rate * (n + 1) - 1) / n + 1e-12
        place = int(np.searchsorted(self.rates, allowed, side="right")) - 1
        return self.distances[place] if place >= 0 else math.nextafter(self.distances[0], -math.inf)

    @classmethod
    def from_dict(cls, plain: object) -> Curve:
        """Return the curve of plain data.

        Raises
        ------
        DataError
            If it is none.
        """
        table = fields_of(plain, cls, "curve")
        sides = [table["distances"], table["rates"]]
        if not all(isinstance(side, list | tuple) and 0 < len(side) <= _KEPT for side in sides):
            raise DataError(f"a curve must hold lists of 1 to {_KEPT} distances and rates")
        distances, rates = (tuple(number(value, "curve's distances and rates") for value in side) for side in sides)
        rising = (np.diff(distances) > 0).all() and (np.diff(rates) >= 0).all()
        if len(distances) != len(rates) or not rising or distances[0] < 0 or not 0 < rates[0] <= rates[-1] <= 1:
            raise DataError("a curve must hold as many distances as rates, both rising, rates in (0, 1]")
        return cls(distances, rates, whole(table["independent"], "curve's independent", 1))

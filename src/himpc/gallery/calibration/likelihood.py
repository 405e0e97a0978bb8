"""How much a distance speaks for one person: a bounded likelihood ratio, learned from the gallery's own comparisons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError
from himpc.gallery.validation import fields_of, number

__all__ = ["LikelihoodRatio", "logistic"]

_MOST_STEPS = 100
_FARTHEST = 1e6  # in units of the scale: whoever was not reached by a search may be given as infinitely far
_LARGEST = 500.0  # of what is put into exp

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LikelihoodRatio:
    r"""Likelihood ratio of "the same person" against "another person" by distance, never rising with it.

    .. math:: \mathrm{LR}(d) = \frac{x + a}{1 + b x}, \qquad x = \exp(\alpha - \beta\, d / s), \quad \beta \ge 0

    x is a logistic regression of genuine and impostor comparisons, both kinds weighing the same, so that no prior odds
    are in it (score calibration: Bruemmer and du Preez, "Application-independent evaluation of speaker detection",
    Computer Speech and Language, 2006). a and b keep the ratio between what a and 1/b comparisons can show, in the
    spirit of the empirical bounds of Vergeer et al., "Numerical likelihood ratios outputted by LR systems are often
    based on extrapolation", Science & Justice, 2016.

    Attributes
    ----------
    scale : float
        s, the median impostor distance; above 0.
    offset, slope : float
        alpha and beta.
    least, most : float
        a and 1/b, the bounds.
    """

    scale: float
    offset: float
    slope: float
    least: float
    most: float

    @classmethod
    def fit(cls, genuine: tuple[Floats, Floats], impostor: tuple[Floats, Floats], persons: int) -> LikelihoodRatio:
        """Learn the ratio.

        The targets are ``1 - 1 / (K + 2)`` and ``1 / (K + 2)`` in place of 1 and 0, K impostor comparisons, so that
        kinds which do not overlap give a finite slope (after Platt, "Probabilistic outputs for support vector
        machines", 1999). The bounds are ``1 / (n + 1)``, n genuine persons, and ``K + 1``.

        Parameters
        ----------
        genuine, impostor : pair of arrays
            Distances, and their weights, which sum to 1 for each; neither is empty.
        persons : int
            How many persons genuine comparisons show.
        """
        scale = _median(*impostor) or 1.0
        distances = np.concatenate([genuine[0], impostor[0]]) / scale
        weights = np.concatenate([genuine[1], impostor[1]])
        missed = 1 / (len(impostor[0]) + 2)
        targets = np.repeat([1 - missed, missed], [len(genuine[0]), len(impostor[0])])
        offset, slope = logistic(distances, targets, weights)
        return cls(scale, offset, slope, 1 / (persons + 1), len(impostor[0]) + 1.0)

    @classmethod
    def from_dict(cls, plain: object) -> LikelihoodRatio:
        """Return the ratio of plain data.

        Raises
        ------
        DataError
            If it is none.
        """
        table = fields_of(plain, cls, "likelihood ratio")
        ratio = cls(**{name: number(value, f"likelihood ratio's {name}") for name, value in table.items()})
        if ratio.scale <= 0 or ratio.slope < 0 or not 0 < ratio.least < 1 < ratio.most:
            raise DataError(f"a likelihood ratio's numbers are out of range: {table}")
        return ratio

    def __call__(self, distance: NDArray[np.floating] | float) -> Floats:
        """Return the ratio of each distance, within the bounds."""
        near = np.minimum(np.asarray(distance, dtype=np.float64) / self.scale, _FARTHEST)
        x = np.exp(np.minimum(self.offset - self.slope * near, _LARGEST))
        ratio: Floats = (x + self.least) / (1 + x / self.most)
        return ratio


def _median(distances: Floats, weights: Floats) -> float:
    order = np.argsort(distances, kind="stable")
    place = np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)
    return float(distances[order[min(place, len(order) - 1)]])


def logistic(x: Floats, target: Floats, weight: Floats) -> tuple[float, float]:
    """Return offset and slope of ``1 / (1 + exp(slope x - offset))`` by Newton's method.

    A slope below 0, at which what is farther would be likelier the same, becomes 0.

    Parameters
    ----------
    x, target, weight : array ``(N,)``
        Each x with the probability that it should get, strictly between 0 and 1, and how much it counts.
    """
    design = np.stack([np.ones_like(x), -x], axis=1)
    parameters, loss = np.zeros(2), np.inf
    for _ in range(_MOST_STEPS):
        chance = 1 / (1 + np.exp(-design @ parameters))
        gradient = design.T @ (weight * (chance - target))
        curvature = (design * (weight * chance * (1 - chance))[:, None]).T @ design
        step = np.linalg.solve(curvature + 1e-12 * np.eye(2), gradient)
        before, loss = loss, _loss(design @ (parameters - step), target, weight)
        while loss > before and np.abs(step).max() > 1e-12:  # past the minimum: not so far
            step /= 2
            loss = _loss(design @ (parameters - step), target, weight)
        parameters = parameters - step
        if before - loss < 1e-12:
            break
    offset, slope = parameters.tolist()
    return (offset, slope) if slope >= 0 else (_log_odds(target, weight), 0.0)


def _loss(score: Floats, target: Floats, weight: Floats) -> float:
    return float(weight @ (np.logaddexp(0, score) - target * score))


def _log_odds(target: Floats, weight: Floats) -> float:
    mean = float(weight @ target / weight.sum())
    return float(np.log(mean / (1 - mean)))

"""How much a distance speaks for one person: a bounded likelihood ratio, learned from the gallery's own comparisons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LikelihoodRatio"]

_MOST_STEPS = 100

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
    def fit(
        cls,
        genuine: tuple[Floats, Floats],
        impostor: tuple[Floats, Floats],
        independent: tuple[int, int],
    ) -> LikelihoodRatio:
        """Learn the ratio.

        Parameters
        ----------
        genuine, impostor : pair of arrays
            Distances, and their weights, which sum to 1 for each.
        independent : pair of int
            How many comparisons of each kind do not depend on one another. The targets are ``(n + 1) / (n + 2)`` and
            ``1 / (m + 2)`` in place of 1 and 0 (Platt, "Probabilistic outputs for support vector machines", 1999), so
            that kinds which do not overlap give a finite slope; the bounds are ``1 / (n + 1)`` and ``m + 1``.
        """
        scale = _median(*impostor) or 1.0
        n, m = independent
        distances = np.concatenate([genuine[0], impostor[0]]) / scale
        weights = np.concatenate([genuine[1], impostor[1]])
        targets = np.repeat([(n + 1) / (n + 2), 1 / (m + 2)], [len(genuine[0]), len(impostor[0])])
        offset, slope = _logistic(distances, targets, weights)
        return cls(scale, offset, slope, 1 / (n + 1), m + 1.0)

    def __call__(self, distance: NDArray[np.floating] | float) -> Floats:
        """Return the ratio of each distance, within the bounds."""
        with np.errstate(over="ignore"):
            x = np.exp(
                np.minimum(self.offset - self.slope * (np.asarray(distance, dtype=np.float64) / self.scale), 500)
            )
        ratio: Floats = (x + self.least) / (1 + x / self.most)
        return ratio


def _median(distances: Floats, weights: Floats) -> float:
    order = np.argsort(distances, kind="stable")
    place = np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)
    return float(distances[order[min(place, len(order) - 1)]])


def _logistic(x: Floats, target: Floats, weight: Floats) -> tuple[float, float]:
    """Return offset and slope of ``1 / (1 + exp(slope x - offset))`` by Newton's method; a slope below 0 becomes 0."""
    design = np.stack([np.ones_like(x), -x], axis=1)
    parameters = np.zeros(2)
    value = np.inf
    for _ in range(_MOST_STEPS):
        score = design @ parameters
        chance = 1 / (1 + np.exp(-score))
        gradient = design.T @ (weight * (chance - target))
        curvature = (design * (weight * chance * (1 - chance))[:, None]).T @ design
        step = np.linalg.solve(curvature + 1e-12 * np.eye(2), gradient)
        before, value = value, _loss(design @ parameters, target, weight)
        while (after := _loss(design @ (parameters - step), target, weight)) > value and np.abs(step).max() > 1e-12:
            step /= 2
        parameters = parameters - step
        if before - after < 1e-12:
            break
    offset, slope = parameters.tolist()
    return (offset, slope) if slope >= 0 else (float(np.log(_odds(target, weight))), 0.0)


def _loss(score: Floats, target: Floats, weight: Floats) -> float:
    return float(weight @ (np.logaddexp(0, score) - target * score))


def _odds(target: Floats, weight: Floats) -> float:
    mean = float(weight @ target / weight.sum())
    return mean / (1 - mean)

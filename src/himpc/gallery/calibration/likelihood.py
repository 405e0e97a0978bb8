"""The likelihood ratio of a distance: bounded, and learned from the gallery's own comparisons."""

from __future__ import annotations

from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from himpc._schema import validated
from himpc.gallery.calibration.curve import Finite

MAX_STEPS = 100
MIN_SCALED_DISTANCE = 1e-6
MAX_SCALED_DISTANCE = 1e6
"""The distance of a copy is 0, and that to a person whom a search did not reach may be infinite."""
MAX_EXPONENT = 500.0

TAIL_POWER = 4
"""Below the nearest impostor, impostors become rarer at least as fast as this power of the distance. In n dimensions it
is n; embeddings vary along more than four."""

Floats = NDArray[np.float64]


@validated
class LikelihoodRatio:
    r"""The likelihood ratio of "same person" to "different persons" by distance, never increasing with it.

    .. math:: \mathrm{LR}(d) = \frac{x + a}{1 + b(d) x}, \quad x = e^\alpha (d / s)^{-\beta}, \quad \beta \ge 0,
        \quad b(d) = b \min(1, d / d_0)^4

    x is a logistic regression in the logarithm of the distance, of genuine and impostor comparisons with equal weight
    for both kinds, so that it contains no prior odds (score calibration: Bruemmer and du Preez,
    "Application-independent evaluation of speaker detection", Computer Speech and Language, 2006). a and b limit the
    ratio to values that the comparisons support, similar to the empirical bounds of Vergeer et al., "Numerical
    likelihood ratios outputted by LR systems are often based on extrapolation", Science & Justice, 2016. Nearer than
    the nearest impostor, at d_0, the upper bound rises, so that a copy of a recording is as good as certain.

    A calibration that an older version has saved has no d_0; its x is ``exp(alpha - beta d / s)``, and b is constant.
    """

    scale: Annotated[Finite, Field(gt=0)]
    """s, the median impostor distance; above 0."""
    offset: Finite
    slope: Annotated[Finite, Field(ge=0)]
    """`offset`, `slope`: alpha and beta."""
    least: Annotated[Finite, Field(gt=0, lt=1)]
    most: Annotated[Finite, Field(gt=1)]
    """`least`, `most`: a and 1/b, the bounds."""
    nearest: Annotated[Finite, Field(ge=0)] | None = None
    """d_0, the smallest impostor distance."""

    @classmethod
    def fit(cls, genuine: tuple[Floats, Floats], impostor: tuple[Floats, Floats], persons: int) -> Self:
        """Fit the ratio to comparisons.

        The targets are ``1 - 1 / (K + 2)`` and ``1 / (K + 2)`` instead of 1 and 0, for K impostor comparisons, so that
        separable kinds give a finite slope (after Platt, "Probabilistic outputs for support vector
        machines", 1999). The bounds are ``1 / (n + 1)``, for n genuine people, and ``K + 1``.

        Parameters
        ----------
        genuine, impostor : pair of arrays
            Distances and their weights, which sum to 1; neither is empty.
        persons : int
            The number of people in genuine comparisons.
        """
        scale = _median(*impostor) or 1.0
        distances = np.log(_scale(np.concatenate([genuine[0], impostor[0]]), scale))
        weights = np.concatenate([genuine[1], impostor[1]])
        smoothing = 1 / (len(impostor[0]) + 2)
        targets = np.repeat([1 - smoothing, smoothing], [len(genuine[0]), len(impostor[0])])
        offset, slope = fit_logistic(distances, targets, weights)
        return cls(scale, offset, slope, 1 / (persons + 1), len(impostor[0]) + 1.0, float(impostor[0].min()))

    def __call__(self, distance: NDArray[np.floating] | float) -> Floats:
        """Compute the ratio of distances of any shape."""
        scaled = _scale(np.asarray(distance, dtype=np.float64), self.scale)
        x = np.exp(
            np.minimum(self.offset - self.slope * (scaled if self.nearest is None else np.log(scaled)), MAX_EXPONENT)
        )
        most = self.most * np.maximum((self.nearest or 0) / self.scale / scaled, 1) ** TAIL_POWER
        ratio: Floats = (x + self.least) / (1 + x / most)
        return ratio


def _scale(distances: Floats, scale: float) -> Floats:
    scaled: Floats = np.clip(distances / scale, MIN_SCALED_DISTANCE, MAX_SCALED_DISTANCE)
    return scaled


def _median(distances: Floats, weights: Floats) -> float:
    order = np.argsort(distances, kind="stable")
    index = np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)
    return float(distances[order[min(index, len(order) - 1)]])


def fit_logistic(x: Floats, target: Floats, weight: Floats) -> tuple[float, float]:
    """Fit offset and slope of ``1 / (1 + exp(slope x - offset))`` by Newton's method.

    A slope below 0, with which a larger distance would make the same person likelier, is set to 0.

    Parameters
    ----------
    x, target, weight : array ``(N,)``
        Values, the target probability of each, strictly between 0 and 1, and their weights.
    """
    design = np.stack([np.ones_like(x), -x], axis=1)
    parameters, loss = np.zeros(2), np.inf
    for _ in range(MAX_STEPS):
        predicted = 1 / (1 + np.exp(-design @ parameters))
        gradient = design.T @ (weight * (predicted - target))
        curvature = (design * (weight * predicted * (1 - predicted))[:, None]).T @ design
        step = np.linalg.solve(curvature + 1e-12 * np.eye(2), gradient)
        previous, loss = loss, _loss(design @ (parameters - step), target, weight)
        while loss > previous and np.abs(step).max() > 1e-12:  # halve a step that overshoots the minimum
            step /= 2
            loss = _loss(design @ (parameters - step), target, weight)
        parameters = parameters - step
        if previous - loss < 1e-12:
            break
    offset, slope = parameters.tolist()
    return (offset, slope) if slope >= 0 else (_log_odds(target, weight), 0.0)


def _loss(score: Floats, target: Floats, weight: Floats) -> float:
    return float(weight @ (np.logaddexp(0, score) - target * score))


def _log_odds(target: Floats, weight: Floats) -> float:
    mean = float(weight @ target / weight.sum())
    return float(np.log(mean / (1 - mean)))

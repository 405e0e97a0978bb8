"""Distances between the points of a body: their typical values, and how much they vary while the body moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_RECORDINGS, MAX_FRAMES = 24, 60
"""Maximum numbers of evenly spaced recordings, and of frames of each; more hardly change the result."""

MIN_MOVEMENT = 0.02
"""Variation of the distance that varies most, in extents of the body, above which the body moves its parts."""

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Distances:
    """Distances between P points.

    Attributes
    ----------
    mean : float64 array ``(P, P)``
        The typical distance; infinite for points that were never seen together.
    variation : float64 array ``(P, P)``
        Half the range from the 10th to the 90th percentile within a recording; infinite likewise.
    """

    mean: Array
    variation: Array

    @property
    def extent(self) -> float:
        """The largest typical distance."""
        return float(self.mean[np.isfinite(self.mean)].max(initial=0.0))

    @property
    def noise(self) -> float:
        """The median, over the points, of the variation of their most constant distance."""
        if len(self.variation) < 2:
            return 0.0
        nearest = np.where(np.eye(len(self.variation)) > 0, np.inf, self.variation).min(axis=1)
        return float(np.median(np.where(np.isfinite(nearest), nearest, 0)))

    @property
    def moves(self) -> bool:
        """Whether parts of the body move relative to each other."""
        largest = self.variation[np.isfinite(self.variation)].max(initial=0.0)
        return bool(largest > max(MIN_MOVEMENT * self.extent, 3 * self.noise))

    def subset(self, points: NDArray[np.intp]) -> Distances:
        """Return the distances between some of the points, given by index."""
        block = np.ix_(points, points)
        return Distances(self.mean[block], self.variation[block])


def measure_distances(recordings: Sequence[NDArray[np.floating]]) -> Distances:
    """Measure the distances between the points of recordings ``(frames, P, 3)``; NaN where not seen.

    The typical distance is the median over recordings, so that a recording with a wrong label does not matter. The
    variation is that of the half of the recordings in which the body moves most: while it stands still, all distances
    are constant.
    """
    from scipy.spatial.distance import pdist, squareform

    means, variations = [], []
    for joints in (recordings[i] for i in evenly_spaced(len(recordings), MAX_RECORDINGS)):
        frames = joints[evenly_spaced(len(joints), MAX_FRAMES)].astype(np.float64)
        low, middle, high = _quantiles(np.array([pdist(frame) for frame in frames]), (0.1, 0.5, 0.9))
        means.append(middle)
        variations.append((high - low) / 2)
    movement = np.array([np.median(v[np.isfinite(v)]) if np.isfinite(v).any() else 0.0 for v in variations])
    moving = np.argsort(-movement, kind="stable")[: (len(means) + 1) // 2]
    mean, variation = _median(np.array(means)), _median(np.array(variations)[moving])
    never = ~(np.isfinite(mean) & np.isfinite(variation))
    mean[never] = variation[never] = np.inf
    return Distances(squareform(mean, checks=False), squareform(variation, checks=False))


def neighbours_in_segment(joints: NDArray[np.floating], count: int, limit: float) -> list[NDArray[np.intp]]:
    """Return for each point up to `count` others whose distance to it varies by less than `limit` extents.

    Parameters
    ----------
    joints : array ``(frames, P, 3)``
        NaN where not seen.
    """
    distances = measure_distances([joints])
    order = np.argsort(distances.variation + np.where(np.eye(joints.shape[1]) > 0, np.inf, 0), axis=1, kind="stable")
    near = np.take_along_axis(distances.variation, order, axis=1) < limit * distances.extent
    return [row[is_near][:count] for row, is_near in zip(order[:, :-1], near[:, :-1], strict=True)]


def evenly_spaced(count: int, limit: int) -> NDArray[np.intp]:
    """Return up to `limit` evenly spaced indices below `count`."""
    return np.unique(np.linspace(0, count - 1, min(count, limit)).round().astype(np.intp))


def _median(values: Array) -> Array:
    """Compute the median over the first axis; NaN is ignored."""
    low, high = _quantiles(values, (0.499, 0.501))
    return (low + high) / 2


def _quantiles(values: Array, shares: tuple[float, ...]) -> list[Array]:
    """Return quantiles over the first axis, each the nearest value; NaN is ignored."""
    ordered = np.sort(values, axis=0)  # NaN last
    last = np.maximum(np.isfinite(ordered).sum(axis=0) - 1, 0)
    return [np.take_along_axis(ordered, np.round(share * last).astype(np.intp)[None], axis=0)[0] for share in shares]

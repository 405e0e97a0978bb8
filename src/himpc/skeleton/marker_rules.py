"""The three ways in which a point of the body follows from markers: a mean, a shift, and the hip-centre regression.

A rule is a function of the points known so far, each ``(frames, 3)`` in metres; a frame in which one of them is NaN
gives NaN.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["HipCentre", "Mean", "Points", "Rule", "Shift"]

Points: TypeAlias = Mapping[str, NDArray[np.floating]]


@dataclass(frozen=True)
class Mean:
    """The unweighted mean of points: the middle of two epicondyles, say."""

    of: tuple[str, ...]
    source: str

    @property
    def needs(self) -> tuple[str, ...]:
        """The points it is made of."""
        return self.of

    def __call__(self, points: Points) -> NDArray[np.floating]:
        """Return the ``(frames, 3)`` positions."""
        mean: NDArray[np.floating] = np.mean([points[name] for name in self.of], axis=0)
        return mean


@dataclass(frozen=True)
class Shift:
    """A point moved by a share of a length of the body.

    ``start + (times * |length| + plus) * direction``, where `direction` is the unit vector from the first to the second
    point of `along`, made perpendicular to the line `square_to` where that is given, and `plus` is in metres.
    """

    start: str
    along: tuple[str, str]
    length: tuple[str, str]
    times: float
    plus: float
    square_to: tuple[str, str] | None
    source: str

    @property
    def needs(self) -> tuple[str, ...]:
        """The points it is made of."""
        return (self.start, *self.along, *self.length, *(self.square_to or ()))

    def __call__(self, points: Points) -> NDArray[np.floating]:
        """Return the ``(frames, 3)`` positions."""
        direction = points[self.along[1]] - points[self.along[0]]
        if self.square_to:
            line = _unit(points[self.square_to[1]] - points[self.square_to[0]])
            direction = direction - (direction * line).sum(axis=1, keepdims=True) * line
        length = np.linalg.norm(points[self.length[1]] - points[self.length[0]], axis=1, keepdims=True)
        moved: NDArray[np.floating] = points[self.start] + (self.times * length + self.plus) * _unit(direction)
        return moved


@dataclass(frozen=True)
class HipCentre:
    """A hip joint centre from the four points of the pelvis, by the regression of Harrington et al. (2007).

    In the pelvis frame, whose origin lies midway between the left and right anterior superior iliac spines (ASIS),
    whose side axis runs from the left to the right one, whose forward axis lies in the plane of both and the middle of
    the posterior spines, and whose upward axis is square to that plane, the centre lies (in mm) at

    forward ``-0.24 PD - 9.9``, up ``-0.30 PW - 10.9``, to its own side ``0.33 PW + 7.3``,

    with PW the distance between the ASIS and PD the distance from their middle to that of the posterior spines. These
    are the paper's regressions on one predictor each, which need no leg length. The radius of the markers is not taken
    off. Right-handed axes are presumed.
    """

    side: Literal["left", "right"]
    asis: tuple[str, str]
    psis: str
    source: str

    @property
    def needs(self) -> tuple[str, ...]:
        """The points it is made of."""
        return (*self.asis, self.psis)

    def __call__(self, points: Points) -> NDArray[np.floating]:
        """Return the ``(frames, 3)`` positions."""
        left, right = (points[name] for name in self.asis)
        middle = (left + right) / 2
        width = np.linalg.norm(right - left, axis=1, keepdims=True)
        depth = np.linalg.norm(middle - points[self.psis], axis=1, keepdims=True)
        sideways = _unit(right - left)
        upward = _unit(np.cross(sideways, middle - points[self.psis]))
        forward = np.cross(upward, sideways)
        sign = 1 if self.side == "right" else -1
        centre: NDArray[np.floating] = (
            middle
            + (-0.24 * depth - 0.0099) * forward
            + (-0.30 * width - 0.0109) * upward
            + sign * (0.33 * width + 0.0073) * sideways
        )
        return centre


Rule: TypeAlias = Mean | Shift | HipCentre


def _unit(vectors: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return ``(frames, 3)`` vectors of length one; NaN where a vector has no direction."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    units: NDArray[np.floating] = vectors / np.where(length > 0, length, np.nan)
    return units

"""The three rules by which a point of the body follows from markers: a mean, a shift, and the hip-centre regression.

A rule is a function of the points known so far, each ``(frames, 3)`` in metres; a frame in which one of them is NaN
gives NaN. Its fields are the keys of its TOML table, and `source` is the reference that describes it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Discriminator, Tag

from himpc._schema import validated

__all__ = ["HipCentre", "Mean", "Points", "Rule", "Shift"]

Points: TypeAlias = Mapping[str, NDArray[np.floating]]


@validated
class Mean:
    """The unweighted mean of points, such as the midpoint of two epicondyles."""

    mean: tuple[str, ...]
    source: str = ""

    @property
    def needs(self) -> tuple[str, ...]:
        """The points that it is computed from."""
        return self.mean

    def __call__(self, points: Points) -> NDArray[np.floating]:
        """Return the ``(frames, 3)`` positions."""
        mean: NDArray[np.floating] = np.mean([points[name] for name in self.mean], axis=0)
        return mean


@validated
class Shift:
    """A point moved by a share of a length of the body.

    ``shift + (times * |length| + plus) * direction``, where `direction` is the unit vector from the first to the second
    point of `along`, made perpendicular to the line `square_to` where that is given, and `plus` is in metres.
    """

    shift: str
    along: tuple[str, str]
    length: tuple[str, str]
    times: float
    plus: float = 0.0
    square_to: tuple[str, str] | None = None
    source: str = ""

    @property
    def needs(self) -> tuple[str, ...]:
        """The points that it is computed from."""
        return (self.shift, *self.along, *self.length, *(self.square_to or ()))

    def __call__(self, points: Points) -> NDArray[np.floating]:
        """Return the ``(frames, 3)`` positions."""
        direction = points[self.along[1]] - points[self.along[0]]
        if self.square_to:
            line = _unit(points[self.square_to[1]] - points[self.square_to[0]])
            direction = direction - (direction * line).sum(axis=1, keepdims=True) * line
        length = np.linalg.norm(points[self.length[1]] - points[self.length[0]], axis=1, keepdims=True)
        moved: NDArray[np.floating] = points[self.shift] + (self.times * length + self.plus) * _unit(direction)
        return moved


@validated
class HipCentre:
    """A hip joint centre from the four points of the pelvis, by the regression of Harrington et al. (2007).

    The origin of the pelvis frame is the midpoint of the anterior superior iliac spines (`asis`, left and right). Its
    side axis runs from the left to the right one, its forward axis lies in the plane of both and the midpoint of the
    posterior spines (`psis`), and its upward axis is perpendicular to that plane. In it, the centre is (in mm) at

    forward ``-0.24 PD - 9.9``, up ``-0.30 PW - 10.9``, to its own side ``0.33 PW + 7.3``,

    with PW the distance between the ASIS and PD the distance from their midpoint to that of the posterior spines. These
    are the paper's regressions on one predictor each, which need no leg length. The marker radius is not subtracted.
    The axes must be right-handed.
    """

    hip: Literal["left", "right"]
    asis: tuple[str, str]
    psis: str
    source: str = ""

    @property
    def needs(self) -> tuple[str, ...]:
        """The points that it is computed from."""
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
        sign = 1 if self.hip == "right" else -1
        centre: NDArray[np.floating] = (
            middle
            + (-0.24 * depth - 0.0099) * forward
            + (-0.30 * width - 0.0109) * upward
            + sign * (0.33 * width + 0.0073) * sideways
        )
        return centre


def _kind(rule: Any) -> str | None:
    """Return the key that identifies a rule, or the table of one."""
    has = rule.__contains__ if isinstance(rule, Mapping) else functools.partial(hasattr, rule)
    return next(filter(has, ("mean", "shift", "hip")), None)


Rule: TypeAlias = Annotated[
    Annotated[Mean, Tag("mean")] | Annotated[Shift, Tag("shift")] | Annotated[HipCentre, Tag("hip")],
    Discriminator(_kind, custom_error_type="rule", custom_error_message="must have one of the keys mean, shift, hip"),
]


def _unit(vectors: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return ``(frames, 3)`` vectors of length one; NaN where a vector has no direction."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    units: NDArray[np.floating] = vectors / np.where(length > 0, length, np.nan)
    return units

"""Trajectories of the people in a scene of `crowd.simulate_crowd`.

The positions are chosen for a camera at angle 0; depth is the distance from it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from himpc.simulation.trajectories import Path

Array = NDArray[np.float64]
SceneName = Literal["crossing", "passing", "leaving", "following", "alone", "crowd", "beside"]
SCENES: tuple[SceneName, ...] = get_args(SceneName)

_PACE = 1.25  # metres a second: an ordinary walk, where people keep the pace of others
_BODY_WIDTH = 0.6  # metres beyond the edge of the image at which a walker is not visible
_QUEUE_LENGTH = 12  # people in one line of `following`
_QUEUE_GAP = 0.95  # metres from one to the next
_NEIGHBOUR_GAP = 0.85  # metres between the lanes of `beside`


@dataclass(frozen=True)
class View:
    """The part of the floor that a camera sees.

    Attributes
    ----------
    distance : float
        Metres from the camera to the middle of the scene.
    slope : float
        See `lens.Lens`.
    """

    distance: float
    slope: float

    def half_width(self, depth: float) -> float:
        """Return half of the width that is visible at a depth, metres."""
        return self.slope * depth


@dataclass(frozen=True)
class Loop:
    """A trajectory along two parallel straights with half circles at the ends.

    Attributes
    ----------
    centre : (float, float)
        World x and z of the middle, metres.
    heading : float
        Of the first straight, degrees, as in `Path`.
    length, radius : float
        Of the straights and of the half circles, metres.
    start : float
        Distance along the loop at which the walker starts, metres.
    pace : float, optional
        Metres a second; None for the walker's own.
    """

    centre: tuple[float, float]
    heading: float
    length: float
    radius: float
    start: float
    pace: float | None = None

    def follow(self, walked: Array, seconds: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Return positions ``(n, 2)``, headings ``(n,)`` and absence ``(n,)`` for distances and times ``(n,)``."""
        path = Path(self.heading, ((self.length, 0.0), (np.pi * self.radius, 180.0)))
        position, heading = path.follow(np.concatenate([[0.0], walked - walked[0] + self.start]))
        angle = np.radians(self.heading)
        ahead, left = np.array([np.sin(angle), np.cos(angle)]), np.array([np.cos(angle), -np.sin(angle)])
        middle = self.length / 2 * ahead + self.radius * left
        return position[1:] - position[0] - middle + self.centre, heading[1:], np.zeros(len(walked), dtype=bool)


@dataclass(frozen=True)
class Passes:
    """Straight passes through the image; the person is absent between them.

    Attributes
    ----------
    depth : float
        World z, metres.
    reach : float
        Passes extend this far to both sides of the middle, metres.
    sides : tuple of int
        Side on which each pass starts: 1 for positive x, -1 for negative x. Used cyclically.
    waits : tuple of float
        Seconds before each pass. Used cyclically.
    period : float
        If above 0, seconds from the start of one pass to the start of the next; only the first wait counts.
    pace : float, optional
        Metres a second; None for the walker's own.
    """

    depth: float
    reach: float
    sides: tuple[int, ...]
    waits: tuple[float, ...]
    period: float = 0.0
    pace: float | None = None

    def follow(self, walked: Array, seconds: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Return positions ``(n, 2)``, headings ``(n,)`` and absence ``(n,)`` for distances and times ``(n,)``."""
        position = np.zeros((len(walked), 2))
        heading, absent = np.zeros(len(walked)), np.ones(len(walked), dtype=bool)
        start, number = seconds[0] + self.waits[0], 0
        while start <= seconds[-1]:
            travelled = walked - np.interp(start, seconds, walked)
            during = (travelled >= 0) & (travelled <= 2 * self.reach)
            side = self.sides[number % len(self.sides)]
            position[during] = np.stack(
                [side * (self.reach - travelled[during]), np.full(during.sum(), self.depth)], axis=1
            )
            heading[during] = -side * np.pi / 2
            absent &= ~during
            if not (travelled > 2 * self.reach).any():
                break
            end = float(seconds[travelled > 2 * self.reach][0])
            number += 1
            start = start + self.period if self.period else end + self.waits[number % len(self.waits)]
        return position, heading, absent


def draw_trajectory(scene: SceneName, place: int, people: int, view: View, rng: np.random.Generator) -> Loop | Passes:
    """Draw the trajectory of one person in a scene.

    Parameters
    ----------
    scene : SceneName
        See `crowd.simulate_crowd`.
    place : int
        Index of the person in the scene.
    people : int
        Number of people; it matters only in `alone` and `beside`.
    view : View
        The camera's.
    rng : numpy Generator
        The person's random stream.
    """
    first, second, third, fourth, fifth = (float(value) for value in rng.random(5))
    if scene == "crossing":
        depth = view.distance - 1.0 + 4.0 * _spread(place)
        length = 1.5 * view.half_width(depth) - 0.4
        return Loop((0.0, view.distance - depth), 90.0 + 8.0 * (first - 0.5), length, 0.2, second * 2 * length)
    if scene == "passing":
        return _overtake(place, view)
    if scene == "following":
        queue, rank = divmod(place, _QUEUE_LENGTH)
        side = (queue + 1) // 2 * (1 if queue % 2 else -1)
        centre = (1.3 * side, view.distance - 5.8)
        return Loop(centre, 0.0, 5.0, 0.25, _QUEUE_GAP * (_QUEUE_LENGTH - 1 - rank), _PACE)
    if scene == "beside":
        return Loop((_NEIGHBOUR_GAP * (place - (people - 1) / 2), view.distance - 5.8), 0.0, 3.0, 0.2, 0.0, _PACE)
    if scene == "leaving":
        depth = view.distance - 0.5 + 3.5 * _spread(place)
        sides = tuple(1 if value < 0.5 else -1 for value in rng.random(64))
        waits = (2.0 * first, *(float(wait) for wait in rng.uniform(1.0, 10.0, 63)))
        return Passes(view.distance - depth, view.half_width(depth) + _BODY_WIDTH, sides, waits)
    if scene == "alone":
        reach = view.half_width(view.distance) + _BODY_WIDTH
        turn = 2 * reach / (1.2 * _PACE) + 0.2
        sides = (1, -1) if first < 0.5 else (-1, 1)
        return Passes(0.0, reach, sides, (place * turn,), people * turn, 1.2 * _PACE)
    depth = 3.5 + (view.distance + 2.0) * first
    centre = (1.4 * (second - 0.5) * view.half_width(depth), view.distance - depth)
    length = 1.0 + 3.0 * third
    return Loop(centre, 360.0 * fourth, length, 0.3 + 0.5 * fifth, 2 * length * float(rng.random()))


def _overtake(place: int, view: View) -> Loop:
    """Return the loop of one of a pair: the second starts behind the first, farther away, and is faster."""
    pair, second = divmod(place, 2)
    depth = view.distance - 0.8 + 3.5 * _spread(pair)
    length = 1.5 * view.half_width(depth) - 1.2
    start = 0.7 + 2 * length * _spread(pair + 1) - 0.7 * second
    centre = (0.0, view.distance - depth - 0.45 * second)
    return Loop(centre, 90.0, length, 0.6, start, _PACE * (1.0 + 0.08 * second))


def _spread(number: int) -> float:
    """Return an element of the van der Corput sequence: its first elements are far apart in [0, 1)."""
    return math.fsum((number >> bit & 1) / (2 << bit) for bit in range(number.bit_length()))

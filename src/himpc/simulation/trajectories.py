"""Where the people of a crowd walk: the scenes that `simulate_crowd` knows.

The places are chosen for a camera at angle 0: across is to its right, depth is counted from it. What depends on the
picture's edge (`leaving`, `alone`) uses how wide the picture is there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from himpc.simulation.camera import Path

__all__ = ["SCENES", "Loop", "Room", "Route", "SceneName", "Visits", "draw_route"]

Array = NDArray[np.float64]
SceneName = Literal["crossing", "passing", "leaving", "following", "alone", "crowd"]
SCENES: tuple[SceneName, ...] = get_args(SceneName)

_PACE = 1.25  # metres a second, where people keep the pace of others: an ordinary walk
_BODY = 0.6  # metres beyond the picture's edge at which nothing of a walker is seen
_QUEUE = 12  # people in one line of `following`
_QUEUE_STEP = 0.95  # metres from one to the next


@dataclass(frozen=True)
class Room:
    """What a scene needs to know of the camera: its distance from the middle, metres, and half the width it sees at one
    metre; and how long the scene lasts, in seconds."""

    distance: float
    slope: float
    seconds: float

    def half(self, depth: float) -> float:
        """Return half the width in metres that is seen at a depth."""
        return self.slope * depth


@dataclass(frozen=True)
class Loop:
    """A way up and down again, with half circles at its ends.

    Attributes
    ----------
    centre : (float, float)
        World x and z of its middle, metres.
    heading : float
        Of the first straight, degrees, as in `Path`.
    length, radius : float
        Of the straights and of the half circles, metres.
    start : float
        How far along it the walker starts, metres.
    pace : float, optional
        Metres a second; the walker's own where it is None.
    """

    centre: tuple[float, float]
    heading: float
    length: float
    radius: float
    start: float
    pace: float | None = None

    def follow(self, way: Array, seconds: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Return places ``(n, 2)``, headings ``(n,)`` and who is absent ``(n,)`` for a way gone, at times ``(n,)``."""
        path = Path(self.heading, ((self.length, 0.0), (np.pi * self.radius, 180.0)))
        place, heading = path.follow(np.concatenate([[0.0], way - way[0] + self.start]))
        angle = np.radians(self.heading)
        ahead, left = np.array([np.sin(angle), np.cos(angle)]), np.array([np.cos(angle), -np.sin(angle)])
        middle = self.length / 2 * ahead + self.radius * left
        return place[1:] - place[0] - middle + self.centre, heading[1:], np.zeros(len(way), dtype=bool)


@dataclass(frozen=True)
class Visits:
    """Straight ways through the picture, with nobody there between them.

    Attributes
    ----------
    depth : float
        World z, metres.
    reach : float
        The ways go from this far on one side of the middle to as far on the other, metres.
    sides : tuple of int
        Where each starts: 1 on the side of positive x, -1 on the other; the last goes on again and again.
    waits : tuple of float
        Seconds before each.
    every : float
        If above 0, each starts so many seconds after the start of the one before, and `waits` counts for the first.
    pace : float, optional
        Metres a second; the walker's own where it is None.
    """

    depth: float
    reach: float
    sides: tuple[int, ...]
    waits: tuple[float, ...]
    every: float = 0.0
    pace: float | None = None

    def follow(self, way: Array, seconds: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Return places ``(n, 2)``, headings ``(n,)`` and who is absent ``(n,)`` for a way gone, at times ``(n,)``."""
        place = np.zeros((len(way), 2))
        heading, absent = np.zeros(len(way)), np.ones(len(way), dtype=bool)
        begins, number = seconds[0] + self.waits[0], 0
        while begins <= seconds[-1]:
            gone = way - np.interp(begins, seconds, way)
            during = (gone >= 0) & (gone <= 2 * self.reach)
            side = self.sides[number % len(self.sides)]
            place[during] = np.stack([side * (self.reach - gone[during]), np.full(during.sum(), self.depth)], axis=1)
            heading[during] = -side * np.pi / 2
            absent &= ~during
            if not (gone > 2 * self.reach).any():
                break
            ended = float(seconds[gone > 2 * self.reach][0])
            number += 1
            begins = begins + self.every if self.every else ended + self.waits[number % len(self.waits)]
        return place, heading, absent


Route = Loop | Visits


def draw_route(scene: SceneName, place: int, people: int, room: Room, rng: np.random.Generator) -> Route:
    """Draw somebody's way.

    Parameters
    ----------
    scene : SceneName
        See `simulate_crowd`.
    place : int
        Which of the people it is, from 0.
    people : int
        How many there are; only `alone` asks.
    room : Room
        The camera's.
    rng : numpy Generator
        The person's own stream.
    """
    first, second, third, fourth, fifth = (float(value) for value in rng.random(5))
    if scene == "crossing":
        depth = room.distance - 1.0 + 4.0 * _spread(place)
        length = 1.5 * room.half(depth) - 0.4
        return Loop((0.0, room.distance - depth), 90.0 + 8.0 * (first - 0.5), length, 0.2, second * 2 * length)
    if scene == "passing":
        return _passing(place, room)
    if scene == "following":
        queue, rank = divmod(place, _QUEUE)
        side = (queue + 1) // 2 * (1 if queue % 2 else -1)
        centre = (1.3 * side, room.distance - 5.8)
        return Loop(centre, 0.0, 5.0, 0.25, _QUEUE_STEP * (_QUEUE - 1 - rank), _PACE)
    if scene == "leaving":
        depth = room.distance - 0.5 + 3.5 * _spread(place)
        sides = tuple(1 if value < 0.5 else -1 for value in rng.random(64))
        waits = (2.0 * first, *(float(wait) for wait in rng.uniform(1.0, 10.0, 63)))
        return Visits(room.distance - depth, room.half(depth) + _BODY, sides, waits)
    if scene == "alone":
        reach = room.half(room.distance) + _BODY
        turn = 2 * reach / (1.2 * _PACE) + 0.2
        sides = (1, -1) if first < 0.5 else (-1, 1)
        return Visits(0.0, reach, sides, (place * turn,), people * turn, 1.2 * _PACE)
    depth = 3.5 + (room.distance + 2.0) * first
    centre = (1.4 * (second - 0.5) * room.half(depth), room.distance - depth)
    length = 1.0 + 3.0 * third
    return Loop(centre, 360.0 * fourth, length, 0.3 + 0.5 * fifth, 2 * length * float(rng.random()))


def _passing(place: int, room: Room) -> Loop:
    """Return the way of one of a pair: the second starts behind the first, farther from the camera, and is faster."""
    pair, late = divmod(place, 2)
    depth = room.distance - 0.8 + 3.5 * _spread(pair)
    length = 1.5 * room.half(depth) - 1.2
    start = 0.7 + 2 * length * _spread(pair + 1) - 0.7 * late
    return Loop((0.0, room.distance - depth - 0.45 * late), 90.0, length, 0.6, start, _PACE * (1.0 + 0.08 * late))


def _spread(number: int) -> float:
    """Return the number's place in [0, 1) such that the first few of any count are far apart (van der Corput)."""
    return math.fsum((number >> bit & 1) / (2 << bit) for bit in range(number.bit_length()))

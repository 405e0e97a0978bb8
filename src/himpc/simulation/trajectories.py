"""Trajectories of walkers over the floor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_STEP = 0.02  # metres between the points at which a path is integrated


@dataclass(frozen=True)
class Path:
    """A closed path over the floor: pieces of constant curvature, walked repeatedly."""

    heading: float
    """Direction at the start in degrees: 0 towards the front camera, 90 to the walker's left of that."""
    pieces: tuple[tuple[float, float], ...]
    """Length in metres and turn in degrees (positive to the left) of each piece of a lap."""

    def follow(self, walked: Array) -> tuple[Array, Array]:
        """Return position and heading after distances ``(n,)`` in metres.

        Positions ``(n, 2)`` are x and z in metres, with mean 0; headings ``(n,)`` are in radians.
        """
        fine = np.arange(walked[0], walked[-1] + 2 * _STEP, _STEP)
        headings = self._headings(fine)
        middle = (headings[1:] + headings[:-1]) / 2
        steps = np.stack([np.sin(middle), np.cos(middle)], axis=1) * _STEP
        positions = np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
        position = np.stack([np.interp(walked, fine, positions[:, axis]) for axis in range(2)], axis=1)
        return position - position.mean(axis=0), self._headings(walked)

    def _headings(self, walked: Array) -> Array:
        lengths, turns = np.array(self.pieces).T
        knots = np.concatenate([[0.0], np.cumsum(lengths)])
        laps = np.floor(walked / knots[-1])
        turned = np.interp(walked - laps * knots[-1], knots, np.concatenate([[0.0], np.cumsum(turns)]))
        headings: Array = np.radians(self.heading + laps * turns.sum() + turned)
        return headings


def draw_path(rng: np.random.Generator, heading_spread: float, curved: float) -> Path:
    """Draw the path of a recording.

    Parameters
    ----------
    rng : numpy Generator
        The recording's random stream.
    heading_spread : float
        Largest angle between the heading and the direction of the front camera, degrees.
    curved : float
        Probability of a curve or a turn; other paths are straight, with a half turn every seven metres.
    """
    aim, bend, kind, size, hand = (float(value) for value in rng.random(5))
    heading = round(heading_spread * (2 * aim - 1), 2)
    side = 1.0 if hand < 0.5 else -1.0
    if bend >= curved:
        return Path(heading, ((7.0, 0.0), (1.6, 180.0 * side)))
    if kind < 0.5:
        radius = round(1.6 + 1.6 * size, 3)
        return Path(heading, ((round(2 * np.pi * radius, 4), 360.0 * side),))
    straight = round(1.6 + 1.2 * size, 3)
    return Path(heading, ((straight, 0.0), (1.2, 90.0 * side)))

"""Where people walk and where the cameras stand.

World axes: y up from the floor, the walkway's middle at the origin, z along it. Camera axes are those of a Kinect:
z along the view, y up, x to the camera's left, metres.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError

__all__ = ["CAMERAS", "Camera", "Path", "choose_cameras", "draw_path"]

Array = NDArray[np.float64]

_LAP_STEP = 0.02  # metres between the points at which a path is integrated


@dataclass(frozen=True)
class Camera:
    """A camera that looks at the middle of the walkway.

    Parameters
    ----------
    name : str
        What recordings call it.
    angle : float
        Direction from the walkway to the camera in degrees: 0 is the end that people come from the other end towards,
        90 sees their left side.
    distance : float
        Metres from the middle of the walkway, over the floor.
    height : float
        Metres over the floor.
    pitch : float
        How far it looks down, degrees.
    yaw : float
        How far it looks past the middle, to its left, degrees.
    """

    name: str
    angle: float = 0.0
    distance: float = 4.5
    height: float = 1.6
    pitch: float = 8.0
    yaw: float = 0.0

    @property
    def position(self) -> Array:
        """Where it is in the world, metres, ``(3,)``."""
        angle = np.radians(self.angle)
        return np.array([np.sin(angle) * self.distance, self.height, np.cos(angle) * self.distance])

    @property
    def axes(self) -> Array:
        """Its axes in the world, ``(3, 3)``; the rows are left, up and ahead."""
        angle, pitch = np.radians(self.angle + self.yaw), np.radians(self.pitch)
        level = np.array([-np.sin(angle), 0.0, -np.cos(angle)])
        upright = np.array([0.0, 1.0, 0.0])
        ahead = np.cos(pitch) * level - np.sin(pitch) * upright
        up = np.cos(pitch) * upright + np.sin(pitch) * level
        return np.stack([np.cross(up, ahead), up, ahead])

    def to_camera_axes(self, joints: Array) -> Array:
        """Return world positions ``(..., 3)`` in camera axes."""
        seen: Array = (joints - self.position) @ self.axes.T
        return seen


CAMERAS = (
    Camera("front", angle=0.0),
    Camera("left-diagonal", angle=40.0, height=1.9, pitch=12.0),
    Camera("right-diagonal", angle=-45.0, height=1.2, pitch=3.0),
    Camera("left-side", angle=85.0, height=1.5, pitch=7.0, distance=4.2),
    Camera("right-side", angle=-90.0, height=2.2, pitch=16.0, distance=4.8),
)
"""The cameras that stand ready, in the order in which ``cameras=2`` and so on takes them."""


def choose_cameras(cameras: int | Sequence[Camera]) -> tuple[Camera, ...]:
    """Return the first few of `CAMERAS`, or the cameras that are given.

    Raises
    ------
    ConfigError
        If there are none, more than stand ready, or two of one name.
    """
    if isinstance(cameras, int):
        if not 1 <= cameras <= len(CAMERAS):
            raise ConfigError(
                f"cameras is {cameras}, expected 1 to {len(CAMERAS)}; for others give Camera objects of "
                "himpc.simulation"
            )
        return CAMERAS[:cameras]
    chosen = tuple(cameras)
    if not chosen or not all(isinstance(camera, Camera) for camera in chosen):
        raise ConfigError("cameras must be a number or himpc.simulation.Camera objects, at least one")
    if len({camera.name for camera in chosen}) != len(chosen):
        raise ConfigError(f"cameras must have different names, found {', '.join(c.name for c in chosen)}")
    return chosen


@dataclass(frozen=True)
class Path:
    """A way over the floor that comes round: pieces of constant curvature, walked again and again.

    Attributes
    ----------
    heading : float
        Direction at the start in degrees: 0 walks towards the front camera, 90 towards the walker's own left of that.
    pieces : tuple of (float, float)
        Length in metres and turn in degrees (positive to the left) of each piece of a lap.
    """

    heading: float
    pieces: tuple[tuple[float, float], ...]

    def follow(self, way: Array) -> tuple[Array, Array]:
        """Return where a walker is after a way ``(n,)`` in metres.

        The place ``(n, 2)`` is x and z in metres, their mean at 0; the heading ``(n,)`` is in radians.
        """
        fine = np.arange(way[0], way[-1] + 2 * _LAP_STEP, _LAP_STEP)
        headings = self._headings(fine)
        middle = (headings[1:] + headings[:-1]) / 2
        steps = np.stack([np.sin(middle), np.cos(middle)], axis=1) * _LAP_STEP
        places = np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
        place = np.stack([np.interp(way, fine, places[:, axis]) for axis in range(2)], axis=1)
        return place - place.mean(axis=0), self._headings(way)

    def _headings(self, way: Array) -> Array:
        lengths, turns = np.array(self.pieces).T
        knots = np.concatenate([[0.0], np.cumsum(lengths)])
        laps = np.floor(way / knots[-1])
        turned = np.interp(way - laps * knots[-1], knots, np.concatenate([[0.0], np.cumsum(turns)]))
        headings: Array = np.radians(self.heading + laps * turns.sum() + turned)
        return headings


def draw_path(rng: np.random.Generator, heading_spread: float, curved: float) -> Path:
    """Draw a path.

    Parameters
    ----------
    rng : numpy Generator
        The recording's own stream.
    heading_spread : float
        The heading is within so many degrees of walking towards the front camera.
    curved : float
        The chance that the path is a curve or has a turn; else it is straight, with a half turn every seven metres.
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

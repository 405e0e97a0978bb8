"""Cameras: where they stand.

World axes: y up from the floor, the middle of the walkway at the origin, z along the walkway. Camera axes are those of
a Kinect: x to the camera's left, y up, z along the view. Both are in metres.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from himpc._schema import validated
from himpc.errors import ConfigError

Array = NDArray[np.float64]


@validated
class Camera:
    """A camera that points at the middle of the walkway."""

    name: str
    """The name in recordings."""
    angle: float = 0.0
    """Direction from the walkway to the camera, degrees: at 0 people walk towards the camera, at 90 it sees their left
    side."""
    distance: float = 4.5
    height: float = 1.6
    """`distance`, `height`: metres from the middle of the walkway, along the floor, and above the floor."""
    pitch: float = 8.0
    yaw: float = 0.0
    """`pitch`, `yaw`: degrees that the camera is turned down, and to its left."""

    @property
    def position(self) -> Array:
        """Position in the world ``(3,)``, metres."""
        angle = np.radians(self.angle)
        return np.array([np.sin(angle) * self.distance, self.height, np.cos(angle) * self.distance])

    @property
    def axes(self) -> Array:
        """Camera axes in the world, ``(3, 3)``; the rows are left, up and ahead."""
        angle, pitch = np.radians(self.angle + self.yaw), np.radians(self.pitch)
        level = np.array([-np.sin(angle), 0.0, -np.cos(angle)])
        upright = np.array([0.0, 1.0, 0.0])
        ahead = np.cos(pitch) * level - np.sin(pitch) * upright
        up = np.cos(pitch) * upright + np.sin(pitch) * level
        return np.stack([np.cross(up, ahead), up, ahead])

    def to_camera_axes(self, joints: Array) -> Array:
        """Transform world positions ``(..., 3)`` to camera axes."""
        transformed: Array = (joints - self.position) @ self.axes.T
        return transformed


CAMERAS = (
    Camera("front", angle=0.0),
    Camera("left-diagonal", angle=40.0, height=1.9, pitch=12.0),
    Camera("right-diagonal", angle=-45.0, height=1.2, pitch=3.0),
    Camera("left-side", angle=85.0, height=1.5, pitch=7.0, distance=4.2),
    Camera("right-side", angle=-90.0, height=2.2, pitch=16.0, distance=4.8),
)
"""The predefined cameras, in the order in which ``cameras=2`` and so on selects them."""


def choose_cameras(cameras: int | Sequence[Camera]) -> tuple[Camera, ...]:
    """Return the first cameras of `CAMERAS`, or the given cameras.

    Raises
    ------
    ConfigError
        If there is no camera, the number is above that of `CAMERAS`, or two have the same name.
    """
    if isinstance(cameras, int):
        if not 1 <= cameras <= len(CAMERAS):
            raise ConfigError(
                f"cameras is {cameras}, expected 1 to {len(CAMERAS)}",
                hint="for other cameras pass objects of himpc.simulation.Camera",
            )
        return CAMERAS[:cameras]
    chosen = tuple(cameras)
    if not chosen or not all(isinstance(camera, Camera) for camera in chosen):
        raise ConfigError("cameras must be a number or one or more objects of himpc.simulation.Camera")
    if len({camera.name for camera in chosen}) != len(chosen):
        raise ConfigError(f"cameras must have different names, found {', '.join(c.name for c in chosen)}")
    return chosen

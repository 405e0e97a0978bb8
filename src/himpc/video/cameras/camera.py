"""Calibrated cameras: how points in space and in pixels belong together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc._extras import require

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CalibratedCamera:
    """A camera in the model of OpenCV: x right, y down and z ahead; ``x = rotation @ world + translation``.

    `read_calibration` makes cameras of files.
    """

    name: str
    matrix: Floats = field(repr=False)
    """Focal lengths and principal point in pixels, ``(3, 3)``."""
    distortion: Floats = field(repr=False)
    """Coefficients ``(n,)`` in the order of OpenCV, with n 0, 4, 5, 8, 12 or 14; 4 of a fisheye lens."""
    size: tuple[int, int] | None = None
    """Width and height of the pictures in pixels; None if the file does not state it."""
    rotation: Floats | None = field(default=None, repr=False)
    """From world to camera axes, ``(3, 3)``; None, like `translation`, if only the lens is known."""
    translation: Floats | None = field(default=None, repr=False)
    """The origin of the world in camera axes, ``(3,)``, in the unit of the file."""
    fisheye: bool = False
    """Whether the distortion is that of OpenCV's fisheye model."""

    @property
    def focal_length(self) -> float:
        """The mean of both focal lengths, pixels."""
        return float((self.matrix[0, 0] + self.matrix[1, 1]) / 2)

    @property
    def pose(self) -> Floats:
        """Rotation and translation side by side ``(3, 4)``; camera axes are the world's if the pose is unknown."""
        if self.rotation is None or self.translation is None:
            return np.eye(3, 4)
        return np.column_stack([self.rotation, self.translation])

    @property
    def position(self) -> Floats:
        """The position of the camera in the world ``(3,)``, in the unit of the file."""
        return -self.pose[:, :3].T @ self.pose[:, 3]

    def scaled_to(self, width: int) -> CalibratedCamera:
        """Return the camera for pictures that are scaled to another width; as it is if its size is unknown."""
        if self.size is None or self.size[0] == width:
            return self
        factor = width / self.size[0]
        matrix = self.matrix.copy()
        matrix[:2] *= factor
        return replace(self, matrix=matrix, size=(width, round(self.size[1] * factor)))

    def project(self, points: NDArray[np.floating]) -> Floats:
        """Project points ``(..., 3)`` in the world to pixels ``(..., 2)``, x right and y down.

        Points behind the camera, and missing ones, are NaN.
        """
        cv2: Any = require("cv2", "video")
        flat = np.asarray(points, dtype=np.float64).reshape(-1, 3)
        pose = self.pose
        ahead = flat @ pose[2, :3] + pose[2, 3] > 0
        pixels = np.full((len(flat), 2), np.nan)
        if ahead.any():
            project = cv2.fisheye.projectPoints if self.fisheye else cv2.projectPoints
            rotation, _ = cv2.Rodrigues(pose[:, :3])
            chosen = np.ascontiguousarray(flat[ahead])[:, None]
            arguments = (rotation, pose[:, 3].copy(), self.matrix, self.distortion)
            pixels[ahead] = project(chosen, *arguments)[0].reshape(-1, 2)
        return pixels.reshape(*points.shape[:-1], 2)

    def to_rays(self, pixels: NDArray[np.floating]) -> Floats:
        """Convert pixels ``(..., 2)`` to rays: points ``(..., 2)`` of the plane one unit ahead, without distortion."""
        cv2: Any = require("cv2", "video")
        flat = np.asarray(pixels, dtype=np.float64).reshape(-1, 2)
        rays = np.full_like(flat, np.nan)
        seen = np.isfinite(flat).all(axis=1)
        if seen.any():
            undistort = cv2.fisheye.undistortPoints if self.fisheye else cv2.undistortPoints
            chosen = np.ascontiguousarray(flat[seen])[:, None]
            rays[seen] = undistort(chosen, self.matrix, self.distortion).reshape(-1, 2)
        return rays.reshape(pixels.shape)

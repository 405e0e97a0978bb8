"""A lens that projects positions in camera axes (`himpc.simulation.Camera`) to pixels."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from himpc._schema import validated

_NEAR_PLANE = 0.05  # metres ahead of the camera: anything nearer, or behind it, has no projection


@validated
class Lens:
    """A pinhole lens without distortion; the optical axis passes through the centre of the image.

    Parameters
    ----------
    width, height : int
        Image size, pixels.
    field_of_view : float
        Horizontal field of view, degrees, from 1 to 170.

    Raises
    ------
    ConfigError
        If a number is out of its range.
    """

    width: Annotated[int, Field(ge=1)]
    height: Annotated[int, Field(ge=1)]
    field_of_view: Annotated[float, Field(ge=1, le=170)]

    @property
    def slope(self) -> float:
        """Half of the width that is visible at a distance of one metre, metres."""
        return float(np.tan(np.radians(self.field_of_view / 2)))

    @property
    def focal_length(self) -> float:
        """Focal length in pixels."""
        return self.width / 2 / self.slope

    def project(self, joints: ArrayLike) -> NDArray[np.float64]:
        """Project positions to the image.

        Parameters
        ----------
        joints : array ``(..., 3)``
            Positions in camera axes, metres.

        Returns
        -------
        float64 array ``(..., 2)``
            Pixels, x right and y down, also outside of the image; NaN for positions that are not ahead of the camera.
        """
        x, y, z = np.moveaxis(np.asarray(joints, dtype=np.float64), -1, 0)
        ahead = np.where(z >= _NEAR_PLANE, z, np.nan)
        scale = self.focal_length
        return np.stack([self.width / 2 - scale * x / ahead, self.height / 2 - scale * y / ahead], axis=-1)

    def contains(self, points: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Return whether each point ``(..., 2)`` lies in the image."""
        return np.asarray(((points >= 0) & (points < [self.width, self.height])).all(axis=-1))

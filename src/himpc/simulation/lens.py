"""The pinhole through which a camera's axes become a picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from himpc.simulation.knobs import check_number, check_whole

__all__ = ["Lens"]

_NEAREST = 0.05  # metres ahead: what is nearer, or behind the camera, has no place in the picture


@dataclass(frozen=True)
class Lens:
    """A pinhole without distortion, its axis through the middle of the picture.

    Parameters
    ----------
    width, height : int
        Of the picture, pixels.
    field_of_view : float
        Across the width, degrees.

    Raises
    ------
    ConfigError
        If a side is below 1, or the field of view is not from 1 to 170.
    """

    width: int
    height: int
    field_of_view: float

    def __post_init__(self) -> None:
        check_whole("width of Lens", self.width, 1)
        check_whole("height of Lens", self.height, 1)
        check_number("field_of_view of Lens", self.field_of_view, 1.0, 170.0)

    @property
    def focal_length(self) -> float:
        """Focal length in pixels."""
        return self.width / 2 / self.slope

    @property
    def slope(self) -> float:
        """Half of the width that is seen at one metre, metres."""
        return float(np.tan(np.radians(self.field_of_view / 2)))

    def project(self, joints: ArrayLike) -> NDArray[np.float64]:
        """Return where joints are in the picture.

        Parameters
        ----------
        joints : array ``(..., 3)``
            Camera axes: x to the camera's left, y up, z ahead, metres.

        Returns
        -------
        float64 array ``(..., 2)``
            Pixels, x right and y down, also outside of the picture; NaN for what is not in front of the camera.
        """
        x, y, z = np.moveaxis(np.asarray(joints, dtype=np.float64), -1, 0)
        ahead = np.where(z >= _NEAREST, z, np.nan)
        return np.stack(
            [self.width / 2 - self.focal_length * x / ahead, self.height / 2 - self.focal_length * y / ahead], axis=-1
        )

    def contains(self, points: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Tell which points ``(..., 2)`` are in the picture."""
        return np.asarray(((points >= 0) & (points < [self.width, self.height])).all(axis=-1))

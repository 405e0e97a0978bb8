"""What a pose estimator finds: one person in one picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from himpc.skeleton import Layout

__all__ = ["Detection", "Estimator"]


@dataclass(frozen=True, eq=False)
class Detection:
    """One person in one picture.

    Attributes
    ----------
    points : float32 array ``(J, 2)``
        Where the joints are in the upright picture, pixels, x right and y down; NaN where a joint was not seen.
    confidence : float32 array ``(J,)``
        Of each joint, in [0, 1]; 0 where it was not seen.
    joints : float32 array ``(J, 3)`` or None
        The body in metres from the middle of its hips: x right in the picture, y up, z towards the camera. None where
        the estimator sees two dimensions only; nothing makes three of them.
    """

    points: NDArray[np.float32] = field(repr=False)
    confidence: NDArray[np.float32] = field(repr=False)
    joints: NDArray[np.float32] | None = field(default=None, repr=False)

    @property
    def box(self) -> NDArray[np.float32]:
        """The smallest box around the joints that were seen, pixels: left, top, right, bottom."""
        return np.concatenate([np.nanmin(self.points, axis=0), np.nanmax(self.points, axis=0)])


class Estimator(Protocol):
    """What finds the people in pictures; a back-end of `himpc.video`."""

    name: str
    """What the command line and the recordings call it."""

    layout: Layout
    """The J joints that it finds."""

    dimensions: int
    """3 where detections hold joints in metres, 2 where they hold points in the picture only."""

    def detect(self, image: NDArray[np.uint8], seconds: float) -> list[Detection]:
        """Return the people in a picture.

        Parameters
        ----------
        image : uint8 array ``(height, width, 3)``
            Red, green, blue; upright.
        seconds : float
            When it was taken; grows from call to call.
        """
        ...

    def forget(self) -> None:
        """Carry nothing over from the pictures before: the next one is another shot."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...

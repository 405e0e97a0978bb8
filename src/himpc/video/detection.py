"""The interface of pose estimators: a frame in, one detection per person out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from himpc.skeleton import Layout


@dataclass(frozen=True, eq=False)
class Detection:
    """One person in one frame."""

    points: NDArray[np.float32] = field(repr=False)
    """Pixels ``(J, 2)`` in the upright frame, x right and y down; NaN for a joint that was not seen."""
    confidence: NDArray[np.float32] = field(repr=False)
    """Confidence ``(J,)`` in [0, 1]; 0 for a joint that was not seen."""
    joints: NDArray[np.float32] | None = field(default=None, repr=False)
    """Metres ``(J, 3)`` relative to the centre of the hips: x right in the image, y up, z towards the camera. None for
    2D estimators; 2D joints are never lifted to 3D."""

    @property
    def box(self) -> NDArray[np.float32]:
        """The bounding box of the joints that were seen, pixels: left, top, right, bottom."""
        return np.concatenate([np.nanmin(self.points, axis=0), np.nanmax(self.points, axis=0)])


class PoseEstimator(ABC):
    """Base class of pose estimators.

    A subclass sets `name`, `layout` and `dimensions` and implements `detect`; CONTRIBUTING has the recipe. Tracking and
    smoothing are not its task.
    """

    name: str
    """Its key in `himpc.video.ESTIMATORS`."""
    layout: Layout
    """The J joints that it detects."""
    dimensions: int
    """3 if detections hold joints in metres, 2 if they hold image points only."""
    true_size: bool = False
    """Whether `Detection.joints` have the true size of the person, as from a calibrated or a depth camera."""
    notes: tuple[str, ...] = ()
    """What a user must know about the skeletons; every report repeats them."""
    refused: Counter[str]
    """Number of candidates that were not taken for a person, by reason."""

    refused_boxes: list[NDArray[np.float32]]
    """Boxes of those candidates since the list was emptied, pixels (left, top, right, bottom); blurred as well."""

    def __init__(self) -> None:
        self.refused = Counter()
        self.refused_boxes = []

    @abstractmethod
    def detect(self, image: NDArray[np.uint8], seconds: float) -> list[Detection]:
        """Detect the people in a frame.

        Parameters
        ----------
        image : uint8 array ``(height, width, 3)``
            RGB, upright.
        seconds : float
            Time of the frame; increases from call to call.
        """

    def reset(self) -> None:  # noqa: B027
        """Discard everything known from earlier frames; called before the first frame of each shot."""

    def close(self) -> None:  # noqa: B027
        """Release the model."""

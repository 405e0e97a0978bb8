"""The second network of MediaPipe's pose landmarker alone: joints of a person who is known to be in a square.

The landmarker runs a detector before it, which takes a third of the time and is not needed from frame to frame.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc._extras import require
from himpc.video.estimators.multi_person import Box
from himpc.video.estimators.pose_landmarker import LANDMARKS_NETWORK

_GRAPH = "mediapipe.tasks.vision.pose_landmarker.SinglePoseLandmarksDetectorGraph"
_INPUTS = ("IMAGE:image", "NORM_RECT:square")
_OUTPUTS = ("LANDMARKS:landmarks", "WORLD_LANDMARKS:world")

_REACH = 1.25
"""Side of the square in diameters of the circle around the hips that encloses the body; the networks were trained so."""

_HIPS, _SHOULDERS = [23, 24], [11, 12]


@dataclass(frozen=True)
class Square:
    """A square of an image, turned such that the body in it is upright."""

    x: float
    """Centre, pixels."""
    y: float
    side: float
    """Pixels."""
    turn: float
    """Radians, clockwise."""

    @classmethod
    def around(cls, points: NDArray[np.floating]) -> Square:
        """Return the square around a body by its points ``(33, 2)``, pixels."""
        hips, shoulders = (points[pair].mean(axis=0) for pair in (_HIPS, _SHOULDERS))
        side = 2 * _REACH * float(np.linalg.norm(points - hips, axis=1).max())
        right, down = shoulders - hips
        return cls(float(hips[0]), float(hips[1]), side, float(np.arctan2(right, -down)))

    def shifted(self, x: float, y: float) -> Square:
        """Return the square in the coordinates of a part of the image."""
        return replace(self, x=self.x + x, y=self.y + y)

    def bounds(self, height: int, width: int) -> Box:
        """Return the upright box that holds the square however it is turned, clipped to an image."""
        reach = self.side / np.sqrt(2)
        top, left = max(0, int(self.y - reach)), max(0, int(self.x - reach))
        return top, left, min(height, int(self.y + reach)), min(width, int(self.x + reach))

    def distance(self, other: Square) -> float:
        """Return how far another square is moved or scaled, in sides of this one."""
        moved = float(np.hypot(other.x - self.x, other.y - self.y))
        return max(moved, abs(other.side - self.side)) / self.side


class LandmarkNetwork:
    """Runs the network of landmarks on squares of images.

    Parameters
    ----------
    task : bytes
        Content of a ``.task`` file.
    min_presence : float
        Smallest probability that a person is in the square.

    Raises
    ------
    RuntimeError
        If the network cannot be used.
    """

    def __init__(self, task: bytes, min_presence: float) -> None:
        options_pb2 = require("mediapipe.tasks.cc.vision.pose_landmarker.proto.pose_landmarks_detector_graph_options_pb2", "video")
        calculator_pb2 = require("mediapipe.framework.calculator_pb2", "video")
        self._rect_pb2: Any = require("mediapipe.framework.formats.rect_pb2", "video")
        self._bindings: Any = require("mediapipe.python", "video")
        node = calculator_pb2.CalculatorGraphConfig.Node(
            calculator=_GRAPH, input_stream=_INPUTS, output_stream=_OUTPUTS
        )
        options = node.options.Extensions[options_pb2.PoseLandmarksDetectorGraphOptions.ext]
        options.base_options.model_asset.file_content = zipfile.ZipFile(io.BytesIO(task)).read(LANDMARKS_NETWORK)
        options.min_detection_confidence = min_presence
        config = calculator_pb2.CalculatorGraphConfig(node=[node], input_stream=_INPUTS, output_stream=_OUTPUTS)
        runner = require("mediapipe.python._framework_bindings.task_runner", "video").TaskRunner
        self._runner: Any = runner.create(config)

    def run(self, image: Any, square: Square) -> tuple[Any, Any] | None:
        """Return the landmarks in image coordinates and in metres; None if no person is in the square.

        Parameters
        ----------
        image : mediapipe.Image
            Of equal height and width.
        square : Square
        """
        side = image.width
        rectangle = self._rect_pb2.NormalizedRect(
            x_center=square.x / side,
            y_center=square.y / side,
            width=square.side / side,
            height=square.side / side,
            rotation=square.turn,
        )
        creator, getter = self._bindings.packet_creator, self._bindings.packet_getter
        packets = {"image": creator.create_image(image), "square": creator.create_proto(rectangle)}
        found = self._runner.process(packets)
        if found["landmarks"].is_empty():
            return None
        landmarks, world = (getter.get_proto(found[name]).landmark for name in ("landmarks", "world"))
        return landmarks, world

    def close(self) -> None:
        """Release the network."""
        self._runner.close()

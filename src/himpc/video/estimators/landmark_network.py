"""The second network of MediaPipe's pose landmarker alone: joints of a person who is known to be in a square.

The landmarker runs a detector before it, which takes a third of the time and is not needed from frame to frame.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc._extras import require
from himpc.video.detection import Detection
from himpc.video.estimators.multi_person import Box, shift_detection
from himpc.video.estimators.pose_landmarker import LANDMARKS_NETWORK

_GRAPH = "mediapipe.tasks.vision.pose_landmarker.SinglePoseLandmarksDetectorGraph"
_PROTOCOL = "mediapipe.tasks.cc.vision.pose_landmarker.proto"
_INPUTS = ("IMAGE:image", "NORM_RECT:square")
_OUTPUTS = ("LANDMARKS:landmarks", "WORLD_LANDMARKS:world", "POSE_RECT_NEXT_FRAME:next_square")

_REACH = 1.25 * 1.17
"""Side of the first square of a person, in diameters of the circle around the hips that encloses the joints. MediaPipe
takes 1.25 diameters of one that encloses the body, which is 1.17 times as large (median over the shared video). It
varies with errors of the joints; later squares are those that the network expects, from which lengths of bones vary
less: by 2.6 % from frame to frame, instead of 3.5 %."""

MAX_SHIFT = 0.15
"""Largest movement or growth of the square from one frame to the next, in its sides; beyond it, people are detected."""

MIN_CROP = 36
"""Smallest side of the part of an image that holds the square, pixels."""

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

    def bounds(self, height: int, width: int) -> Box:
        """Return the upright box that holds the square however it is turned, clipped to an image."""
        reach = self.side / np.sqrt(2)
        top, left = max(0, int(self.y - reach)), max(0, int(self.x - reach))
        return top, left, min(height, int(self.y + reach)), min(width, int(self.x + reach))

    def distance(self, other: Square) -> float:
        """Return how far another square is moved or scaled, in sides of this one."""
        moved = float(np.hypot(other.x - self.x, other.y - self.y))
        return max(moved, abs(other.side - self.side)) / self.side


@dataclass(frozen=True, eq=False)
class LocatedPerson(Detection):
    """A person whose joints the network found, and the square in which it expects them in the next frame."""

    square: Square = field(kw_only=True, repr=False)


def square_of(person: Detection) -> Square:
    """Return the square in which to look for the joints of a person: the network's own, or one around the joints."""
    return person.square if isinstance(person, LocatedPerson) else Square.around(person.points)


def is_same_place(person: Detection, other: Detection) -> bool:
    """Return whether two detections may be of one person in successive frames."""
    return Square.around(person.points).distance(Square.around(other.points)) <= MAX_SHIFT


def keep_square(detection: Detection, person: Detection) -> Detection:
    """Return a detection with the square that the network expects for a person, if it is in the same place."""
    if not isinstance(person, LocatedPerson) or not is_same_place(person, detection):
        return detection
    return replace(person, points=detection.points, confidence=detection.confidence, joints=detection.joints)


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
        options_pb2 = require(f"{_PROTOCOL}.pose_landmarks_detector_graph_options_pb2", "video")
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

    def find(self, image: NDArray[np.uint8], person: Detection) -> LocatedPerson | None:
        """Find the joints in the square around those of a person, who may be that of the frame before.

        Parameters
        ----------
        image : uint8 array ``(height, width, 3)``
        person : Detection

        Returns
        -------
        LocatedPerson or None
            None if there is no person in the square, or one in a square that is moved by more than `MAX_SHIFT`.
        """
        square = square_of(person)
        if not 0 < square.side < np.inf:
            return None
        top, left, bottom, right = square.bounds(image.shape[0], image.shape[1])
        if min(bottom - top, right - left) < MIN_CROP:
            return None
        crop = to_square(image[top:bottom, left:right])
        side = crop.width
        rectangle = self._rect_pb2.NormalizedRect(
            x_center=(square.x - left) / side,
            y_center=(square.y - top) / side,
            width=square.side / side,
            height=square.side / side,
            rotation=square.turn,
        )
        creator, getter = self._bindings.packet_creator, self._bindings.packet_getter
        packets = {"image": creator.create_image(crop), "square": creator.create_proto(rectangle)}
        found = self._runner.process(packets)
        if found["landmarks"].is_empty():
            return None
        landmarks, world = (getter.get_proto(found[name]).landmark for name in ("landmarks", "world"))
        one = shift_detection(to_detection(landmarks, world, side), left, top)
        if not is_same_place(person, one):
            return None
        rectangle = getter.get_proto(found["next_square"])
        x, y = rectangle.x_center * side + left, rectangle.y_center * side + top
        expected = Square(x, y, rectangle.width * side, rectangle.rotation)
        return LocatedPerson(one.points, one.confidence, one.joints, square=expected)

    def close(self) -> None:
        """Release the network."""
        self._runner.close()


def to_square(image: NDArray[np.uint8]) -> Any:
    """Convert an image for MediaPipe, which distorts directions in shapes other than a square."""
    mediapipe = require("mediapipe", "video")
    side = max(image.shape[:2])
    square = np.zeros((side, side, 3), dtype=np.uint8)
    square[: image.shape[0], : image.shape[1]] = image
    return mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=square)


def to_detection(landmarks: Any, world: Any, side: int) -> Detection:
    """Convert landmarks; a joint's confidence is the probability that it is present and not occluded."""
    values = np.array([[mark.x * side, mark.y * side, mark.visibility, mark.presence] for mark in landmarks])
    metres = np.array([[mark.x, -mark.y, -mark.z] for mark in world], dtype=np.float32)
    confidence = np.clip(values[:, 2] * values[:, 3], 0, 1).astype(np.float32)
    return Detection(values[:, :2].astype(np.float32), confidence, metres)

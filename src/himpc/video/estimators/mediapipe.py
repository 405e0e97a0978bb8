"""MediaPipe Pose (BlazePose): 33 joints in 3D of every person in a frame.

Bazarevsky et al., "BlazePose: On-device real-time body pose tracking", 2020 (arXiv 2006.10204). The wheel of 0.10.21
includes the full model (Apache-2.0); later wheels include none and need a ``.task`` file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc._extras import require
from himpc.errors import ConfigError, ModelError
from himpc.skeleton import get_layout
from himpc.video.detection import Detection, PoseEstimator
from himpc.video.estimators.landmark_network import LandmarkNetwork, Square
from himpc.video.estimators.multi_person import (
    Box,
    body_size,
    check_image,
    check_people,
    deduplicate,
    is_part,
    shift_detection,
    tile_boxes,
)
from himpc.video.estimators.pose_landmarker import read_weights
from himpc.video.estimators.search_regions import SearchRegions
from himpc.video.silence_stderr import silence_stderr

MIN_HEIGHT = 72.0
"""Smallest height or width of a body, pixels. The model scales a body to 256 pixels; below a third of that it sees
little. In the shared video, false detections in an empty room are 22 to 62 pixels high."""

MIN_TORSO = 0.25
"""Smallest distance from the centre of the shoulders to the centre of the hips, metres: about that of a standing child
of two years. False detections are often shorter."""

MIN_INSIDE = 0.5
"""Smallest share of the joints of trunk and legs inside the frame. Hips that are guessed below its edge do not give a
usable skeleton."""

SEEK_SECONDS = 0.3
"""Interval at which the whole frame is searched for new people; a walker moves half a metre in that time."""

STILL_SECONDS = 1.5
"""Interval at which parts of the frame are searched while nothing changes except where known people are."""

FOLLOW_SECONDS = 0.15
"""Longest time between two frames in which a person stays in the square around the joints of the first."""

MAX_SHIFT = 0.15
"""Largest movement or growth of that square from frame to frame, in its sides; beyond it, the person is detected."""

CROP_SIZES = (1.5, 2.5)
"""Sides of the crop around a person, in sides of the box in the previous frame: the second where the first shows no
person."""

MIN_SAME_SIZE = 0.75
"""Size of a detection near a person of the previous frame, in sizes of that person; a smaller one shows a part."""

MAX_TILE_ROWS = 8

_WARM_UP_IMAGE = Path(__file__).with_name("drawn_person.png")
"""A drawn person, made by ``perf/mannequins.py``."""

_CONFIDENCE = 0.5
_SHOULDERS, _HIPS, _TRUNK_AND_LEGS = [11, 12], [23, 24], [11, 12, 23, 24, 25, 26, 27, 28]


class MediaPipe(PoseEstimator):
    """Pose estimator based on MediaPipe's pose landmarker.

    A person who is alone in a part of the frame is followed: joints are sought in the square around the last ones.
    Every `SEEK_SECONDS`, and where others are near, people are detected in crops around their last position, and the
    whole frame is searched for others, then where something moves, and in tiles. MediaPipe's own tracking and
    smoothing are off: himpc does both and reports them.

    Parameters
    ----------
    weights : sequence of paths
        None for the model of the package, one ``.task`` file, or the ``.tflite`` files of its networks.
    people : int
        The most people in a frame, or in a tile of it; 1 to 100.
    tiles : int, optional
        Number of rows of overlapping square tiles that are searched in addition to the whole frame, 0 to 8.
        ``tiles=2`` detects people of half the height. More tiles take longer. By default there is one row, small
        tiles take turns while there is no person at all, and what moves is searched (see `SearchRegions`).
    """

    name = "mediapipe"
    dimensions = 3
    _known: list[tuple[Detection, float]]
    _shape: tuple[int, ...]
    _last_frame: float
    _last_look: float
    _last_second_look: float

    def __init__(self, weights: Sequence[str | Path] = (), *, people: int = 10, tiles: int | None = None) -> None:
        super().__init__()
        check_people(people)
        if tiles is not None and not 0 <= tiles <= MAX_TILE_ROWS:
            raise ConfigError(f"tiles is {tiles}, expected 0 (the whole frame only) to {MAX_TILE_ROWS} rows")
        self.layout = get_layout("mediapipe-33")
        self._max_people, self._tile_rows = people, tiles
        self._regions = SearchRegions(round(1.5 * MIN_HEIGHT))
        self._landmarker: Any = None
        self._network: LandmarkNetwork | None = None
        self.reset()
        with silence_stderr():
            self._load([Path(each) for each in weights])

    def detect(self, image: NDArray[np.uint8], seconds: float) -> list[Detection]:
        """Detect the people in a frame (see `PoseEstimator.detect`).

        Raises
        ------
        DataError
            If the image is not uint8 RGB.
        """
        check_image(image)
        if image.shape != self._shape or seconds < self._last_frame:
            self.reset()
        is_due = seconds >= self._last_look + SEEK_SECONDS
        people: list[Detection] = []
        lost = []
        for person, seen in self._known:
            may_follow = not is_due and seen == self._last_frame and seconds - seen <= FOLLOW_SECONDS
            found = self._follow(image, person) if may_follow and self._is_apart(person) else []
            found = found or self._detect_near(image, person.box)
            people += found
            if not found and seconds - seen <= SEEK_SECONDS:
                lost.append((person, seen))
        people = deduplicate(people, self._max_people)
        people = self._search_if_due(image, people, seconds, is_due=is_due)
        lost = [(each, seen) for each, seen in lost if not any(is_part(each.box, person.box) for person in people)]
        self._known = [*((person, seconds) for person in people), *lost]
        self._shape, self._last_frame = image.shape, seconds
        return people

    def reset(self) -> None:
        """Discard the positions of people in earlier frames."""
        self._known, self._shape = [], ()
        self._last_frame = self._last_look = self._last_second_look = -np.inf
        self.refused_boxes.clear()
        self._regions.reset()

    def close(self) -> None:
        """Release the model."""
        if self._landmarker is not None:
            self._landmarker.close()
            self._landmarker = None
        if self._network is not None:
            self._network.close()
            self._network = None

    def _load(self, weights: Sequence[Path]) -> None:
        mediapipe = require("mediapipe", "video")
        task = read_weights(weights)
        options = mediapipe.tasks.vision.PoseLandmarkerOptions(
            base_options=mediapipe.tasks.BaseOptions(model_asset_buffer=task),
            running_mode=mediapipe.tasks.vision.RunningMode.IMAGE,
            num_poses=self._max_people,
            min_pose_detection_confidence=_CONFIDENCE,
            min_pose_presence_confidence=_CONFIDENCE,
        )
        self._image_type: Any = mediapipe.Image
        self._image_format: Any = mediapipe.ImageFormat.SRGB
        try:
            self._landmarker = mediapipe.tasks.vision.PoseLandmarker.create_from_options(options)
            self._network = LandmarkNetwork(task, _CONFIDENCE)
            # Both networks run once while stderr is silenced: MediaPipe logs when it detects the first person, and
            # tells only then that the networks do not fit each other.
            drawn = require("cv2", "video").imread(str(_WARM_UP_IMAGE))[:, :, ::-1]
            for person in self._run(drawn):
                self._network.run(self._to_square(drawn), Square.around(person.points))
        except (RuntimeError, ValueError) as error:
            model = ", ".join(map(str, weights)) or "the model of mediapipe"
            raise ModelError(f"{model}: cannot be used as a pose landmarker: {str(error).splitlines()[0]}") from error

    def _is_apart(self, person: Detection) -> bool:
        """Return whether no other person is known near a person of the previous frame."""
        margin = np.float32([-1, -1, 1, 1]) * (CROP_SIZES[0] - 1) / 2 * (person.box[2:] - person.box[:2]).max()
        left, top, right, bottom = person.box + margin
        others = (each.box for each, _ in self._known if each is not person)
        return not any(x2 > left and x1 < right and y2 > top and y1 < bottom for x1, y1, x2, y2 in others)

    def _follow(self, image: NDArray[np.uint8], person: Detection) -> list[Detection]:
        """Seek the joints of a person in the square around those of the previous frame; empty if they are not there."""
        square = Square.around(person.points)
        if self._network is None or not 0 < square.side < np.inf:
            return []
        top, left, bottom, right = crop = square.bounds(image.shape[0], image.shape[1])
        if min(bottom - top, right - left) < MIN_HEIGHT / 2:
            return []
        part = self._to_square(image[top:bottom, left:right])
        found = self._network.run(part, square.shifted(-left, -top))
        if found is None:
            return []
        detection = shift_detection(_to_detection(*found, part.width), left, top)
        is_steady = square.distance(Square.around(detection.points)) <= MAX_SHIFT
        return [detection] if is_steady and self._reason_refused(detection, crop) is None else []

    def _detect_near(self, image: NDArray[np.uint8], box: NDArray[np.float32]) -> list[Detection]:
        """Detect a person of an earlier frame in a crop around the box."""
        smallest = MIN_SAME_SIZE * float((box[2:] - box[:2]).max())
        for size in CROP_SIZES:
            top, left, bottom, right = _square_around(box, size, image.shape[0], image.shape[1])
            if min(bottom - top, right - left) < MIN_HEIGHT / 2:
                continue
            found = self._detect_in_crop(image[top:bottom, left:right], left, top)
            if found := [each for each in found if body_size(each.points) >= smallest]:
                # Others have a box of their own, or are parts of this body.
                return [min(found, key=lambda each: float(np.abs(each.box - box).sum()))]
        return []

    def _search_if_due(
        self, image: NDArray[np.uint8], people: list[Detection], seconds: float, *, is_due: bool
    ) -> list[Detection]:
        """Search for more people at intervals; parts of the frame less often while only known people move."""
        if not is_due and (people or self._regions.is_unchanged(image)):
            return people
        boxes = [person.box for person in people]
        has_rest = bool(people) and seconds < self._last_second_look + STILL_SECONDS
        second_look = is_due and not (has_rest and self._regions.is_still(image, boxes))
        people = self._search(image, people, second_look=second_look)
        if is_due:
            self._last_look = seconds
        if second_look:
            self._last_second_look = seconds
            self._regions.note_searched(image, [person.box for person in people])
        if not people:
            self._regions.note_fruitless(image)
        return people

    def _search(self, image: NDArray[np.uint8], people: list[Detection], *, second_look: bool) -> list[Detection]:
        """Search the whole frame for more people, and in a second look its parts."""
        height, width = image.shape[:2]
        people = self._search_regions(image, people, [(0, 0, height, width)])
        if self._tile_rows is not None:
            return self._search_regions(image, people, tile_boxes(height, width, self._tile_rows))
        if second_look:
            boxes = [person.box for person in people]
            people = self._search_regions(image, people, self._regions.coarse(image, boxes))
            if not people:
                people = self._search_regions(image, people, self._regions.fine(image))
        return people

    def _search_regions(self, image: NDArray[np.uint8], people: list[Detection], regions: list[Box]) -> list[Detection]:
        """Search parts of a frame for more people.

        MediaPipe's detector finds the person who fills most of the image and rarely another. Known people are
        therefore painted over until no other is found.
        """
        for top, left, bottom, right in regions:
            while len(people) < self._max_people:
                painted = _paint_over(image, [person.box for person in people])[top:bottom, left:right]
                found = [each for each in self._detect_in_crop(painted, left, top) if not self._is_piece(each)]
                if (bottom - top, right - left) != image.shape[:2]:  # a part of a person is often taken for another
                    known = [*(person.box for person in people), *(each.box for each, _ in self._known)]
                    found = [each for each in found if not any(is_part(each.box, box) for box in known)]
                more = deduplicate([*people, *found], self._max_people)
                if len(more) <= len(people):
                    break
                people = more
        return people

    def _is_piece(self, detection: Detection) -> bool:
        """Return whether a detection is only a piece of a person of an earlier frame."""
        size = body_size(detection.points)
        return any(
            is_part(detection.box, each.box) and size < MIN_SAME_SIZE * float((each.box[2:] - each.box[:2]).max())
            for each, _ in self._known
        )

    def _detect_in_crop(self, crop: NDArray[np.uint8], left: int, top: int) -> list[Detection]:
        """Detect people in a crop, in the pixel coordinates of the whole frame."""
        detections = [shift_detection(detection, left, top) for detection in self._run(crop)]
        box = (top, left, top + crop.shape[0], left + crop.shape[1])
        people = []
        for detection in detections:
            if (reason := self._reason_refused(detection, box)) is None:
                people.append(detection)
            else:
                self.refused[reason] += 1
                self.refused_boxes.append(detection.box)
        return people

    def _run(self, image: NDArray[np.uint8]) -> list[Detection]:
        square = self._to_square(image)
        result = self._landmarker.detect(square)
        return [
            _to_detection(landmarks, world, square.width)
            for landmarks, world in zip(result.pose_landmarks, result.pose_world_landmarks, strict=True)
        ]

    def _to_square(self, image: NDArray[np.uint8]) -> Any:
        """Convert an image for MediaPipe, which distorts directions in shapes other than a square."""
        side = max(image.shape[:2])
        square = np.zeros((side, side, 3), dtype=np.uint8)
        square[: image.shape[0], : image.shape[1]] = image
        return self._image_type(image_format=self._image_format, data=square)

    def _reason_refused(self, detection: Detection, crop: Box) -> str | None:
        """Return why a detection in a crop shows too little of a person; None if it shows enough."""
        top, left, bottom, right = crop
        inside = np.asarray(((detection.points >= (left, top)) & (detection.points < (right, bottom))).all(axis=1))
        joints = np.asarray(detection.joints)
        torso = np.linalg.norm(joints[_SHOULDERS].mean(axis=0) - joints[_HIPS].mean(axis=0))
        if body_size(detection.points) < MIN_HEIGHT:
            return "too small"
        if torso < MIN_TORSO:
            return "no trunk"
        if float(inside[_TRUNK_AND_LEGS].mean()) < MIN_INSIDE:
            return "mostly outside the picture"
        return None


def _square_around(box: NDArray[np.float32], size: float, height: int, width: int) -> Box:
    """Return a square around a box (left, top, right, bottom), `size` times as large and clipped to the frame."""
    centre, half = (box[:2] + box[2:]) / 2, size / 2 * float((box[2:] - box[:2]).max())
    (left, top), (right, bottom) = centre - half, centre + half
    return max(0, int(top)), max(0, int(left)), min(height, int(bottom)), min(width, int(right))


def _paint_over(image: NDArray[np.uint8], boxes: list[NDArray[np.float32]]) -> NDArray[np.uint8]:
    """Return a copy of the image whose boxes are filled with the colours at their left and right edges."""
    if not boxes:
        return image
    painted = image.copy()
    for box in boxes:
        margin = 0.08 * (box[2:] - box[:2]).max()
        left, top = np.maximum(box[:2] - margin, 0).astype(int)
        right, bottom = (box[2:] + margin).astype(int)
        edges = image[top:bottom, [max(left - 1, 0), min(right, image.shape[1] - 1)]]
        if edges.size:
            painted[top:bottom, left:right] = edges.mean(axis=1, keepdims=True).astype(np.uint8)
    return painted


def _to_detection(landmarks: Any, world: Any, side: int) -> Detection:
    """Convert landmarks; a joint's confidence is the probability that it is present and not occluded."""
    values = np.array([[mark.x * side, mark.y * side, mark.visibility, mark.presence] for mark in landmarks])
    metres = np.array([[mark.x, -mark.y, -mark.z] for mark in world], dtype=np.float32)
    confidence = np.clip(values[:, 2] * values[:, 3], 0, 1).astype(np.float32)
    return Detection(values[:, :2].astype(np.float32), confidence, metres)

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
from himpc.video.estimators.landmark_network import (
    LandmarkNetwork,
    LocatedPerson,
    keep_square,
    square_of,
    to_detection,
    to_square,
)
from himpc.video.estimators.multi_person import (
    Box,
    body_size,
    check_image,
    check_people,
    deduplicate,
    is_apart,
    is_nearest,
    is_overlapping,
    is_part,
    paint_over,
    shift_detection,
    square_around,
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

CROP_SIZES = (1.5, 2.5)
"""Sides of the crop around a person, in sides of the box in the previous frame: the second where the first shows no
person."""

MIN_SAME_SIZE = 0.75
"""Size of a detection near a person of the previous frame, in sizes of that person; a smaller one shows a part."""

MIN_DISTANCE_RATIO = 2.0
"""Distance of the joints in the square of a person from other people of the previous frame, in distances from the
person; below it they may be of another."""

MAX_TILE_ROWS = 8

_WARM_UP_IMAGE = Path(__file__).with_name("drawn_person.png")
"""A drawn person, made by ``perf/mannequins.py``."""

_CONFIDENCE = 0.5
_SHOULDERS, _HIPS, _TRUNK_AND_LEGS = [11, 12], [23, 24], [11, 12, 23, 24, 25, 26, 27, 28]


class MediaPipe(PoseEstimator):
    """Pose estimator based on MediaPipe's pose landmarker.

    People are followed: joints are found in the square that the network expects. Every `SEEK_SECONDS`, and where these
    may be of another person, people are detected in crops around their last position, and the whole frame is searched
    for others, then where something moves, and in tiles. MediaPipe's own tracking and
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
        followed: list[Detection] = []
        detected: list[Detection] = []
        lost = []
        for person, seen in self._known:
            others = [each for each, _ in self._known if each is not person]
            # The detector finds the person who fills most of a crop, so a person near others is followed even then.
            may_follow = seen == self._last_frame and seconds - seen <= FOLLOW_SECONDS
            may_follow = may_follow and not (is_due and is_apart(person, others, CROP_SIZES[0]))
            if may_follow and (same := self._find_joints(image, person, others)) is not None:
                followed.append(same)
            elif found := self._detect_near(image, person, others):
                detected += found
            elif seconds - seen <= SEEK_SECONDS:
                lost.append((person, seen))
        people = deduplicate([*followed, *detected], self._max_people)
        people = self._search_if_due(image, people, seconds, is_due=is_due)
        located = [each if each in followed else self._find_joints(image, each) or each for each in people]
        people = deduplicate(located, self._max_people)
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
        try:
            self._landmarker = mediapipe.tasks.vision.PoseLandmarker.create_from_options(options)
            self._network = LandmarkNetwork(task, _CONFIDENCE)
            # Both networks run once while stderr is silenced: MediaPipe logs when it detects the first person, and
            # tells only then that the networks do not fit each other.
            drawn = require("cv2", "video").imread(str(_WARM_UP_IMAGE))[:, :, ::-1]
            for person in self._run(drawn):
                self._network.find(drawn, person)
        except (RuntimeError, ValueError) as error:
            model = ", ".join(map(str, weights)) or "the model of mediapipe"
            raise ModelError(f"{model}: cannot be used as a pose landmarker: {str(error).splitlines()[0]}") from error

    def _find_joints(
        self, image: NDArray[np.uint8], person: Detection, others: Sequence[Detection] = ()
    ) -> Detection | None:
        """Find the joints in the square of a person; None if there is no person, or one who is elsewhere or of others.

        Lengths of bones depend on the square. Joints of all people therefore come from squares of the network, also
        those of a person who was just detected.
        """
        if self._network is None or (found := self._network.find(image, person)) is None:
            return None
        if not isinstance(person, LocatedPerson):
            found = self._network.find(image, found) or found
        if not is_nearest(found, person, others, MIN_DISTANCE_RATIO):
            return None
        crop = square_of(person).bounds(image.shape[0], image.shape[1])
        return found if self._reason_refused(found, crop) is None else None

    def _detect_near(self, image: NDArray[np.uint8], person: Detection, others: Sequence[Detection]) -> list[Detection]:
        """Detect a person of an earlier frame in a crop around the box; the square stays that of the network.

        Where only one of several people is found in the crop, the others are painted over.
        """
        box = person.box
        smallest = MIN_SAME_SIZE * float((box[2:] - box[:2]).max())
        for size in CROP_SIZES:
            top, left, bottom, right = square_around(box, size, image.shape[0], image.shape[1])
            if min(bottom - top, right - left) < MIN_HEIGHT / 2:
                continue
            crop_box = np.array([left, top, right, bottom])
            inside = [each.box for each in others if is_overlapping(each.box, crop_box)]
            for hidden in ([], inside) if inside else ([],):
                crop = paint_over(image, hidden)[top:bottom, left:right]
                found = [each for each in self._detect_in_crop(crop, left, top) if body_size(each.points) >= smallest]
                found = [each for each in found if is_nearest(each, person, others)]
                if found:
                    # Others have a box of their own, or are parts of this body.
                    nearest = min(found, key=lambda each: float(np.abs(each.box - box).sum()))
                    return [keep_square(nearest, person)]
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
                painted = paint_over(image, [person.box for person in people])[top:bottom, left:right]
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
        square = to_square(image)
        result = self._landmarker.detect(square)
        return [
            to_detection(landmarks, world, square.width)
            for landmarks, world in zip(result.pose_landmarks, result.pose_world_landmarks, strict=True)
        ]

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

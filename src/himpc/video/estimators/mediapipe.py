"""MediaPipe Pose (BlazePose): 33 joints in 3D of everybody in a picture.

Bazarevsky et al., "BlazePose: On-device real-time body pose tracking", 2020 (arXiv 2006.10204). The wheel of 0.10.21
carries the full model (Apache-2.0); later ones carry none, and take a ``.task`` file.
"""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError, ModelError
from himpc.simulation import Lens, simulate_crowd
from himpc.skeleton import get_layout
from himpc.video.detection import Detection
from himpc.video.estimators.bundled_model import bundled_model
from himpc.video.estimators.multi_person import body_size, check_picture, deduplicate, shifted, tile_boxes
from himpc.video.mannequin import film_crowd
from himpc.video.parts import need
from himpc.video.silence_stderr import silence_stderr

__all__ = ["MIN_HEIGHT", "MIN_SHARE", "MIN_TORSO", "MediaPipe"]

MIN_HEIGHT = 72.0
"""Pixels from the highest to the lowest joint, or across: the model looks at a body in 256 pixels, and below a third of
that it sees little. In the shared video what it takes for people in an empty room is 22 to 62 pixels high."""

MIN_TORSO = 0.25
"""Metres between the middles of the shoulders and hips: a standing child of two years has about 0.25, and what is no
body is often shorter."""

MIN_SHARE = 0.5
"""Of the joints of trunk and legs, the share that must be in the picture: hips that are guessed below its edge are no
measure of anybody."""

SEEK_SECONDS = 0.3
"""How often the whole picture is looked through for people who are not known yet; a walker comes in by half a metre in
that time."""

_TASK = "https://storage.googleapis.com/mediapipe-models/pose_landmarker/pose_landmarker_full/float16/latest/pose_landmarker_full.task"
_MEMBERS = ("pose_detector.tflite", "pose_landmarks_detector.tflite")
_MAX_TASK = 256 * 2**20
_CONFIDENCE = 0.5


class MediaPipe:
    """Finds people by MediaPipe's pose landmarker.

    Whoever was in the picture before is looked at in a crop around where that was; new people are looked for now and
    then in the whole. Beyond that nothing is carried from picture to picture: following and smoothing are left to our
    own tracker and filter, which say what they do.

    Parameters
    ----------
    weights : sequence of Path
        None for the model that the package carries, or one ``.task`` file.
    people, tiles : int
        See `open_estimator`.

    Attributes
    ----------
    refused : Counter
        What was found and not taken for a person, by reason.
    """

    name = "mediapipe"
    dimensions = 3

    def __init__(self, weights: Sequence[Path] = (), *, people: int = 10, tiles: int = 0) -> None:
        self.layout = get_layout("mediapipe-33")
        self.refused: Counter[str] = Counter()
        self._people, self._tiles = people, tiles
        self._known: list[NDArray[np.float32]] = []
        self._shape: tuple[int, ...] = ()
        self._sought = -np.inf
        if len(weights) > 1:
            raise ConfigError(f"mediapipe takes one .task file as weights, found {len(weights)}")
        with silence_stderr():
            self._start(weights)

    def _start(self, weights: Sequence[Path]) -> None:
        mediapipe = need("mediapipe")
        model = _read_task(weights[0]) if weights else _own_model()
        options = mediapipe.tasks.vision.PoseLandmarkerOptions(
            base_options=mediapipe.tasks.BaseOptions(model_asset_buffer=model),
            running_mode=mediapipe.tasks.vision.RunningMode.IMAGE,
            num_poses=self._people,
            min_pose_detection_confidence=_CONFIDENCE,
            min_pose_presence_confidence=_CONFIDENCE,
        )
        self._image: Any = mediapipe.Image
        self._format: Any = mediapipe.ImageFormat.SRGB
        try:
            self._landmarker: Any = mediapipe.tasks.vision.PoseLandmarker.create_from_options(options)
            self._look(_somebody())  # what it has to say, it says when it first finds somebody
        except (RuntimeError, ValueError) as error:
            where = weights[0] if weights else "the model of mediapipe"
            raise ModelError(f"{where}: cannot be used as a pose landmarker: {str(error).splitlines()[0]}") from error

    def detect(self, image: NDArray[np.uint8], seconds: float) -> list[Detection]:
        """Return the people in a picture ``(height, width, 3)``; see `Estimator`.

        Raises
        ------
        DataError
            If it is no picture.
        """
        check_picture(image)
        if image.shape != self._shape or seconds < self._sought:
            self.forget()
        found = [each for box in self._known for each in self._nearby(image, box)]
        found = deduplicate(found, self._people)
        if not found or seconds >= self._sought + SEEK_SECONDS:
            found = self._seek(image, found)
            self._sought = seconds
        self._known, self._shape = [each.box for each in found], image.shape
        return found

    def forget(self) -> None:
        """Know nobody: the next picture is another shot."""
        self._known, self._shape, self._sought = [], (), -np.inf

    def _nearby(self, image: NDArray[np.uint8], box: NDArray[np.float32]) -> list[Detection]:
        """Return who is where somebody was in the picture before, looked at in a crop."""
        top, left, bottom, right = _square(box, image.shape[0], image.shape[1])
        if min(bottom - top, right - left) < MIN_HEIGHT / 2:
            return []
        return self._people_in(image[top:bottom, left:right], image, left, top)

    def _seek(self, image: NDArray[np.uint8], found: list[Detection]) -> list[Detection]:
        """Look for more people in the whole picture and its tiles.

        MediaPipe's detector finds the one who fills most of a picture and seldom another, so whoever is known is
        painted over, until nobody new is found.
        """
        height, width = image.shape[:2]
        for place in [(0, 0, height, width), *tile_boxes(height, width, self._tiles)]:
            top, left, bottom, right = place
            while len(found) < self._people:
                painted = _painted(image, [each.box for each in found])[top:bottom, left:right]
                more = deduplicate([*found, *self._people_in(painted, image, left, top)], self._people)
                if len(more) <= len(found):
                    break
                found = more
        return found

    def _people_in(self, part: NDArray[np.uint8], image: NDArray[np.uint8], left: int, top: int) -> list[Detection]:
        """Return the people in a part of a picture, in the pixels of the whole."""
        seen = [shifted(each, left, top) for each in self._look(part)]
        return [each for each in seen if self._is_person(each, image.shape[1], image.shape[0])]

    def close(self) -> None:
        """Give the model back."""
        if self._landmarker is not None:
            self._landmarker.close()
            self._landmarker = None

    def _look(self, image: NDArray[np.uint8]) -> list[Detection]:
        side = max(image.shape[:2])
        square = np.zeros((side, side, 3), dtype=np.uint8)  # in others MediaPipe mistakes directions
        square[: image.shape[0], : image.shape[1]] = image
        result = self._landmarker.detect(self._image(image_format=self._format, data=square))
        return [
            _detection(flat, world, side)
            for flat, world in zip(result.pose_landmarks, result.pose_world_landmarks, strict=True)
        ]

    def _is_person(self, found: Detection, width: int, height: int) -> bool:
        inside = np.asarray(((found.points >= 0) & (found.points < (width, height))).all(axis=1))
        joints = np.asarray(found.joints)
        torso = np.linalg.norm(joints[_SHOULDERS].mean(axis=0) - joints[_HIPS].mean(axis=0))
        small = body_size(found.points) < MIN_HEIGHT
        reason = (
            "too small" if small else "no trunk" if torso < MIN_TORSO else
            "mostly outside the picture" if float(inside[_MAIN].mean()) < MIN_SHARE else None
        )  # fmt: skip
        if reason:
            self.refused[reason] += 1
        return reason is None


_SHOULDERS, _HIPS, _MAIN = [11, 12], [23, 24], [11, 12, 23, 24, 25, 26, 27, 28]


def _square(box: NDArray[np.float32], height: int, width: int) -> tuple[int, int, int, int]:
    """Return a square around a box (left, top, right, bottom), half as large again, as far as the picture goes."""
    middle, half = (box[:2] + box[2:]) / 2, 0.75 * float((box[2:] - box[:2]).max())
    (left, top), (right, bottom) = middle - half, middle + half
    return max(0, int(top)), max(0, int(left)), min(height, int(bottom)), min(width, int(right))


def _painted(image: NDArray[np.uint8], boxes: list[NDArray[np.float32]]) -> NDArray[np.uint8]:
    """Return a picture in which boxes are filled with what stands beside them."""
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


def _detection(flat: Any, world: Any, side: int) -> Detection:
    """Return landmarks as a detection; the confidence is that a joint is there and not hidden."""
    seen = np.array([[mark.x * side, mark.y * side, mark.visibility, mark.presence] for mark in flat])
    metres = np.array([[mark.x, -mark.y, -mark.z] for mark in world], dtype=np.float32)
    confidence = np.clip(seen[:, 2] * seen[:, 3], 0, 1).astype(np.float32)
    return Detection(seen[:, :2].astype(np.float32), confidence, metres)


def _read_task(path: Path) -> bytes:
    """Return a ``.task`` file, having looked that it is one."""
    try:
        if not path.is_file() and path.exists():
            raise ModelError(f"{path}: is a folder, a device or a pipe, expected a .task file of MediaPipe")
        if path.stat().st_size > _MAX_TASK:
            raise ModelError(f"{path}: is larger than {_MAX_TASK >> 20} MiB, expected a .task file of MediaPipe")
        with zipfile.ZipFile(path) as archive:
            missing = [name for name in _MEMBERS if name not in archive.namelist()]
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: there is no such file. {_advice()}") from error
    except (OSError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path}: is no .task file of MediaPipe: {error}") from error
    if missing:
        raise ModelError(f"{path}: lacks {missing[0]!r}: is no pose landmarker. {_advice()}")
    return content


def _somebody() -> NDArray[np.uint8]:
    """Return a picture that shows a mannequin."""
    return next(film_crowd(simulate_crowd(1, 0.04, lens=Lens(256, 256, 50.0), scene="crowd")))


@cache
def _own_model() -> bytes:
    model = None
    with suppress(ImportError):
        model = bundled_model()
    if model is None:
        raise ConfigError(f"this mediapipe carries no model. {_advice()}, or pip install mediapipe==0.10.21")
    return model


def _advice() -> str:
    return f"Get {_TASK} (Apache-2.0, Google) and give it as --weights pose_landmarker_full.task"

"""COCO keypoint JSON: 17 joints of people in images (2D), from a pose estimator or an annotator.

Lin et al., ECCV 2014, and the "Results Format" and "Data Format" of the COCO keypoint task: a list of
``{image_id, keypoints, score}``, with ``track_id`` where a tracker ran, or an object with that list under
``annotations`` and the frames under ``images``. ``keypoints`` is x, y in pixels and a score or visibility a joint.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.parsing.frames import frame_places, natural_key
from himpc.reading.formats.parsing.keypoints import (
    Detection,
    build_tracks,
    flat_pose,
    is_json,
    load_json,
    parse_id,
    parse_numbers,
)
from himpc.reading.formats.parsing.world import numbered_origins
from himpc.recordings import Quality, Recording
from himpc.skeleton import get_layout

__all__ = ["read", "recognise"]

_MARKS = (b'"keypoints"', b'"annotations"', b'"images"', b'"image_id"')
_JOINTS = 17


def recognise(path: Path, head: bytes) -> bool:
    """Recognise the keys of COCO JSON."""
    return is_json(head) and b'"people"' not in head and any(mark in head for mark in _MARKS)


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each tracked person of a COCO file, or the only one."""
    content = load_json(path)
    annotated = isinstance(content, dict)
    people = _check_objects(
        content.get("annotations") if annotated else content, f"{path}: expected a list of keypoints"
    )
    images = _check_objects(content.get("images", []) if annotated else [], f"{path}: expected a list of images")
    people = [person for person in people if person.get("keypoints")]
    where = [f"{path}, keypoints {i}" for i in range(1, len(people) + 1)]
    image_of = [parse_id(person.get("image_id"), where[i], "image_id") for i, person in enumerate(people)]
    listed = [parse_id(image.get("id"), f"{path}, image {i}", "id") for i, image in enumerate(images, start=1)]
    frame_of, n_frames = _frame_of_images(path, image_of, listed)
    detections = [
        _detection(person, frame_of[image], place, 2.0 if annotated else 1.0)
        for person, image, place in zip(people, image_of, where, strict=True)
    ]
    tracks = build_tracks(path, detections, n_frames)
    recordings = []
    for origin, track in zip(numbered_origins(path, len(tracks)), tracks, strict=True):
        joints, confidence = flat_pose(track.values)
        recording = Recording(
            joints,
            get_layout("coco-17"),
            fps=options.fps,
            origin=origin,
            confidence=confidence,
            dimensions=2,
            quality=Quality(frames_read=len(joints)),
        )
        recordings.append(recording)
    return recordings


def _check_objects(values: Any, message: str) -> list[dict[str, Any]]:
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise FormatError(f"{message}, each an object")
    return values


def _detection(person: dict[str, Any], frame: int, where: str, max_confidence: float) -> Detection:
    """Parse one entry; the third number of a joint is a score up to 1, or a visibility up to 2."""
    numbers = parse_numbers(person["keypoints"], where, "keypoints")
    if numbers.size != 3 * _JOINTS:
        raise FormatError(f"{where}: has {numbers.size} numbers, expected x, y and a score for {_JOINTS} joints")
    values = numbers.reshape(_JOINTS, 3) / (1, 1, max_confidence)
    track = person.get("track_id")
    return Detection(frame, None if track is None else parse_id(track, where, "track_id"), values, where)


def _frame_of_images(path: Path, images: list[str], listed: list[str]) -> tuple[dict[str, int], int]:
    """Return the frame of each image, in order of ids, and the number of frames.

    If the file does not list its images and all ids are numbers, missing numbers are frames without a person.
    """
    distinct = list(dict.fromkeys([*listed, *images]))
    if distinct and not listed and all(image.isascii() and image.isdecimal() and len(image) < 16 for image in distinct):
        places, length = frame_places(path, np.array(distinct).astype(np.float64), [1] * len(distinct))
        return dict(zip(distinct, places.tolist(), strict=True)), length
    ordered = sorted(distinct, key=natural_key)
    return {image: i for i, image in enumerate(ordered)}, len(ordered)

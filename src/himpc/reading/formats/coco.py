"""COCO keypoint JSON: 17 joints of people in images (2D), as a pose estimator or an annotator writes them.

Lin et al., ECCV 2014, and the "Results Format" and "Data Format" of the COCO keypoint task: a list of
``{image_id, keypoints, score}``, with ``track_id`` where a tracker ran, or an object with that list under
``annotations`` and the frames under ``images``. ``keypoints`` is x, y in pixels and a score or visibility a joint.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from himpc.errors import FormatError
from himpc.reading.formats.base import FileOptions
from himpc.reading.formats.frame_folder import natural_key
from himpc.reading.formats.frame_numbers import frame_places
from himpc.reading.formats.json_file import label, load_json, looks_like_json, number_array
from himpc.reading.formats.sightings import Sighting, flat_pose, tracks
from himpc.recordings.recording import Origin, Quality, Recording
from himpc.skeleton import get_layout

__all__ = ["read", "recognise"]

_MARKS = (b'"keypoints"', b'"annotations"', b'"images"', b'"image_id"')
_JOINTS = 17


def recognise(path: Path, head: bytes) -> bool:
    return looks_like_json(head) and b'"people"' not in head and any(mark in head for mark in _MARKS)


def read(path: Path, options: FileOptions) -> list[Recording]:
    content = load_json(path)
    annotated = isinstance(content, dict)
    people = _objects(content.get("annotations") if annotated else content, f"{path}: expected a list of keypoints")
    images = _objects(content.get("images", []) if annotated else [], f"{path}: expected a list of images")
    people = [person for person in people if person.get("keypoints")]
    where = [f"{path}, keypoints {i}" for i in range(1, len(people) + 1)]
    image_of = [label(person.get("image_id"), where[i], "image_id") for i, person in enumerate(people)]
    shown = [label(image.get("id"), f"{path}, image {i}", "id") for i, image in enumerate(images, start=1)]
    frame_of, n_frames = _frames(path, image_of, shown)
    sightings = [
        _sighting(person, frame_of[image], place, 2.0 if annotated else 1.0)
        for person, image, place in zip(people, image_of, where, strict=True)
    ]
    found = tracks(path, sightings, n_frames)
    made = []
    for i, track in enumerate(found, start=1):
        joints, confidence = flat_pose(track.values)
        recording = Recording(
            joints,
            get_layout("coco-17"),
            fps=options.fps,
            origin=Origin(path, i if len(found) > 1 else None),
            confidence=confidence,
            dimensions=2,
            quality=Quality(frames_read=len(joints)),
        )
        made.append(recording)
    return made


def _objects(values: Any, otherwise: str) -> list[dict[str, Any]]:
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise FormatError(f"{otherwise}, each an object")
    return values


def _sighting(person: dict[str, Any], frame: int, where: str, most_sure: float) -> Sighting:
    """Return one entry; `most_sure` is what the third number of a certain joint is: a score of 1, or visibility 2."""
    numbers = number_array(person["keypoints"], where, "keypoints")
    if numbers.size != 3 * _JOINTS:
        raise FormatError(f"{where}: has {numbers.size} numbers, expected x, y and a score for {_JOINTS} joints")
    values = numbers.reshape(_JOINTS, 3) / (1, 1, most_sure)
    track = person.get("track_id")
    return Sighting(frame, None if track is None else label(track, where, "track_id"), values, where)


def _frames(path: Path, images: list[str], shown: list[str]) -> tuple[dict[str, int], int]:
    """Return the frame of each image, in order of ids, and how many frames there are.

    Where the file does not list the images `shown` and all ids are numbers, numbers left out between them are frames in
    which nobody was seen.
    """
    distinct = list(dict.fromkeys([*shown, *images]))
    if distinct and not shown and all(image.isascii() and image.isdecimal() and len(image) < 16 for image in distinct):
        places, length = frame_places(path, np.array(distinct).astype(np.float64), [1] * len(distinct))
        return dict(zip(distinct, places.tolist(), strict=True)), length
    ordered = sorted(distinct, key=natural_key)
    return {image: i for i, image in enumerate(ordered)}, len(ordered)

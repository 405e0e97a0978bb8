"""COCO keypoint JSON: joints of people in images (2D), from a pose estimator or an annotator.

Lin et al., ECCV 2014, and the "Results Format" and "Data Format" of the COCO keypoint task: a list of
``{image_id, keypoints, score}``, with ``track_id`` where a tracker ran, or an object with that list under
``annotations`` and the frames under ``images``. ``keypoints`` is x, y in pixels and a score or visibility a joint, with
17 joints, or with the 133 of COCO-WholeBody or the 26 or 136 of HALPE, of which those of body and feet are read.
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
    check_objects,
    check_same_shape,
    flat_pose,
    is_json,
    keypoint_layout,
    load_json,
    names_fit,
    parse_id,
    parse_numbers,
)
from himpc.reading.formats.parsing.world import numbered_origins
from himpc.recordings import Quality, Recording
from himpc.skeleton import Layout

__all__ = ["read", "recognise"]

_MARKS = (b'"keypoints"', b'"annotations"', b'"images"', b'"image_id"')
_MARKS_OF_OTHERS = (b'"people"', b'"keypoint_scores"', b'"instances"', b'"instance_info"', b'"meta_info"')


def recognise(path: Path, head: bytes) -> bool:
    """Recognise the keys of COCO JSON."""
    return is_json(head) and any(mark in head for mark in _MARKS) and not any(o in head for o in _MARKS_OF_OTHERS)


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each tracked person of a COCO file, or the only one."""
    content = load_json(path)
    annotated = isinstance(content, dict)
    people = check_objects(
        content.get("annotations") if annotated else content, f"{path}: expected a list of keypoints"
    )
    images = check_objects(content.get("images", []) if annotated else [], f"{path}: expected a list of images")
    people = [person for person in people if person.get("keypoints")]
    where = [f"{path}, keypoints {i}" for i in range(1, len(people) + 1)]
    image_of = [parse_id(person.get("image_id"), where[i], "image_id") for i, person in enumerate(people)]
    listed = [parse_id(image.get("id"), f"{path}, image {i}", "id") for i, image in enumerate(images, start=1)]
    frame_of, n_frames = _frame_of_images(path, image_of, listed)
    detections = [
        _detection(person, frame_of[image], place, 2.0 if annotated else 1.0)
        for person, image, place in zip(people, image_of, where, strict=True)
    ]
    check_same_shape(detections)
    tracks = build_tracks(path, detections, n_frames)
    layout, notes = keypoint_layout(len(people[0]["keypoints"]) // 3, where[0])
    if annotated:
        _check_names(path, content.get("categories"), layout)
    recordings = []
    for origin, track in zip(numbered_origins(path, len(tracks)), tracks, strict=True):
        joints, confidence = flat_pose(track.values)
        recording = Recording(
            joints,
            layout,
            fps=options.fps,
            origin=origin,
            confidence=confidence,
            dimensions=2,
            quality=Quality(frames_read=len(joints), notes=notes),
        )
        recordings.append(recording)
    return recordings


def _check_names(path: Path, categories: Any, layout: Layout) -> None:
    """Check that the keypoints are those of the layout where a file names them; other data sets have as many."""
    for category in categories if isinstance(categories, list) else []:
        names = category.get("keypoints") if isinstance(category, dict) else None
        if isinstance(names, list) and names and not names_fit(names, layout):
            found = ", ".join(str(name)[:20] for name in names[:3])
            raise FormatError(
                f"{path}: its keypoints are {found} and so on, expected those of {layout.title}",
                hint="export the keypoints of COCO; those of PoseTrack and MPII are not read",
            )


def _detection(person: dict[str, Any], frame: int, where: str, max_confidence: float) -> Detection:
    """Parse one entry; the third number of a joint is a score up to 1, or a visibility up to 2."""
    numbers = parse_numbers(person["keypoints"], where, "keypoints")
    layout, _ = keypoint_layout(numbers.size / 3, where)
    values = numbers.reshape(-1, 3)[: len(layout)] / (1, 1, max_confidence)
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

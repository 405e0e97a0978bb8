"""Ultralytics pose JSON: what ``Results.to_json()`` returns for each frame of a video.

A list of frames, or JSON lines; a frame is a list of detections, empty if nothing was seen. A detection has
``keypoints`` with lists of ``x``, ``y`` and ``visible``, and ``track_id`` where a tracker ran. The 17 keypoints are
those of COCO, in pixels, or in shares of the picture where they were normalized.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from himpc.errors import FormatError, count_noun
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.reading.formats.parsing.bodies import body_recordings
from himpc.reading.formats.parsing.keypoints import (
    check_objects,
    is_json,
    keypoint_layout,
    load_json,
    parse_id,
    parse_numbers,
)
from himpc.reading.formats.parsing.tracks import Detection, check_same_shape
from himpc.recordings import Recording

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="pose estimators",
    files="*.json",
    reads="17 keypoints of each person in 2D, by `track_id`: a list for each frame, or a line of JSON",
    assumes="pixels, or shares of the picture if normalized: state {image_size}; no rate: state {fps}",
    ignores="boxes without keypoints; other classes",
    source="https://docs.ultralytics.com/tasks/pose",
    exports=(
        Export(
            "Ultralytics",
            "write `json.loads(result.to_json())` of each frame of `model.track` as one list",
            "https://docs.ultralytics.com/reference/engine/results",
        ),
    ),
)

_KEYPOINTS = re.compile(rb'"keypoints"\s*:\s*\{\s*"(x|y|visible)"\s*:\s*\[')
_BOX = re.compile(rb'"box"\s*:\s*\{\s*"x1"')


def recognise(path: Path, head: bytes) -> bool:
    """Recognise keypoints that are lists of x, y and visible, or boxes by their corners."""
    return is_json(head) and (_KEYPOINTS.search(head) is not None or _BOX.search(head) is not None)


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each tracked person, or the only one."""
    content = load_json(path)
    frames = content if isinstance(content, list) else [content]
    if frames and all(isinstance(frame, dict) for frame in frames):
        frames = _frames_of_detections(path, frames)
    detections = []
    for i, frame in enumerate(frames):
        where = f"{path}, frame {i + 1}"
        people = check_objects([frame] if isinstance(frame, dict) else frame, f"{where}: expected a list of detections")
        detections += [_detection(person, i, where) for person in people if person.get("keypoints")]
    if not detections:
        raise FormatError(
            f"{path}: holds no keypoints of a person in {count_noun(len(frames), 'frame')}",
            hint="export the results of a pose model, such as yolo11n-pose.pt",
        )
    check_same_shape(detections)
    layout, notes = keypoint_layout(len(detections[0].values), str(path))
    return body_recordings(path, detections, len(frames), layout, options, notes=notes)


def _frames_of_detections(path: Path, detections: list[Any]) -> list[Any]:
    """Return the frames of a list of detections: it is one picture, unless a person is there twice."""
    tracks = [detection.get("track_id") for detection in detections if detection.get("track_id") is not None]
    if len(set(map(str, tracks))) < len(tracks):
        raise FormatError(
            f"{path}: holds the detections of all frames in one list, which does not tell the frames",
            hint="save a list for each frame, or each frame as one line",
        )
    return [detections]


def _detection(person: dict[str, Any], frame: int, where: str) -> Detection:
    keypoints = person["keypoints"]
    if not isinstance(keypoints, dict):
        raise FormatError(f"{where}: keypoints is not an object with x and y")
    x, y = (parse_numbers(keypoints.get(axis), where, axis) for axis in "xy")
    stated = keypoints.get("visible")
    visible = np.ones(len(x)) if stated is None else parse_numbers(stated, where, "visible")
    if not len(x) == len(y) == len(visible):
        raise FormatError(f"{where}: x, y and visible have {len(x)}, {len(y)} and {len(visible)} numbers")
    unseen = (x == 0) & (y == 0)
    track = person.get("track_id")
    return Detection(
        frame,
        None if track is None else parse_id(track, where, "track_id"),
        np.column_stack([x, y, np.where(unseen, 0, np.clip(np.nan_to_num(visible), 0, 1))]),
        where,
    )

"""ZED SDK JSON: the bodies of BODY_18, BODY_34 or BODY_38, as the samples for JSON export write them.

An object with one frame for each time stamp in milliseconds, or a list of frames. A frame has ``timestamp`` in
nanoseconds and ``body_list``; a body has an ``id`` (-1 if it is not tracked), ``keypoint``, a list of x, y, z a joint,
and ``keypoint_confidence`` from 0 to 100. Unit and axes are those with which the camera was opened; the file states
neither. A joint that was not seen is NaN or null.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from himpc.errors import FormatError, count_noun
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.reading.formats.parsing.bodies import body_recordings
from himpc.reading.formats.parsing.handedness import looks_mirrored
from himpc.reading.formats.parsing.keypoints import (
    check_frames,
    check_objects,
    is_json,
    load_json,
    parse_id,
    parse_points,
)
from himpc.reading.formats.parsing.timeline import find_timeline
from himpc.reading.formats.parsing.tracks import Detection
from himpc.recordings import Recording
from himpc.skeleton import get_layout

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="depth cameras",
    files="*.json",
    reads="`keypoint` of each body in BODY_18, BODY_34 or BODY_38, by `id` and `timestamp`, with its confidence",
    assumes="unit and upward axis, which depend on how the camera was opened, are as the body shows; axes are "
    "left-handed if feet and face show it",
    ignores="2D keypoints, boxes and orientations",
    source="https://www.stereolabs.com/docs/body-tracking",
    exports=(
        Export(
            "a sample of the ZED SDK",
            "body tracking > export > JSON export",
            "https://github.com/stereolabs/zed-sdk/tree/master/body%20tracking/export/JSON%20export",
        ),
    ),
)

_MARKS = (b'"body_list"', b'"is_tracked"')
_LAYOUTS = {18: "body-18", 34: "body-34", 38: "body-38"}


def recognise(path: Path, head: bytes) -> bool:
    """Recognise keys of the class Bodies."""
    return is_json(head) and any(mark in head for mark in _MARKS)


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each body that the camera tracked."""
    content = load_json(path)
    if isinstance(content, dict) and "body_list" not in content:
        content = list(content.values())
    frames = check_frames(content if isinstance(content, list) else [content], path)
    frames = sorted(frames, key=_nanoseconds)
    stamps = np.array([_nanoseconds(frame) / 1e9 for frame in frames])
    timeline = find_timeline(path, range(1, len(frames) + 1), seconds=stamps, row_name="frame")
    detections = [
        _detection(body, place, f"{path}, frame {i}")
        for i, (frame, place) in enumerate(zip(frames, timeline.places.tolist(), strict=True), start=1)
        for body in check_objects(frame.get("body_list") or [], f"{path}, frame {i}: expected a list of bodies")
    ]
    counts = {len(detection.values): detection.where for detection in detections}
    if len(counts) > 1:
        first, second = list(counts)[:2]
        raise FormatError(f"{counts[second]}: has {count_noun(second, 'joint')} a body, expected {first} as before")
    layout = get_layout(_LAYOUTS[next(iter(counts), 38)])
    notes: tuple[str, ...] = ()
    if detections and looks_mirrored(np.stack([found.values[:, :3] for found in detections]), layout):
        detections = [replace(found, values=found.values * (1, 1, -1, 1)) for found in detections]
        notes = ("the axes are left-handed, as feet and face show, so z is reversed",)
    return body_recordings(path, detections, timeline, layout, options, notes=notes)


def _nanoseconds(frame: dict[str, Any]) -> float:
    """Return the time of a frame; NaN if it states none."""
    stamp = frame.get("timestamp")
    return float(stamp) if isinstance(stamp, int | float) and abs(stamp) < 2**64 else float("nan")


def _detection(body: dict[str, Any], frame: int, where: str) -> Detection:
    keypoints = body.get("keypoint")
    count = len(keypoints) if isinstance(keypoints, list) else 0
    if count not in _LAYOUTS:
        raise FormatError(
            f"{where}: a body has {count_noun(count, 'joint')} in 'keypoint', expected one of {sorted(_LAYOUTS)}"
        )
    points = parse_points(keypoints, where, "keypoint", width=3, count=count)
    confidence = np.ones(count)
    if body.get("keypoint_confidence"):
        scores = (
            [[score] for score in body["keypoint_confidence"]]
            if isinstance(body["keypoint_confidence"], list)
            else None
        )
        confidence = np.nan_to_num(parse_points(scores, where, "keypoint_confidence", width=1, count=count)[:, 0]) / 100
    person = body.get("id")
    tracked = None if person in (None, -1) else parse_id(person, where, "id")
    return Detection(frame, tracked, np.column_stack([points, confidence]), where)

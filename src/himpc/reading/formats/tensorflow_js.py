"""Poses of TensorFlow.js (``pose-detection``): BlazePose in 3D, or BlazePose and MoveNet in 2D.

A list of frames, JSON lines, or an object with the list under ``frames``. A frame is what ``estimatePoses`` returns, a
list of poses, which may be under ``poses``; or one pose. A pose has ``keypoints3D`` with x, y and z in metres from the
midpoint of the hips, of an assumed size, or ``keypoints`` in pixels, each with ``score`` and ``name``; and ``id`` where
a tracker ran. ``frame`` and ``timestamp`` (in milliseconds or seconds) place frames in time.
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
from himpc.reading.formats.parsing.keypoints import check_objects, is_json, load_json, parse_id, parse_numbers
from himpc.reading.formats.parsing.timeline import find_timeline
from himpc.reading.formats.parsing.tracks import Detection, check_same_shape
from himpc.recordings import Recording
from himpc.skeleton import Layout, get_layout

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="pose estimators",
    files="*.json",
    reads="`keypoints3D` of BlazePose, else `keypoints` of BlazePose or MoveNet in 2D; people by `id`; `frame` and "
    "`timestamp` of frames",
    assumes="3D is in metres of an assumed size, y down; 2D is in pixels; no rate unless frames have "
    "times: state {fps}",
    ignores="boxes and masks",
    source="https://github.com/tensorflow/tfjs-models/tree/master/pose-detection",
    exports=(
        Export(
            "TensorFlow.js",
            "write what `estimatePoses` returns for each frame as one list, with `timestamp`",
            "https://github.com/tensorflow/tfjs-models/tree/master/pose-detection",
        ),
    ),
)

_KEYPOINTS = re.compile(rb'"keypoints(3D)?"\s*:\s*\[\s*\{')
_LAYOUTS = ("mediapipe-33", "coco-17")
_MAX_HIPS_OFFSET = 0.1
"""Metres that the midpoint of the hips may be off from the origin of keypoints in space."""


def recognise(path: Path, head: bytes) -> bool:
    """Recognise lists of keypoints that are objects."""
    return is_json(head) and _KEYPOINTS.search(head) is not None


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each tracked person, or the only one."""
    content = load_json(path)
    frames = content
    if isinstance(content, dict):  # poses beside a frame rate are of frames, and others of one picture
        frames = content.get("frames", content.get("poses", [content]) if "fps" in content else [content])
    if isinstance(frames, list) and frames and all(_is_pose(frame) for frame in frames) and _has_ids(frames):
        raise FormatError(
            f"{path}: holds the poses of all frames in one list, which does not tell the frames",
            hint="save a list of poses for each frame",
        )
    if not isinstance(frames, list) or not frames:
        raise FormatError(f"{path}: expected a list of frames")
    numbers, stamps = (_values(frames, key) for key in ("frame", "timestamp"))
    stated = content.get("fps") if isinstance(content, dict) else None
    timeline = find_timeline(
        path,
        range(1, len(frames) + 1),
        numbers=numbers,
        seconds=stamps,
        stated=float(stated) if isinstance(stated, int | float) and 0 < stated < 2**53 else None,
        row_name="frame",
    )
    poses = [_poses(frame, f"{path}, frame {i}") for i, frame in enumerate(frames, start=1)]
    if _are_in_space(poses):
        poses = [[{**pose, "keypoints3D": pose.get("keypoints")} for pose in found] for found in poses]
    is_world = any(pose.get("keypoints3D") for found in poses for pose in found)
    key = "keypoints3D" if is_world else "keypoints"
    parsed = [
        _detection(pose, key, place, f"{path}, frame {i}")
        for i, (found, place) in enumerate(zip(poses, timeline.places.tolist(), strict=True), start=1)
        for pose in found
        if pose.get(key)
    ]
    if not parsed:
        raise FormatError(f"{path}: shows no person in {count_noun(len(frames), 'frame')}")
    detections, (layout, *_) = [found for found, _ in parsed], [layout for _, layout in parsed]
    check_same_shape(detections)
    bodies = body_recordings(path, detections, timeline, layout, options, unit="m" if is_world else None, up="-y")
    return [body.with_(true_size=False) if is_world else body for body in bodies]


def _are_in_space(poses: list[list[dict[str, Any]]]) -> bool:
    """Return whether keypoints are 33 with x, y and z in metres around the midpoint of the hips, as world landmarks."""
    layout = get_layout("mediapipe-33")
    hips = [layout.index("left_hip"), layout.index("right_hip")]
    middles = []
    for pose in (pose for found in poses for pose in found if pose.get("keypoints")):
        points = pose["keypoints"]
        if not isinstance(points, list) or len(points) != len(layout) or "keypoints3D" in pose:
            return False
        axes = [point.get(axis) for joint in hips if isinstance(point := points[joint], dict) for axis in "xyz"]
        numbers = [float(value) for value in axes if isinstance(value, int | float)]
        if len(numbers) != 2 * len("xyz"):
            return False
        middles.append(np.array(numbers).reshape(2, 3).mean(axis=0))
    return bool(middles) and bool(np.median(np.linalg.norm(middles, axis=1)) < _MAX_HIPS_OFFSET)


def _is_pose(value: Any) -> bool:
    return isinstance(value, dict) and ("keypoints" in value or "keypoints3D" in value)


def _has_ids(poses: list[Any]) -> bool:
    """Return whether several people are in a list of poses."""
    return len({str(pose["id"]) for pose in poses if pose.get("id") is not None}) > 1


def _values(frames: list[Any], key: str) -> Any:
    """Return the number that each frame states; None if one states none."""
    values = [frame.get(key) if isinstance(frame, dict) else None for frame in frames]
    known = [float(value) for value in values if isinstance(value, int | float) and abs(value) < 2**53]
    return np.array(known) if len(known) == len(frames) else None


def _poses(frame: Any, where: str) -> list[dict[str, Any]]:
    """Return the poses of a frame."""
    if _is_pose(frame):
        return [frame]
    found = frame.get("poses") if isinstance(frame, dict) else frame
    return check_objects(found or [], f"{where}: expected a list of poses")


def _detection(pose: dict[str, Any], key: str, frame: int, where: str) -> tuple[Detection, Layout]:
    """Parse a pose, with its keypoints in the order of a layout."""
    points = check_objects(pose[key], f"{where}: expected a list of keypoints")
    names = [point.get("name") for point in points]
    for layout in map(get_layout, _LAYOUTS):
        found = [layout.find(name) if isinstance(name, str) else None for name in names]
        place = [-1 if joint is None else joint for joint in found]
        if len(points) == len(layout) and not any(names):
            place = list(range(len(layout)))
        if sorted(place) == list(range(len(layout))):
            break
    else:
        shown = ", ".join(str(name)[:20] for name in names[:3])
        raise FormatError(
            f"{where}: has {count_noun(len(points), 'keypoint')} ({shown} ...), expected 33 of BlazePose or 17 of COCO"
        )
    axes = ("x", "y", "z") if key == "keypoints3D" else ("x", "y")
    rows = [[*(point.get(axis) for axis in axes), point.get("score", 1)] for point in points]
    numbers = [np.nan if value is None else value for row in rows for value in row]
    values = np.empty((len(layout), len(axes) + 1))
    values[place] = parse_numbers(numbers, where, "a keypoint").reshape(len(layout), -1)
    track = pose.get("id")
    return Detection(frame, None if track is None else parse_id(track, where, "id"), values, where), layout

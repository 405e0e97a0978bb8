"""MediaPipe Pose landmarks as JSON: 33 landmarks of a person in each frame, under the key names of each of its APIs.

A list of frames, JSON lines, or ``{"fps": 30, "frames": [...]}``. A frame is the landmarks, bare or under one of the
names of `_WORLD_KEYS` and `_IMAGE_KEYS`; null or empty if no person was seen. The landmarks are a list of ``{x, y, z,
visibility}`` or of lists of 3 or 4 numbers, or an object with that list under ``landmark``, or a list of poses. World
landmarks are in metres from the midpoint of the hips, of an assumed size; those of the image are shares of its width
and height, and are read as 2D where no frame has world landmarks and both are stated. The axes are the image's: y down,
z away from the camera.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError, count_noun
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.reading.formats.json_poses import read_document
from himpc.reading.formats.json_poses.points import RATES, get_first
from himpc.reading.formats.parsing.bodies import body_recordings
from himpc.reading.formats.parsing.keypoints import is_json, load_json, parse_numbers
from himpc.reading.formats.parsing.timeline import Timeline, find_timeline, parse_seconds
from himpc.reading.formats.parsing.tracks import Detection
from himpc.recordings import Recording
from himpc.skeleton import get_layout

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="pose estimators",
    files="*.json",
    reads="33 world landmarks of a person in each frame, under the names of every API of MediaPipe; else those of the "
    "image, as 2D, with `width` and `height`; `fps`, or `frame` and `timestamp_ms` of frames",
    assumes="metres of an assumed size from the midpoint of the hips, y down; one person in a frame; no rate unless "
    "frames have times: state {fps}",
    ignores="landmarks of hands and face",
    source="https://ai.google.dev/edge/mediapipe/solutions/vision/pose_landmarker",
    exports=(
        Export(
            "MediaPipe Tasks",
            'append `{{"timestamp_ms": ms, "pose_world_landmarks": [[vars(p) for p in pose] for pose in '
            "result.pose_world_landmarks]}}` for each frame, and write the list as JSON",
            "https://ai.google.dev/edge/mediapipe/solutions/vision/pose_landmarker/python",
        ),
    ),
)

_WORLD_KEYS = ("pose_world_landmarks", "poseWorldLandmarks", "world_landmarks", "worldLandmarks")
_IMAGE_KEYS = ("pose_landmarks", "poseLandmarks", "landmarks")
_KEYS = (*_WORLD_KEYS, *_IMAGE_KEYS)
_FRAME_KEYS = ("frame", "frame_id", "frame_index", "frame_number", "frameIndex", "frameNumber")
_TIME_KEYS = ("timestamp", "timestamp_ms", "timestampMs", "time")
_SIZE_KEYS = (("width", "height"), ("image_width", "image_height"), ("imageWidth", "imageHeight"))
_NAMES = ("LEFT_EYE_INNER", "left_eye_inner", "leftEyeInner")
_MARKS = tuple(f'"{key}"'.encode() for key in (*_KEYS, *_NAMES, "visibility"))
_MARKS_OF_OTHERS = (b'"people"', b'"keypoints"', b'"annotations"', b'"bodies"', b'"body_list"')
_BARE_FRAMES = re.compile(
    rb"\s*(\{\s*(\"fps\"\s*:[^,]{1,40},\s*)?\"frames\"\s*:\s*)?\[\s*(null\b|\{\s*\}|\[\s*(\]|[\[{]))"
)
_FRAME_NUMBER = re.compile(r"(?:frame)?[_ -]?([0-9]{1,12})", re.IGNORECASE)
_AXES = ("x", "y", "z")
_MAX_NUMBER = 2**53
_MAX_PIXELS = 100_000
_MAX_HIPS_OFFSET = 0.1
"""Metres that the midpoint of the hips may be off from the origin of world landmarks."""


def recognise(path: Path, head: bytes) -> bool:
    """Recognise the keys of landmarks, or a list of frames."""
    if not is_json(head) or any(other in head for other in _MARKS_OF_OTHERS):
        return False
    return any(mark in head for mark in _MARKS) or _BARE_FRAMES.match(head) is not None


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read the body of a file of landmarks."""
    content = load_json(path)
    frames = _list_frames(_unwrap(content))
    if _are_of_another_program(frames):
        return read_document(path, content, options)
    if not isinstance(frames, list) or not frames:
        raise FormatError(f"{path}: expected a list of frames, or an object with one under 'frames'")
    layout = get_layout("mediapipe-33")
    timeline = _find_timeline(path, frames, _parse_fps(content, str(path)))
    is_world = any(isinstance(frame, dict) and any(frame.get(key) for key in _WORLD_KEYS) for frame in frames)
    poses = [_poses(frame, _WORLD_KEYS if is_world else _IMAGE_KEYS) for frame in frames]
    detections = [
        Detection(place, None, _landmark_array(pose, len(layout), f"{path}, frame {i}"), f"{path}, frame {i}")
        for i, (found, place) in enumerate(zip(poses, timeline.places.tolist(), strict=True), start=1)
        for pose in found
    ]
    hips = [layout.index("left_hip"), layout.index("right_hip")]
    off = _hips_offset(detections, hips)
    notes: tuple[str, ...] = ()
    if off > _MAX_HIPS_OFFSET:
        size = options.image_size or _image_size(content) or _image_size(frames[0])
        if is_world or size is None:
            other = "" if is_world else ", or state the size of the image in pixels: {image_size=1920x1080}"
            raise FormatError(
                f"{path}: the hips are {off:.2g} from the origin, so these are not world landmarks in metres",
                hint=f"export the pose world landmarks, whose origin is between the hips{other}",
            )
        detections = [Detection(found.frame, None, _to_pixels(found.values, size), found.where) for found in detections]
        notes = (f"landmarks of the image, of {size[0]:g} x {size[1]:g} pixels, without depth",)
    bodies = body_recordings(path, detections, timeline, layout, options, unit="m", up="-y", notes=notes)
    return [body.with_(true_size=False) if body.dimensions == 3 else body for body in bodies]


def _are_of_another_program(frames: Any) -> bool:
    """Return whether frames without any key of MediaPipe hold another number of points than its landmarks."""
    if not isinstance(frames, list):
        return True
    first = next((frame for frame in frames if frame), None)
    if all(
        isinstance(frame, dict) and not _is_bare(frame) and not {*_KEYS, "landmark"} & set(frame) for frame in frames
    ):
        return True
    poses = [] if isinstance(first, dict) else _poses(first, ())
    return any(isinstance(pose, list) and len(pose) != len(get_layout("mediapipe-33")) for pose in poses)


def _unwrap(content: Any) -> Any:
    """Return the frames of an object, which are its only list, or the one under ``frames``."""
    if not isinstance(content, dict) or any(key in content for key in _KEYS):
        return content
    lists = [value for value in content.values() if isinstance(value, list) and value]
    return content.get("frames", lists[0] if len(lists) == 1 else content)


def _list_frames(frames: Any) -> Any:
    """Return the frames of an object as a list: it is one frame, or holds each frame under its number."""
    if not isinstance(frames, dict):
        return frames
    if any(frames.get(key) for key in _KEYS):
        return [frames]
    numbers = {int(match[1]): key for key in frames if (match := _FRAME_NUMBER.fullmatch(key))}
    return [
        {"frame": number, **({"landmarks": frames[key]} if _is_bare(frames[key]) else frames[key])}
        for number, key in sorted(numbers.items())
    ]


def _is_bare(frame: Any) -> bool:
    """Return whether a frame is its landmarks, in a list or by their names."""
    return not isinstance(frame, dict) or any(name in frame for name in _NAMES)


def _find_timeline(path: Path, frames: list[Any], fps: float | None) -> Timeline:
    """Place frames by the numbers and time stamps that all of them state."""
    numbers, stamps = (_values_of(frames, keys) for keys in (_FRAME_KEYS, _TIME_KEYS))
    if numbers is not None and (numbers != np.round(numbers)).any():
        numbers = None
    return find_timeline(path, range(1, len(frames) + 1), numbers=numbers, seconds=stamps, stated=fps, row_name="frame")


def _values_of(frames: list[Any], keys: tuple[str, ...]) -> NDArray[np.float64] | None:
    """Return the number that each frame states under one of these keys; None if one of them states none."""
    key = next((key for key in keys if isinstance(frames[0], dict) and key in frames[0]), None)
    values = [frame.get(key) if isinstance(frame, dict) else None for frame in frames]
    texts = [value for value in values if isinstance(value, str)]
    if keys is _TIME_KEYS and len(texts) == len(frames):
        return parse_seconds(texts)
    known = [float(value) for value in values if isinstance(value, int | float) and abs(value) < _MAX_NUMBER]
    return np.array(known) if len(known) == len(frames) else None


def _poses(frame: Any, keys: tuple[str, ...]) -> list[Any]:
    """Return the landmarks of each person in a frame, which are bare or under one of the keys."""
    if isinstance(frame, dict) and "landmark" not in frame and not _is_bare(frame):
        frame = next((frame[key] for key in keys if frame.get(key)), None)
    if isinstance(frame, dict) and "landmark" in frame:
        frame = frame["landmark"]
    if not frame:
        return []
    if isinstance(frame, list) and all(_is_pose(pose) for pose in frame):
        return [pose["landmark"] if isinstance(pose, dict) else pose for pose in frame if pose]
    return [frame]


def _is_pose(value: Any) -> bool:
    """Return whether a value is a list of landmarks, and not one landmark."""
    if isinstance(value, dict):
        return "landmark" in value
    return isinstance(value, list) and all(isinstance(landmark, list | dict) for landmark in value)


def _landmark_array(landmarks: Any, n_joints: int, where: str) -> NDArray[np.float64]:
    """Parse landmarks as ``(33, 4)``: x, y, z, and the visibility (or presence; 1 where there is neither)."""
    if isinstance(landmarks, dict):
        landmarks = _order_by_name(landmarks)
    if not isinstance(landmarks, list) or len(landmarks) != n_joints:
        found = f"{count_noun(len(landmarks), 'landmark')}" if isinstance(landmarks, list) else "no list of landmarks"
        raise FormatError(f"{where}: has {found}, expected {n_joints}")
    rows = []
    for i, landmark in enumerate(landmarks, start=1):
        if isinstance(landmark, dict) and all(axis in landmark for axis in _AXES):
            scores = [landmark[key] for key in ("visibility", "presence") if landmark.get(key) is not None]
            row = [*(landmark[axis] for axis in _AXES), *scores, 1][:4]
        elif isinstance(landmark, list) and len(landmark) >= 3:
            row = [*landmark, 1][:4]
        else:
            raise FormatError(f"{where}: landmark {i} is not x, y, z and visibility")
        rows.append(row)
    return parse_numbers([value for row in rows for value in row], where, "a landmark").reshape(n_joints, 4)


def _order_by_name(landmarks: dict[str, Any]) -> list[Any]:
    """Return the landmarks that an object names, such as `NOSE` and `left_eye_inner`, in their order.

    Landmarks that are absent were not seen.
    """
    layout = get_layout("mediapipe-33")
    value_of = {layout.find(name): value for name, value in landmarks.items()}
    return [value_of.get(joint, [np.nan, np.nan, np.nan, 0.0]) for joint in range(len(layout))]


def _hips_offset(detections: list[Detection], hips: list[int]) -> float:
    """Return how far the midpoint of the hips usually is from the origin."""
    middles = np.array([detection.values[hips, :3].mean(axis=0) for detection in detections]).reshape(-1, 3)
    distances = np.linalg.norm(middles[np.isfinite(middles).all(axis=1)], axis=1)
    return float(np.median(distances)) if distances.size else 0.0


def _image_size(stated: Any) -> tuple[float, float] | None:
    """Return width and height of the image in pixels, where an object states both."""
    if not isinstance(stated, dict):
        return None
    for keys in _SIZE_KEYS:
        sizes = [stated.get(key) for key in keys]
        known = [float(size) for size in sizes if isinstance(size, int | float) and 0 < size < _MAX_PIXELS]
        if len(known) == 2:
            return known[0], known[1]
    return None


def _to_pixels(values: NDArray[np.float64], size: tuple[float, float]) -> NDArray[np.float64]:
    """Return x and y in pixels and the confidence, of landmarks ``(33, 4)`` in shares of the image."""
    return values[:, [0, 1, 3]] * (*size, 1)


def _parse_fps(content: Any, where: str) -> float | None:
    stated = get_first(content, RATES) if isinstance(content, dict) else None
    if stated is None:
        return None
    (fps,) = parse_numbers([stated], where, "fps")
    return float(fps)

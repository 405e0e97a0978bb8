"""MediaPipe pose world landmarks as JSON: 33 landmarks a frame, in metres from the midpoint of the hips.

A list of frames, or ``{"fps": 30, "frames": [...]}``. A frame is the landmarks ``{x, y, z, visibility}`` (or lists of 3
or 4 numbers), bare or under ``world_landmarks`` or ``landmarks``; null or empty if no person was seen. MediaPipe's axes
are the image's: y down, z away from the camera.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.axes import to_y_up
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.parsing.keypoints import is_json, load_json, parse_numbers
from himpc.reading.formats.parsing.text import check_memory
from himpc.recordings import Origin, Quality, Recording
from himpc.skeleton import get_layout

__all__ = ["read", "recognise"]

_KEYS = ("world_landmarks", "landmarks")
_MARKS = (b'"world_landmarks"', b'"landmarks"', b'"frames"', b'"visibility"')
_MARKS_OF_OTHERS = (b'"people"', b'"keypoints"', b'"annotations"')
_BARE_FRAMES = re.compile(rb"\s*\[\s*(null\b|\{\s*\}|\[\s*(\]|[\[{]))")
_AXES = ("x", "y", "z")
_MAX_HIPS_OFFSET = 0.1
"""Metres that the midpoint of the hips may be off from the origin of world landmarks."""


def recognise(path: Path, head: bytes) -> bool:
    """Recognise the keys of landmarks, or a list of frames."""
    if not is_json(head) or any(other in head for other in _MARKS_OF_OTHERS):
        return False
    return any(mark in head for mark in _MARKS) or _BARE_FRAMES.match(head) is not None


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read the body of a file of world landmarks."""
    content = load_json(path)
    frames = content.get("frames") if isinstance(content, dict) else content
    if not isinstance(frames, list) or not frames:
        raise FormatError(f"{path}: expected a list of frames, or an object with one under 'frames'")
    layout = get_layout("mediapipe-33")
    check_memory(path, 1, len(frames), len(layout))
    values = np.full((len(frames), len(layout), 4), np.nan)
    for i, frame in enumerate(frames):
        if landmarks := _landmarks(frame):
            values[i] = _landmark_array(landmarks, len(layout), f"{path}, frame {i + 1}")
    joints = values[..., :3]
    joints[np.isnan(joints).any(axis=-1)] = np.nan
    hips = joints[:, [layout.index("left_hip"), layout.index("right_hip")]].mean(axis=1)
    _check_origin(hips, str(path))
    return [
        Recording(
            to_y_up(joints, "-y").astype(np.float32),
            layout,
            fps=_parse_fps(content, str(path)) or options.fps,
            origin=Origin(path),
            confidence=np.clip(np.nan_to_num(values[..., 3]), 0, 1).astype(np.float32),
            quality=Quality(frames_read=len(frames)),
        )
    ]


def _check_origin(hips: NDArray[np.float64], where: str) -> None:
    """Check that the origin is between the hips; that of image landmarks, in shares of the image, is not."""
    off = np.linalg.norm(hips[np.isfinite(hips).all(axis=1)], axis=1)
    if off.size and np.median(off) > _MAX_HIPS_OFFSET:
        raise FormatError(
            f"{where}: the hips are {np.median(off):.2g} from the origin, so these are not world landmarks in metres",
            hint="export the pose world landmarks, not those of the image",
        )


def _landmarks(frame: Any) -> Any:
    """Return the landmarks of a frame, which may be nested in it; None if no person was seen."""
    if isinstance(frame, dict):
        return next((frame[key] for key in _KEYS if frame.get(key)), None)
    return frame


def _landmark_array(landmarks: Any, n_joints: int, where: str) -> NDArray[np.float64]:
    """Parse landmarks as ``(33, 4)``: x, y, z, visibility (default 1)."""
    if not isinstance(landmarks, list) or len(landmarks) != n_joints:
        found = f"{len(landmarks)} landmarks" if isinstance(landmarks, list) else "no list of landmarks"
        raise FormatError(f"{where}: has {found}, expected {n_joints}")
    rows = []
    for i, landmark in enumerate(landmarks, start=1):
        if isinstance(landmark, dict) and all(axis in landmark for axis in _AXES):
            row = [*(landmark[axis] for axis in _AXES), landmark.get("visibility", 1)]
        elif isinstance(landmark, list) and len(landmark) in (3, 4):
            row = [*landmark, 1][:4]
        else:
            raise FormatError(f"{where}: landmark {i} is not x, y, z and visibility")
        rows.append(row)
    return parse_numbers([value for row in rows for value in row], where, "a landmark").reshape(n_joints, 4)


def _parse_fps(content: Any, where: str) -> float | None:
    if not isinstance(content, dict) or content.get("fps") is None:
        return None
    (fps,) = parse_numbers([content["fps"]], where, "fps")
    if not fps > 0:
        raise FormatError(f"{where}: fps is {fps:g}, expected a number above 0")
    return float(fps)

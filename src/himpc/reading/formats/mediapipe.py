"""MediaPipe pose world landmarks as JSON: 33 landmarks a frame in metres, from the middle of the hips.

A list of frames, or ``{"fps": 30, "frames": [...]}``. A frame is the landmarks ``{x, y, z, visibility}`` (or lists of 3
or 4 numbers), bare or under ``world_landmarks`` or ``landmarks``; null or empty where nobody was seen. MediaPipe's axes
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
from himpc.reading.formats.base import FileOptions
from himpc.reading.formats.json_file import load_json, looks_like_json, number_array, stated_fps
from himpc.reading.formats.text import check_room
from himpc.recordings.recording import Origin, Quality, Recording
from himpc.skeleton import get_layout

__all__ = ["read", "recognise"]

_KEYS = ("world_landmarks", "landmarks")
_MARKS = (b'"world_landmarks"', b'"landmarks"', b'"frames"', b'"visibility"')
_OTHERS = (b'"people"', b'"keypoints"', b'"annotations"')
_BARE_FRAMES = re.compile(rb"\s*\[\s*(null\b|\{\s*\}|\[\s*(\]|[\[{]))")
_AXES = ("x", "y", "z")
_HIPS_FROM_ORIGIN = 0.1
"""Metres that the middle of the hips, the origin of world landmarks, may be off."""


def recognise(path: Path, head: bytes) -> bool:
    if not looks_like_json(head) or any(other in head for other in _OTHERS):
        return False
    return any(mark in head for mark in _MARKS) or _BARE_FRAMES.match(head) is not None


def read(path: Path, options: FileOptions) -> list[Recording]:
    content = load_json(path)
    frames = content.get("frames") if isinstance(content, dict) else content
    if not isinstance(frames, list) or not frames:
        raise FormatError(f"{path}: expected a list of frames, or an object with one under 'frames'")
    layout = get_layout("mediapipe-33")
    check_room(path, 1, len(frames), len(layout))
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
            fps=stated_fps(content, str(path)) or options.fps,
            origin=Origin(path),
            confidence=np.clip(np.nan_to_num(values[..., 3]), 0, 1).astype(np.float32),
            quality=Quality(frames_read=len(frames)),
        )
    ]


def _check_origin(hips: NDArray[np.float64], where: str) -> None:
    """Refuse landmarks whose origin is not between the hips: those of the image, in shares of its width."""
    off = np.linalg.norm(hips[np.isfinite(hips).all(axis=1)], axis=1)
    if off.size and np.median(off) > _HIPS_FROM_ORIGIN:
        raise FormatError(
            f"{where}: the hips are {np.median(off):.2g} from the origin, so these are no world landmarks in metres; "
            "export the pose world landmarks, not those of the image"
        )


def _landmarks(frame: Any) -> Any:
    """Return a frame's landmarks, wherever they stand in it; nothing where nobody was seen."""
    if isinstance(frame, dict):
        return next((frame[key] for key in _KEYS if frame.get(key)), None)
    return frame


def _landmark_array(landmarks: Any, n_joints: int, where: str) -> NDArray[np.float64]:
    """Return landmarks as ``(33, 4)``: x, y, z, visibility (1 where it is not given)."""
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
    return number_array([value for row in rows for value in row], where, "a landmark").reshape(n_joints, 4)

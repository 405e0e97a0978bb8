"""OpenPose keypoints: a folder of ``*_keypoints.json``, one a frame, or one JSON file of one or several frames.

Format of OpenPose 1.3 and newer, "Output Format" in its documentation: ``people[].pose_keypoints_2d`` holds x y and a
confidence a joint in pixels, ``pose_keypoints_3d`` x y z and a confidence in the unit of the calibration.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.parsing.frames import first_frame_file, frame_files, group_frames
from himpc.reading.formats.parsing.keypoints import (
    Detection,
    build_tracks,
    flat_pose,
    is_json,
    load_json,
    parse_id,
    parse_numbers,
)
from himpc.reading.formats.parsing.text import HEAD_BYTES
from himpc.reading.formats.parsing.world import numbered_origins, to_metres_y_up
from himpc.recordings import Origin, Quality, Recording
from himpc.skeleton import Layout, get_layout

__all__ = ["read", "recognise"]

# The 18 joints of OpenPose's COCO model begin with the 14 of openpose-14; eyes and ears follow.
_LAYOUTS = {25: "body-25", 14: "openpose-14", 17: "coco-17", 18: "openpose-14"}
_MAX_FRAME_BYTES = 4 * 2**20
_KEYS = (re.compile(r"(.*?)[0-9]+_keypoints\.json", re.IGNORECASE), re.compile(r"(.*?)[0-9]+\.json", re.IGNORECASE))

_Pose = tuple[NDArray[np.floating], NDArray[np.floating]]
"""Joints and their confidence."""


def _is_frame(name: str) -> bool:
    return name.lower().endswith(".json")


def recognise(path: Path, head: bytes) -> bool:
    """Recognise the key "people" in a file, or in the first file of a folder."""
    if not head:
        file = first_frame_file(path, _is_frame)
        try:
            with (file or path).open("rb") as stream:
                head = stream.read(HEAD_BYTES)
        except OSError:
            return False
    return is_json(head) and b'"people"' in head


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each tracked person in a file, or in each video of a folder."""
    if not path.is_dir():
        content = load_json(path)
        frames = content if isinstance(content, list) else [content]
        detections = [_detections(frame, i, f"{path}, frame {i + 1}") for i, frame in enumerate(frames)]
        return _recordings(path, None, detections, options)
    groups = group_frames(frame_files(path, _is_frame), _KEYS)
    names = [key.strip("_-. ") for key in groups]
    if len(set(names)) != len(names):
        names = list(groups)
    recordings = []
    for name, files in zip(names, groups.values(), strict=True):
        detections = [_detections(load_json(file, _MAX_FRAME_BYTES), i, str(file)) for i, file in enumerate(files)]
        recordings += _recordings(path, name if len(groups) > 1 else None, detections, options)
    return recordings


def _recordings(path: Path, video: str | None, frames: list[list[Detection]], options: FileOptions) -> list[Recording]:
    """Return the recordings of one video from the people of each frame."""
    detections = [detection for frame in frames for detection in frame]
    shapes = {detection.values.shape: detection.where for detection in detections}
    if len(shapes) > 1:
        found = " and ".join(f"{n_joints} joints in {axes - 1}D" for n_joints, axes in shapes)
        raise FormatError(f"{list(shapes.values())[1]}: {found} in one recording", hint="keep them in separate folders")
    tracks = build_tracks(path, detections, len(frames))
    n_joints, width = tracks[0].values.shape[1:]
    if n_joints not in _LAYOUTS:
        raise FormatError(f"{detections[0].where}: has {n_joints} joints a person, expected one of {sorted(_LAYOUTS)}")
    layout = get_layout(_LAYOUTS[n_joints])
    values = [track.values[:, : len(layout)] for track in tracks]
    origins = numbered_origins(path, len(tracks), video)
    poses: list[_Pose] = [flat_pose(body) for body in values] if width == 3 else []
    notes: tuple[str, ...] = ()
    if width == 4:
        poses, notes = _to_metres(values, layout, str(Origin(path, video)), options)
    return [
        Recording(
            joints.astype(np.float32),
            layout,
            fps=options.fps,
            origin=origin,
            confidence=confidence,
            dimensions=width - 1,
            quality=Quality(frames_read=len(joints), notes=notes),
        )
        for (joints, confidence), origin in zip(poses, origins, strict=True)
    ]


def _detections(frame: Any, index: int, where: str) -> list[Detection]:
    """Return the people of one frame."""
    people = frame.get("people") if isinstance(frame, dict) else None
    if not isinstance(people, list) or not all(isinstance(person, dict) for person in people):
        raise FormatError(f"{where}: expected an object with a list of 'people'")
    detections = []
    for person in people:
        key, width = ("pose_keypoints_3d", 4) if person.get("pose_keypoints_3d") else ("pose_keypoints_2d", 3)
        numbers = parse_numbers(person.get(key), where, key)
        if not numbers.size:
            continue
        if numbers.size % width:
            raise FormatError(f"{where}: {key} has {numbers.size} numbers, expected {width} a joint")
        detections.append(Detection(index, _person_id(person, where), numbers.reshape(-1, width), where))
    return detections


def _person_id(person: dict[str, Any], where: str) -> str | None:
    """Return the tracker's id, or None where it is missing, empty or -1."""
    value = person.get("person_id")
    if isinstance(value, list) and len(value) <= 1:
        value = value[0] if value else None
    return None if value is None or value == -1 else parse_id(value, where, "person_id")


def _to_metres(
    people: list[NDArray[np.float32]], layout: Layout, where: str, options: FileOptions
) -> tuple[list[_Pose], tuple[str, ...]]:
    """Convert 3D keypoints ``(frames, J, 4)`` to metres, y up, and their confidence; NaN where not seen."""
    confidences = [np.clip(np.nan_to_num(values[..., 3]), 0, 1) for values in people]
    bodies: list[NDArray[np.floating]] = [values[..., :3].copy() for values in people]
    for joints, confidence in zip(bodies, confidences, strict=True):
        joints[(confidence == 0) | np.isnan(joints).any(axis=-1)] = np.nan
    turned, notes = to_metres_y_up(bodies, layout, where, options)
    return list(zip(turned, confidences, strict=True)), notes

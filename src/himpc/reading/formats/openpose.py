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
from himpc.reading.formats.base import HEAD_BYTES, FileOptions
from himpc.reading.formats.frame_folder import first_frame_file, frame_files, group_frames
from himpc.reading.formats.json_file import label, load_json, looks_like_json, number_array
from himpc.reading.formats.sightings import Sighting, flat_pose, tracks
from himpc.reading.formats.world import metres_y_up
from himpc.recordings.recording import Origin, Quality, Recording
from himpc.skeleton import Layout, get_layout

__all__ = ["read", "recognise"]

# The 18 joints of OpenPose's COCO model begin with the 14 of openpose-14; eyes and ears follow.
_LAYOUTS = {25: "body-25", 14: "openpose-14", 17: "coco-17", 18: "openpose-14"}
_MAX_FRAME_BYTES = 4 * 2**20
_KEYS = (re.compile(r"(.*?)[0-9]+_keypoints\.json", re.IGNORECASE), re.compile(r"(.*?)[0-9]+\.json", re.IGNORECASE))


def _is_frame(name: str) -> bool:
    return name.lower().endswith(".json")


def recognise(path: Path, head: bytes) -> bool:
    if not head:
        file = first_frame_file(path, _is_frame)
        try:
            with (file or path).open("rb") as stream:
                head = stream.read(HEAD_BYTES)
        except OSError:
            return False
    return looks_like_json(head) and b'"people"' in head


def read(path: Path, options: FileOptions) -> list[Recording]:
    if not path.is_dir():
        content = load_json(path)
        frames = content if isinstance(content, list) else [content]
        seen = [_sightings(frame, i, f"{path}, frame {i + 1}") for i, frame in enumerate(frames)]
        return _recordings(path, None, seen, options)
    groups = group_frames(frame_files(path, _is_frame), _KEYS)
    recordings = []
    for key, files in groups.items():
        video = key.strip("_-. ") if len(groups) > 1 else None
        seen = [_sightings(load_json(file, _MAX_FRAME_BYTES), i, str(file)) for i, file in enumerate(files)]
        recordings += _recordings(path, video, seen, options)
    return recordings


def _recordings(path: Path, video: str | None, frames: list[list[Sighting]], options: FileOptions) -> list[Recording]:
    """Return the recordings of one video from the people of each frame."""
    sightings = [sighting for frame in frames for sighting in frame]
    shapes = {sighting.values.shape: sighting.where for sighting in sightings}
    if len(shapes) > 1:
        found = " and ".join(f"{n_joints} joints in {axes - 1}D" for n_joints, axes in shapes)
        raise FormatError(f"{list(shapes.values())[1]}: {found} in one recording; keep them apart")
    people = tracks(path, sightings, len(frames))
    n_joints, width = people[0].values.shape[1:]
    if n_joints not in _LAYOUTS:
        raise FormatError(f"{sightings[0].where}: has {n_joints} joints a person, expected one of {sorted(_LAYOUTS)}")
    layout = get_layout(_LAYOUTS[n_joints])
    values = [person.values[:, : len(layout)] for person in people]
    made = (
        [_flat(body, layout) for body in values]
        if width == 3
        else _solid(values, layout, str(Origin(path, video)), options)
    )
    if len(made) == 1:
        return [made[0].with_(origin=Origin(path, video), fps=options.fps)]
    bodies = [i if video is None else f"{video}#{i}" for i in range(1, len(made) + 1)]
    return [
        recording.with_(origin=Origin(path, body), fps=options.fps)
        for recording, body in zip(made, bodies, strict=True)
    ]


def _sightings(frame: Any, index: int, where: str) -> list[Sighting]:
    """Return the people of one frame."""
    people = frame.get("people") if isinstance(frame, dict) else None
    if not isinstance(people, list) or not all(isinstance(person, dict) for person in people):
        raise FormatError(f"{where}: expected an object with a list of 'people'")
    seen = []
    for person in people:
        key, width = ("pose_keypoints_3d", 4) if person.get("pose_keypoints_3d") else ("pose_keypoints_2d", 3)
        numbers = number_array(person.get(key), where, key)
        if not numbers.size:
            continue
        if numbers.size % width:
            raise FormatError(f"{where}: {key} has {numbers.size} numbers, expected {width} a joint")
        seen.append(Sighting(index, _person_id(person, where), numbers.reshape(-1, width), where))
    return seen


def _person_id(person: dict[str, Any], where: str) -> str | None:
    """Return the tracker's id, or None where it is missing, empty or -1."""
    given = person.get("person_id")
    if isinstance(given, list) and len(given) <= 1:
        given = given[0] if given else None
    return None if given is None or given == -1 else label(given, where, "person_id")


def _flat(values: NDArray[np.float32], layout: Layout) -> Recording:
    joints, confidence = flat_pose(values)
    return Recording(joints, layout, confidence=confidence, dimensions=2, quality=Quality(frames_read=len(joints)))


def _solid(people: list[NDArray[np.float32]], layout: Layout, where: str, options: FileOptions) -> list[Recording]:
    bodies, confidences = [], []
    for values in people:
        joints, confidence = values[..., :3].copy(), np.clip(np.nan_to_num(values[..., 3]), 0, 1)
        joints[(confidence == 0) | np.isnan(joints).any(axis=-1)] = np.nan
        bodies.append(joints)
        confidences.append(confidence)
    turned, notes = metres_y_up(bodies, layout, where, options)
    made = []
    for joints, confidence in zip(turned, confidences, strict=True):
        quality = Quality(frames_read=len(joints), notes=notes)
        made.append(Recording(joints.astype(np.float32), layout, confidence=confidence, quality=quality))
    return made

"""Poses in JSON of any program: frames with points that have names or numbers.

A list of frames, JSON lines, or an object with frames in a list, under their numbers, of each person, or as an array
beside the names of its joints; or a table (see `tables`). A frame is a person, or has people under a key such as
``bodies``; a person has joints as an object by name, or as a list. A joint is ``[x, y, z]``, or an object with x, y and
z, also within ``position``, or a transform of 4 x 4 numbers, and a confidence or tracking state. Keys are compared
without case and separators. Joints without names are in the order of a layout that gives the shape of a person (see
`joint_order`).
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from himpc.errors import FormatError
from himpc.reading.axes import UP_AXES
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.reading.formats.json_poses.arrays import find_arrays, is_of_people
from himpc.reading.formats.json_poses.frames import Document, Frame, list_frames, parse_frame
from himpc.reading.formats.json_poses.tables import read_table
from himpc.reading.formats.numpy_arrays import read_arrays
from himpc.reading.formats.parsing.frames import frame_files, is_folder_of_pictures, places_by_name
from himpc.reading.formats.parsing.keypoints import are_keypoints, is_json, load_json, parse_id
from himpc.reading.formats.parsing.poses import pose_recordings
from himpc.reading.formats.parsing.positions import check_positions
from himpc.reading.formats.parsing.timeline import Timeline, find_timeline, parse_seconds
from himpc.reading.formats.parsing.tracks import Detection
from himpc.reading.formats.unsupported import unsupported_error
from himpc.recordings import Recording

__all__ = ["FACTS", "read", "read_document", "recognise"]

FACTS = FormatFacts(
    kind="any program",
    files="*.json, or a folder of them",
    reads="frames in a list, JSON lines, under their numbers, or one a file; people under a key such as `bodies`, by "
    "id; joints by name or in a list, each `[x, y, z]` or an object with x, y and z; CMU Panoptic, EasyMocap",
    assumes="joints without names are in the order of a layout in which bones keep their length; unit and upward axis "
    "are as the document states, or as the body shows; times are in the unit that gives a usual rate; "
    "without times or a rate, state {fps}",
    ignores="keys that hold no poses",
    exports=(
        Export(
            "a program of yours",
            'write a list of frames, such as `{{"time": 0.03, "bodies": [{{"id": 1, "joints": {{"left_hip": '
            "[x, y, z]}}}}]}}`",
            None,
        ),
    ),
)

_MAX_FRAME_BYTES = 4 * 2**20
_MAX_TIME = 2**64
_PEOPLE = re.compile(rb'\s*\[\s*\{\s*"id"\s*:\s*-?[0-9]+\s*,\s*"keypoints3d"')


def _is_frame(name: str) -> bool:
    return name.lower().endswith(".json")


def _is_one_frame(head: bytes) -> bool:
    """Return whether a file begins as one frame: with ``bodies``, or with the list of people of EasyMocap."""
    return is_json(head) and (_PEOPLE.match(head) is not None or (b'"bodies"' in head and b'"frames"' not in head))


def recognise(path: Path, head: bytes) -> bool:
    """Recognise any JSON, and a folder of numbered files of one frame each."""
    if not head:
        return is_folder_of_pictures(path, _is_frame, _is_one_frame)
    return is_json(head) and unsupported_error(path, head) is None


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each tracked person, or the only one."""
    if not path.is_dir():
        return read_document(path, load_json(path), options)
    files = frame_files(path, _is_frame)
    frames = [_read_frame(file) for file in files]
    if not any(frame.people for frame in frames):
        raise FormatError(f"{path}: no poses are found in its {len(files)} files")
    places, length, notes = places_by_name(path, [file.stem for file in files])
    return _recordings(path, Document(frames), Timeline(places, length, None, notes), options)


def _read_frame(file: Path) -> Frame:
    """Read the people of a file of one frame."""
    try:
        return parse_frame(load_json(file, _MAX_FRAME_BYTES))
    except FormatError as error:
        where = "" if str(file) in error.message else f"{file}: "
        raise FormatError(f"{where}{error.message}", hint=error.hint) from None


def read_document(path: Path, content: Any, options: FileOptions, *, form: str = "JSON") -> list[Recording]:
    """Read the people in the content of a file of JSON, or of another `form` of objects and lists.

    Raises
    ------
    FormatError
        If no poses are found in it.
    """
    if (recordings := read_table(path, content, options)) is not None:
        return recordings
    arrays = find_arrays(content)
    try:
        document = None if any(map(is_of_people, arrays.values())) else list_frames(content)
    except FormatError as error:
        raise FormatError(f"{path}: {error.message}", hint=error.hint) from None
    if document is None and arrays:
        return read_arrays(path, arrays, options)
    if document is None:
        keys = ", ".join(repr(key[:20]) for key in list(content)[:5]) if isinstance(content, dict) else "a list"
        raise FormatError(
            f"{path}: is {form} in which no poses are found ({keys})",
            hint="write a list of frames, each an object with the joints by name, such as 'left_hip': [x, y, z]",
        )
    return _recordings(path, document, _find_timeline(path, document), options)


def _drop_score_coordinate(detections: list[Detection]) -> list[Detection]:
    """Drop the third coordinate if it is a confidence."""
    if not all(each.values.shape[1] == 4 for each in detections):
        return detections
    points = np.concatenate([each.values for each in detections] or [np.zeros((0, 4))])
    points = points[points[:, :3].any(axis=1)]  # others are missing, with a confidence of 0
    if (points[:, 3] != 1).any() or not are_keypoints(points[:, :3]):
        return detections
    return [replace(each, values=each.values[:, :3]) for each in detections]


def _find_timeline(path: Path, document: Document) -> Timeline:
    """Place frames by the numbers and time stamps that all of them state."""
    frames = document.frames
    numbers = [frame.number for frame in frames if frame.number is not None]
    texts = [frame.time for frame in frames if isinstance(frame.time, str)]
    stamps = [float(f.time) for f in frames if type(f.time) in (int, float) and abs(f.time) < _MAX_TIME]
    seconds = parse_seconds(texts) if len(texts) == len(frames) else None
    if len(stamps) == len(frames):
        seconds = np.array(stamps)
    whole = len(numbers) == len(frames) and all(number.is_integer() for number in numbers)
    return find_timeline(
        path,
        range(1, len(frames) + 1),
        numbers=np.array(numbers) if whole else None,
        seconds=seconds,
        stated=document.rate,
        row_name="frame",
    )


def _recordings(path: Path, document: Document, timeline: Timeline, options: FileOptions) -> list[Recording]:
    poses = [pose for frame in document.frames for _, pose in frame.people]
    names = tuple(dict.fromkeys(name for pose in poses for name in pose.names))
    if names and not all(pose.names for pose in poses):
        raise FormatError(f"{path}: names joints in some frames, and not in others")
    index = {name: i for i, name in enumerate(names)}
    detections = []
    for i, (frame, place) in enumerate(zip(document.frames, timeline.places.tolist(), strict=True), start=1):
        where = f"{path}, frame {i}"
        for person, pose in frame.people:
            check_positions(path, [i], pose.values[None, :, :-1], row_name="frame")
            known = person if type(person) in (int, str) and person not in (-1, "") else None
            track = None if known is None else parse_id(known, where, "id")
            values = np.where(np.isnan(pose.values[:, :-1]).any(axis=1, keepdims=True), 0, pose.values)
            if names:  # in the order of the first frame; joints that a frame lacks were not seen
                placed = np.zeros((len(names), values.shape[1]))
                placed[[index[name] for name in pose.names]] = values
                values = placed
            detections.append(Detection(place, track, values, where))
    if document.unit is None and options.unit is None and options.scale is None:
        detections = _drop_score_coordinate(detections)
    if not names and len(document.names) == len(detections[0].values):
        names = document.names
    up = document.up.lower() if document.up else None
    return pose_recordings(
        path, detections, timeline, names, options, unit=document.unit, up=up if up in UP_AXES else None
    )

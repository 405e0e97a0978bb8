"""OpenPose keypoints: a folder of ``*_keypoints.json``, one a frame, or one JSON file of one or several frames.

Format of OpenPose 1.3 and newer, "Output Format" in its documentation: ``people[].pose_keypoints_2d`` holds x y and a
confidence a joint in pixels, ``pose_keypoints_3d`` x y z and a confidence in the unit of the calibration.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from himpc.errors import FormatError, count_noun
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.reading.formats.parsing.bodies import body_recordings
from himpc.reading.formats.parsing.frames import (
    first_frame_file,
    frame_files,
    group_frames,
    natural_key,
    places_by_name,
)
from himpc.reading.formats.parsing.keypoints import is_json, load_json, parse_id, parse_numbers
from himpc.reading.formats.parsing.text import HEAD_BYTES
from himpc.reading.formats.parsing.tracks import Detection, check_same_shape
from himpc.recordings import Recording
from himpc.skeleton import get_layout

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="pose estimators",
    files="a folder of *_keypoints.json, or *.json",
    reads="`pose_keypoints_3d`, else `pose_keypoints_2d`, of 14, 17, 18 or 25 joints, one frame a file; a list of "
    "frames; frames by image, as of AlphaPose; people by `person_id`",
    assumes="2D is in pixels; 3D has the unit and axis that the body shows; missing numbers of files are gaps; no "
    "rate: state {fps}",
    ignores="face and hands; several people without ids in a frame, which are refused",
    source="https://github.com/CMU-Perceptual-Computing-Lab/openpose/blob/master/doc/02_output.md",
    exports=(
        Export(
            "OpenPose 1.7",
            "run it with `--write_json`",
            "https://github.com/CMU-Perceptual-Computing-Lab/openpose/blob/master/doc/02_output.md",
        ),
    ),
)

# The 18 joints of OpenPose's COCO model begin with the 14 of openpose-14; eyes and ears follow.
_LAYOUTS = {25: "body-25", 14: "openpose-14", 17: "coco-17", 18: "openpose-14"}
_NOBODY = re.compile(rb'"people"\s*:\s*\[\s*\]')
_MAX_FRAME_BYTES = 4 * 2**20
_KEYS = (re.compile(r"(.*?)[0-9]+_keypoints\.json", re.IGNORECASE), re.compile(r"(.*?)[0-9]+\.json", re.IGNORECASE))


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
    return is_json(head) and b'"people"' in head and (b'"pose_keypoints' in head or _NOBODY.search(head) is not None)


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each tracked person in a file, or in each video of a folder."""
    if not path.is_dir():
        content = load_json(path)
        if isinstance(content, dict) and "people" not in content:
            return _read_images(path, content, options)
        frames = content if isinstance(content, list) else [content]
        found = [one for i, frame in enumerate(frames) for one in _detections(frame, i, f"{path}, frame {i + 1}")]
        return _recordings(path, None, found, len(frames), options)
    groups = group_frames(frame_files(path, _is_frame), _KEYS)
    names = [key.strip("_-. ") for key in groups]
    if len(set(names)) != len(names):
        names = list(groups)
    recordings = []
    for name, files in zip(names, groups.values(), strict=True):
        places, length, notes = places_by_name(path, [file.stem for file in files])
        found = [
            one
            for file, place in zip(files, places.tolist(), strict=True)
            for one in _detections(load_json(file, _MAX_FRAME_BYTES), place, str(file))
        ]
        recordings += _recordings(path, name if len(groups) > 1 else None, found, length, options, notes)
    return recordings


def _read_images(path: Path, content: dict[str, Any], options: FileOptions) -> list[Recording]:
    """Read the frames of an object by the names of their images, as AlphaPose writes them in the format of OpenPose."""
    images = sorted(content, key=natural_key)
    places, length, notes = places_by_name(path, [Path(image).stem for image in images])
    found = [
        one
        for image, place in zip(images, places.tolist(), strict=True)
        for one in _detections(content[image], place, f"{path}, image {image[:60]!r}")
    ]
    return _recordings(path, None, found, length, options, notes)


def _recordings(
    path: Path,
    video: str | None,
    detections: list[Detection],
    n_frames: int,
    options: FileOptions,
    notes: tuple[str, ...] = (),
) -> list[Recording]:
    """Return the recordings of one video from the people of its frames."""
    check_same_shape(detections)
    n_joints = len(detections[0].values) if detections else 25
    if n_joints not in _LAYOUTS:
        raise FormatError(
            f"{detections[0].where}: has {count_noun(n_joints, 'joint')} a person, expected one of {sorted(_LAYOUTS)}"
        )
    layout = get_layout(_LAYOUTS[n_joints])
    body = [replace(found, values=found.values[: len(layout)]) for found in detections]
    return body_recordings(path, body, n_frames, layout, options, group=video, notes=notes)


def _detections(frame: Any, index: int, where: str) -> list[Detection]:
    """Return the people of one frame."""
    people = frame.get("people") if isinstance(frame, dict) else None
    if not isinstance(people, list) or not all(isinstance(person, dict) for person in people):
        raise FormatError(f"{where}: expected an object with a list of 'people'")
    detections = []
    for person in people:
        old = "pose_keypoints" in person and "pose_keypoints_2d" not in person  # before version 1.1
        key, width = ("pose_keypoints" if old else "pose_keypoints_2d", 3)
        if person.get("pose_keypoints_3d"):
            key, width = "pose_keypoints_3d", 4
        numbers = parse_numbers(person.get(key), where, key)
        if not numbers.size:
            continue
        if numbers.size % width:
            raise FormatError(f"{where}: {key} has {count_noun(numbers.size, 'number')}, expected {width} a joint")
        detections.append(Detection(index, _person_id(person, where), numbers.reshape(-1, width), where))
    return detections


def _person_id(person: dict[str, Any], where: str) -> str | None:
    """Return the tracker's id, or None where it is missing, empty or -1."""
    value = person.get("person_id")
    if isinstance(value, list) and len(value) <= 1:
        value = value[0] if value else None
    return None if value is None or value == -1 else parse_id(value, where, "person_id")

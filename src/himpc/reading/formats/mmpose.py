"""MMPose 1.x JSON: keypoints of each person in each frame, in 2D or 3D.

An object with ``meta_info`` and ``instance_info``, or with the ``predictions`` of the inferencer, or a list of frames.
A frame has a ``frame_id`` and ``instances``, each with ``keypoints`` (x, y or x, y, z a joint), ``keypoint_scores``,
and ``track_id`` where a tracker ran. A list of instances without frames is one picture, and a folder of them, as of the
inferencer with pictures, is a recording. 3D poses are those of
Human3.6M, in metres and with z up.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from himpc.errors import FormatError, count_noun
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.reading.formats.json_poses import read_document
from himpc.reading.formats.parsing.bodies import body_recordings
from himpc.reading.formats.parsing.frames import frame_files, is_folder_of_pictures, places_by_name
from himpc.reading.formats.parsing.keypoints import (
    check_frames,
    check_objects,
    has_keypoint_layout,
    has_keypoint_lists,
    is_json,
    keypoint_layout,
    load_json,
    names_fit,
    parse_id,
    parse_points,
)
from himpc.reading.formats.parsing.poses import pose_recordings
from himpc.reading.formats.parsing.timeline import Timeline, find_timeline
from himpc.reading.formats.parsing.tracks import Detection, check_same_shape
from himpc.recordings import Recording
from himpc.skeleton import Layout, get_layout

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="pose estimators",
    files="*.json, or a folder of them",
    reads="`instances` of each frame, in 2D or 3D, with `keypoint_scores`; people by `track_id`; files of one picture; "
    "17, 26, 133 or 136 keypoints, or as many as names in `meta_info`",
    assumes="2D is in pixels; 3D is of Human3.6M with z up; frames by `frame_id` or by the numbers of files; no rate: "
    "state {fps}",
    ignores="boxes; face and hands",
    source="https://mmpose.readthedocs.io",
    exports=(
        Export(
            "MMPose 1",
            "run `demo/inferencer_demo.py` with `--pred-out-dir`",
            "https://mmpose.readthedocs.io/en/latest/user_guides/inference.html",
        ),
    ),
)

_MARKS = (b'"instance_info"', b'"meta_info"', b'"keypoint_scores"', b'"instances"', b'"predictions"')
_IDS = ("track_id", "instance_id", "track_ids", "id")
_KEYS_OF_INSTANCES = ("keypoint_scores", "bbox", "bbox_score", "score", "category_id", "area")
_H36M = "h36m-17"
_MAX_PICTURE_BYTES = 4 * 2**20


def _is_frame(name: str) -> bool:
    return name.lower().endswith(".json")


def recognise(path: Path, head: bytes) -> bool:
    """Recognise keys of the results of MMPose, in a file or in each of the first files of a folder."""
    if not head:
        return is_folder_of_pictures(path, _is_frame, lambda head: is_json(head) and has_keypoint_lists(head))
    return is_json(head) and (any(mark in head for mark in _MARKS) or has_keypoint_lists(head))


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each tracked person, or the only one."""
    if path.is_dir():
        files = frame_files(path, _is_frame)
        frames = [{"instances": _instances_of_picture(file)} for file in files]
        places, length, notes = places_by_name(path, [file.stem for file in files])
        return _recordings(path, frames, Timeline(places, length, None, notes), {}, options)
    content = load_json(path)
    if not _is_of_mmpose(content):
        return read_document(path, content, options)
    meta = content.get("meta_info") if isinstance(content, dict) else None
    frames = check_frames(_list_frames(content), path)
    return _recordings(path, frames, _find_timeline(path, frames), meta if isinstance(meta, dict) else {}, options)


def _is_of_mmpose(content: Any) -> bool:
    """Return whether a document is of MMPose, and not frames of another program that are one person's keypoints each.

    MMPose writes boxes and scores beside the keypoints of the people in a picture.
    """
    if isinstance(content, dict):
        return any(key in content for key in ("meta_info", "instance_info", "predictions", "instances", "keypoints"))
    if not isinstance(content, list) or len(content) < 2:
        return True
    if not any(
        isinstance(each, list) or (isinstance(each, dict) and {"instances", "keypoints"} & set(each))
        for each in content
    ):
        return False
    return not all(
        isinstance(each, dict) and "keypoints" in each and not set(each) & {*_IDS, *_KEYS_OF_INSTANCES}
        for each in content
    )


def _instances_of_picture(file: Path) -> Any:
    """Return the people of a file of one picture."""
    frames = _list_frames(load_json(file, _MAX_PICTURE_BYTES))
    if not isinstance(frames, list) or len(frames) > 1:
        raise FormatError(f"{file}: holds several frames, unlike the others of the folder", hint="read it by itself")
    return frames[0].get("instances") if frames and isinstance(frames[0], dict) else []


def _recordings(
    path: Path, frames: list[dict[str, Any]], timeline: Timeline, meta: dict[str, Any], options: FileOptions
) -> list[Recording]:
    """Return the recordings of one video from the people of its frames."""
    detections = [
        _detection(person, place, f"{path}, frame {i}")
        for i, (frame, place) in enumerate(zip(frames, timeline.places.tolist(), strict=True), start=1)
        for person in check_objects(frame.get("instances") or [], f"{path}, frame {i}: expected a list of instances")
    ]
    if not detections:
        raise FormatError(f"{path}: shows no person in {count_noun(timeline.length, 'frame')}")
    check_same_shape(detections)
    count, axes = detections[0].values.shape
    if not has_keypoint_layout(count):
        return pose_recordings(path, detections, timeline, _stated_names(meta, count), options)
    usual, notes = keypoint_layout(count, str(path))
    layout = _find_layout(path, usual, axes - 1, meta)
    body = [replace(found, values=found.values[: len(layout)]) for found in detections]
    return body_recordings(path, body, timeline, layout, options, up="z", notes=notes)


def _stated_names(meta: dict[str, Any], count: int) -> list[str]:
    """Return the names of keypoints that the meta data state; none if they do not."""
    names = meta.get("keypoint_id2name")
    values = list(names.values()) if isinstance(names, dict) else []
    return values if len(values) == count and all(isinstance(name, str) for name in values) else []


def _list_frames(content: Any) -> Any:
    """Return the frames of a document, which may be those of the inferencer, or one picture."""
    frames = content
    if isinstance(content, dict):
        frames = next((content[key] for key in ("instance_info", "predictions") if key in content), [content])
    if not isinstance(frames, list):
        return frames
    frames = [{"instances": frame} if isinstance(frame, list) else frame for frame in frames]
    if any(isinstance(frame, dict) and "keypoints" in frame for frame in frames):
        return [{"instances": frames}]
    return frames


def _find_timeline(path: Path, frames: list[dict[str, Any]]) -> Timeline:
    """Place frames by their numbers; missing numbers are frames without a person."""
    numbers = [frame["frame_id"] for frame in frames if type(frame.get("frame_id")) is int]
    known = np.array([float(min(abs(number), 2**53)) for number in numbers]) if len(numbers) == len(frames) else None
    return find_timeline(path, range(1, len(frames) + 1), numbers=known, row_name="frame")


def _detection(person: dict[str, Any], frame: int, where: str) -> Detection:
    keypoints = _unwrap(person.get("keypoints"), 3)
    if not isinstance(keypoints, list) or not keypoints or not isinstance(keypoints[0], list):
        raise FormatError(f"{where}: keypoints is not a list of points")
    width = 3 if len(keypoints[0]) >= 3 else 2
    points = parse_points(keypoints, where, "keypoints", width=width, count=len(keypoints))
    confidence = np.ones(len(points))
    if person.get("keypoint_scores") is not None:
        scores = _unwrap(person["keypoint_scores"], 2)
        rows = [[score] for score in scores] if isinstance(scores, list) else scores
        confidence = parse_points(rows, where, "keypoint_scores", width=1, count=len(points))[:, 0]
    track = next((person[key] for key in _IDS if person.get(key) is not None), None)
    return Detection(
        frame,
        None if track is None or track == -1 else parse_id(track, where, "track_id"),
        np.column_stack([points, np.clip(np.nan_to_num(confidence), 0, 1)]),
        where,
    )


def _unwrap(values: Any, depth: int) -> Any:
    """Return a list that is the only element of a list, if it is nested `depth` deep."""
    nested = values
    for _ in range(depth - 1):
        if not isinstance(nested, list) or not nested:
            return values
        nested = nested[0]
    return values[0] if isinstance(nested, list) and len(values) == 1 else values


def _find_layout(path: Path, usual: Layout, axes: int, meta: dict[str, Any]) -> Layout:
    """Return the layout whose joints the file names, or else the usual one of their number."""
    h36m = get_layout(_H36M)
    candidates = [usual, h36m] if len(usual) == len(h36m) else [usual]
    if isinstance(names := meta.get("keypoint_id2name"), dict):
        fitting = [layout for layout in candidates if names_fit(list(names.values()), layout)]
        if not fitting:
            found = ", ".join(str(name)[:20] for name in list(names.values())[:3])
            raise FormatError(f"{path}: its keypoints are {found} and so on, expected those of {usual.title}")
        return fitting[0]
    stated = str(meta.get("dataset_name", "")).lower()
    is_h36m = "h36m" in stated or (axes == 3 and "coco" not in stated)
    return candidates[-1] if is_h36m else usual

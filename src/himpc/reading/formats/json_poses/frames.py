"""Frames in JSON under any keys: people in frames, in a list, by their numbers, or in arrays beside names of joints."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

import numpy as np

from himpc.errors import FormatError
from himpc.reading.formats.json_poses.points import (
    MIN_POINTS,
    RATES,
    Pose,
    are_one_body,
    get_first,
    parse_point,
    parse_pose,
)
from himpc.reading.formats.parsing.keypoints import may_be_positions, normalize_key

__all__ = ["Document", "Frame", "list_frames", "parse_frame"]

_FRAMES = ("frames", "data", "poses", "sequence", "samples", "motion", "recording", "bodyframes", "skeletonframes")
_PEOPLE = (
    *("bodies", "people", "persons", "skeletons", "users", "instances", "subjects", "individuals", "players"),
    *("detections", "humans", "trackedbodies", "poses"),
)
_PANOPTIC = (
    *("Neck", "Nose", "BodyCenter", "lShoulder", "lElbow", "lWrist", "lHip", "lKnee", "lAnkle", "rShoulder", "rElbow"),
    *("rWrist", "rHip", "rKnee", "rAnkle", "lEye", "lEar", "rEye", "rEar"),
)
_NAMES_OF = {"joints19": _PANOPTIC, "joints15": ("Neck", "HeadTop", *_PANOPTIC[2:15])}
"""The joints of CMU Panoptic (Joo et al., ICCV 2015) by the key of their coordinates."""
_POSES = (
    *("joints3d", "keypoints3d", "pose3d", "poses3d", "joints", "keypoints", "skeleton", "positions", "landmarks"),
    *("markers", "points", "jointpositions", "pose", "bones", "body", *_NAMES_OF, "data"),
)
_IDS = ("id", "trackid", "trackingid", "bodyid", "personid", "skeletonid", "userid", "person", "subject", "bodyindex")
_NUMBERS = ("frame", "frameid", "framenumber", "frameindex", "frameno", "framecount", "index")
_TIMES = (
    "timestamp",
    "time",
    "timestampms",
    "timestampusec",
    "timestampus",
    "relativetime",
    "univtime",
    "seconds",
    "t",
)
_NAMES = ("jointnames", "names", "keypointnames", "markernames", "labels", "joints", "markers", "columns", "keypoints")
_SCORES = (
    "keypointscores",
    "keypointsconfidence",
    "keypointconfidence",
    "scores",
    "confidences",
    "confidence",
    "visibility",
    "visibilities",
)
_FRAME_IDS = ("frameids", "frameindices", "framenumbers", "frames")
_NUMBER = re.compile(r"(?:.*[^0-9a-z])?[a-z_ -]*?([0-9]{1,12})(?:\.[a-z]{3,4})?", re.IGNORECASE)
_PERSON = re.compile(
    r"(?:person|body|people|skeleton|player|user|track|subject|individual|id)[^a-z]*[0-9]+", re.IGNORECASE
)
_IN_SPACE = (re.compile("global|world"), re.compile("xyz|3d"))
"""Words in the key of a pose in space, beside other poses of the person."""
_MAX_PEOPLE = 50
_MAX_NUMBER = 2**53
_MAX_DEPTH = 4


@dataclass(frozen=True)
class Frame:
    """The people of a frame, each with the tracker's id if there is one, and the frame's number and time."""

    people: list[tuple[Any, Pose]]
    number: float | None = None
    time: Any = None


@dataclass(frozen=True)
class Document:
    """The frames of a document, and what it states about all of them."""

    frames: list[Frame]
    rate: float | None = None
    unit: str | None = None
    up: str | None = None
    names: tuple[str, ...] = field(default=())


def list_frames(content: Any) -> Document | None:
    """List the frames of a document; None if no poses are found in it.

    Raises
    ------
    FormatError
        If it holds one body several times, as before and after a filter.
    """
    stated = content if isinstance(content, dict) else {}
    nested = [value for value in stated.values() if isinstance(value, dict)]
    rate: Any = next((found for each in (stated, *nested) if (found := get_first(each, RATES)) is not None), None)
    unit, up = get_first(stated, ("unit", "units", "lengthunit")), get_first(stated, ("up", "upaxis"))
    names = next((tuple(each) for key in _NAMES if _are_names(each := get_first(stated, (key,)))), ())
    frames = _merge_frames(_find_frames(content, 0))
    if not any(frame.people for frame in frames):
        return None
    return Document(
        frames,
        float(rate) if type(rate) in (int, float) and 0 < rate < _MAX_NUMBER else None,
        unit if isinstance(unit, str) else None,
        up if isinstance(up, str) else None,
        names,
    )


def _merge_frames(frames: list[Frame]) -> list[Frame]:
    """Merge frames that are listed once for each person, with the number or time of the frame."""
    keys = [frame.time if frame.number is None else frame.number for frame in frames]
    if not all(type(key) in (int, float, str) for key in keys) or len(set(keys)) == len(keys):
        return frames
    if not all(person is not None for frame in frames for person, _ in frame.people):
        return frames
    merged: dict[Any, Frame] = {}
    for key, frame in zip(keys, frames, strict=True):
        known = merged.setdefault(key, replace(frame, people=[]))
        known.people.extend(frame.people)
    return list(merged.values())


def _find_frames(content: Any, depth: int) -> list[Frame]:
    """Find frames in a list, under a key, under their numbers, or of each joint."""
    if depth > _MAX_DEPTH:
        return []
    if isinstance(content, list):
        return [_parse_listed_frame(frame) for frame in content]
    if not isinstance(content, dict):
        return []
    if parse_pose(content) is None:
        if frames := _parse_trajectories(content):
            return frames
        numbered = {int(m[1]): key for key in content if (m := _NUMBER.fullmatch(key)) and not _PERSON.fullmatch(key)}
        pairs = [(number, parse_frame(content[key])) for number, key in sorted(numbered.items())]
        is_numbered = len(numbered) == len(content) and (len(content) > 1 or set(numbered) <= {0, 1})
        if is_numbered and any(frame.people for _, frame in pairs):
            return [Frame(frame.people, float(number), frame.time) for number, frame in pairs]
    frame = parse_frame(content)
    if frame.people:
        return [frame]
    for key in (*_FRAMES, *_POSES, *_PEOPLE):
        value = get_first(content, (key,))
        if isinstance(value, list | dict) and not _are_names(value):
            frames = _find_frames(value, depth + 1)
            if any(frame.people for frame in frames):
                return frames
    return _find_under_any_key(content, depth)


def _find_under_any_key(content: Mapping[str, Any], depth: int) -> list[Frame]:
    """Find the frames under the only key that has some, or those of several people, each under a key."""
    found: dict[str, list[Frame]] = {}
    for key, value in content.items():
        if isinstance(value, list | dict) and may_be_positions(key) and not _are_names(value):
            frames = _find_frames(value, depth + 1)
            if any(frame.people for frame in frames):
                found[key] = _number_frames(frames, value)
    if len(found) < 2:
        return next(iter(found.values()), [])
    n_containers = sum(isinstance(value, list | dict) for value in content.values())
    if len(found) < n_containers or len(found) > _MAX_PEOPLE or min(map(len, found.values())) < 2:
        return []
    for (key, frames), (other, others) in combinations(found.items(), 2):
        pairs = zip(frames, others, strict=False)
        if are_one_body([(a.people[0][1], b.people[0][1]) for a, b in pairs if a.people and b.people]):
            raise FormatError(
                f"{key[:20]!r} and {other[:20]!r} are the same body, which is there several times",
                hint="keep one of them in the file",
            )
    people: dict[float, list[tuple[Any, Pose]]] = {}
    for key, frames in found.items():
        for i, frame in enumerate(frames):
            number = float(i) if frame.number is None else frame.number
            people.setdefault(number, []).extend((key, pose) for _, pose in frame.people)
    return [Frame(people[number], number) for number in sorted(people)]


def _number_frames(frames: list[Frame], content: Any) -> list[Frame]:
    """Return frames with the numbers that a list beside them states."""
    numbers = get_first(content, _FRAME_IDS) if isinstance(content, dict) else None
    if not isinstance(numbers, list) or len(numbers) != len(frames) or not all(type(n) is int for n in numbers):
        return frames
    return [replace(frame, number=float(number)) for frame, number in zip(frames, numbers, strict=True)]


def parse_frame(content: Any) -> Frame:
    """Parse the people of a frame, which may be one pose, one person, or several people."""
    if not isinstance(content, dict):
        return Frame(list(_people(content)))
    number, time = get_first(content, _NUMBERS), get_first(content, _TIMES)
    several = next((each for key in _PEOPLE if isinstance(each := get_first(content, (key,)), list | dict)), None)
    people = list(_people(content if several is None else several))
    is_number = type(number) in (int, float) and abs(number) < _MAX_NUMBER
    return Frame(people, float(number) if is_number else None, time)


def _parse_listed_frame(content: Any) -> Frame:
    """Parse a frame of a list, whose people may be under any key if only one has some."""
    frame = parse_frame(content)
    if frame.people or not isinstance(content, dict):
        return frame
    values = [value for key, value in content.items() if isinstance(value, list | dict) and may_be_positions(key)]
    found = [people for value in values if (people := list(_people(value)))]
    return replace(frame, people=found[0]) if len(found) == 1 else frame


def _people(content: Any) -> Iterator[tuple[Any, Pose]]:
    """Yield the people of a frame, each with an id if there is one."""
    pose = parse_pose(content)
    if pose is not None:
        yield (get_first(content, _IDS) if isinstance(content, dict) else None), pose
    elif isinstance(content, list):
        for person in content:
            if (found := _person(person)) is not None:
                yield found
    elif isinstance(content, dict) and (found := _person(content)) is not None:
        yield found
    elif isinstance(content, dict):
        for key, person in content.items():
            if may_be_positions(key) and (found := _person(person)) is not None:
                yield (key if found[0] is None else found[0]), found[1]


def _person(content: Any) -> tuple[Any, Pose] | None:
    """Return the id and the pose of a person: of the first key of a pose, or of the only other one with a pose.

    Of several ones, it is the only one with x, y and z, or of those the only one in space.
    """
    pose = parse_pose(content)
    if pose is not None:
        return (get_first(content, _IDS) if isinstance(content, dict) else None), pose
    if not isinstance(content, dict) or get_first(content, ("tracked", "istracked")) is False:
        return None
    poses = {
        normalize_key(key): pose
        for key, value in content.items()
        if may_be_positions(key) and (pose := _nested_pose(value))
    }
    poses |= {
        key: replace(poses[key], names=names)
        for key, names in _NAMES_OF.items()
        if key in poses and len(poses[key].values) == len(names)
    }
    chosen = next((poses[key] for key in _POSES if key in poses), None)
    if chosen is None:
        in_space = {key: pose for key, pose in poses.items() if pose.values.shape[1] == 4} or poses
        marked = ([pose for key, pose in in_space.items() if word.search(key)] for word in _IN_SPACE)
        chosen = next((found[0] for found in (*marked, list(in_space.values())) if len(found) == 1), None)
    return None if chosen is None else (get_first(content, _IDS), _add_scores(chosen, get_first(content, _SCORES)))


def _add_scores(pose: Pose, scores: Any) -> Pose:
    """Return a pose whose points have the confidences of a list beside them, if there is one."""
    is_list = isinstance(scores, list) and len(scores) == len(pose.values)
    if not is_list or not all(type(score) in (int, float) and 0 <= score <= 1 for score in scores):
        return pose
    return replace(pose, values=np.column_stack([pose.values[:, :-1], np.array(scores, dtype=np.float64)]))


def _nested_pose(value: Any) -> Pose | None:
    """Return a pose, which may be one level deeper, as in ``{"skeleton": {"joints": [...]}}``."""
    pose = parse_pose(value)
    if pose is None and isinstance(value, dict):
        inner = [value[key] for key in value if normalize_key(key) in _POSES]
        pose = next((found for each in inner if (found := parse_pose(each))), None)
    return pose


def _parse_trajectories(content: Mapping[str, Any]) -> list[Frame]:
    """Parse the frames of an object with the trajectory of each joint: a list of points, or a list for each axis."""
    trajectories: dict[str, Sequence[Any]] = {}
    for name, trajectory in content.items():
        if isinstance(trajectory, dict):
            axes = {normalize_key(axis): values for axis, values in trajectory.items() if isinstance(values, list)}
            lists = [axes[axis] for axis in "xyz" if axis in axes]
            if len(lists) >= 2 and len({len(values) for values in lists}) == 1:
                trajectories[name] = [list(point) for point in zip(*lists, strict=True)]
        elif isinstance(trajectory, list) and trajectory and all(_is_point(point) for point in trajectory):
            trajectories[name] = trajectory
    lengths = [len(trajectory) for trajectory in trajectories.values()]
    usual = max(set(lengths), key=lengths.count, default=0)
    trajectories = {name: trajectory for name, trajectory in trajectories.items() if len(trajectory) == usual}
    if len(trajectories) < MIN_POINTS or all(normalize_key(name) in (*_PEOPLE, *_POSES) for name in trajectories):
        return []
    frames = [{name: trajectory[i] for name, trajectory in trajectories.items()} for i in range(usual)]
    return [parse_frame(frame) for frame in frames]


def _is_point(value: Any) -> bool:
    if isinstance(value, dict):
        return parse_point(value) is not None
    return isinstance(value, list) and 2 <= len(value) <= 4 and not any(isinstance(number, list) for number in value)


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and len(value) >= MIN_POINTS and all(isinstance(name, str) for name in value)

"""Poses in JSON under any keys: points, named or numbered, of one person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.formats.csv.columns import AXES, parse_column
from himpc.reading.formats.parsing.keypoints import may_be_positions, normalize_key
from himpc.reading.formats.parsing.positions import are_quaternions
from himpc.reading.formats.parsing.text import parse_cell

__all__ = ["MIN_POINTS", "RATES", "Pose", "are_one_body", "get_first", "parse_point", "parse_pose"]

_MAX_NUMBER = 1e300
_MAX_GAP = 0.03
"""Mean distance of the points of two poses of one body, in the size of the body: 5 cm in an adult."""
RATES = ("fps", "framerate", "samplingrate", "samplerate", "frequency", "capturerate", "rate")
"""Keys of the frame rate."""
MIN_POINTS = 5
"""Points of the smallest pose; lists of fewer are boxes, axes or colours."""

_INSIDE = (
    *("position", "pos", "location", "coordinates", "translation", "point", "xyz", "camera", "cameraspacepoint"),
    *("real", "world", "worldposition", "position3d", "globalposition", "point3d", "transform", "matrix"),
)
_XYZ = (("x", "y", "z"), ("camerax", "cameray", "cameraz"), ("posx", "posy", "posz"), ("px", "py", "pz"))
_CONFIDENCES = ("confidence", "conf", "score", "visibility", "likelihood", "probability", "presence")
_STATES = ("trackingstate", "state", "tracked", "confidencelevel", "trackingconfidence")
_STATE_WORDS = {"tracked": 1.0, "inferred": 0.5, "nottracked": 0.0, "none": 0.0, "low": 0.5, "medium": 1.0, "high": 1.0}
_NAMES = ("name", "jointname", "jointtype", "joint", "type", "label", "id", "part")


@dataclass(frozen=True)
class Pose:
    """The points of a person and their names: ``(J, 3)`` are x, y and a confidence, ``(J, 4)`` also z.

    Points that have numbers instead of names are in their order, and `names` is empty.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]


def get_first(content: Mapping[str, Any], keys: Sequence[str]) -> Any:
    """Get the value of the first of some keys (see `normalize_key`) that is there; None if none is."""
    of_key = {normalize_key(key): value for key, value in reversed(list(content.items()))}
    return next((of_key[key] for key in keys if of_key.get(key) is not None), None)


def parse_pose(value: Any) -> Pose | None:
    """Parse the points of a person: by name, in a list, or as flat coordinates; None if it is something else.

    Raises
    ------
    FormatError
        If a coordinate among those of a person is a text that is no number and no word for a missing one.
    """
    pose = _parse_any(value)
    return None if pose is None or _holds_quaternions(pose.values) or not pose.values.any() else pose


def are_one_body(pairs: Sequence[tuple[Pose, Pose]]) -> bool:
    """Return whether pairs of poses are usually alike, such as those before and after a filter."""
    gaps = []
    for first, second in pairs:
        points, others = first.values[:, :-1], second.values[:, :-1]
        if points.shape == others.shape and (size := np.ptp(points, axis=0).max()) > 0:  # and not NaN
            gaps.append(np.linalg.norm(points - others, axis=1).mean() / size)
    return bool(gaps) and bool(np.median(gaps) < _MAX_GAP)


def _holds_quaternions(values: NDArray[np.float64]) -> bool:
    """Return whether rows are quaternions; points at the origin have length 1, too, by a confidence of 1."""
    return values.shape[1] == 4 and bool(values[:, :3].any()) and are_quaternions(values)


def _parse_any(value: Any) -> Pose | None:
    if isinstance(value, dict):
        return _parse_columns(value) or _parse_named(value)
    if not isinstance(value, list) or len(value) < MIN_POINTS:
        return None
    if all(map(_is_number, value)) and not all(isinstance(number, str) for number in value):
        return _parse_flat(value)
    points = [parse_point(point) for point in value]
    others = {f"point {i}": each for i, (each, point) in enumerate(zip(value, points, strict=True), 1) if point is None}
    _check_texts(others, len(points) - len(others))
    width = max((len(point) for point in points if point is not None), default=0)
    if not width or any(point is None and each is not None for point, each in zip(points, value, strict=True)):
        return None
    names: list[Any] = [get_first(point, _NAMES) if isinstance(point, dict) else None for point in value]
    filled = [point if point is not None else (np.nan,) * (width - 1) + (0.0,) for point in points]
    if any(len(point) != width for point in filled):
        return None
    order = list(range(len(value)))
    if all(isinstance(name, str) and name for name in names) and len(set(names)) == len(names):
        return Pose(tuple(map(str, names)), np.array(filled))
    if all(type(name) is int for name in names) and sorted(names) == list(range(min(names), min(names) + len(names))):
        order = sorted(order, key=lambda i: names[i])
    return Pose((), np.array([filled[i] for i in order]))


def _parse_named(content: Mapping[str, Any]) -> Pose | None:
    """Parse an object that has points under their names; other keys are left out."""
    points = {key: point for key, value in content.items() if (point := parse_point(value))}
    _check_texts({key: value for key, value in content.items() if key not in points}, len(points))
    width = max((len(point) for point in points.values()), default=0)
    points = {key: point for key, point in points.items() if len(point) == width}
    if len(points) < MIN_POINTS or normalize_key(next(iter(points))) in _INSIDE:
        return None
    if all(key.isdecimal() for key in points):
        return Pose((), np.array([points[key] for key in sorted(points, key=int)]))
    return Pose(tuple(points), np.array(list(points.values())))


def _parse_columns(content: Mapping[str, Any]) -> Pose | None:
    """Parse an object with a number for each axis of each joint, such as ``left_hip_x``."""
    axes: dict[str, dict[str, float]] = {}
    texts: dict[str, str] = {}
    for key, value in content.items():
        if not isinstance(value, list | dict) and (column := parse_column(key)) and column.joint:
            if _is_number(value):
                axes.setdefault(column.joint, {})[column.content] = _number(value)
            elif column.content in AXES:
                texts[key] = str(value)
    used = AXES if any("z" in of for of in axes.values()) else AXES[:2]
    complete = {name: of for name, of in axes.items() if set(used) <= set(of)}
    if len(complete) < MIN_POINTS:
        return None
    if texts:
        raise _text_error(*next(iter(texts.items())))
    values = [[*(of[axis] for axis in used), of.get("confidence", 1.0)] for of in complete.values()]
    return Pose(tuple(complete), np.array(values))


def _check_texts(content: Mapping[str, Any], n_points: int) -> None:
    """Check that no coordinate is a text, beside as many points as a person has."""
    if n_points < MIN_POINTS:
        return
    for name, value in content.items():
        numbers = _coordinates(value) if may_be_positions(name) else []
        texts = [number for number in numbers if isinstance(number, str) and not _is_number(number)]
        if texts and (len(texts) < len(numbers) or isinstance(value, dict)):
            raise _text_error(name, texts[0])


def _text_error(name: str, text: str) -> FormatError:
    return FormatError(
        f"a coordinate of {name[:30]!r} is {text[:20]!r}, expected a number",
        hint="write null for a coordinate that is not known",
    )


def _coordinates(value: Any) -> list[Any]:
    """Return the values in the places of the coordinates of a point, which may be nested; empty if it has none."""
    if isinstance(value, list):
        return value[:3] if 2 <= len(value) <= 4 and not any(isinstance(each, list | dict) for each in value) else []
    of_key = {normalize_key(key): each for key, each in value.items()} if isinstance(value, dict) else {}
    found = next(([of_key[axis] for axis in axes if axis in of_key] for axes in _XYZ if axes[0] in of_key), None)
    return found or next((inner for key in _INSIDE if key in of_key and (inner := _coordinates(of_key[key]))), [])


def _parse_flat(numbers: Sequence[float | str | None]) -> Pose | None:
    """Parse x, y and z of each joint, one after the other, or with a confidence if the number of joints shows it."""
    values = np.array([_number(number) for number in numbers])
    width = 4 if len(values) % 4 == 0 and len(values) % 3 else 3
    if len(values) % width or len(values) < width * MIN_POINTS:
        return None
    points = values.reshape(-1, width)
    return Pose((), points if width == 4 else np.column_stack([points, np.ones(len(points))]))


def parse_point(value: Any) -> tuple[float, ...] | None:
    """Parse a point as (x, y, confidence) or (x, y, z, confidence); None if it is none."""
    if isinstance(value, list):
        if (place := _parse_matrix(value)) is not None:
            return (*place, 1.0)
        if not 2 <= len(value) <= 4 or not all(_is_number(number) for number in value):
            return None
        numbers = [_number(number) for number in value]
        return (*numbers, 1.0) if len(numbers) < 4 else (*numbers[:3], numbers[3])
    if not isinstance(value, dict):
        return None
    of_key = {normalize_key(key): each for key, each in value.items()}
    for axes in _XYZ:
        if axes[0] in of_key and axes[1] in of_key:
            found = [of_key[axis] for axis in axes if axis in of_key]
            if not all(map(_is_number, found)) or of_key.get("w", 1) not in (0, 1):
                return None  # a quaternion; 1 is the fourth coordinate of a point, as of Kinect v1
            numbers = [_number(number) for number in found]
            is_identity = "w" in of_key and not any(numbers)
            return (*numbers, 0.0 if is_identity else _confidence(of_key))
    if any(isinstance(each, dict) and len(each) >= MIN_POINTS for each in value.values()):
        return None  # a person, with the place of a camera
    inner = next((point for key in _INSIDE if (point := parse_point(of_key.get(key)))), None)
    return None if inner is None else (*inner[:-1], _confidence(of_key))


def _parse_matrix(value: list[Any]) -> tuple[float, ...] | None:
    """Parse the place of a transform of 4 x 4 numbers, in rows or columns; None if it is none."""
    rows = value if len(value) == 4 and all(isinstance(row, list) and len(row) == 4 for row in value) else []
    numbers = [number for row in rows for number in row] if rows else value if len(value) == 16 else []
    if not numbers or not all(type(number) in (int, float) for number in numbers) or numbers[15] != 1:
        return None
    for affine, place in ((numbers[3:12:4], numbers[12:15]), (numbers[12:15], numbers[3:12:4])):
        if not any(affine):
            return tuple(map(_number, place))
    return None


def _confidence(of_key: Mapping[str, Any]) -> float:
    """Return the confidence that a point states, from 0 to 1; 1 if it states none."""
    for key in _CONFIDENCES:
        if of_key.get(key) is not None and _is_number(of_key[key]):
            return float(np.clip(np.nan_to_num(_number(of_key[key])), 0, 1))
    for key in _STATES:
        state = of_key.get(key)
        if isinstance(state, str):
            return _STATE_WORDS.get(normalize_key(state), 1.0)
        if type(state) is int or isinstance(state, bool):
            return max(0, min(state, 2)) / 2 if not isinstance(state, bool) else float(state)
    return 1.0


def _is_number(value: Any) -> bool:
    """Return whether a value is a number, null, or a text of a number or of a missing one."""
    return value is None or type(value) in (int, float) or (isinstance(value, str) and parse_cell(value) is not None)


def _number(value: float | str | None) -> float:
    """Return a number as a float; infinite if it is too large for one."""
    if isinstance(value, str):
        value = parse_cell(value)
    if value is None:
        return np.nan
    return float(value) if not abs(value) >= _MAX_NUMBER else np.copysign(np.inf, 1 if value > 0 else -1)

"""Keypoints in JSON: bounded reading, checked values, their layouts, and positions in pixels."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError, count_noun
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.parsing.positions import MAX_COORDINATE
from himpc.reading.formats.parsing.text import read_bytes
from himpc.skeleton import Layout, get_layout

__all__ = [
    "are_keypoints",
    "are_shares",
    "check_frames",
    "check_objects",
    "flat_pose",
    "has_keypoint_layout",
    "has_keypoint_lists",
    "is_json",
    "keypoint_layout",
    "load_json",
    "may_be_positions",
    "names_fit",
    "normalize_key",
    "parse_id",
    "parse_numbers",
    "parse_points",
    "restore_pixels",
    "shares_error",
]

_KEYPOINT_LAYOUTS = {17: "coco-17", 26: "halpe-26", 133: "coco-wholebody", 136: "halpe-26"}
"""The layout of body and feet by the number of keypoints of COCO, COCO-WholeBody and HALPE; face and hands follow."""

_MAX_JSON_BYTES = 512 * 2**20
_MAX_JSON_VALUES = 16 * 2**20
"""Values of the largest JSON file that is read, however much space is between them: an hour of MediaPipe, in 2 GB."""

_MAX_ID = 255
_MAX_SHARE, _MIN_SHARE = 1.5, -0.05
"""Largest coordinate that may be a share of the picture, and the least one from 0 to 1 of a body at its edge."""
_MAX_SHARE_BESIDE_SCORE, _MIN_PIXELS = 1.1, 10
"""Coordinates of keypoints whose third number is a score: the largest as a share of the picture, and usual pixels."""
_MARGIN, _INSIDE_SHARE, _MIN_LANDMARKS = 0.1, 0.99, 10
_KEYPOINT_LISTS = re.compile(rb'"keypoints"\s*:\s*\[\s*\[')
_OTHER_QUANTITY = re.compile(
    "rot|quat|euler|orient|angle|veloc|accel|force|moment|torque|scale|gyro|box|score|confid|visib|time|embed|latent|^vectors?$|(frame|image)(id|ind|num)|ids$"
)
_LAST_COMMA = re.compile(r",(\s*[\]}])")
_SPACE = re.compile(r"[ \t\n\r]*")


def is_json(head: bytes) -> bool:
    """Return whether a file's first bytes may be a JSON list or object."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"[", b"{")


def has_keypoint_lists(head: bytes) -> bool:
    """Return whether the keypoints in a head are a list a joint, as of MMPose, and not one list, as of COCO."""
    return _KEYPOINT_LISTS.search(head) is not None


def load_json(path: Path, limit: int = _MAX_JSON_BYTES) -> Any:
    """Read a JSON file of at most `limit` bytes; several values, such as JSON lines, are returned as a list."""
    content = read_bytes(path, limit)
    if sum(content.count(mark) for mark in (b",", b"[", b"{")) > _MAX_JSON_VALUES:
        raise FormatError(f"{path}: holds too many values for one file", hint="split it into shorter recordings")
    try:
        text = content.decode(json.detect_encoding(content))
        try:
            documents = _decode_documents(text)
        except json.JSONDecodeError:
            documents = _decode_documents(_close_list(text))
        return documents if len(documents) > 1 else documents[0]
    except json.JSONDecodeError as error:
        raise FormatError(f"{path}, line {error.lineno}: is not valid JSON: {error.msg.lower()}") from None
    except RecursionError:
        raise FormatError(f"{path}: is nested too deeply for a recording") from None
    except ValueError as error:
        raise FormatError(f"{path}: is not valid JSON: {str(error)[:80]}") from None


def _decode_documents(text: str) -> list[Any]:
    """Decode one or more JSON values, such as those of JSON lines."""
    decoder, at = json.JSONDecoder(), _skip_space(text, 0)
    documents: list[Any] = []
    while not documents or at < len(text):
        value, end = decoder.raw_decode(text, at)
        documents.append(value)
        at = _skip_space(text, end)
    return documents


def _close_list(text: str) -> str:
    """Return JSON without commas before a closing bracket, and with that of a list to which frames were appended."""
    text = _LAST_COMMA.sub(r"\1", text.rstrip(" \t\r\n,"))
    return f"{text}]" if text.lstrip().startswith("[") and text.endswith("}") else text


def _skip_space(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def check_frames(values: Any, path: Path) -> list[dict[str, Any]]:
    """Return a list of frames, each a JSON object; there must be one."""
    frames = check_objects(values, f"{path}: expected a list of frames")
    if not frames:
        raise FormatError(f"{path}: holds no frames")
    return frames


def check_objects(values: Any, message: str) -> list[dict[str, Any]]:
    """Return a list of JSON objects, or raise a FormatError with this message."""
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise FormatError(f"{message}, each an object")
    return values


def parse_numbers(values: Any, where: str, name: str) -> NDArray[np.float64]:
    """Return a list of numbers as an array ``(n,)``; NaN passes."""
    if not isinstance(values, list) or not all(type(value) in (int, float) for value in values):
        raise FormatError(f"{where}: {name} is not a list of numbers")
    try:
        numbers = np.array(values, dtype=np.float64)
    except OverflowError:
        raise FormatError(f"{where}: {name} holds a number that is too large") from None
    far = np.abs(numbers) > MAX_COORDINATE
    if far.any():
        raise FormatError(f"{where}: {name} holds {numbers[far][0]:.3g}, which is beyond {MAX_COORDINATE:g}")
    return numbers


def parse_points(values: Any, where: str, name: str, *, width: int, count: int) -> NDArray[np.float64]:
    """Parse a list of `count` points, lists of `width` numbers or objects of x, y and z; null is NaN."""
    if not isinstance(values, list) or len(values) != count:
        found = f"{count_noun(len(values), 'point')}" if isinstance(values, list) else "no list of points"
        raise FormatError(f"{where}: {name} has {found}, expected {count}")
    numbers: list[Any] = []
    for i, point in enumerate(values, start=1):
        if point is None:
            point = [None] * width
        if isinstance(point, dict):
            point = [point.get(axis) for axis in "xyz"]
        if not isinstance(point, list) or len(point) < width:
            raise FormatError(f"{where}: point {i} of {name} is not a list of {width} numbers")
        numbers += [np.nan if value is None else value for value in point[:width]]
    return parse_numbers(numbers, where, name).reshape(count, width)


def parse_id(value: Any, where: str, name: str) -> str:
    """Return an id, which is a whole number or a name, as text."""
    if type(value) not in (int, str) or len(str(value)) > _MAX_ID:
        raise FormatError(f"{where}: {name} is not a whole number or short name")
    return str(value)


def keypoint_layout(count: float, where: str) -> tuple[Layout, tuple[str, ...]]:
    """Return the layout of a number of keypoints, and a note on those that do not belong to it."""
    if count not in _KEYPOINT_LAYOUTS:
        raise FormatError(f"{where}: has {count:g} keypoints a person, expected one of {sorted(_KEYPOINT_LAYOUTS)}")
    layout = get_layout(_KEYPOINT_LAYOUTS[int(count)])
    rest = int(count) - len(layout)
    return layout, (f"{rest} of {count:g} keypoints, those of face and hands, are left out",) if rest else ()


def has_keypoint_layout(count: int) -> bool:
    """Return whether there is a layout of a number of keypoints (see `keypoint_layout`)."""
    return count in _KEYPOINT_LAYOUTS


def names_fit(names: Sequence[Any], layout: Layout) -> bool:
    """Return whether the first names are those of the joints of a layout, in order."""
    found = [layout.find(name) if isinstance(name, str) else None for name in names[: len(layout)]]
    return found == list(range(len(layout)))


def normalize_key(key: str) -> str:
    """Normalize a key: without case and separators."""
    return re.sub(r"[^a-z0-9]", "", key.lower())


def may_be_positions(key: str) -> bool:
    """Return whether a key does not name another quantity than positions, such as rotations."""
    return _OTHER_QUANTITY.search(normalize_key(key)) is None


def flat_pose(values: NDArray[np.floating]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Split 2D joints with confidence ``(..., 3)``, x right and y down, into joints (x, y up, 0) and confidence.

    A joint with confidence 0 is NaN.
    """
    confidence = np.clip(np.nan_to_num(values[..., 2]), 0, 1).astype(np.float32)
    joints = np.stack([values[..., 0], -values[..., 1], np.zeros_like(confidence)], axis=-1).astype(np.float32)
    unseen = (confidence == 0) | np.isnan(joints).any(axis=-1)
    joints[unseen] = np.nan
    confidence[unseen] = 0
    return joints, confidence


def restore_pixels(bodies: Sequence[NDArray[np.floating]], options: FileOptions, where: str) -> tuple[str, ...]:
    """Convert keypoints ``(frames, J, 3)`` that are shares of the picture to pixels, in place, and note it.

    Shares are from 0 to 1, or from -1 to 1 as by OpenPose's ``--keypoint_scale 4``. They distort the body unless the
    picture is square.

    Raises
    ------
    FormatError
        If they are shares and the user does not state the size of the pictures.
    """
    flat = np.concatenate([body[(body[..., 2] > 0) & np.isfinite(body).all(axis=-1)] for body in bodies])[:, :2]
    if not len(flat) or np.abs(flat).max() > _MAX_SHARE:
        return ()
    if options.image_size is None:
        raise shares_error(where, "its keypoints", f", between {flat.min():.2g} and {flat.max():.2g}")
    is_centred = flat.min() < _MIN_SHARE
    for body in bodies:
        body[..., :2] = ((body[..., :2] + 1) / 2 if is_centred else body[..., :2]) * options.image_size
    width, height = options.image_size
    return (f"keypoints are shares of a picture of {width}x{height}",)


def shares_error(where: str, what: str, between: str = "") -> FormatError:
    """Return the error about positions that are shares of a picture whose size is not stated."""
    return FormatError(
        f"{where}: {what} are shares of the picture{between}, which distort the body",
        hint="state width and height of the pictures: {image_size=1920x1080}",
    )


def are_keypoints(points: NDArray[np.floating]) -> bool:
    """Return whether points ``(..., 3)`` are x and y of a picture, in pixels or as shares of it, and a score.

    Zeros alone are no scores, by which no point would be seen.
    """
    seen = points[np.isfinite(points).all(axis=-1)]
    if not len(seen) or seen[:, 2].min() < 0 or not 0 < seen[:, 2].max() <= 1:
        return False
    places = np.abs(seen[:, :2])
    return bool(places.max() <= _MAX_SHARE_BESIDE_SCORE or np.median(places) >= _MIN_PIXELS)


def are_shares(points: NDArray[np.floating]) -> bool:
    """Return whether points ``(frames, P, 3)`` are landmarks of pictures: x and y are shares of its width and height.

    They are within the picture, y is down, and z is relative to the body. Positions in metres reach beyond 0 to 1, or
    are around an origin within the body.
    """
    seen = points[np.isfinite(points).all(axis=2)]
    if not len(seen) or (points.shape[1] < _MIN_LANDMARKS):
        return False
    inside = (seen[:, :2] > -_MARGIN) & (seen[:, :2] < 1 + _MARGIN)
    with np.errstate(invalid="ignore"):
        middle = np.nanmedian(points.reshape(-1, 3), axis=0)
    is_around_origin = np.abs(middle[:2]).max() < _MARGIN
    return bool(inside.mean() > _INSIDE_SHARE and not is_around_origin and np.median(np.abs(seen[:, 2])) < 1)

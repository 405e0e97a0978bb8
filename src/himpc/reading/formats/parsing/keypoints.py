"""Keypoints in JSON: bounded reading, checked values, and people detected in frames, joined into tracks."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.parsing.text import MAX_COORDINATE, check_memory, read_bytes, scatter
from himpc.skeleton import Layout, get_layout

__all__ = [
    "Detection",
    "Track",
    "build_tracks",
    "check_frames",
    "check_objects",
    "check_same_shape",
    "flat_pose",
    "has_keypoint_lists",
    "is_json",
    "keypoint_layout",
    "load_json",
    "names_fit",
    "parse_id",
    "parse_numbers",
    "restore_pixels",
]

_KEYPOINT_LAYOUTS = {17: "coco-17", 26: "halpe-26", 133: "coco-wholebody", 136: "halpe-26"}
"""The layout of body and feet by the number of keypoints of COCO, COCO-WholeBody and HALPE; face and hands follow."""

_MAX_JSON_BYTES = 512 * 2**20
_MAX_JSON_VALUES = 16 * 2**20
"""Values of the largest JSON file that is read, however much space is between them: an hour of MediaPipe, in 2 GB."""

_MAX_ID = 255
_MIN_PICTURES = 2
_MIN_COMMON_JOINTS = 3

_VIDEO_LIMITS = 0.5, 1.5
_PICTURE_LIMITS = 0.12, 1.1
"""Shift and growth from frame to frame (see `_check_continuity`). At 10 Hz, a runner moves by 0.12 of his box."""

_SHIFT_OF_MISSING, _MAX_MISSING = 0.05, 20
"""Shift that each missing frame allows, and the number of missing frames that count."""

_MAX_GLITCH = 3
"""Frames of the longest chain that is left out beside longer ones."""

_OPEN_CHAINS = 4
"""Chains that a detection may continue."""

_MAX_SHARE, _MIN_SHARE = 1.5, -0.05
"""Largest coordinate that may be a share of the picture, and the least one from 0 to 1 of a body at its edge."""
_KEYPOINT_LISTS = re.compile(rb'"keypoints"\s*:\s*\[\s*\[')
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
        documents = _decode_documents(content.decode(json.detect_encoding(content)))
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


def parse_id(value: Any, where: str, name: str) -> str:
    """Return an id, which is a whole number or a name, as text."""
    if type(value) not in (int, str) or len(str(value)) > _MAX_ID:
        raise FormatError(f"{where}: {name} is not a whole number or short name")
    return str(value)


@dataclass(frozen=True)
class Detection:
    """One person in one frame.

    Attributes
    ----------
    frame : int
        Index of the frame.
    person : str or None
        The tracker's id, if it gave one.
    values : array ``(J, axes + 1)``
        Joints and their confidence.
    where : str
        The file, or the place in it, for errors.
    """

    frame: int
    person: str | None
    values: NDArray[np.float64]
    where: str


@dataclass(frozen=True)
class Track:
    """One person over time: ``(frames, J, axes + 1)`` from the first to the last detection, NaN between."""

    person: str | None
    values: NDArray[np.float32]


def keypoint_layout(count: float, where: str) -> tuple[Layout, tuple[str, ...]]:
    """Return the layout of a number of keypoints, and a note on those that do not belong to it."""
    if count not in _KEYPOINT_LAYOUTS:
        raise FormatError(f"{where}: has {count:g} keypoints a person, expected one of {sorted(_KEYPOINT_LAYOUTS)}")
    layout = get_layout(_KEYPOINT_LAYOUTS[int(count)])
    rest = int(count) - len(layout)
    return layout, (f"{rest} of {count:g} keypoints, those of face and hands, are left out",) if rest else ()


def names_fit(names: Sequence[Any], layout: Layout) -> bool:
    """Return whether the first names are those of the joints of a layout, in order."""
    found = [layout.find(name) if isinstance(name, str) else None for name in names[: len(layout)]]
    return found == list(range(len(layout)))


def check_same_shape(detections: Sequence[Detection]) -> None:
    """Check that all people of a recording have as many joints and axes."""
    shapes = {detection.values.shape: detection.where for detection in detections}
    if len(shapes) > 1:
        found = " and ".join(f"{n_joints} joints in {axes - 1}D" for n_joints, axes in shapes)
        raise FormatError(f"{list(shapes.values())[1]}: {found} in one recording", hint="keep them in separate files")


def build_tracks(
    path: Path, detections: Sequence[Detection], n_frames: int, *, are_pictures: bool = False
) -> list[Track]:
    """Join detections into one track for each person.

    Where no frame shows more than one person and ids are missing, all detections are one track over all frames. In 2D,
    where cleaning knows no sizes, they are several if the body jumps to another place or size.

    Parameters
    ----------
    are_pictures : bool
        Whether the frames may be pictures that have nothing to do with each other, so that less movement is enough to
        show it.
    """
    if not detections:
        raise FormatError(f"{path}: shows no person in {n_frames} frames")
    n_joints = len(detections[0].values)
    if any(detection.person is None for detection in detections):
        if doubled := _first_doubled(detections):
            raise FormatError(
                f"{doubled.where}: several people a frame and no ids",
                hint="run a tracker first, or keep one person a file",
            )
        check_memory(path, 1, n_frames, n_joints)
        _check_continuity(path, detections, *(_PICTURE_LIMITS if are_pictures else _VIDEO_LIMITS))
        chains = _split_at_jumps(detections) if detections[0].values.shape[1] == 3 else [list(detections)]
        if len(chains) == 1:
            return [Track(None, _join(chains[0], 0, n_frames))]
        spans = [(chain[0].frame, chain[-1].frame - chain[0].frame + 1) for chain in chains]
        check_memory(path, 1, sum(length for _, length in spans), n_joints)
        return [Track(None, _join(chain, *span)) for chain, span in zip(chains, spans, strict=True)]
    of_person: dict[str, list[Detection]] = {}
    for detection in detections:
        of_person.setdefault(detection.person or "", []).append(detection)
    for person, found in of_person.items():
        if doubled := _first_doubled(found):
            raise FormatError(f"{doubled.where}: person {person[:40]!r} is in one frame twice")
    frames_of = {person: [detection.frame for detection in found] for person, found in of_person.items()}
    lengths = {person: max(frames) - min(frames) + 1 for person, frames in frames_of.items()}
    check_memory(path, 1, sum(lengths.values()), n_joints)
    return [Track(person, _join(found, min(frames_of[person]), lengths[person])) for person, found in of_person.items()]


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


def _check_continuity(path: Path, detections: Sequence[Detection], max_shift: float, max_growth: float) -> None:
    """Check that a body without an id moves like one body from frame to frame.

    Parameters
    ----------
    max_shift : float
        Median movement of a joint between two frames, in diagonals of the box around the body.
    max_growth : float
        Median factor by which the box grows or shrinks.
    """
    ordered = sorted(detections, key=lambda detection: detection.frame)
    changes = [change for before, after in pairwise(ordered) if (change := _change(before, after))]
    if len(changes) < _MIN_PICTURES:
        return
    shift, growth = np.median(changes, axis=0)
    if shift > max_shift or growth > max_growth:
        raise FormatError(
            f"{path}: from one picture to the next, the body moves by {shift:.0%} of its size and grows or shrinks by "
            f"{growth - 1:.0%}, so these are not frames of one recording",
            hint="keep the frames of one video together; if they are of one video, give each body the same 'track_id'",
        )


def _split_at_jumps(detections: Sequence[Detection]) -> list[list[Detection]]:
    """Split detections, one a frame, into the chains in which a body moves and changes its size little.

    Short chains, in which an estimator saw something else for a moment, are left out.
    """
    chains: list[list[Detection]] = []
    latest: list[list[Detection]] = []
    for detection in sorted(detections, key=lambda detection: detection.frame):
        chain = next((chain for chain in latest if _continues(chain[-1], detection)), None)
        if chain is None:
            chain = []
            chains.append(chain)
        chain.append(detection)
        latest = [chain, *(other for other in latest if other is not chain)][:_OPEN_CHAINS]
    longest = max(map(len, chains))
    return [chain for chain in chains if len(chain) > min(_MAX_GLITCH, longest - 1)]


def _continues(before: Detection, after: Detection) -> bool:
    """Return whether a body may be the one of an earlier frame; it may move on in frames that are missing."""
    change = _change(before, after)
    max_shift, max_growth = _VIDEO_LIMITS
    missing = min(after.frame - before.frame - 1, _MAX_MISSING)
    return change is None or (change[0] <= max_shift + _SHIFT_OF_MISSING * missing and change[1] <= max_growth)


def _change(before: Detection, after: Detection) -> tuple[float, float] | None:
    """Return how far the joints that both show move, in diagonals of their box, and by which factor the box changes."""
    values = np.stack([before.values, after.values])
    seen = ((values[..., -1] > 0) & np.isfinite(values).all(axis=2)).all(axis=0)
    if seen.sum() < _MIN_COMMON_JOINTS:
        return None
    first, second = values[:, seen, :-1]
    boxes = sorted(float(np.linalg.norm(np.ptp(points, axis=0))) for points in (first, second))
    if not boxes[0] > 0:
        return None
    return float(np.median(np.linalg.norm(second - first, axis=1))) / boxes[1], boxes[1] / boxes[0]


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
        raise FormatError(
            f"{where}: its keypoints are shares of the picture, between {flat.min():.2g} and {flat.max():.2g}, which "
            "distort the body",
            hint="state width and height of the pictures: {image_size=1920x1080}",
        )
    is_centred = flat.min() < _MIN_SHARE
    for body in bodies:
        body[..., :2] = ((body[..., :2] + 1) / 2 if is_centred else body[..., :2]) * options.image_size
    width, height = options.image_size
    return (f"keypoints are shares of a picture of {width}x{height}",)


def _first_doubled(detections: Sequence[Detection]) -> Detection | None:
    """Return the first detection in a frame that has another one."""
    frames: set[int] = set()
    for detection in detections:
        if detection.frame in frames:
            return detection
        frames.add(detection.frame)
    return None


def _join(detections: Sequence[Detection], first: int, length: int) -> NDArray[np.float32]:
    frames = np.array([detection.frame for detection in detections]) - first
    return scatter(np.stack([detection.values for detection in detections]), frames, length)

"""Text of numbers alone: one row per frame, or one row per joint.

A row may begin with the number or time of its frame, and end with a label. Its other numbers are x, y and z of each
joint, also with a confidence or tracking state, or before its rotation and other numbers, of one person or two: 60 or
80 numbers for the 20 joints of a Kinect v1, 75 or 150 for the 25 of a Kinect v2 (NTU RGB+D, PKU-MMD). A row of three or
four numbers is one joint. A first row of numbered names, such as ``0,1,2`` or ``V1 V2 V3``, is left out. Which of these
a file is, and the order of its joints, the shape of the body shows (see `joint_order`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError, count_noun
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.reading.formats.parsing.joint_order import find_order, known_counts, layout_hint
from himpc.reading.formats.parsing.keypoints import are_keypoints
from himpc.reading.formats.parsing.poses import pose_recordings
from himpc.reading.formats.parsing.positions import check_memory, check_positions, mask_origin
from himpc.reading.formats.parsing.text import Row, decode_head, leave_out_cut_row, read_lines, to_numbers
from himpc.reading.formats.parsing.timeline import Timeline, find_timeline
from himpc.reading.formats.parsing.tracks import Detection
from himpc.recordings import Recording
from himpc.skeleton import get_layout

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="any program",
    files="*.txt, *.csv",
    reads="rows of numbers, one a frame (60, 75, 80, 150 ... numbers, of one person or two) or one a joint (3 or 4), "
    "after the number or time of the frame",
    assumes="the order of joints is the one in which bones keep their length; unit and upward axis are as the body "
    "shows; numbers from 0 to 1 are shares of a picture; without times, no rate: state {fps}",
    ignores="a row of numbered titles; a label at the end of rows",
    exports=(Export("a program of yours", "write CSV instead, with a header such as `left_hip_x`", None),),
)

_MIN_WIDTH, _MIN_LINES = 42, 14
"""Numbers of a row of a frame, and rows of joints of a frame, at least: 14 joints."""
_DELIMITER = re.compile(r"\s*[,;\t]\s*|\s+")
_NUMBERED_NAME = re.compile(r"\"?[A-Za-z_. ]{0,12}([0-9]{1,4})\"?|\"?\"?|index", re.IGNORECASE)
_SBU_WIDTH = 91
"""Numbers of a row of SBU Kinect Interaction (Yun et al., CVPR Workshops 2012): the frame, and two people of OpenNI."""
_AROUND = ((0, 0), (1, 0), (2, 0), (0, 1), (1, 1))
"""Numbers before and after the joints of a row: frame and time, and a label, which is the least likely."""
_NUMBERS_OF_A_POINT, _NUMBERS_OF_A_BONE = (3, 4), (7, 6, 8, 11, 12)
"""Numbers of a joint: its position, also with a confidence; or before a rotation, places in pictures and a state."""
_MIN_TIME_STEP = 8
"""Median step of numbers above which they count milliseconds, and not frames."""
_MAX_SHARE, _MIN_PIXELS = 1.2, 10
"""Coordinates of pictures: the largest as a share of one, and usual ones in pixels."""
_CHECKED_ROWS, _MIN_FILLED = 200, 0.25
"""Rows that show a person which are checked, and the share of numbers other than 0 of such a row."""


@dataclass(frozen=True)
class _Split:
    """How the numbers of a frame are read: those before and after the joints, and the people, joints and axes."""

    before: int
    after: int
    people: int
    joints: int
    axes: int

    def bodies(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return ``(frames, people, joints, axes)`` of rows of numbers."""
        own = values[:, self.before : values.shape[1] - self.after]
        return own.reshape(len(values), self.people, self.joints, self.axes)


def recognise(path: Path, head: bytes) -> bool:
    """Recognise rows of numbers, as many in the first ones, or three or four in each of many."""
    lines = [_split(line) for line in decode_head(head)]
    if lines and _is_numbered_header(lines[0]):
        lines = lines[1:]
    if not lines or not all(_are_numbers(cells) for cells in lines[:-1] or lines):
        return False
    width = len(lines[0])
    if width >= _MIN_WIDTH:
        return all(len(cells) == width for cells in lines[:-1])
    return width in (3, 4) and len(lines) > _MIN_LINES and all(len(cells) == width for cells in lines[:-1])


def _split(line: str) -> list[str]:
    return _DELIMITER.split(line.strip().rstrip(",;"))


def _are_numbers(cells: list[str]) -> bool:
    try:
        return len([float(cell) for cell in cells if cell]) > 0
    except ValueError:
        return False


def _is_numbered_header(cells: list[str]) -> bool:
    """Return whether a row names its columns by their numbers alone, from 0 or 1."""
    numbers = [int(match[1]) for cell in cells if (match := _NUMBERED_NAME.fullmatch(cell)) and match[1]]
    is_named = len(numbers) >= max(len(cells) - 1, 3)
    return is_named and numbers[0] in (0, 1) and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each person of a file."""
    lines = read_lines(path)
    if lines and _is_numbered_header(_split(lines[0][1])):
        lines = lines[1:]
    rows, cut = leave_out_cut_row([(number, _split(line)) for number, line in lines]) if lines else ([], ())
    if not rows:
        raise FormatError(f"{path}: holds no frames")
    width = len(rows[0][1])
    if width in (3, 4):
        rows, values = _join_joints(path, rows, width, options)
    else:
        check_memory(path, 1, len(rows), max(width // 3, 1))
        values = to_numbers(path, rows, width)
    numbers = [number for number, _ in rows]
    if width == _SBU_WIDTH:
        options = replace(options, preferred_layout=get_layout("openni-15"))
    split = _find_split(path, values, options)
    timeline = _find_timeline(path, numbers, values[:, : split.before])
    bodies = split.bodies(values)[..., : split.axes if split.axes <= 4 else 3]
    check_positions(path, numbers, bodies)
    if bodies.shape[3] == 3 and not _are_pixels(bodies, options):
        places = bodies[..., :2] if _are_shares(bodies, options) else bodies
        bodies = np.concatenate([places, np.ones((*bodies.shape[:3], 1))], axis=3)
    elif bodies.shape[3] > 3:
        bodies[..., 3] /= max(np.nanmax(bodies[..., 3]), 1)
    bodies[np.isnan(bodies).any(axis=3) | (bodies[..., :2] == 0).all(axis=3), -1] = 0
    bodies = np.nan_to_num(bodies)
    detections = [
        Detection(place, str(person) if split.people > 1 else None, bodies[i, person], f"{path}, line {numbers[i]}")
        for i, place in enumerate(timeline.places.tolist())
        for person in range(split.people)
        if bodies[i, person, :, -1].any()
    ]
    label = ("the last number of a row is no coordinate and is not used",) if split.after else ()
    return pose_recordings(path, detections, timeline, (), options, notes=(*cut, *label))


def _join_joints(
    path: Path, rows: list[Row], width: int, options: FileOptions
) -> tuple[list[Row], NDArray[np.float64]]:
    """Return the first row and the numbers of each frame, of rows of one joint each."""
    check_memory(path, 1, len(rows), 1)
    values = to_numbers(path, rows, width)
    counts = sorted(known_counts() | ({len(options.layout)} if options.layout else set()), reverse=True)
    for count in counts:
        bodies = values.reshape(-1, count, width) if len(rows) % count == 0 else np.zeros((0, count, width))
        is_stated = options.layout is not None and len(options.layout) == count
        if len(bodies) and (is_stated or _order(bodies, options, path)):
            return rows[::count], bodies.reshape(len(bodies), -1)
    raise FormatError(
        f"{path}: holds {count_noun(len(rows), 'row')} of {width} numbers, which are no joints of a person",
        hint=layout_hint([count for count in counts if len(rows) % count == 0]),
    )


def _find_split(path: Path, values: NDArray[np.float64], options: FileOptions) -> _Split:
    """Find how rows are split: with the user's layout, or so that the shape of a person results."""
    splits = [split for split in _splits(values, options) if split.joints >= 5]
    filled = values[(np.nan_to_num(values) != 0).sum(axis=1) >= _MIN_FILLED * values.shape[1]]  # others show no person
    for split in splits:
        bodies = split.bodies(filled[:_CHECKED_ROWS])[:, 0]
        if _are_flat(bodies, options) and (split.after or split.before > 1):
            continue  # in pictures, the shape of the body is too little evidence
        if options.layout is not None and len(options.layout) == split.joints:
            return split
        if _order(bodies, options, path):
            return split
    raise FormatError(
        f"{path}: has rows of {count_noun(values.shape[1], 'number')}, which in no known order are joints of a person",
        hint=layout_hint([split.joints for split in splits]),
    )


def _splits(values: NDArray[np.float64], options: FileOptions) -> Iterator[_Split]:
    """Yield the ways to split rows of numbers, those with the fewest other numbers first."""
    counts = known_counts() | ({len(options.layout)} if options.layout else set())
    around = [(before, after) for before, after in _AROUND if not after or _are_labels(values[:, -1])]
    for axes, people, (before, after) in (
        *product(_NUMBERS_OF_A_POINT, (1, 2), around),
        *product(_NUMBERS_OF_A_BONE, (1, 2), around),
    ):
        joints = (values.shape[1] - before - after) // (people * axes)
        if joints in counts and joints * people * axes + before + after == values.shape[1]:
            yield _Split(before, after, people, joints, axes)


def _order(bodies: NDArray[np.float64], options: FileOptions, path: Path) -> bool:
    """Return whether bodies ``(frames, joints, axes)`` are in an order that gives the shape of a person."""
    is_flat = _are_flat(bodies, options)
    if is_flat and bodies.shape[-1] > max(_NUMBERS_OF_A_POINT):
        return False
    places = bodies[..., : 2 if is_flat else 3]
    return find_order([mask_origin(places)], options, str(path)) is not None


def _are_flat(bodies: NDArray[np.float64], options: FileOptions) -> bool:
    return _are_shares(bodies, options) or _are_pixels(bodies, options)


def _are_pixels(bodies: NDArray[np.float64], options: FileOptions) -> bool:
    """Return whether bodies ``(..., 3)`` are x and y of a picture in pixels, and a score."""
    if bodies.shape[-1] != 3 or options.unit is not None or options.scale is not None or not are_keypoints(bodies):
        return False
    return bool(np.nanmedian(np.abs(bodies[..., :2])) >= _MIN_PIXELS)


def _are_shares(bodies: NDArray[np.float64], options: FileOptions) -> bool:
    """Return whether all coordinates are from 0 to 1, as those of pictures with a depth between two planes.

    A unit of length that the user states is that of positions in space.
    """
    if options.unit is not None or options.scale is not None:
        return False
    finite = bodies[..., :3][np.isfinite(bodies[..., :3])]
    return bool(finite.size and finite.min() >= 0 and finite.max() <= _MAX_SHARE)


def _are_labels(values: NDArray[np.float64]) -> bool:
    return bool((values == np.round(values)).all() and len(np.unique(values)) <= max(1, len(values) // 10))


def _find_timeline(path: Path, lines: list[int], before: NDArray[np.float64]) -> Timeline:
    """Place rows by the numbers before the joints: whole ones that rise are of frames, others are times."""
    numbers = seconds = None
    for column in before.T:
        if len(column) > 1 and (np.diff(column) > 0).all() and np.isfinite(column).all():
            is_whole = bool((column == np.round(column)).all())
            if numbers is None and is_whole and np.median(np.diff(column)) < _MIN_TIME_STEP:
                numbers = column
            else:
                seconds = column
    return find_timeline(path, lines, numbers=numbers, seconds=seconds)

"""Kinect SDK frames: a folder of ``.txt`` files, one a frame, a comma-split line a joint.

BIWI RGBD-ID and IAS-Lab RGBD-ID (Munaro et al., "One-Shot Person Re-Identification with a Consumer Depth Camera", 2014)
write 20 lines (Kinect v1): person id, x y z in metres, x y in the image, tracking state, quality flag, and the
orientation of a link. KS20 (Nambiar et al., 2017) writes 25 lines (Kinect v2) of which columns 1 to 3 are x y z.

A folder may hold the frames of several recordings; these names tell them apart: ``gcS_bodyP_TIME...`` (KS20, session
and person), ``KEY.FRAME_skel.txt`` and ``FRAME-KEY_..._skel.txt``. The key stands after ``#`` in the source.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.axes import recognise_up, to_y_up
from himpc.reading.formats.base import HEAD_BYTES, FileOptions
from himpc.reading.formats.frame_folder import first_frame_file, frame_files, group_frames
from himpc.reading.formats.text import check_positions, check_room, forget_origin, read_lines, to_numbers
from himpc.recordings.recording import Origin, Quality, Recording
from himpc.skeleton import Layout, get_layout

__all__ = ["read", "recognise", "state_confidence"]

_LAYOUTS = {20: "kinect-v1", 25: "kinect-v2"}
_STATE_COLUMN = 6
_COLUMNS_WITH_STATE = 8
"""Files that have the quality flag as well as the tracking state have at least so many columns."""

_MAX_FRAME_BYTES = 64 * 1024
_NAME = re.compile(r".*skel\.txt|gc[0-9]+_body[0-9]+_.*\.txt", re.IGNORECASE)
_KEYS = (
    re.compile(r"(gc[0-9]+_body[0-9]+)_", re.IGNORECASE),
    re.compile(r"(.+)\.[0-9]+[-_. ]?skel\.txt", re.IGNORECASE),
    re.compile(r"[0-9]+-([^_]+)_", re.IGNORECASE),
)

_Frame = tuple[Path, list[tuple[int, list[str]]]]


def state_confidence(path: Path, lines: Sequence[int], states: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the confidence of Kinect tracking states ``(n,)``: 0 not tracked, 0.5 inferred (1), 1 tracked (2).

    Raises
    ------
    FormatError
        If a state is none of these; the message names its line.
    """
    wrong = ~np.isin(states, (0, 1, 2))
    if wrong.any():
        row = int(wrong.argmax())
        raise FormatError(f"{path}, line {lines[row]}: tracking state is {states[row]:g}, expected 0, 1 or 2")
    return states / 2


def _is_frame(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def recognise(path: Path, head: bytes) -> bool:
    if head:
        return False
    file = first_frame_file(path, _is_frame)
    if file is None:
        return False
    try:
        with file.open("rb") as stream:
            first = stream.read(HEAD_BYTES).split(b"\n", 1)[0]
    except OSError:
        return False
    return not first.strip() or first.count(b",") >= 3


def read(path: Path, options: FileOptions) -> list[Recording]:
    groups = group_frames(frame_files(path, _is_frame), _KEYS)
    return [_recording(Origin(path, key if len(groups) > 1 else None), files, options) for key, files in groups.items()]


def _recording(origin: Origin, files: list[Path], options: FileOptions) -> Recording:
    """Return the recording whose frames are these files."""
    frames = [_frame(file) for file in files]
    seen = [frame for frame in frames if frame[1]]
    if not seen:
        raise FormatError(f"{origin}: every frame file is empty")
    layout = _layout(seen)
    check_room(files[0], 1, len(files), len(layout))
    joints = np.full((len(files), len(layout), 3), np.nan)
    confidence = np.zeros(joints.shape[:2])
    has_state = _has_state(seen)
    for i, (file, rows) in enumerate(frames):
        if rows:
            joints[i], confidence[i] = _positions(file, rows, has_state)
    joints, notes = _upright(joints, layout)
    return Recording(
        joints,
        layout,
        fps=options.fps,
        origin=origin,
        confidence=confidence if has_state else None,
        quality=Quality(frames_read=len(files), notes=notes),
    )


def _frame(file: Path) -> _Frame:
    """Return a frame file's lines as cells; none where nobody was seen and the file is empty."""
    rows = [(number, line.split(",")) for number, line in read_lines(file, _MAX_FRAME_BYTES)]
    if rows and len(rows) not in _LAYOUTS:
        raise FormatError(f"{file}, line {rows[-1][0]}: has {len(rows)} joint lines, expected 20 or 25")
    for number, cells in rows:
        if len(cells) < 4:
            raise FormatError(f"{file}, line {number}: has {len(cells)} columns, expected an id, x, y, z at least")
    return file, rows


def _layout(frames: list[_Frame]) -> Layout:
    """Return the layout that the number of lines tells, the same in each frame."""
    expected = len(frames[0][1])
    for file, rows in frames:
        if len(rows) != expected:
            raise FormatError(
                f"{file}, line {rows[-1][0]}: has {len(rows)} joint lines, the first frame has {expected}"
            )
    return get_layout(_LAYOUTS[expected])


def _has_state(frames: list[_Frame]) -> bool:
    """Tell whether column 6 is the tracking state.

    It always is in 20-joint files of enough columns. In 25-joint files, whose further columns nobody describes, it must
    look like one in every line.
    """
    cells = [cells for _, rows in frames for _, cells in rows]
    if any(len(columns) < _COLUMNS_WITH_STATE for columns in cells):
        return False
    states = {columns[_STATE_COLUMN].strip() for columns in cells}
    return len(frames[0][1]) == 20 or (states <= {"0", "1", "2"} and states != {"0"})


def _positions(
    file: Path, rows: list[tuple[int, list[str]]], has_state: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return one frame's joints ``(J, 3)`` and their confidence ``(J,)``; NaN for a joint that was not tracked."""
    columns = [1, 2, 3, _STATE_COLUMN] if has_state else [1, 2, 3]
    values = to_numbers(file, [(number, [cells[i].strip() for i in columns]) for number, cells in rows], len(columns))
    lines = [number for number, _ in rows]
    check_positions(file, lines, values[:, :3])
    joints = forget_origin(values[:, :3])
    if not has_state:
        return joints, np.ones(len(joints))
    confidence = state_confidence(file, lines, values[:, 3])
    joints[confidence == 0] = np.nan
    return joints, confidence


def _upright(joints: NDArray[np.float64], layout: Layout) -> tuple[NDArray[np.floating], tuple[str, ...]]:
    """Turn a body that stands head down: a data set that gives the image's axes, y down, and not the sensor's."""
    if recognise_up(joints, layout) != "-y":
        return joints, ()
    return to_y_up(joints, "-y"), ("up is -y, as the body shows",)

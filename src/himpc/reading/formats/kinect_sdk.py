"""Kinect SDK frames: a folder of ``.txt`` files, one a frame, a comma-separated line a joint.

BIWI RGBD-ID and IAS-Lab RGBD-ID (Munaro et al., "One-Shot Person Re-Identification with a Consumer Depth Camera", 2014)
write 20 lines (Kinect v1): person id, x y z in metres, x y in the image, tracking state, quality flag, and the
orientation of a link. KS20 (Nambiar et al., 2017) writes 25 lines (Kinect v2) of which columns 1 to 3 are x y z.

A folder may hold the frames of several recordings. Their names distinguish them: ``gcS_bodyP_TIME...`` (KS20, session
and person), ``KEY.FRAME_skel.txt`` and ``FRAME-KEY_..._skel.txt``. The key is the body of the recording's origin.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError, count_noun
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import FormatFacts
from himpc.reading.formats.parsing.frames import first_frame_file, frame_files, group_frames, places_by_name
from himpc.reading.formats.parsing.kinect import state_confidence
from himpc.reading.formats.parsing.positions import check_memory, check_positions, mask_origin, scatter
from himpc.reading.formats.parsing.text import HEAD_BYTES, read_lines, to_numbers
from himpc.reading.formats.parsing.world import to_metres_y_up
from himpc.recordings import Origin, Quality, Recording
from himpc.skeleton import Layout, get_layout

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="depth cameras",
    files="a folder of *skel.txt, or of gcS_bodyP_*.txt",
    reads="20 or 25 joints, one frame a file, as of BIWI RGBD-ID, IAS-Lab RGBD-ID and KS20, with tracking states; "
    "several recordings in a folder by their names",
    assumes="metres, y up; missing numbers of files are gaps; no rate: state {fps}",
    ignores="image coordinates and orientations; empty files, in which no person was seen",
    source="Munaro et al., 2014; Nambiar et al., 2017",
)

_LAYOUTS = {20: "kinect-v1", 25: "kinect-v2"}
_STATE_COLUMN = 6
_MIN_COLUMNS_WITH_STATE = 8
"""Least number of columns of a file that has a tracking state and a quality flag."""

_MAX_FRAME_BYTES = 64 * 1024
_NAME = re.compile(r".*skel\.txt|gc[0-9]+_body[0-9]+_.*\.txt", re.IGNORECASE)
_KEYS = (
    re.compile(r"(gc[0-9]+_body[0-9]+)_", re.IGNORECASE),
    re.compile(r"(.+)\.[0-9]+[-_. ]?skel\.txt", re.IGNORECASE),
    re.compile(r"[0-9]+-([^_]+)_", re.IGNORECASE),
)

_Frame = tuple[Path, list[tuple[int, list[str]]]]


def _is_frame(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def recognise(path: Path, head: bytes) -> bool:
    """Recognise a folder of frame files by its first one."""
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
    """Read each recording in a folder of frames."""
    groups = group_frames(frame_files(path, _is_frame), _KEYS)
    return [_recording(Origin(path, key if len(groups) > 1 else None), files, options) for key, files in groups.items()]


def _recording(origin: Origin, files: list[Path], options: FileOptions) -> Recording:
    """Read the recording whose frames are these files."""
    frames = [_read_frame(file) for file in files]
    filled = [frame for frame in frames if frame[1]]
    if not filled:
        raise FormatError(f"{origin}: every frame file is empty")
    layout = _find_layout(filled)
    places, length, notes = places_by_name(files[0].parent, [file.stem for file in files])
    check_memory(files[0], 1, length, len(layout))
    joints = np.full((len(files), len(layout), 3), np.nan)
    confidence = np.zeros(joints.shape[:2])
    has_state = _has_state(filled)
    for i, (file, rows) in enumerate(frames):
        if rows:
            joints[i], confidence[i] = _positions(file, rows, has_state)
    (turned,), more = to_metres_y_up([joints], layout, str(origin), options, "m", "y")
    return Recording(
        scatter(turned, places, length),
        layout,
        fps=options.fps,
        origin=origin,
        confidence=np.nan_to_num(scatter(confidence, places, length)) if has_state else None,
        quality=Quality(frames_read=length, notes=(*notes, *more)),
    )


def _read_frame(file: Path) -> _Frame:
    """Read the lines of a frame file as cells; none if no person was seen and the file is empty."""
    rows = [(number, line.split(",")) for number, line in read_lines(file, _MAX_FRAME_BYTES)]
    if rows and len(rows) not in _LAYOUTS:
        raise FormatError(f"{file}, line {rows[-1][0]}: has {len(rows)} joint lines, expected 20 or 25")
    for number, cells in rows:
        if len(cells) < 4:
            raise FormatError(
                f"{file}, line {number}: has {count_noun(len(cells), 'column')}, expected an id, x, y, z at least"
            )
    return file, rows


def _find_layout(frames: list[_Frame]) -> Layout:
    """Return the layout with as many joints as the frames have lines, which must be the same in each."""
    expected = len(frames[0][1])
    for file, rows in frames:
        if len(rows) != expected:
            raise FormatError(
                f"{file}, line {rows[-1][0]}: has {len(rows)} joint lines, the first frame has {expected}"
            )
    return get_layout(_LAYOUTS[expected])


def _has_state(frames: list[_Frame]) -> bool:
    """Return whether column 6 is the tracking state.

    It always is in 20-joint files with enough columns. The further columns of 25-joint files are not documented, so
    column 6 must have the values of a tracking state in every line.
    """
    cells = [cells for _, rows in frames for _, cells in rows]
    if any(len(columns) < _MIN_COLUMNS_WITH_STATE for columns in cells):
        return False
    states = {columns[_STATE_COLUMN].strip() for columns in cells}
    return len(frames[0][1]) == 20 or (states <= {"0", "1", "2"} and states != {"0"})


def _positions(
    file: Path, rows: list[tuple[int, list[str]]], has_state: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Parse one frame's joints ``(J, 3)`` and their confidence ``(J,)``; NaN for a joint that was not tracked."""
    columns = [1, 2, 3, _STATE_COLUMN] if has_state else [1, 2, 3]
    values = to_numbers(file, [(number, [cells[i].strip() for i in columns]) for number, cells in rows], len(columns))
    lines = [number for number, _ in rows]
    check_positions(file, lines, values[:, :3])
    joints = mask_origin(values[:, :3])
    if not has_state:
        return joints, np.ones(len(joints))
    confidence = state_confidence(file, lines, values[:, 3])
    joints[confidence == 0] = np.nan
    return joints, confidence

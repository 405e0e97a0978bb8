"""Cornell Activity Datasets CAD-60 and CAD-120 ``.txt``: OpenNI, a line a frame, 15 joints in millimetres.

Sung et al., "Unstructured Human Activity Detection from RGBD Images", ICRA 2012. A line is the frame's number; for the
first 11 joints an orientation (nine numbers and its confidence) and a position (x, y, z and its confidence, 0 or 1);
and for the last four a position. The last line is ``END``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import FormatFacts
from himpc.reading.formats.parsing.bodies import body_recordings
from himpc.reading.formats.parsing.kinect import frame_detections, is_number_row
from himpc.reading.formats.parsing.positions import check_memory
from himpc.reading.formats.parsing.text import decode_head, leave_out_cut_row, read_lines, to_numbers
from himpc.reading.formats.parsing.timeline import find_timeline
from himpc.recordings import Recording
from himpc.skeleton import get_layout

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="depth cameras",
    files="*.txt",
    reads="the positions of 15 joints with their confidence, a line a frame",
    assumes="millimetres, y up; numbers of frames that are missing are gaps; no rate: state {fps}",
    ignores="orientations",
    source="Sung et al., ICRA 2012",
)

_WIDTH = 171
_ORIENTED, _ORIENTATION, _POSITION = 11, 10, 4
_STARTS = [1 + (_ORIENTATION + _POSITION) * joint + _ORIENTATION for joint in range(_ORIENTED)]
_STARTS += [1 + (_ORIENTATION + _POSITION) * _ORIENTED + _POSITION * joint for joint in range(15 - _ORIENTED)]


def recognise(path: Path, head: bytes) -> bool:
    """Recognise lines of 171 numbers without a header."""
    lines = decode_head(head)[:1]
    return bool(lines) and is_number_row(lines[0], _WIDTH, ",")


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read the body of a file."""
    layout = get_layout("openni-15")
    rows, notes = leave_out_cut_row(
        [
            (number, [cell.strip() for cell in line.rstrip(", \t").split(",")])
            for number, line in read_lines(path)
            if line.strip() != "END"
        ]
    )
    if not rows:
        raise FormatError(f"{path}: holds no frames")
    check_memory(path, 1, len(rows), len(layout))
    values = to_numbers(path, rows, _WIDTH)
    lines = [number for number, _ in rows]
    timeline = find_timeline(path, lines, numbers=values[:, 0])
    joints = values[:, np.array(_STARTS)[:, None] + np.arange(_POSITION)]
    detections = frame_detections(path, lines, joints, timeline.places.tolist())
    return body_recordings(path, detections, timeline, layout, options, unit="mm", up="y", notes=notes)

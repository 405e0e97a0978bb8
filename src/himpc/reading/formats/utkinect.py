"""UTKinect-Action3D ``.txt``: Kinect v1, a line a frame, its number and x y z of 20 joints, in metres.

Xia et al., "View Invariant Human Action Recognition Using Histograms of 3D Joints", CVPR Workshops 2012. The numbers
count frames of 30 Hz; frames without a skeleton are left out, and a few are there twice, of which the first is read.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import FormatFacts
from himpc.reading.formats.parsing.bodies import body_recordings
from himpc.reading.formats.parsing.kinect import frame_detections, is_number_row, read_number_rows
from himpc.reading.formats.parsing.text import decode_head
from himpc.reading.formats.parsing.timeline import find_timeline
from himpc.recordings import Recording
from himpc.skeleton import get_layout

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="depth cameras",
    files="joints_s01_e01.txt",
    reads="20 joints, a line a frame, which begins with its number",
    assumes="metres, y up, at 30 frames a second; numbers that are missing are gaps",
    ignores="repeated frames",
    source="Xia et al., CVPR Workshops 2012",
)

_WIDTH = 61
_FPS = 30.0


def recognise(path: Path, head: bytes) -> bool:
    """Recognise lines of 61 numbers without a header."""
    lines = decode_head(head)[:2]
    return bool(lines) and is_number_row(lines[0], _WIDTH)


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read the body of a file."""
    layout = get_layout("kinect-v1")
    lines, values, cut = read_number_rows(path, _WIDTH)
    rows = np.sort(np.unique(values[:, 0], return_index=True)[1])
    notes = (f"repeated frames left out: {len(values) - len(rows)}",) if len(rows) < len(values) else ()
    kept = [lines[row] for row in rows]
    timeline = find_timeline(path, kept, numbers=values[rows, 0], stated=_FPS)
    joints = values[rows, 1:].reshape(-1, len(layout), 3)
    detections = frame_detections(path, kept, joints, timeline.places.tolist())
    return body_recordings(path, detections, timeline, layout, options, unit="m", up="y", notes=(*cut, *notes))

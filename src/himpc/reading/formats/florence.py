"""Florence 3D Actions ``.txt``: Kinect v1, a line a frame of each video, 15 joints in millimetres.

Seidenari et al., "Recognizing Actions from Depth Cameras as Weakly Aligned Multi-Part Bag-of-Poses", CVPR Workshops
2013. A line is the numbers of video, actor and action, and x y z of each joint: the file of world coordinates.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import FormatFacts
from himpc.reading.formats.parsing.bodies import body_recordings
from himpc.reading.formats.parsing.kinect import frame_detections, is_number_row, read_number_rows
from himpc.reading.formats.parsing.published_orders import ORDERS
from himpc.reading.formats.parsing.text import decode_head
from himpc.recordings import Recording
from himpc.skeleton import get_layout

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="depth cameras",
    files="*.txt",
    reads="15 joints, a line a frame, of several videos: the file of world coordinates; person and session from actor "
    "and action",
    assumes="millimetres, y up; no rate: state {fps}",
    ignores="nothing",
    source="Seidenari et al., CVPR Workshops 2013",
)

_WIDTH = 48
_, _ORDER = ORDERS["Florence 3D Actions"]


def recognise(path: Path, head: bytes) -> bool:
    """Recognise lines of 48 numbers of which three are whole, without a header."""
    lines = decode_head(head)[:2]
    return bool(lines) and is_number_row(lines[0], _WIDTH) and all(c.isdecimal() for c in lines[0].split()[:3])


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each video of a file; its person is the actor, its session the action."""
    layout = get_layout("common-15")
    lines, values, notes = read_number_rows(path, _WIDTH)
    wrong = ~(values[:, :3] == np.round(values[:, :3])).all(axis=1)
    if wrong.any():
        raise FormatError(f"{path}, line {lines[int(wrong.argmax())]}: video, actor and action are not whole numbers")
    videos = np.unique(values[:, 0])
    recordings = []
    for video in videos:
        rows = np.flatnonzero(values[:, 0] == video)
        joints = values[rows, 3:].reshape(-1, len(layout), 3)[:, [_ORDER.index(joint) for joint in layout.joints]]
        detections = frame_detections(path, [lines[row] for row in rows], joints, range(len(rows)))
        _, actor, action = values[rows[0], :3]
        recordings += body_recordings(
            path,
            detections,
            len(rows),
            layout,
            options,
            unit="mm",
            up="y",
            notes=notes,
            group=f"{video:g}" if len(videos) > 1 else None,
            labels={"person": f"{actor:g}", "session": f"{action:g}"},
        )
    return recordings

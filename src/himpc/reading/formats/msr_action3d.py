"""MSR Action3D ``_skeleton3D.txt``: 20 joints, a line ``x y z confidence`` a joint, 20 lines a frame.

Li et al., "Action Recognition Based on a Bag of 3D Points", CVPR Workshops 2010. Metres. The files whose names end in
``_skeleton.txt`` hold screen coordinates and are refused.

The order of joints is not verified: no description of the set names them, and no original file was available. It is
inferred from the bones with which published code draws the set. Left and right follow from the direction of the feet.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from himpc.errors import FormatError, count_noun
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import FormatFacts
from himpc.reading.formats.parsing.bodies import body_recordings
from himpc.reading.formats.parsing.handedness import looks_mirrored
from himpc.reading.formats.parsing.kinect import frame_detections, is_number_row
from himpc.reading.formats.parsing.positions import check_memory, mask_origin
from himpc.reading.formats.parsing.published_orders import ORDERS
from himpc.reading.formats.parsing.text import decode_head, read_lines, to_numbers
from himpc.recordings import Recording
from himpc.skeleton import get_layout

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="depth cameras",
    files="a01_s01_e01_skeleton3D.txt",
    reads="20 joints, a line each",
    assumes="metres, y up; the order of joints, which is not verified: it follows from the bones with which published "
    "code draws them; left and right follow from the feet; no rate: state {fps}",
    ignores="confidences; screen coordinates (`*_skeleton.txt`), which are refused",
    source="Li et al., CVPR Workshops 2010",
)

_JOINTS = 20
_WIDTH = 4
_NAME = re.compile(r"a[0-9]{2}_s[0-9]{2}_e[0-9]{2}.*", re.IGNORECASE)
_MAX_METRES = 20
_, _ORDER = ORDERS["MSR Action3D"]


def recognise(path: Path, head: bytes) -> bool:
    """Recognise lines of four numbers in a file that is named as those of the data set are."""
    lines = decode_head(head)
    return (
        _NAME.fullmatch(path.name) is not None
        and len(lines) >= _JOINTS
        and all(is_number_row(f"0 {line}", _WIDTH + 1) for line in lines[:_JOINTS])
    )


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read the body of a file."""
    layout = get_layout("kinect-v1")
    rows = [(number, line.split()) for number, line in read_lines(path)]
    if len(rows) % _JOINTS or not rows:
        raise FormatError(f"{path}: has {count_noun(len(rows), 'line')}, expected {_JOINTS} for each frame")
    check_memory(path, 1, len(rows) // _JOINTS, _JOINTS)
    values = to_numbers(path, rows, _WIDTH).reshape(-1, _JOINTS, _WIDTH)
    seen = values[..., :2][np.isfinite(values[..., :2])]
    if seen.size and np.median(np.abs(seen)) > _MAX_METRES:
        raise FormatError(
            f"{path}: holds screen coordinates, expected metres",
            hint="use the files of the set that end in _skeleton3D.txt",
        )
    joints = mask_origin(values[:, [_ORDER.index(joint) for joint in layout.joints], :3])
    notes: tuple[str, ...] = ()
    if looks_mirrored(joints, layout):
        joints, notes = joints[:, layout.mirror_order], ("left and right are exchanged, as the feet show",)
    lines = [rows[i][0] for i in range(0, len(rows), _JOINTS)]
    detections = frame_detections(path, lines, joints, range(len(joints)))
    return body_recordings(path, detections, len(joints), layout, options, unit="m", up="y", notes=notes)

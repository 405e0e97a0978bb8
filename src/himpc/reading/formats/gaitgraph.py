"""GaitGraph CSV: 2D poses of CASIA-B, a row a frame, with the 17 joints of COCO.

Teepe et al., "GaitGraph: Graph Convolutional Network for Skeleton-Based Gait Recognition", ICIP 2021. The column
``image_name`` is a path such as ``001-bg-01-000/000024.jpg``: person, condition and angle of view of CASIA-B, and the
frame. The others are x and y in pixels and the confidence of each joint: ``nose_x``, ``nose_y``, ``nose_conf``.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.csv.table_file import header_of, read_table
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.reading.formats.parsing.bodies import body_recordings
from himpc.reading.formats.parsing.positions import check_memory, check_positions
from himpc.reading.formats.parsing.timeline import find_timeline
from himpc.reading.formats.parsing.tracks import Detection
from himpc.recordings import Recording
from himpc.skeleton import Layout, get_layout

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="pose estimators",
    files="*.csv",
    reads="17 joints with confidence in 2D, a row a frame; person, session, camera and frame from `image_name`, such "
    "as `001-bg-01-000/000024.jpg`",
    assumes="pixels; missing numbers of frames are gaps; no rate: state {fps}",
    ignores="nothing",
    source="Teepe et al., ICIP 2021",
    exports=(
        Export(
            "GaitGraph",
            "use the CSV files of CASIA-B that its repository offers",
            "https://github.com/tteepe/GaitGraph",
        ),
    ),
)

_NAME = "image_name"
_PARTS = ("x", "y", "conf")
_IMAGE = re.compile(r"(?:(?P<sequence>.*)[/\\])?[^/\\]*?(?P<frame>[0-9]{1,15})\.[A-Za-z]+")
_CASIA_B = re.compile(r"(?:.*[/\\])?(?P<person>[0-9]{3})-(?P<session>[a-z]{2}-[0-9]{2})-(?P<camera>[0-9]{3})")


def recognise(path: Path, head: bytes) -> bool:
    """Recognise the columns of a header."""
    header = header_of(head)
    return _NAME in header and "nose_x" in header and "nose_conf" in header


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each sequence of images."""
    table = read_table(path)
    layout = get_layout("coco-17")
    where = f"{path}, line {table.header_line}"
    columns = _columns(table.header, layout, where)
    values = table.numbers(columns[1:]).reshape(-1, len(layout), len(_PARTS))
    check_positions(path, table.lines, values)
    check_memory(path, 1, len(values), len(layout))
    names = [cells[columns[0]] for cells in table.rows]
    rows_of: dict[str, list[int]] = {}
    frames = np.zeros(len(names))
    for row, name in enumerate(names):
        image = _IMAGE.fullmatch(name) if len(name) <= 4096 else None  # the longest path
        if image is None:
            raise FormatError(
                f"{path}, line {table.lines[row]}: image_name is {name[:60]!r}, expected a folder and a frame"
            )
        rows_of.setdefault(image["sequence"] or "", []).append(row)
        frames[row] = float(image["frame"])
    recordings = []
    for sequence, rows in rows_of.items():
        timeline = find_timeline(path, [table.lines[row] for row in rows], numbers=frames[rows])
        detections = [
            Detection(int(place), None, values[row], f"{path}, line {table.lines[row]}")
            for row, place in zip(rows, timeline.places, strict=True)
        ]
        known = _CASIA_B.fullmatch(sequence)
        group = sequence.replace("\\", "/").rpartition("/")[2] if len(rows_of) > 1 else None
        labels = {} if known is None else known.groupdict()
        recordings += body_recordings(
            path, detections, timeline, layout, options, group=group, labels=labels, notes=table.notes
        )
    return recordings


def _columns(header: list[str], layout: Layout, where: str) -> list[int]:
    """Return the column of the image, and of each part of each joint."""
    names = [_NAME, *(f"{joint}_{part}" for joint in layout.joints for part in _PARTS)]
    if missing := [name for name in names if name not in header]:
        raise FormatError(f"{where}: has no column {missing[0]!r}")
    return [header.index(name) for name in names]

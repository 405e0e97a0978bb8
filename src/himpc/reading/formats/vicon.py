"""Vicon Nexus CSV: the trajectories of markers, segments, and model outputs such as joint centres.

An export holds blocks, each with its name, its rate, a row of names (``Subject:Marker``), a row of columns (Frame, Sub
Frame, X, Y, Z), a row of units, and one row a frame. Exports of Nexus 1 begin a row with ``Field #`` and have no row of
units.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.reading.formats.parsing.tables import (
    head_cells,
    parse_number,
    read_cells,
    table_recordings,
    triples,
)
from himpc.reading.formats.parsing.text import Row
from himpc.recordings import Recording

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="motion capture",
    files="*.csv",
    reads="the first of the blocks Trajectories, Segments and Model Outputs in which there are people; subjects before "
    "a colon",
    assumes="the unit of the row below the titles, or the one that the body shows where there is none (Nexus 1); the "
    "upward axis that the body shows",
    ignores="angles, forces, moments and velocities; the blocks Joints, Devices and Events",
    source="https://vicon-help.atlassian.net/wiki/x/5wqx",
    exports=(Export("Vicon Nexus", "run the pipeline operation Export ASCII (group File Export) with trajectories"),),
)

# Blocks that hold positions, the preferred first.
_BLOCKS = ("trajectories", "segments", "model outputs")
_OTHER_BLOCKS = ("joints", "devices", "events", "analog", "force plates", "calculated")
_RATE = re.compile(r"[0-9.]+( ?hz)?", re.IGNORECASE)
_LENGTHS = ("mm", "cm", "m")
_FIRST_COLUMNS = ("frame", "field #", "field", "sample #")


@dataclass(frozen=True)
class _Block:
    """One block: its rate, its points by name, their unit, and its frames."""

    name: str
    rate: float | None
    points: dict[str, tuple[int, int, int]]
    unit: str | None
    frames: list[Row]


def recognise(path: Path, head: bytes) -> bool:
    """Recognise the name of a block, and its rate below it."""
    rows = head_cells(head)
    names = [*_BLOCKS, *_OTHER_BLOCKS]
    return len(rows) > 1 and rows[0][0].lower() in names and _RATE.fullmatch(rows[1][0]) is not None


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each subject of the first block whose points are those of people."""
    blocks = [block for block in _parse_blocks(path) if block.points and block.frames]
    blocks.sort(key=lambda block: _BLOCKS.index(block.name))
    problem: FormatError | None = None
    for block in blocks:
        try:
            return table_recordings(
                path,
                block.frames,
                block.points,
                options,
                unit=block.unit,
                rate=block.rate,
                number_column=0,
                notes=(f"positions of the block {block.name!r}",),
            )
        except FormatError as error:
            problem = problem or error
    raise problem or FormatError(
        f"{path}: holds no positions of markers, segments or model outputs",
        hint=FACTS.advice(),
    )


def _parse_blocks(path: Path) -> list[_Block]:
    """Split a file into its blocks; blocks without positions are left out."""
    rows = read_cells(path)
    starts = [
        i
        for i, (_, cells) in enumerate(rows[:-1])
        if cells[0].lower() in (*_BLOCKS, *_OTHER_BLOCKS) and _RATE.fullmatch(rows[i + 1][1][0])
    ]
    parts = [rows[start:end] for start, end in pairwise([*starts, len(rows)])]
    return [_parse_block(path, part) for part in parts if part[0][1][0].lower() in _BLOCKS]


def _parse_block(path: Path, rows: Sequence[Row]) -> _Block:
    name, rate = rows[0][1][0].lower(), parse_number(rows[1][1][0])
    at = next((i for i, (_, cells) in enumerate(rows[2:6], start=2) if cells[0].lower() in _FIRST_COLUMNS), None)
    if at is None or at < 3:
        raise FormatError(f"{path}, line {rows[0][0]}: the block {name!r} has no rows of names and columns")
    titles, names, label = rows[at][1], rows[at - 1][1], ""
    frames = [row for row in rows[at + 1 :] if row[1][0].isdecimal()]
    units: Sequence[str] = rows[at + 1][1] if len(rows) > at + 1 and not rows[at + 1][1][0] else []
    columns = []
    for i, title in enumerate(titles):
        label = (names[i] if i < len(names) else "") or label
        axis = title.strip("'").upper().removeprefix("T")
        unit = units[i] if i < len(units) else ""
        # Model outputs hold angles, moments and forces as well; a quote marks a velocity.
        if i and axis in ("X", "Y", "Z") and "'" not in title and unit in ("", *_LENGTHS):
            columns.append((i, label, axis, unit))
    points = triples((i, label, axis) for i, label, axis, _ in columns)
    return _Block(name, rate, points, next((unit for *_, unit in columns if unit), None), frames)

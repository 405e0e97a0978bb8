"""CSV with one row a joint (see `himpc.reading.formats.csv`)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.csv.columns import AXES, parse_column
from himpc.reading.formats.csv.recordings import Rows, to_recordings
from himpc.reading.formats.csv.table import Table, header_of, read_table
from himpc.recordings import Recording

__all__ = ["read", "recognise"]

_REQUIRED = ("joint", *AXES)


def recognise(path: Path, head: bytes) -> bool:
    """Recognise a header with frame, joint and axes."""
    found = {column.content for name in header_of(head) if (column := parse_column(name)) and not column.joint}
    return set(_REQUIRED) <= found


def _count_frames(table: Table, joint: int) -> Table:
    """Return a table with a column of frames, each of which begins with the first joint that is there again.

    Bodies that are told apart by another column are counted on, so their frames have gaps where they alternate.
    """
    frame, seen, frames = 0, set[str](), []
    for cells in table.rows:
        if cells[joint] in seen:
            frame, seen = frame + 1, set()
        seen.add(cells[joint])
        frames.append(str(frame))
    rows = [[*cells, number] for cells, number in zip(table.rows, frames, strict=True)]
    return replace(table, header=[*table.header, "frame"], rows=rows)


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each person, session, camera and body of a table with one row a joint."""
    table = read_table(path)
    columns = table.columns()
    if "frame" not in columns.of_row:
        table = _count_frames(table, columns.of_row["joint"]) if "joint" in columns.of_row else table
        columns = table.columns()
    if columns.of_joint or not set(_REQUIRED) <= set(columns.of_row):
        raise FormatError(f"{path}, line {table.header_line}: expected the columns {', '.join(_REQUIRED)}")
    cells = [row[columns.of_row["joint"]] for row in table.rows]
    first_line = dict(zip(reversed(cells), reversed(table.lines), strict=True))
    index = {name: i for i, name in enumerate(dict.fromkeys(cells))}
    where = [f"{path}, line {first_line[name]}" for name in index]
    joint = np.array([[index[cell]] for cell in cells])
    positions = table.numbers([columns.of_row[axis] for axis in AXES])[:, None]
    confidence = table.confidences([columns.of_row["confidence"]]) if "confidence" in columns.of_row else None
    return to_recordings(Rows(table, columns, list(index), where, joint, positions, confidence), options)

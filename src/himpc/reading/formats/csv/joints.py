"""CSV with one row a joint (see `himpc.reading.formats.csv`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.csv.columns import AXES, parse_column
from himpc.reading.formats.csv.recordings import Rows, to_recordings
from himpc.reading.formats.csv.table import Table
from himpc.reading.formats.csv.table_file import header_of, read_table
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.recordings import Recording

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="any program",
    files="*.csv, *.tsv",
    reads="columns `joint`, `x`, `y` and `z`, and where there are any `frame`, `time`, `person`, `session`, `camera`, "
    "`body` and `confidence`",
    assumes="names as in `csv-frames`; without `frame`, a frame begins where a joint is repeated; unit and "
    "upward axis are as stated, or as the body shows; no rate unless rows have times: state {fps}",
    ignores="other columns, which is noted",
    exports=(Export("a program of yours", "write a header and one row for each joint of each frame", None),),
)

_REQUIRED = ("joint", *AXES[:2])


def recognise(path: Path, head: bytes) -> bool:
    """Recognise a header with a joint, by name or number, and two or three axes."""
    return has_rows_of_joints(header_of(head))


def _add_frame_column(table: Table, of_row: dict[str, int]) -> Table:
    """Return a table with a column of frames, each of which begins with the first joint of a body that is there again.

    The frames of each session and camera are counted from 0, together for the bodies in them.
    """
    clock_columns = [of_row[name] for name in ("session", "camera") if name in of_row]
    joint_columns = [of_row[name] for name in ("person", "body", "joint") if name in of_row]
    latest: dict[tuple[str, ...], int] = {}
    seen: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    frames = []
    for cells in table.rows:
        clock, joint = (tuple(cells[i] for i in columns) for columns in (clock_columns, joint_columns))
        if joint in seen.setdefault(clock, set()):
            latest[clock] = latest.get(clock, 0) + 1
            seen[clock].clear()
        seen[clock].add(joint)
        frames.append(str(latest.get(clock, 0)))
    rows = [[*cells, number] for cells, number in zip(table.rows, frames, strict=True)]
    return replace(table, header=[*table.header, "frame"], rows=rows)


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each person, session, camera and body of a table with one row a joint."""
    return read_rows(read_table(path), options)


def has_rows_of_joints(names: Sequence[str]) -> bool:
    """Return whether columns are of a joint, by name or number, and of two or three axes."""
    columns = [column for name in names if (column := parse_column(name))]
    found = {
        "joint" if column.content in ("name", "number") else column.content for column in columns if not column.joint
    }
    return set(_REQUIRED) <= found and not any(column.joint for column in columns if column.content in AXES)


def read_rows(table: Table, options: FileOptions) -> list[Recording]:
    """Read the rows of a table as those of a file."""
    columns = table.columns()
    if "frame" not in columns.of_row:
        table = _add_frame_column(table, columns.of_row) if "joint" in columns.of_row else table
        columns = table.columns()
    if not set(_REQUIRED) <= set(columns.of_row):
        raise FormatError(f"{table.path}, line {table.header_line}: expected the columns {', '.join(_REQUIRED)}")
    cells = [row[columns.of_row["joint"]] for row in table.rows]
    first_line = dict(zip(reversed(cells), reversed(table.lines), strict=True))
    index = {name: i for i, name in enumerate(dict.fromkeys(cells))}
    where = [f"{table.path}, line {first_line[name]}" for name in index]
    joint = np.array([[index[cell]] for cell in cells])
    axes = [columns.of_row[axis] for axis in AXES if axis in columns.of_row]
    positions = table.numbers(axes)[:, None]
    confidence = table.confidences([columns.of_row["confidence"]]) if "confidence" in columns.of_row else None
    return to_recordings(Rows(table, columns, list(index), where, joint, positions, confidence), options)

"""CSV with one row a joint (see `himpc.reading.formats.csv_tables`)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from himpc.errors import FormatError
from himpc.reading.formats.base import FileOptions
from himpc.reading.formats.csv_layout import joint_layout
from himpc.reading.formats.csv_tables import AXES, JOINT_ROW, Rows, columns_of, number_columns, to_recordings
from himpc.reading.formats.csv_text import header_of, read_table
from himpc.recordings.recording import Recording

__all__ = ["read", "recognise"]


def recognise(path: Path, head: bytes) -> bool:
    return set(JOINT_ROW) <= {name.lower() for name in header_of(head)}


def read(path: Path, options: FileOptions) -> list[Recording]:
    table = read_table(path)
    about, of_joint = columns_of(table)
    if of_joint or not set(JOINT_ROW) <= set(about):
        raise FormatError(f"{path}, line {table.header_line}: expected the columns {', '.join(JOINT_ROW)}")
    cells = [row[about["joint"]] for row in table.rows]
    first = dict(zip(reversed(cells), reversed(table.lines), strict=True))
    names = list(dict.fromkeys(cells))
    where = [f"{path}, line {first[name]}" for name in names]
    layout, joint_of = joint_layout(names, where, table.stated.get("layout"), options.layout)
    joint = np.array([[joint_of[cell]] for cell in cells])
    positions = number_columns(table, [about[axis] for axis in AXES])[:, None]
    confidence = number_columns(table, [about["confidence"]]) if "confidence" in about else None
    return to_recordings(Rows(table, about, layout, joint, positions, confidence), options)

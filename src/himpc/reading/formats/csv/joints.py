"""CSV with one row a joint (see `himpc.reading.formats.csv`)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.csv.layout import joint_layout
from himpc.reading.formats.csv.recordings import Rows, to_recordings
from himpc.reading.formats.csv.table import AXES, header_of, read_table
from himpc.recordings import Recording

__all__ = ["read", "recognise"]

_REQUIRED = ("frame", "joint", *AXES)


def recognise(path: Path, head: bytes) -> bool:
    """Recognise a header with frame, joint and axes."""
    return set(_REQUIRED) <= {name.lower() for name in header_of(head)}


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each person, session, camera and body of a table with one row a joint."""
    table = read_table(path)
    columns, joint_columns = table.columns()
    if joint_columns or not set(_REQUIRED) <= set(columns):
        raise FormatError(f"{path}, line {table.header_line}: expected the columns {', '.join(_REQUIRED)}")
    cells = [row[columns["joint"]] for row in table.rows]
    first_line = dict(zip(reversed(cells), reversed(table.lines), strict=True))
    names = list(dict.fromkeys(cells))
    where = [f"{path}, line {first_line[name]}" for name in names]
    layout, joint_of = joint_layout(names, where, table.stated.get("layout"), options)
    joint = np.array([[joint_of[cell]] for cell in cells])
    positions = table.numbers([columns[axis] for axis in AXES])[:, None]
    confidence = table.numbers([columns["confidence"]]) if "confidence" in columns else None
    return to_recordings(Rows(table, columns, layout, joint, positions, confidence), options)

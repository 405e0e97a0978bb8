"""CSV with one row a frame (see `himpc.reading.formats.csv`)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.csv.layout import joint_layout
from himpc.reading.formats.csv.recordings import Rows, to_recordings
from himpc.reading.formats.csv.table import AXES, header_of, parse_column, read_table
from himpc.recordings import Recording

__all__ = ["read", "recognise"]


def recognise(path: Path, head: bytes) -> bool:
    """Recognise a header that names all axes of a joint."""
    columns = [column for name in header_of(head) if (column := parse_column(name)) and column.joint]
    return any({c.content for c in columns if c.joint == column.joint} >= set(AXES) for column in columns[:12])


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each person, session, camera and body of a table with one row a frame."""
    table = read_table(path)
    row_columns, joint_columns = table.columns()
    names, where = list(joint_columns), f"{path}, line {table.header_line}"
    if not names:
        raise FormatError(f"{where}: has no columns such as 'left_hip_x'")
    layout, joint_of = joint_layout(names, [where] * len(names), table.stated.get("layout"), options)
    if missing := set(range(len(layout))) - set(joint_of.values()):
        raise FormatError(f"{where}: has no column for joint {layout.joints[min(missing)]!r} of layout {layout.name!r}")
    for name, columns in joint_columns.items():
        if absent := [axis for axis in AXES if axis not in columns]:
            raise FormatError(f"{where}: joint {name[:40]!r} has no {absent[0]} column")
    joint = np.tile([joint_of[name] for name in names], (len(table.rows), 1))
    positions = table.numbers([columns[axis] for columns in joint_columns.values() for axis in AXES])
    confidence = None
    if all("confidence" in columns for columns in joint_columns.values()):
        confidence = table.numbers([columns["confidence"] for columns in joint_columns.values()])
    rows = Rows(table, row_columns, layout, joint, positions.reshape(*joint.shape, 3), confidence)
    return to_recordings(rows, options)

"""CSV with one row a frame (see `himpc.reading.formats.csv_tables`)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from himpc.errors import FormatError
from himpc.reading.formats.base import FileOptions
from himpc.reading.formats.csv_layout import joint_layout
from himpc.reading.formats.csv_tables import AXES, Rows, columns_of, number_columns, to_recordings
from himpc.reading.formats.csv_text import header_of, parse_column, read_table
from himpc.recordings.recording import Recording

__all__ = ["read", "recognise"]


def recognise(path: Path, head: bytes) -> bool:
    columns = [column for name in header_of(head) if (column := parse_column(name)) and column.joint]
    return any({c.what for c in columns if c.joint == column.joint} >= set(AXES) for column in columns[:12])


def read(path: Path, options: FileOptions) -> list[Recording]:
    table = read_table(path)
    about, of_joint = columns_of(table)
    names, where = list(of_joint), f"{path}, line {table.header_line}"
    if not names:
        raise FormatError(f"{where}: has no columns such as 'left_hip_x'")
    layout, joint_of = joint_layout(names, [where] * len(names), table.stated.get("layout"), options.layout)
    if missing := set(range(len(layout))) - set(joint_of.values()):
        raise FormatError(f"{where}: has no column for joint {layout.joints[min(missing)]!r} of layout {layout.name!r}")
    for name, columns in of_joint.items():
        if lacking := [axis for axis in AXES if axis not in columns]:
            raise FormatError(f"{where}: joint {name[:40]!r} has no {lacking[0]} column")
    joint = np.tile([joint_of[name] for name in names], (len(table.rows), 1))
    positions = number_columns(table, [columns[axis] for columns in of_joint.values() for axis in AXES])
    confidence = None
    if all("confidence" in columns for columns in of_joint.values()):
        confidence = number_columns(table, [columns["confidence"] for columns in of_joint.values()])
    rows = Rows(table, about, layout, joint, positions.reshape(*joint.shape, 3), confidence)
    return to_recordings(rows, options)

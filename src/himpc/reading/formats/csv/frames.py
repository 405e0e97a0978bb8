"""CSV with one row a frame (see `himpc.reading.formats.csv`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from himpc.errors import FormatError, count_noun
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
    reads="columns such as `left_hip_x`, `LeftUpLeg.X`, `LASI_x (mm)`, `Head_0` or `x12`, or cells `[0.1, 0.2, 0.3]`; "
    "`person`, `session`, `camera` and `body`, which separate recordings; `frame` and `time`; a row of names above a "
    "row of axes, as of DeepLabCut; comments above the header such as `# unit: mm`, `# layout: coco-17`, `# fps: 30` "
    "and `# up: z`",
    assumes="names are those of a layout, a program or a marker set, numbers are those of a layout; unit and upward "
    "axis are as stated, or as the body shows; x and y alone are pixels, y down; no rate unless "
    "rows have times: state {fps}",
    ignores="other columns, which is noted",
    exports=(Export("a program of yours", "write a header and one row a frame", None),),
)

_CHECKED_COLUMNS = 24
"""Columns of joints of which one must have all its axes."""
_MIN_JOINTS = 5
_Columns = dict[str, dict[str, int]]


def recognise(path: Path, head: bytes) -> bool:
    """Recognise a header that names two or three axes of a joint."""
    columns = [c for name in header_of(head) if (c := parse_column(name)) and c.joint and c.content in AXES]
    axes_of: dict[str, set[str]] = {}
    for column in columns[:_CHECKED_COLUMNS] or columns:
        axes_of.setdefault(column.joint, set()).add(column.content)
    if any(axes >= set(AXES[:2]) for axes in axes_of.values()):
        return True
    return len(columns) > _CHECKED_COLUMNS and all(axes == {AXES[0]} for axes in axes_of.values())  # x of all joints


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each person, session, camera and body of a table with one row a frame."""
    return read_rows(read_table(path), options)


def read_rows(table: Table, options: FileOptions) -> list[Recording]:
    """Read the rows of a table as those of a file."""
    columns = table.columns()
    where = f"{table.path}, line {table.header_line}"
    of_joint = {name: found for name, found in columns.of_joint.items() if set(found) & set(AXES)}
    if not of_joint:
        raise FormatError(f"{where}: has no columns such as 'left_hip_x'")
    columns.unused.extend(table.header[columns.of_row[key]] for key in ("joint", "confidence") if key in columns.of_row)
    axes = AXES if any("z" in found for found in of_joint.values()) else AXES[:2]
    of_joint, notes = _leave_out_others(of_joint, axes)
    for name, found in of_joint.items():
        if absent := [axis for axis in axes if axis not in found]:
            raise FormatError(f"{where}: joint {name[:40]!r} has no {absent[0]} column")
    names = list(of_joint)
    joint = np.tile(np.arange(len(names)), (len(table.rows), 1))
    positions = table.numbers([found[axis] for found in of_joint.values() for axis in axes])
    confidence = None
    if all("confidence" in found for found in of_joint.values()):
        confidence = table.confidences([found["confidence"] for found in of_joint.values()])
    rows = Rows(
        replace(table, notes=(*table.notes, *notes)),
        columns,
        names,
        [where] * len(names),
        joint,
        positions.reshape(*joint.shape, len(axes)),
        confidence,
    )
    return to_recordings(rows, options)


def _leave_out_others(of_joint: _Columns, axes: Sequence[str]) -> tuple[_Columns, tuple[str, ...]]:
    """Leave out points that stand beside those of a body: of a picture, of a face and hands; return the others."""
    notes: tuple[str, ...] = ()
    in_space = {name: found for name, found in of_joint.items() if set(axes) <= set(found)}
    others = [set(found) for name, found in of_joint.items() if name not in in_space]
    if (
        len(axes) == len(AXES)
        and min(len(in_space), len(others)) >= _MIN_JOINTS
        and not any("z" in of for of in others)
    ):
        of_joint = in_space
        notes = (f"{count_noun(len(others), 'point')} with two axes, as of a picture, are left out",)
    numbered = {name: found for name, found in of_joint.items() if name.isdecimal()}
    if _MIN_JOINTS <= len(numbered) < len(of_joint):
        notes = (
            *notes,
            f"{count_noun(len(of_joint) - len(numbered), 'point')} that are no joints of a pose are left out",
        )
        of_joint = numbered
    return of_joint, notes

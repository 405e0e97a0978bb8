"""Poses in JSON that are a table: a record a joint, a list or object a column, or rows beside the names of columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from himpc.reading.file_options import FileOptions
from himpc.reading.formats.csv import frames as csv_frames
from himpc.reading.formats.csv import joints as csv_joints
from himpc.reading.formats.csv.columns import AXES, parse_column
from himpc.reading.formats.csv.table import Table
from himpc.reading.formats.json_poses.points import MIN_POINTS, RATES, get_first
from himpc.recordings import Recording

__all__ = ["read_table"]


def read_table(path: Path, content: Any, options: FileOptions) -> list[Recording] | None:
    """Read the people of a document that is a table; None if it is none.

    Raises
    ------
    FormatError
        As for tables in CSV.
    """
    for find in (_find_records, _find_columns, _find_rows):
        if (found := find(content)) is not None:
            names, rows = found
            lines = list(range(1, len(rows) + 1))
            rate = get_first(content, RATES) if isinstance(content, dict) else None
            stated = {"fps": str(rate)} if type(rate) in (int, float) else {}
            table = Table(path, stated, names, 1, lines, [[_to_text(cell) for cell in row] for row in rows])
            is_long = csv_joints.has_rows_of_joints(names)
            return csv_joints.read_rows(table, options) if is_long else csv_frames.read_rows(table, options)
    return None


def _to_text(value: Any) -> str:
    """Return a cell of a table: empty for null."""
    return "" if value is None else str(int(value) if isinstance(value, bool) else value)


def _find_records(content: Any) -> tuple[list[str], list[list[Any]]] | None:
    """Find records of one joint each in a list, such as ``{"frame": 1, "joint": "Head", "x": 0.1, ...}``."""
    if isinstance(content, dict):
        lists = [value for value in content.values() if isinstance(value, list | dict)]
        content = lists[0] if len(lists) == 1 else None
    if not isinstance(content, list) or not content or not all(map(_is_record, content)):
        return None
    names = list(dict.fromkeys(name for record in content for name in record))
    rows = [[record.get(name) for name in names] for record in content]
    return (names, rows) if csv_joints.has_rows_of_joints(names) else None


def _is_record(value: Any) -> bool:
    return isinstance(value, dict) and not any(isinstance(each, list | dict) for each in value.values())


def _find_columns(content: Any) -> tuple[list[str], list[list[Any]]] | None:
    """Find the columns of a data frame: a list each, or an object by the number of the row, as pandas writes them."""
    if not isinstance(content, dict):
        return None
    columns = {name: _to_column(value) for name, value in content.items()}
    known = {name: column for name, column in columns.items() if column is not None}
    lengths = [len(column) for column in known.values()]
    length = max(set(lengths), key=lengths.count, default=0)
    names = [name for name, column in known.items() if len(column) == length]
    if not _have_axes(names):
        return None
    return names, [list(row) for row in zip(*(known[name] for name in names), strict=True)]


def _to_column(value: Any) -> list[Any] | None:
    """Return the cells of a column; None if it is none."""
    if isinstance(value, dict) and all(map(str.isdecimal, value)):
        value = [value[key] for key in sorted(value, key=int)]
    is_column = isinstance(value, list) and value and not any(isinstance(cell, list | dict) for cell in value)
    return value if is_column else None


def _find_rows(content: Any) -> tuple[list[str], list[list[Any]]] | None:
    """Find rows beside the names of their columns, as ``orient="split"`` of pandas writes them."""
    if not isinstance(content, Mapping):
        return None
    names, rows = get_first(content, ("columns", "header", "fields")), get_first(content, ("data", "rows", "values"))
    if not isinstance(names, list) or not isinstance(rows, list) or not rows or not _have_axes(list(map(str, names))):
        return None
    are_rows = all(isinstance(row, list) and len(row) == len(names) and not any(map(_is_nested, row)) for row in rows)
    return (list(map(str, names)), rows) if are_rows else None


def _is_nested(value: Any) -> bool:
    return isinstance(value, list | dict)


def _have_axes(names: Sequence[str]) -> bool:
    """Return whether columns are of the axes of joints, in rows of frames or of joints."""
    columns = [column for name in names if (column := parse_column(name))]
    joints = {column.joint for column in columns if column.joint and column.content in AXES}
    return len(joints) >= MIN_POINTS or csv_joints.has_rows_of_joints(names)

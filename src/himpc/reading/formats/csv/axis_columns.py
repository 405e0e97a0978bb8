"""Tables whose columns do not name the axes ``x``, ``y`` and ``z``: numbers of axes, and points in one cell."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from himpc.reading.formats.csv.columns import AXES, MAX_NAME, parse_column
from himpc.reading.formats.parsing.positions import are_quaternions

__all__ = ["name_axes", "prefer_world", "split_point_cells", "spread_points"]

_MIN_JOINTS = 4
_AXES = (*AXES, "confidence")
_POINT = re.compile(r"\s*[\[(]([^\[\]()]*)[\])]\s*|\s*((?:[-+0-9.eE]+\s+){2}[-+0-9.eE]+)\s*")
_SEPARATOR = re.compile(r"\s*[,;]\s*|\s+")
_NUMBERED = re.compile(r"(.*[A-Za-z].*?)[_.\s\[]?([0-9xyz])\]?")
_NUMBERS = {("0", "1", "2"), ("1", "2", "3"), ("", "1", "2"), ("", "", ""), ("x", "y", "z")}
"""Ends of the names of the axes of a joint; a name may be there three times, as pandas writes it or not."""
_MIN_SHARE = 0.8
"""Share of the columns that joints must have, as numbers of features count on."""
_WORLD = re.compile(r"^world[^A-Za-z0-9]+|[^A-Za-z0-9]+world(?=[^A-Za-z0-9]|$)", re.IGNORECASE)
_POINT_COLUMNS = {"position", "pos", "point", "xyz", "coordinates", "location", "value"}


def split_point_cells(header: Sequence[str], rows: Sequence[list[str]]) -> tuple[list[str], list[list[str]]]:
    """Split cells such as ``[0.1, 0.2, 0.3]`` into a column for each axis.

    >>> split_point_cells(["frame", "head"], [["0", "[1, 2, 3]"], ["1", "(4 5 6)"], ["2", ""]])
    (['frame', 'head_x', 'head_y', 'head_z'], [['0', '1', '2', '3'], ['1', '4', '5', '6'], ['2', '', '', '']])
    """
    widths = {}
    for i, name in enumerate(header):
        first = next((row[i] for row in rows if i < len(row) and row[i] and row[i].lower() != "nan"), "")
        numbers = _numbers(first)
        if len(numbers) in (2, 3, 4) and not ((column := parse_column(name)) and column.joint):
            widths[i] = len(numbers)
    fours = [i for i, width in widths.items() if width == len(_AXES)]
    if fours and _hold_quaternions([row[i] for i in fours for row in rows if i < len(row)]):
        widths = {i: width for i, width in widths.items() if i not in fours}
    if not widths:
        return list(header), list(rows)
    has_joints = any((column := parse_column(name)) and column.content == "joint" for name in header)
    names = []
    for i, name in enumerate(header):
        prefix = "" if has_joints and name.lower() in _POINT_COLUMNS else f"{name}_"
        names.append([f"{prefix}{axis}" for axis in _AXES[: widths[i]]] if i in widths else [name])
    spread = [
        [cell for i, each in enumerate(row) for cell in (_cells(each, widths[i]) if i in widths else [each])]
        for row in rows
    ]
    return [name for each in names for name in each], spread


def spread_points(rows: Sequence[list[str]], width: int) -> list[list[str]]:
    """Return rows with a cell for each axis, where the header has a name for each axis of points in one cell.

    >>> spread_points([["0", "(1, 2, 3)"]], 4)
    [['0', '1', '2', '3']]
    """
    if not rows or len(rows[0]) >= width:
        return list(rows)
    spread = [[number for cell in row for number in _numbers(cell) or [cell]] for row in rows]
    return spread if len(spread[0]) == width else list(rows)


def _numbers(cell: str) -> list[str]:
    match = _POINT.fullmatch(cell)
    return [part for part in _SEPARATOR.split((match[1] or match[2] or "").strip()) if part] if match else []


def _hold_quaternions(cells: Sequence[str]) -> bool:
    """Return whether the cells of four numbers are quaternions."""
    try:
        rows = [[float(number) for number in numbers] for cell in cells if len(numbers := _numbers(cell)) == 4]
    except ValueError:
        return False
    return bool(rows) and are_quaternions(np.array(rows))


def _cells(cell: str, width: int) -> list[str]:
    """Return the numbers of a point; empty cells for none, and the cell itself for the error if it is no point."""
    numbers = _numbers(cell)
    if len(numbers) == width:
        return numbers
    is_missing = not cell or cell.lower() in ("nan", "none", "null", "[]", "()")
    return [""] * width if is_missing else [cell] * width


def name_axes(header: Sequence[str]) -> list[str]:
    """Return names with axes in place of numbers, as in ``Head_0, Head_1, Head_2`` or ``headx``, or as they are.

    >>> name_axes("t a.0 a.1 a.2 b.0 b.1 b.2 c.0 c.1 c.2 d.0 d.1 d.2".split())[:4]
    ['t', 'a_x', 'a_y', 'a_z']
    """
    if any((column := parse_column(name)) and column.joint for name in header):
        return list(header)
    named = list(header)
    found, i = 0, 0
    while i + 2 < len(header):
        bases, numbers = zip(*(_split(name) for name in header[i : i + 3]), strict=True)
        if header[i] == header[i + 1] == header[i + 2]:
            bases, numbers = tuple(header[i : i + 3]), ("", "", "")
        elif header[i] and not (header[i + 1] or header[i + 2]):  # a name above the first of its three columns
            bases, numbers = (header[i],) * 3, ("", "", "")
        elif _split(header[i + 1])[0] == header[i]:  # a name that ends in a digit itself
            bases, numbers = (header[i], *bases[1:]), ("", *numbers[1:])
        if len(set(bases)) == 1 and bases[0] and numbers in _NUMBERS:
            named[i : i + 3] = [f"{bases[0]}_{axis}" for axis in AXES]
            found, i = found + 1, i + 3
        else:
            i += 1
    return named if found >= _MIN_JOINTS and 3 * found >= _MIN_SHARE * len(header) else list(header)


def _split(name: str) -> tuple[str, str]:
    match = _NUMBERED.fullmatch(name) if len(name) <= MAX_NAME else None
    return (match[1], match[2]) if match else (name, "")


def prefer_world(header: Sequence[str], rows: Sequence[list[str]]) -> tuple[list[str], list[list[str]]]:
    """Return the columns without those in a picture of positions that also stand in space, as ``world_x_0``.

    >>> prefer_world(["frame", "x_0", "v_0", "world_x_0"], [["1", "0.5", "1", "2"]])
    (['frame', 'v_0', 'x_0'], [['1', '1', '2']])
    """
    plain = [_WORLD.sub("", name) for name in header]
    columns = [column if (column := parse_column(name)) and column.content in AXES else None for name in plain]
    in_space = {column for column, name, other in zip(columns, header, plain, strict=True) if column and name != other}
    keep = [
        i
        for i, (column, name) in enumerate(zip(columns, header, strict=True))
        if column not in in_space or name != plain[i]
    ]
    names = [plain[i] if columns[i] in in_space else header[i] for i in keep]
    return names, list(rows) if len(keep) == len(header) else [[row[i] for i in keep if i < len(row)] for row in rows]

"""The header of a CSV table: what stands above its rows, as many programs write it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from himpc.reading.formats.csv.columns import AXES, parse_column, parse_label_unit
from himpc.reading.formats.parsing.tables import find_delimiter, parse_number, split_cells
from himpc.reading.formats.parsing.text import is_number
from himpc.skeleton import get_layout, layout_names, parse_name

__all__ = ["Header", "parse_header", "split_row"]

_STATED = ("unit", "layout", "fps", "up")
_STATEMENTS = {
    "fps": "fps framerate samplerate samplingrate capturerate camerarate datarate frequency rate srate nominalrate "
    "streamnominalrate",
    "unit": "unit units lengthunit lengthunits",
}
_KEY_OF = {word: key for key, words in _STATEMENTS.items() for word in words.split()}
_DELIMITERS = ",;\t"
_EXCEL = re.compile(r'"?sep=([,;\t])"?', re.IGNORECASE)
_STATEMENT = re.compile(r"([A-Za-z][A-Za-z _]{0,40}?)\"?\s{0,8}[:=,;\t]\s{0,8}\"?([^,;\t\"]+)")
_VECTOR = re.compile(r"\((?:[-+0-9.eE ]{1,40},){1,3}[-+0-9.eE ]{1,40}\)")
"""A point between commas, as Unity writes it."""
_MAX_ROWS = 6
_MAX_PREAMBLE, _MAX_PREAMBLE_CELLS, _MIN_HEADER_CELLS = 12, 3, 7
"""Lines above a header, cells of such a line, and cells of a header below such lines."""
_MIN_RATIO = 5
"""Cells of a header for each of a longer line above it, of which a row of the names of joints has a third or more."""
_MIN_UNITS = 0.8
"""Share of the cells of a row of units that must be known units."""
_DEEPLABCUT = {"scorer": "", "individuals": "body", "bodyparts": "joint", "coords": "axis"}
"""The first cells of the rows of a header of DeepLabCut, and what the others of a row are."""


@dataclass(frozen=True)
class Header:
    """The header among the lines of a table.

    Attributes
    ----------
    names : list of str
        One name a column.
    stated : dict of str to str
        What lines above and a row of units below state: ``unit``, ``layout``, ``fps``, ``up``.
    delimiter : str
        A blank where blanks separate cells.
    first, end : int
        Index of its first line, and of the first row.
    bodies : tuple of str
        The body that each column is of, where several have columns of the same names; empty for others.
    """

    names: list[str]
    stated: dict[str, str]
    delimiter: str
    first: int
    end: int
    bodies: tuple[str, ...] = ()


def parse_header(lines: Sequence[str]) -> Header | None:
    """Parse the header in the lines of a table; None if there is none."""
    first, stated, delimiter = 0, {}, ""
    while first < len(lines) and (lines[first].startswith("#") or _EXCEL.fullmatch(lines[first])):
        key, colon, value = lines[first].lstrip("# ").partition(":")
        if colon and key.strip().lower() in _STATED:
            stated[key.strip().lower()] = value.strip()
        if marked := _EXCEL.fullmatch(lines[first]):
            delimiter = marked[1]
        first += 1
    above = _count_preamble(lines[first:])
    stated = {**_parse_statements(lines[first : first + above]), **stated}
    first += above
    if first >= len(lines):
        return None
    if not delimiter:
        delimiter = find_delimiter([lines[first]], _DELIMITERS)
        delimiter = delimiter if delimiter in lines[first] or len(lines[first].split()) < 4 else " "
    rows = [split_row(line, delimiter) for line in lines[first : first + _MAX_ROWS + 1]]
    if names := _names_without_header(rows[0]):
        return Header(names, stated, delimiter, first, first)
    if found := _parse_deeplabcut(rows):
        names, bodies, count = found
        return Header(names, stated, delimiter, first, first + count, bodies)
    names, count = _join_rows(rows[:_MAX_ROWS])
    if len(rows) > count and (units := _parse_unit_row(rows[count])) is not None:
        count += 1
        stated = {"unit": units.pop(), **stated} if len(units) == 1 else stated
    return Header(names, stated, delimiter, first, first + count)


def split_row(line: str, delimiter: str) -> list[str]:
    """Split a line into cells, of which a point ``(1, 2, 3)`` in a line without quotes is one."""
    if delimiter == "," and "(" in line and '"' not in line:
        line = _VECTOR.sub(r'"\g<0>"', line)
    if delimiter != " ":
        return split_cells(line, delimiter)
    return [cell.strip('"') for cell in re.findall(r'"[^"]*"|\S+', line)] if '"' in line else line.split()


def _count_preamble(lines: Sequence[str]) -> int:
    """Return the number of lines with a few cells above a header of many."""
    counts = [
        max(sum(map(bool, split_row(line, delimiter))) for delimiter in _DELIMITERS)
        for line in lines[: _MAX_PREAMBLE + 1]
    ]
    most = max(counts, default=0)
    header = next((i for i, count in enumerate(counts) if count >= _MIN_HEADER_CELLS), 0)
    widest = next((i for i, count in enumerate(counts) if count * _MIN_RATIO >= most), 0)
    is_short = all(count <= _MAX_PREAMBLE_CELLS for count in counts[:header])
    return max(header if is_short else 0, widest)


def _parse_statements(lines: Sequence[str]) -> dict[str, str]:
    """Return the frame rate and the unit of length that lines such as ``Rate: 100 Hz`` state, also several a line."""
    stated: dict[str, str] = {}
    for line in lines:
        for match in _STATEMENT.finditer(line):
            key = _KEY_OF.get(re.sub(r"[ _]", "", match[1].lower()))
            if key == "unit":
                stated["unit"] = match[2].strip()
            elif key == "fps" and (rate := parse_number(match[2])):
                stated["fps"] = f"{rate:g}"
    return stated


def _names_without_header(cells: Sequence[str]) -> list[str]:
    """Return names for the columns of rows of a joint and its position; none if the first row is no such row."""
    place = next((i for i, cell in enumerate(cells) if not is_number(cell)), len(cells))
    numbers = cells[place + 1 :]
    if place > 1 or len(numbers) < 3 or not all(map(is_number, numbers[:3])) or not _is_joint(cells[place]):
        return []
    return [*["frame"][:place], "joint", *AXES, *(f"column {i}" for i in range(5, 5 + len(numbers) - 3))]


def _is_joint(name: str) -> bool:
    return parse_name(name) in _known_names()


@cache
def _known_names() -> frozenset[object]:
    layouts = map(get_layout, layout_names())
    return frozenset(
        parse_name(name) for layout in layouts for name in (*layout.joints, *(other for _, other in layout.file_names))
    )


def _join_rows(rows: Sequence[list[str]]) -> tuple[list[str], int]:
    """Return one name a column, and the number of rows of the header: names of joints may be above those of axes.

    Other rows may stand beside the names, as of files and folders in tables of Visual3D; names differ the most.
    """
    last = next((i for i, row in enumerate(rows) if sum(cell.lower() in AXES for cell in row) >= 3), 0)
    columns = [column for name in rows[0] if (column := parse_column(name))]
    is_complete = any(column.joint and column.content in AXES for column in columns)
    if last == 0 or is_complete:
        return rows[0], 1
    names, axes = max(reversed(rows[:last]), key=lambda row: len(set(row))), rows[last]
    is_axis = [cell.lower() in AXES for cell in axes]
    joined, current = [], ""
    for i, axis in enumerate(axes):
        current = (names[i] if i < len(names) else "") or current
        column = parse_column(axis)
        is_of_joint = is_axis[i] or (column is not None and column.content == "confidence")
        joined.append(f"{current}_{axis}" if is_of_joint else axis or current)
    return joined, last + 1


def _parse_deeplabcut(rows: Sequence[list[str]]) -> tuple[list[str], tuple[str, ...], int] | None:
    """Return names and bodies of the columns, and the number of rows, of a header of DeepLabCut; None for others."""
    count = next((i for i, row in enumerate(rows) if row[0].lower() not in _DEEPLABCUT), len(rows))
    of = {_DEEPLABCUT[row[0].lower()]: row for row in rows[:count]}
    if not {"joint", "axis"} <= set(of) or len({len(row) for row in of.values()}) > 1:
        return None
    names = [f"{joint}_{axis}" for joint, axis in zip(of["joint"], of["axis"], strict=True)]
    bodies = tuple(of["body"][1:]) if len(set(of.get("body", ["", ""])[1:])) > 1 else ()
    return ["frame", *names[1:]], ("", *bodies) if bodies else (), count


def _parse_unit_row(cells: Sequence[str]) -> set[str] | None:
    """Parse the units of length in a row of units; None if it is a row of numbers."""
    units = [parse_label_unit(cell) for cell in cells if cell]
    if not units or sum(unit is not None for unit in units) < _MIN_UNITS * len(units) or any(map(is_number, cells)):
        return None
    return {unit for unit in units if unit in ("mm", "cm", "m", "in")}

"""The files of CSV tables: header, rows, and what stands above and below them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from himpc.errors import FormatError, count_noun
from himpc.reading.formats.csv.axis_columns import name_axes, prefer_world, split_point_cells, spread_points
from himpc.reading.formats.csv.columns import AXES, parse_column
from himpc.reading.formats.csv.header import parse_header, split_row
from himpc.reading.formats.csv.table import Table
from himpc.reading.formats.parsing.text import decode_head, is_number, read_bytes, split_lines, utf16_of

__all__ = ["header_of", "read_table"]

_TUPLE = re.compile(r"\('[^']*'(?:, *'[^']*')+\)")
"""A name of several parts, as pandas writes ``('head', 'x')``."""
CHECKED_BYTES = 2**20
"""Bytes of a file that are checked first, so that a wrong line there is found at once."""
_MIN_ROWS, _MAX_LINES_BELOW, _MAX_DIGITS = 2, 40, 10
"""Rows above text that does not belong to a table, lines of such text, and digits of the number of a row."""


def header_of(head: bytes) -> list[str]:
    """Return the header's cells in a file's first bytes; empty if there is none."""
    lines = decode_head(head)
    header = parse_header(lines)
    if header is None:
        return []
    rows = [split_row(line, header.delimiter) for line in lines[header.end : header.end + 2]]
    return _name_columns(header.names, rows)[0]


def _name_columns(names: list[str], rows: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """Return columns of which each is an axis of a point, and named so."""
    names = ["_".join(re.findall("'([^']*)'", name)) if _TUPLE.fullmatch(name) else name for name in names]
    names, rows = split_point_cells(names, rows)
    return prefer_world(name_axes(names), rows)


def read_table(path: Path) -> Table:
    """Read a CSV file as text; the beginning of a long one is checked before all of it is split."""
    content = read_bytes(path)
    end = content.rfind(b"\n", 0, CHECKED_BYTES)
    if len(content) > CHECKED_BYTES and end > 0 and utf16_of(content) is None:
        _build(path, split_lines(path, content[:end])).check()
    return _build(path, split_lines(path, content))


def _build(path: Path, numbered: list[tuple[int, str]]) -> Table:
    found = parse_header([line for _, line in numbered])
    if found is None:
        raise FormatError(f"{path}: has no header line")
    header, header_line = found.names, numbered[found.first][0]
    lines = [number for number, _ in numbered[found.end :]]
    rows = spread_points([split_row(line, found.delimiter) for _, line in numbered[found.end :]], len(header))
    notes: tuple[str, ...] = ()
    if repeated := [line for line, cells in zip(lines, rows, strict=True) if cells == header]:
        if not any(_is_time(name) for name in header):
            raise FormatError(
                f"{path}, line {repeated[0]}: the header is there again, so the file holds several recordings",
                hint="split the file into one recording each",
            )
        lines = [line for line in lines if line not in repeated]
        rows = [cells for cells in rows if cells != header]
        notes = (f"the header is repeated in line {repeated[0]}",)
    if not lines:
        raise FormatError(f"{path}: has a header but no rows")
    lines, rows, below = _leave_out_text_below(lines, rows, len(header))
    header, short = _fit_header(header, rows)
    lines, rows, cut = _check_widths(path, lines, rows, len(header))
    if found.bodies:
        header, lines, rows = _stack_bodies(header, found.bodies, lines, rows)
    header, rows = _name_columns(header, rows)
    return Table(path, found.stated, header, header_line, lines, rows, (*notes, *below, *short, *cut))


def _stack_bodies(
    header: list[str], bodies: Sequence[str], lines: list[int], rows: list[list[str]]
) -> tuple[list[str], list[int], list[list[str]]]:
    """Return a table with one row a frame and body, of one whose columns are of several bodies, seen or not."""
    shared = [i for i, body in enumerate(bodies) if not body]
    columns: dict[str, dict[str, int]] = {}
    for i, (body, name) in enumerate(zip(bodies, header, strict=True)):
        if body:
            columns.setdefault(body, {}).setdefault(name, i)
    names = list(dict.fromkeys(name for of in columns.values() for name in of))
    stacked, numbers = [], []
    for line, cells in zip(lines, rows, strict=True):
        for body, of in columns.items():
            own = [cells[of[name]] if name in of else "" for name in names]
            if any(own):
                stacked.append([body, *(cells[i] for i in shared), *own])
                numbers.append(line)
    return ["body", *(header[i] for i in shared), *names], numbers, stacked


def _leave_out_text_below(
    lines: list[int], rows: list[list[str]], width: int
) -> tuple[list[int], list[list[str]], tuple[str, ...]]:
    """Leave out short lines below a table that begin with text, such as the places of cameras, and note it."""
    start = len(rows)
    while start > 0 and len(rows) - start < _MAX_LINES_BELOW and len(rows[start - 1]) < width:
        start -= 1
    below = rows[start:]
    is_text = bool(below) and bool(below[0][0]) and not is_number(below[0][0]) and is_number(rows[0][0])
    if start < _MIN_ROWS or not is_text:
        return lines, rows, ()
    return lines[:start], rows[:start], (f"lines {lines[start]} to {lines[-1]} below the table are left out",)


def _fit_header(header: list[str], rows: list[list[str]]) -> tuple[list[str], tuple[str, ...]]:
    """Return a header of as many names as all rows have cells, if it is clear which cells have none; and note it.

    Rows may end before the last joints of the header, go on after it, or begin with their number, as R writes it.
    """
    named = len(header) - (header[-1] == "")
    filled = len(rows[0]) - all(row[-1] == "" for row in rows)
    if len(rows) < _MIN_ROWS or filled == named or any(len(row) != len(rows[0]) for row in rows):
        return header, ()
    missing = named - filled
    if missing > 0 and missing % len(AXES) == 0 and filled >= named / 2:
        return header[:filled], (f"the rows have no cells for the last {missing} columns of the header",)
    first = [row[0] for row in rows]
    counts = all(cell.isdecimal() and len(cell) < _MAX_DIGITS for cell in first)
    rises = counts and all(int(after) > int(before) for before, after in pairwise(first))
    if missing < 0 and rises and _is_time(header[0]):
        return [*header[:named], *[""] * -missing], (
            f"the last {-missing} cells of a row have no name and are not used",
        )
    return (["", *header[:named]] if missing == -1 and rises else header), ()


def _check_widths(
    path: Path, lines: list[int], rows: list[list[str]], width: int
) -> tuple[list[int], list[list[str]], tuple[str, ...]]:
    """Check that rows have as many cells as the header; delimiters may end them, and the last may be cut off."""
    notes: tuple[str, ...] = ()
    if len(rows) > 1 and len(rows[-1]) < width and all(len(cells) >= width for cells in rows[:-1]):
        notes = (f"line {lines[-1]} is cut off and left out",)
        lines, rows = lines[:-1], rows[:-1]
    for number, cells in zip(lines, rows, strict=True):
        if len(cells) < width or any(cells[width:]):
            raise FormatError(f"{path}, line {number}: has {count_noun(len(cells), 'cell')}, the header has {width}")
    return lines, [cells[:width] for cells in rows], notes


def _is_time(name: str) -> bool:
    column = parse_column(name)
    return column is not None and column.content in ("frame", "time")

"""The text of a CSV table: leading comments, header and rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError, count_noun
from himpc.reading.formats.csv.axis_columns import name_axes, prefer_world, split_point_cells
from himpc.reading.formats.csv.columns import AXES, parse_column
from himpc.reading.formats.csv.header import parse_header, split_row
from himpc.reading.formats.parsing.text import decode_head, read_bytes, split_lines, to_numbers, utf16_of
from himpc.reading.formats.parsing.timeline import parse_seconds

__all__ = ["Columns", "Table", "header_of", "read_table"]

CHECKED_BYTES = 2**20
"""Bytes of a file that are checked first, so that a wrong line there is found at once."""


_PICTURES = ("image", "img", "frame", "video", "picture")
_MIN_ROWS, _MAX_LINES_BELOW, _MAX_DIGITS = 2, 40, 10
"""Rows above text that does not belong to a table, lines of such text, and digits of the number of a row."""
_MAX_DISTINCT_SHARE, _MAX_BODIES = 0.75, 20
"""Share of distinct rows below which frames are there several times, and most bodies that a column may tell apart."""
STATE_WORDS = {"tracked": "1", "inferred": "0.5", "nottracked": "0", "not tracked": "0", "true": "1", "false": "0"}


@dataclass(frozen=True)
class Columns:
    """The columns of a table by what they hold.

    Attributes
    ----------
    of_row : dict of str to int
        The column of each property of a row.
    of_joint : dict
        For each joint, the columns of its axes and confidence.
    unused : list of str
        The names of the others.
    units : set of str
        The units of length that names of columns state.
    """

    of_row: dict[str, int]
    of_joint: dict[str, dict[str, int]]
    unused: list[str]
    units: set[str]


@dataclass(frozen=True)
class Table:
    """A CSV file, as text.

    Attributes
    ----------
    path : Path
        The file.
    stated : dict
        ``unit``, ``layout``, ``fps`` and ``up``, by comments such as ``# unit: mm`` and lines such as ``Rate: 50 Hz``
        above the header, or by a row of units below it.
    header : list of str
        The columns' names.
    header_line : int
        The header's line number, from 1.
    lines : list of int
        The line number of each row.
    rows : list of list of str
        The cells of each row, as many as the header has.
    notes : tuple of str
        What was left out.
    """

    path: Path
    stated: dict[str, str]
    header: list[str]
    header_line: int
    lines: list[int]
    rows: list[list[str]]
    notes: tuple[str, ...] = ()

    @property
    def fps(self) -> float | None:
        """The stated frame rate."""
        if "fps" not in self.stated:
            return None
        try:
            return float(self.stated["fps"])
        except ValueError:
            raise FormatError(f"{self.path}: states fps {self.stated['fps'][:20]!r}, expected a number") from None

    def image_size(self) -> tuple[int, int] | None:
        """Return width and height of the pictures in pixels, if columns state the same ones in all rows."""
        names = [re.sub("[^a-z]", "", name.lower()) for name in self.header]
        size = []
        for word in ("width", "height"):
            index = next((i for i, name in enumerate(names) if name in {f"{kind}{word}" for kind in _PICTURES}), None)
            values = set() if index is None else {row[index] for row in self.rows}
            size += [int(value) for value in values if value.isdecimal() and len(value) < _MAX_DIGITS]
        return (size[0], size[1]) if len(size) == 2 and min(size) > 0 else None

    def columns(self) -> Columns:
        """Sort the columns by what they hold."""
        columns = Columns({}, {}, [], set())
        for i, name in enumerate(self.header):
            column = parse_column(name)
            if column is None:
                columns.unused.append(name)
                continue
            found = columns.of_joint.setdefault(column.joint, {}) if column.joint else columns.of_row
            if column.content not in found:
                found[column.content] = i
            elif column.content in AXES:
                raise FormatError(f"{self.path}, line {self.header_line}: column {name[:40]!r} is there twice")
            else:
                columns.unused.append(name)
            columns.units.update({column.unit} - {""})
        has_points = set(AXES[:2]) <= set(columns.of_row)
        for content in ("name", "number"):  # of a joint, whose name is better
            if content in columns.of_row:
                index = columns.of_row.pop(content)
                if not has_points or columns.of_row.setdefault("joint", index) != index:
                    columns.unused.append(self.header[index])
        columns.unused.sort(key=self.header.index)
        self._use_index(columns)
        self._use_id(columns)
        return columns

    def _use_index(self, columns: Columns) -> None:
        """Take a first column without a name, as pandas writes it, for the frame numbers, if it counts rows."""
        name = self.header[0]
        if {"frame", "joint"} & set(columns.of_row) or not (name == "" or name.lower() in ("unnamed: 0", "index")):
            return
        numbers = [row[0] for row in self.rows]
        if all(n.isdecimal() and len(n) < 10 for n in numbers) and all(np.diff(np.array(numbers, dtype=np.int64)) > 0):
            columns.of_row["frame"] = 0
        columns.unused.remove(name)

    def _use_id(self, columns: Columns) -> None:
        """Take a column "id" for that of bodies, unless it counts rows, so that recordings are never mixed.

        Where frames or times are there several times, any column that tells their rows apart is that of bodies.
        """
        if "body" in columns.of_row:
            return
        index = next((i for i, name in enumerate(self.header) if name.lower() == "id"), None)
        if index is None or len({row[index] for row in self.rows}) == len(self.rows):
            index = self._find_separator(columns)
        if index is not None:
            columns.of_row["body"] = index
            columns.unused.remove(self.header[index])

    def _find_separator(self, columns: Columns) -> int | None:
        """Return the unused column of few values by which rows of one frame differ; None if there is none."""
        of_row = columns.of_row
        shared = [of_row[name] for name in ("person", "session", "camera", "frame", "time", "joint") if name in of_row]
        if not {"frame", "time"} & set(of_row) or not columns.unused:
            return None
        rows = [tuple(row[i] for i in shared) for row in self.rows]
        if len(set(rows)) > _MAX_DISTINCT_SHARE * len(rows):
            return None
        for i in (i for i, name in enumerate(self.header) if name in columns.unused):
            values = [row[i] for row in self.rows]
            if 2 <= len(set(values)) <= _MAX_BODIES and len(set(zip(rows, values, strict=True))) == len(rows):
                return i
        return None

    def check(self) -> None:
        """Check that columns of positions hold numbers."""
        columns = self.columns()
        axes = [index for found in columns.of_joint.values() for index in found.values()]
        self.numbers(axes or [columns.of_row[axis] for axis in AXES if axis in columns.of_row])

    def confidences(self, columns: list[int]) -> NDArray[np.float64]:
        """Parse some columns as confidences ``(n, columns)``: numbers, or the words of tracking states of a Kinect."""
        words = [[STATE_WORDS.get(cells[i].lower(), cells[i]) for i in columns] for cells in self.rows]
        rows = list(zip(self.lines, words, strict=True))
        return to_numbers(self.path, rows, len(columns), [self.header[i] for i in columns])

    def numbers(self, columns: list[int]) -> NDArray[np.float64]:
        """Parse some columns as numbers ``(n, columns)``."""
        rows = [(line, [cells[i] for i in columns]) for line, cells in zip(self.lines, self.rows, strict=True)]
        return to_numbers(self.path, rows, len(columns), [self.header[i] for i in columns])

    def seconds(self, column: int) -> NDArray[np.float64]:
        """Parse a column of times: numbers, times of day or dates with a time."""
        seconds = parse_seconds([cells[column] for cells in self.rows])
        return self.numbers([column])[:, 0] if seconds is None else seconds


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
    rows = [split_row(line, found.delimiter) for _, line in numbered[found.end :]]
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
    is_text = bool(below) and bool(below[0][0]) and not _is_number(below[0][0]) and _is_number(rows[0][0])
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


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


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

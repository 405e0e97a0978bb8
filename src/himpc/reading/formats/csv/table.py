"""The text of a CSV table: leading comments, header and rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError, count_noun
from himpc.reading.formats.parsing.text import decode_head, read_bytes, split_lines, to_numbers

__all__ = ["AXES", "RECORDING_COLUMNS", "Column", "Table", "header_of", "parse_column", "read_table"]

AXES = ("x", "y", "z")

RECORDING_COLUMNS = ("person", "session", "camera", "body")
"""Columns that separate the recordings of one file."""

CHECKED_BYTES = 2**20
"""Bytes of a file that are checked first, so that a wrong line there is found at once."""

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_ROW_COLUMNS = (*RECORDING_COLUMNS, "frame", "time", "joint", *AXES, "confidence")
_STATED = ("unit", "layout", "fps", "up")
_DELIMITERS = (",", ";", "\t")
_SUFFIX = re.compile(r"(.+?)(?:[^A-Za-z0-9]+([xyzXYZ]|confidence)|([XYZ]))")
_PREFIX = re.compile(r"([xyzXYZ])[^A-Za-z0-9]+(.+)")


@dataclass(frozen=True)
class Column:
    """The content of a column: a property of the row (`joint` is empty), or an axis of a joint or its confidence."""

    content: str
    joint: str = ""


@dataclass(frozen=True)
class Table:
    """A CSV file, as text.

    Attributes
    ----------
    path : Path
        The file.
    stated : dict
        The comments of the form ``# unit: mm`` before the header: ``unit``, ``layout``, ``fps``, ``up``.
    header : list of str
        The columns' names.
    header_line : int
        The header's line number, from 1.
    lines : list of int
        The line number of each row.
    rows : list of list of str
        The cells of each row, as many as the header has.
    """

    path: Path
    stated: dict[str, str]
    header: list[str]
    header_line: int
    lines: list[int]
    rows: list[list[str]]

    @property
    def fps(self) -> float | None:
        """The stated frame rate."""
        if "fps" not in self.stated:
            return None
        try:
            return float(self.stated["fps"])
        except ValueError:
            raise FormatError(f"{self.path}: states fps {self.stated['fps'][:20]!r}, expected a number") from None

    def columns(self) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
        """Return the index of each column of the row, and for each joint those of its axes and confidence."""
        of_row: dict[str, int] = {}
        of_joint: dict[str, dict[str, int]] = {}
        for i, name in enumerate(self.header):
            column = parse_column(name)
            if column is None:
                raise FormatError(f"{self.path}, line {self.header_line}: unknown column {name[:40]!r}")
            columns = of_joint.setdefault(column.joint, {}) if column.joint else of_row
            if column.content in columns:
                raise FormatError(f"{self.path}, line {self.header_line}: column {name[:40]!r} is there twice")
            columns[column.content] = i
        return of_row, of_joint

    def check(self) -> None:
        """Check that columns are known, and that those of positions hold numbers."""
        of_row, of_joint = self.columns()
        axes = [index for columns in of_joint.values() for index in columns.values()]
        self.numbers(axes or [of_row[axis] for axis in AXES if axis in of_row])

    def numbers(self, columns: list[int]) -> NDArray[np.float64]:
        """Parse some columns as numbers ``(n, columns)``."""
        rows = [(line, [cells[i] for i in columns]) for line, cells in zip(self.lines, self.rows, strict=True)]
        return to_numbers(self.path, rows, len(columns), [self.header[i] for i in columns])


def parse_column(name: str) -> Column | None:
    """Parse the name of a column; None if it is unknown.

    >>> parse_column("Left Hip.Z"), parse_column("x_nose"), parse_column("frame")
    (Column(content='z', joint='Left Hip'), Column(content='x', joint='nose'), Column(content='frame', joint=''))
    """
    if name.lower() in _ROW_COLUMNS:
        return Column(name.lower())
    if match := _SUFFIX.fullmatch(name):
        return Column((match[2] or match[3]).lower(), match[1])
    if match := _PREFIX.fullmatch(name):
        return Column(match[1].lower(), match[2])
    return None


def header_of(head: bytes) -> list[str]:
    """Return the header's cells in a file's first bytes; empty if there is none."""
    for line in decode_head(head):
        if not line.startswith("#"):
            return _split(line, _delimiter(line))
    return []


def read_table(path: Path) -> Table:
    """Read a CSV file as text; the beginning of a long one is checked before all of it is split."""
    content = read_bytes(path)
    end = content.rfind(b"\n", 0, CHECKED_BYTES)
    if len(content) > CHECKED_BYTES and end > 0 and not content.startswith(_UTF16):
        _build(path, split_lines(path, content[:end])).check()
    return _build(path, split_lines(path, content))


def _build(path: Path, numbered: list[tuple[int, str]]) -> Table:
    n_comments = next((i for i, (_, line) in enumerate(numbered) if not line.startswith("#")), len(numbered))
    stated = _parse_comments([line for _, line in numbered[:n_comments]])
    if n_comments == len(numbered):
        raise FormatError(f"{path}: has no header line")
    header_line, first = numbered[n_comments]
    delimiter = _delimiter(first)
    header = _split(first, delimiter)
    lines = [number for number, _ in numbered[n_comments + 1 :]]
    if not lines:
        raise FormatError(f"{path}: has a header but no rows")
    rows = [_split(line, delimiter) for _, line in numbered[n_comments + 1 :]]
    for number, cells in zip(lines, rows, strict=True):
        if len(cells) != len(header):
            raise FormatError(
                f"{path}, line {number}: has {count_noun(len(cells), 'cell')}, the header has {len(header)}"
            )
    return Table(path, stated, header, header_line, lines, rows)


def _parse_comments(comments: list[str]) -> dict[str, str]:
    stated = {}
    for comment in comments:
        key, colon, value = comment.lstrip("# ").partition(":")
        if colon and key.strip().lower() in _STATED:
            stated[key.strip().lower()] = value.strip()
    return stated


def _delimiter(header: str) -> str:
    return max(_DELIMITERS, key=header.count)


def _split(line: str, delimiter: str) -> list[str]:
    return [cell.strip(' "') for cell in line.split(delimiter)]

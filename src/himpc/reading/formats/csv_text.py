"""The text of a CSV table: what its leading comments state, its header and its rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from himpc.errors import FormatError
from himpc.reading.formats.text import read_lines

__all__ = ["ABOUT", "Column", "Table", "header_of", "parse_column", "read_table"]

ABOUT = ("person", "session", "camera", "body")
"""Columns that tell the recordings of one file apart."""

_OTHER = ("frame", "time", "joint", "x", "y", "z", "confidence")
_STATED = ("unit", "layout", "fps", "up")
_DELIMITERS = (",", ";", "\t")
_SUFFIX = re.compile(r"(.+?)(?:[^A-Za-z0-9]+([xyzXYZ]|confidence)|([XYZ]))")
_PREFIX = re.compile(r"([xyzXYZ])[^A-Za-z0-9]+(.+)")


@dataclass(frozen=True)
class Column:
    """What a column holds: something about the row (`joint` is empty), or an axis of a joint or its confidence."""

    what: str
    joint: str = ""


@dataclass(frozen=True)
class Table:
    """A CSV file, as text.

    Attributes
    ----------
    path : Path
        The file.
    stated : dict
        What comments of the form ``# unit: mm`` before the header state: ``unit``, ``layout``, ``fps``, ``up``.
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
        """The stated frame rate.

        Raises
        ------
        FormatError
            If it is no number above 0.
        """
        if "fps" not in self.stated:
            return None
        try:
            fps = float(self.stated["fps"])
        except ValueError:
            fps = 0.0
        if not 0 < fps < 1e6:
            raise FormatError(f"{self.path}: states fps {self.stated['fps'][:20]!r}, expected a number above 0")
        return fps


def parse_column(name: str) -> Column | None:
    """Return what a column's name says it holds, or None.

    >>> parse_column("Left Hip.Z"), parse_column("x_nose"), parse_column("frame")
    (Column(what='z', joint='Left Hip'), Column(what='x', joint='nose'), Column(what='frame', joint=''))
    """
    if name.lower() in (*ABOUT, *_OTHER):
        return Column(name.lower())
    if match := _SUFFIX.fullmatch(name):
        return Column((match[2] or match[3]).lower(), match[1])
    if match := _PREFIX.fullmatch(name):
        return Column(match[1].lower(), match[2])
    return None


def header_of(head: bytes) -> list[str]:
    """Return the header's cells from a file's first bytes, as far as they go; empty if there is none."""
    for line in head.decode("utf-8-sig", errors="replace").splitlines():
        if line.strip() and not line.startswith("#"):
            return _split(line, _delimiter(line))
    return []


def read_table(path: Path) -> Table:
    """Read a CSV file as text.

    Raises
    ------
    FormatError
        If it cannot be read, has no header or no rows, or a row has another number of cells than the header.
    """
    numbered = read_lines(path)
    n_comments = next((i for i, (_, line) in enumerate(numbered) if not line.startswith("#")), len(numbered))
    stated = _stated([line for _, line in numbered[:n_comments]])
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
            raise FormatError(f"{path}, line {number}: has {len(cells)} cells, the header has {len(header)}")
    return Table(path, stated, header, header_line, lines, rows)


def _stated(comments: list[str]) -> dict[str, str]:
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

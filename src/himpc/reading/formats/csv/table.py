"""The text of a table, and what its columns hold."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.formats.csv.columns import AXES, parse_column
from himpc.reading.formats.parsing.text import to_numbers
from himpc.reading.formats.parsing.timeline import parse_seconds

__all__ = ["STATE_WORDS", "Columns", "Table"]

_ROTATION = re.compile(r"[^A-Za-z0-9][Rr]$")
_PICTURES, _MAX_DIGITS = ("image", "img", "frame", "video", "picture"), 10
"""Words for a picture in the names of columns of its size, and digits of the largest size."""
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
    """A table, as text.

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
        self._leave_out_rotations(columns)
        has_points = set(AXES[:2]) <= set(columns.of_row)
        for content in ("name", "number"):  # of a joint, whose name is better
            if content in columns.of_row:
                index = columns.of_row.pop(content)
                if not has_points or columns.of_row.setdefault("joint", index) != index:
                    columns.unused.append(self.header[index])
        for content in ("time", "confidence"):  # by the name; a "state" may also be one of gait
            if content in columns.of_row and _is_text([row[columns.of_row[content]] for row in self.rows]):
                columns.unused.append(self.header[columns.of_row.pop(content)])
        if self._counts_rows(columns.of_row):
            columns.unused.append(self.header[columns.of_row.pop("body")])
        columns.unused.sort(key=self.header.index)
        self._use_index(columns)
        self._use_id(columns)
        return columns

    def _leave_out_rotations(self, columns: Columns) -> None:
        """Leave out columns such as ``Hip_RX`` beside ``Hip_TX``, which are rotations and no joint ``Hip_R``."""
        for joint in [joint for joint in columns.of_joint if _ROTATION.search(joint)]:
            moved = columns.of_joint.get(joint[:-2], {}).get(AXES[0])
            if moved is not None and self.header[moved][-2:].upper() == "TX":
                columns.unused.extend(self.header[i] for i in columns.of_joint.pop(joint).values())

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

    def _counts_rows(self, of_row: dict[str, int]) -> bool:
        """Return whether the column of bodies has another value in each row, although frames do not repeat."""
        counted = [of_row[name] for name in ("body", "frame", "time") if name in of_row]
        n_rows = len(self.rows)
        return "body" in of_row and n_rows > 1 and all(len({row[i] for row in self.rows}) == n_rows for i in counted)

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


def _is_text(cells: Sequence[str]) -> bool:
    """Return whether no cell is a number, a time or the word of a tracking state."""
    return not any(cell.lower() in STATE_WORDS or any(map(str.isdigit, cell)) for cell in cells)

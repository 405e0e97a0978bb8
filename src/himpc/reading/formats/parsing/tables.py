"""Tables of motion capture programs: a header of several lines, then one row a frame with columns of coordinates."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.parsing.markers import marker_recordings
from himpc.reading.formats.parsing.positions import check_memory, check_positions, mask_missing
from himpc.reading.formats.parsing.text import Row, decode_head, leave_out_cut_row, read_lines, to_numbers
from himpc.reading.formats.parsing.timeline import find_timeline
from himpc.recordings import Recording

__all__ = [
    "find_delimiter",
    "head_cells",
    "parse_cells",
    "parse_number",
    "parse_positions",
    "read_cells",
    "split_cells",
    "table_recordings",
    "triples",
]

_DELIMITERS = "\t;,"
_HEADER_LINES = 4


def table_recordings(
    path: Path,
    frames: Sequence[Row],
    points: Mapping[str, tuple[int, int, int]],
    options: FileOptions,
    *,
    unit: str | None,
    rate: float | None,
    number_column: int | None = None,
    time_column: int | None = None,
    up: str | None = None,
    notes: tuple[str, ...] = (),
) -> list[Recording]:
    """Make a recording of each person whose named points a table holds.

    Parameters
    ----------
    frames : sequence of Row
        One row a frame.
    points : mapping of str to (int, int, int)
        The columns of x, y and z of each point (see `triples`).
    unit, rate, up : optional
        What the file states; time stamps win over the rate.
    number_column, time_column : int, optional
        The columns of frame numbers and of seconds.
    notes : tuple of str
        Further notes for the user.
    """
    frames, cut = leave_out_cut_row(list(frames))
    positions = parse_positions(path, frames, points)
    numbers, seconds = (
        None if column is None else parse_cells(path, frames, [column])[:, 0] for column in (number_column, time_column)
    )
    lines = [line for line, _ in frames]
    timeline = find_timeline(path, lines, numbers=numbers, seconds=seconds, stated=rate)
    return marker_recordings(
        path,
        list(points),
        lambda columns: timeline.place(positions[:, columns]),
        options,
        unit=unit,
        up=up,
        fps=timeline.fps,
        start=timeline.start,
        notes=(*cut, *timeline.notes, *notes),
    )


def read_cells(path: Path) -> list[Row]:
    """Read the rows of a table that is delimited by tabs, semicolons or commas, as its first lines show."""
    lines = read_lines(path)
    if not lines:
        raise FormatError(f"{path}: is empty, expected a table")
    delimiter = find_delimiter([line for _, line in lines[:_HEADER_LINES]])
    return [(number, split_cells(line, delimiter)) for number, line in lines]


def head_cells(head: bytes) -> list[list[str]]:
    """Return the cells of the lines of a head that are not blank; the last ones may be cut."""
    lines = decode_head(head)
    delimiter = find_delimiter(lines[:_HEADER_LINES])
    return [split_cells(line, delimiter) for line in lines]


def triples(names: Iterable[tuple[int, str, str]]) -> dict[str, tuple[int, int, int]]:
    """Group columns into points.

    Parameters
    ----------
    names : iterable of (int, str, str)
        Index of each column, its point, and its axis (``x``, ``y`` or ``z``, in any case).

    Returns
    -------
    dict of str to (int, int, int)
        The columns of x, y and z of each point that has all three; the first of each if a name is there twice.
    """
    axes: dict[str, dict[str, int]] = {}
    for column, name, axis in names:
        axes.setdefault(name, {}).setdefault(axis.lower(), column)
    return {name: (of["x"], of["y"], of["z"]) for name, of in axes.items() if {"x", "y", "z"} <= set(of)}


def parse_cells(path: Path, rows: Sequence[Row], columns: Sequence[int]) -> NDArray[np.float64]:
    """Parse some columns of n rows as ``(n, columns)`` numbers; an empty or absent cell is NaN."""
    picked = [(line, [cells[c] if c < len(cells) else "" for c in columns]) for line, cells in rows]
    return to_numbers(path, picked, len(columns), [f"cell {c + 1}" for c in columns])


def parse_positions(path: Path, rows: Sequence[Row], points: Mapping[str, tuple[int, int, int]]) -> NDArray[np.float64]:
    """Parse points ``(n, points, 3)`` of n rows; NaN where a coordinate is missing."""
    check_memory(path, 1, len(rows), len(points))
    values = parse_cells(path, rows, [column for columns in points.values() for column in columns])
    positions = mask_missing(values.reshape(len(rows), len(points), 3))
    check_positions(path, [line for line, _ in rows], positions)
    return positions


def parse_number(text: str | None) -> float | None:
    """Parse a number of a header, such as ``120.0``, ``120,0`` or ``100 Hz``; None if there is none above 0."""
    match = re.match(r"\s*(\d*[.,]?\d+(?:[eE][+-]?\d+)?)", text or "")
    value = float(match[1].replace(",", ".")) if match else 0.0
    return value if 0 < value < np.inf else None


def find_delimiter(lines: Sequence[str], delimiters: str = _DELIMITERS) -> str:
    """Return the most frequent delimiter of some lines; the first of several."""
    return max(delimiters, key=lambda delimiter: sum(line.count(delimiter) for line in lines))


def split_cells(line: str, delimiter: str) -> list[str]:
    """Split a line into its cells, without spaces and quotes around them."""
    if '"' in line:
        try:
            return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]
        except (csv.Error, StopIteration):
            pass
    return [cell.strip() for cell in line.split(delimiter)]

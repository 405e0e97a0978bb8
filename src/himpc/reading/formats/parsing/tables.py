"""Tables of motion capture programs: a header of several lines, then one row a frame with columns of coordinates."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.parsing.frames import frame_places, frame_rate
from himpc.reading.formats.parsing.markers import marker_recordings
from himpc.reading.formats.parsing.text import (
    MAX_JOINTS,
    Row,
    check_memory,
    check_positions,
    decode_head,
    read_lines,
    scatter,
    to_numbers,
)
from himpc.recordings import Recording

__all__ = [
    "Timeline",
    "add_notes",
    "count_notes",
    "find_timeline",
    "head_cells",
    "mask_missing",
    "parse_cells",
    "parse_number",
    "parse_points",
    "read_cells",
    "table_recordings",
    "triples",
]

_DELIMITERS = "\t;,"
_HEADER_LINES = 4
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d*,\d+([eE][+-]?\d+)?\s*")
_MISSING = {"n/a", "na", "null", "-"}
_MAX_DEVIATION = 0.02
"""Relative difference between a stated frame rate and that of the time stamps, above which the latter is used."""


@dataclass(frozen=True)
class Timeline:
    """The place of each of n rows among the frames of a recording.

    Attributes
    ----------
    places : int array ``(n,)``
        Index of the frame of each row, from 0.
    length : int
        Number of frames.
    fps : float or None
        Frames a second.
    notes : tuple of str
        What else a person should know.
    """

    places: NDArray[np.int64]
    length: int
    fps: float | None
    notes: tuple[str, ...]

    def place(self, points: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return ``(length, ...)`` points with NaN in the frames without a row."""
        return points if self.length == len(points) else scatter(points, self.places, self.length)


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
    zero_is_missing: bool = False,
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
    zero_is_missing : bool
        Whether a point at the origin was not seen.
    notes : tuple of str
        What else a person should know.
    """
    positions = parse_points(path, frames, points, zero_is_missing=zero_is_missing)
    numbers, seconds = (
        None if column is None else parse_cells(path, frames, [column])[:, 0] for column in (number_column, time_column)
    )
    lines = [line for line, _ in frames]
    timeline = find_timeline(path, lines, numbers=numbers, seconds=seconds, stated=rate)
    recordings = marker_recordings(
        path,
        list(points),
        lambda columns: timeline.place(positions[:, columns]),
        options,
        unit=unit,
        up=up,
        fps=timeline.fps,
    )
    return add_notes(recordings, (*timeline.notes, *notes))


def count_notes(stated: str | None, found: int) -> tuple[str, ...]:
    """Return a note where a file states another number of frames than it holds."""
    expected = parse_number(stated)
    return () if expected is None or expected == found else (f"the file states {expected:g} frames and holds {found}",)


def read_cells(path: Path) -> list[Row]:
    """Read the rows of a table that is delimited by tabs, semicolons or commas, as its first lines show."""
    lines = read_lines(path)
    if not lines:
        raise FormatError(f"{path}: is empty, expected a table")
    delimiter = _delimiter([line for _, line in lines[:_HEADER_LINES]])
    return [(number, _split(line, delimiter)) for number, line in lines]


def head_cells(head: bytes) -> list[list[str]]:
    """Return the cells of the lines of a head that are not blank; the last ones may be cut."""
    lines = decode_head(head)
    delimiter = _delimiter(lines[:_HEADER_LINES])
    return [_split(line, delimiter) for line in lines]


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
    """Parse some columns of n rows as ``(n, columns)`` numbers; an empty or absent cell is NaN.

    Decimal commas are read as points.
    """
    picked = [(line, [_number_cell(cells[c]) if c < len(cells) else "" for c in columns]) for line, cells in rows]
    return to_numbers(path, picked, len(columns), [f"cell {c + 1}" for c in columns])


def parse_points(
    path: Path, rows: Sequence[Row], points: Mapping[str, tuple[int, int, int]], *, zero_is_missing: bool = False
) -> NDArray[np.float64]:
    """Parse points ``(n, points, 3)`` of n rows; NaN where a coordinate is missing."""
    check_memory(path, 1, len(rows), len(points))
    values = parse_cells(path, rows, [column for columns in points.values() for column in columns])
    positions = values.reshape(len(rows), len(points), 3)
    check_positions(path, [line for line, _ in rows], positions)
    return mask_missing(positions, zero_is_missing=zero_is_missing)


def mask_missing(points: NDArray[np.float64], *, zero_is_missing: bool) -> NDArray[np.float64]:
    """Return points ``(..., 3)`` with NaN in all axes where one is NaN, and optionally where all are 0."""
    missing = np.isnan(points).any(axis=-1, keepdims=True)
    if zero_is_missing:
        missing |= (points == 0).all(axis=-1, keepdims=True)
    return np.where(missing, np.nan, points)


def parse_number(text: str | None) -> float | None:
    """Parse a number of a header, such as ``120.0``, ``120,0`` or ``100 Hz``; None if there is none above 0."""
    match = re.match(r"\s*(\d*[.,]?\d+(?:[eE][+-]?\d+)?)", text or "")
    value = float(match[1].replace(",", ".")) if match else 0.0
    return value if 0 < value < np.inf else None


def find_timeline(
    path: Path,
    lines: Sequence[int],
    *,
    numbers: NDArray[np.float64] | None = None,
    seconds: NDArray[np.float64] | None = None,
    stated: float | None = None,
) -> Timeline:
    """Place rows in time: by their frame numbers, else by their time stamps, else one after the other.

    Parameters
    ----------
    lines : sequence of int
        The line of each of n rows, for errors.
    numbers, seconds : array ``(n,)``, optional
        Frame numbers and time stamps.
    stated : float, optional
        The frame rate that the file states. Time stamps win over it, and the contradiction is noted.
    """
    places, length = np.arange(len(lines)), len(lines)
    if numbers is not None:
        places, length = frame_places(path, numbers, list(lines))
    elif seconds is not None and (counted := _count_steps(seconds)) is not None:
        places, length = counted, int(counted[-1]) + 1
    if len(np.unique(places)) != len(places):
        row = int(np.flatnonzero(np.bincount(places)[places] > 1)[1])
        raise FormatError(f"{path}, line {lines[row]}: a frame is there twice, expected each frame once")
    timed = None if seconds is None or not np.isfinite(seconds).all() else frame_rate(places, seconds)
    notes: tuple[str, ...] = ()
    if timed is not None and stated is not None and abs(timed / stated - 1) > _MAX_DEVIATION:
        notes += (f"{timed:g} frames a second by the time stamps, where the file states {stated:g}",)
    elif stated is not None:
        timed = stated
    return Timeline(places, length, timed, notes)


def add_notes(recordings: Sequence[Recording], notes: tuple[str, ...]) -> list[Recording]:
    """Return recordings with further notes."""
    return [r.with_(quality=replace(r.quality, notes=(*r.quality.notes, *notes))) if notes else r for r in recordings]


def _count_steps(seconds: NDArray[np.float64]) -> NDArray[np.int64] | None:
    """Return the whole number of typical steps from the first time stamp to each; None if they are not regular."""
    steps = np.diff(seconds)
    if not len(steps) or not np.isfinite(seconds).all() or not (steps > 0).all():
        return None
    typical = float(np.median(steps))
    # Step by step, because a small error of the typical step adds up over a recording.
    whole = np.round(steps / typical)
    if (whole < 1).any() or (np.abs(steps - whole * typical) > 0.25 * typical).any() or whole.sum() >= MAX_JOINTS:
        return None
    return np.concatenate([[0], np.cumsum(whole)]).astype(np.int64)


def _delimiter(lines: Sequence[str]) -> str:
    return max(_DELIMITERS, key=lambda delimiter: sum(line.count(delimiter) for line in lines))


def _split(line: str, delimiter: str) -> list[str]:
    if '"' in line:
        try:
            return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]
        except (csv.Error, StopIteration):
            pass
    return [cell.strip() for cell in line.split(delimiter)]


def _number_cell(cell: str) -> str:
    if cell.lower() in _MISSING:
        return ""
    return cell.replace(",", ".") if "," in cell and _DECIMAL_COMMA.fullmatch(cell) else cell

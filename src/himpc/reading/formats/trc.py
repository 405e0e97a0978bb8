"""TRC (track row column): a tab-separated table of marker positions below five lines of header."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.parsing.markers import marker_recordings
from himpc.reading.formats.parsing.text import check_memory, check_positions, read_lines, to_numbers
from himpc.recordings import Recording

__all__ = ["read", "recognise"]

_HEADER_LINES = 5


def recognise(path: Path, head: bytes) -> bool:
    """Recognise the keyword PathFileType."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:12] == b"PathFileType"


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each person whose markers a TRC file holds."""
    lines = read_lines(path)
    if len(lines) <= _HEADER_LINES:
        raise FormatError(f"{path}: holds no frames, or is truncated within its header of {_HEADER_LINES} lines")
    stated = dict(zip(lines[1][1].split(), lines[2][1].split(), strict=False))
    labels = [label.strip() for label in lines[3][1].split("\t")[2:] if label.strip()]
    _check_counts(path, stated, markers=len(labels), frames=len(lines) - _HEADER_LINES)
    points = _parse_points(path, lines[_HEADER_LINES:], len(labels))
    return marker_recordings(
        path,
        labels,
        lambda columns: points[:, columns],
        options,
        unit=stated.get("Units"),
        fps=_parse_rate(path, stated, lines[2][0]),
    )


def _check_counts(path: Path, stated: dict[str, str], *, markers: int, frames: int) -> None:
    """Check the declared counts against the file."""
    for name, found in (("NumMarkers", markers), ("NumFrames", frames)):
        if name in stated and stated[name] != str(found):
            raise FormatError(f"{path}: declares {name} {stated[name][:20]}, found {found}")


def _parse_rate(path: Path, stated: dict[str, str], line: int) -> float | None:
    if "DataRate" not in stated:
        return None
    try:
        return float(stated["DataRate"])
    except ValueError:
        raise FormatError(f"{path}, line {line}: DataRate is {stated['DataRate'][:20]!r}, expected a number") from None


def _parse_points(path: Path, lines: list[tuple[int, str]], markers: int) -> NDArray[np.float64]:
    """Parse the points ``(frames, markers, 3)``; NaN where cells are empty, NaN, or all zero."""
    check_memory(path, 1, len(lines), markers)
    width = 2 + 3 * markers
    rows = []
    for number, line in lines:
        cells = [cell.strip() for cell in (line.split("\t") if "\t" in line else line.split())]
        # Some programs end a line with a tab, others leave out the empty cells of the last markers.
        if (width - len(cells)) % 3 == 0:
            cells += [""] * (width - len(cells))
        rows.append((number, cells[:width] if not any(cells[width:]) else cells))
    points = to_numbers(path, rows, width)[:, 2:].reshape(len(rows), markers, 3)
    check_positions(path, [number for number, _ in rows], points)
    points[np.isnan(points).any(axis=2) | (points == 0).all(axis=2)] = np.nan
    return points

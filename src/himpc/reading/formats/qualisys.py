"""Qualisys Track Manager TSV: markers, rigid bodies (6DOF) or a skeleton.

A header of keywords with their values, then one row a frame, in millimetres. A row of column titles, and columns of
frame numbers and times, are optional. See the pages on motion data, 6DOF data and skeleton data at docs.qualisys.com.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.reading.formats.parsing.tables import (
    head_cells,
    parse_number,
    read_cells,
    table_recordings,
    triples,
)
from himpc.reading.formats.parsing.text import Row
from himpc.reading.formats.parsing.timeline import count_note
from himpc.recordings import Recording

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="motion capture",
    files="*.tsv",
    reads="3D markers, 6DOF bodies, or a skeleton (not tested with a file of Qualisys); columns of frame and time "
    "where there are any",
    assumes="millimetres; the upward axis that the body shows; the rate in `FREQUENCY`, over which time stamps win",
    ignores="rotations and residuals; 2D data, and segments relative to their parents, which are refused",
    source="https://docs.qualisys.com/qtm/content/processing_measurement/motion_data_tsv.htm",
    exports=(
        Export(
            "Qualisys Track Manager",
            "export to TSV, with 3D data and Include TSV header (Project options, page TSV export); skeletons with "
            "reference Global",
            "https://docs.qualisys.com/qtm/content/processing_measurement/motion_data_tsv.htm",
        ),
    ),
)

_KEYWORD = re.compile(r"[A-Z][A-Z0-9_]+")
_COLUMN = re.compile(r"(.+?)[ _]([XYZ])")
_NAMES = ("MARKER_NAMES", "BODY_NAMES", "SEGMENT_NAMES")
_NUMBER = re.compile(r"[+-]?([0-9.,]+(e[+-]?[0-9]+)?|nan)", re.IGNORECASE)
_COLUMNS_PER_POINT = (3, 7, 16)
"""Columns of a marker, of a segment (position and quaternion), and of a rigid body (position, angles, matrix)."""


@dataclass(frozen=True)
class _Table:
    """The header of a file by keyword, the rows of column titles below it, and its frames."""

    stated: dict[str, list[str]]
    titles: list[list[str]]
    frames: list[Row]


def recognise(path: Path, head: bytes) -> bool:
    """Recognise the keywords of the header."""
    keywords = {cells[0] for cells in head_cells(head)}
    return "NO_OF_FRAMES" in keywords and bool(keywords & {"NO_OF_CAMERAS", "FREQUENCY", "NO_OF_MARKERS"})


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each person whose markers, or whose skeleton, a TSV file holds."""
    table = _parse(path)
    _check_content(path, table)
    offset, points = _find_points(path, table)
    first = {key: values[0] for key, values in table.stated.items() if values}
    return table_recordings(
        path,
        table.frames,
        points,
        options,
        unit="mm",
        rate=parse_number(first.get("FREQUENCY")),
        number_column=0 if offset else None,
        time_column=1 if offset == 2 else None,
        notes=count_note("frames", parse_number(first.get("NO_OF_FRAMES")), len(table.frames)),
    )


def _parse(path: Path) -> _Table:
    """Split header, titles and frames; the first row that begins with a number is the first frame."""
    rows = read_cells(path)
    stated: dict[str, list[str]] = {}
    titles: list[list[str]] = []
    for i, (_, cells) in enumerate(rows):
        if _KEYWORD.fullmatch(cells[0]):
            stated.setdefault(cells[0], list(cells[1:]))
        elif stated and _NUMBER.fullmatch(next((cell for cell in cells if cell), "")):
            return _Table(stated, titles, list(rows[i:]))
        else:
            titles.append(list(cells))
    raise FormatError(f"{path}: holds no frames, or is truncated within its header")


def _check_content(path: Path, table: _Table) -> None:
    content = "".join(table.stated.get("DATA_INCLUDED", [])[:1]).upper()
    if content and not content.startswith(("3D", "6D", "SKELETON")):
        found = "2D data of cameras" if content == "2D" else content.lower()[:40]
        raise FormatError(f"{path}: holds {found}, expected 3D", hint=FACTS.advice())
    if "LOCAL" in [value.upper() for value in table.stated.get("REFERENCE", [])]:
        raise FormatError(
            f"{path}: its segments are relative to their parents, expected global positions",
            hint=FACTS.advice(),
        )


def _find_points(path: Path, table: _Table) -> tuple[int, dict[str, tuple[int, int, int]]]:
    """Return the number of columns of frame and time, and the columns of each point."""
    titles = _joined_titles(table.titles)
    titled = triples((i, match[1], match[2]) for i, title in enumerate(titles) if (match := _COLUMN.fullmatch(title)))
    if titled:
        lower = [title.lower().split(" ")[0] for title in titles[:2]]
        return 0 if lower[:1] != ["frame"] else 2 if lower[1:] == ["time"] else 1, titled
    named = next((table.stated[key] for key in _NAMES if key in table.stated), [])
    names = [name for name in named if name]
    if not names:
        raise FormatError(f"{path}: names no markers or segments", hint=FACTS.advice())
    widest = max((cells for _, cells in table.frames), key=len)
    widths = (len(widest) - 1, len(widest)) if named[-1] == "" else (len(widest), len(widest) - 1)
    for width in widths if widest[-1] == "" else (len(widest),):  # a tab may end each line
        for offset in (0, 2, 1)[: 1 + 2 * _begins_with_frame_numbers(table.frames)]:
            size, rest = divmod(width - offset, len(names))
            if rest == 0 and size in _COLUMNS_PER_POINT:
                columns = np.arange(len(names))[:, None] * size + offset + np.arange(3)
                return offset, {name: (x, y, z) for name, (x, y, z) in zip(names, columns.tolist(), strict=True)}
    raise FormatError(
        f"{path}, line {table.frames[0][0]}: has {len(widest)} columns, expected 3 for each of {len(names)} names"
    )


def _joined_titles(titles: Sequence[Sequence[str]]) -> list[str]:
    """Return one title a column; a row of axes below a row of names gives ``name X``."""
    if len(titles) < 2 or "X" not in titles[-1]:
        return list(titles[-1]) if titles else []
    joined, name = [], ""
    for i, axis in enumerate(titles[-1]):
        name = (titles[-2][i] if i < len(titles[-2]) else "") or name
        joined.append(f"{name} {axis}" if axis in ("X", "Y", "Z") else axis)
    return joined


def _begins_with_frame_numbers(frames: Sequence[Row]) -> bool:
    numbers = [cells[0] for _, cells in frames]
    return all(number.isdecimal() for number in numbers) and len(set(numbers)) == len(numbers)

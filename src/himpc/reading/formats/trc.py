"""TRC (track row column): a table of marker positions below five lines of header.

Cells are separated by tabs, or by commas or blanks. The numbers of frames and markers and the rate in the header are
checked against the table, which is what counts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.reading.formats.parsing.markers import marker_recordings
from himpc.reading.formats.parsing.positions import check_memory, check_positions, mask_missing
from himpc.reading.formats.parsing.tables import parse_number
from himpc.reading.formats.parsing.text import Row, decode_head, leave_out_cut_row, read_lines, to_numbers
from himpc.reading.formats.parsing.timeline import count_note, find_timeline, parse_seconds
from himpc.recordings import Recording

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="motion capture",
    files="*.trc",
    reads="markers or joint centres, with the rate and unit of the header; cells between tabs, semicolons, commas or "
    "blanks; files without the lines above the titles",
    assumes="time stamps win over `DataRate`, and the table over the counts of the header; the upward axis that the "
    "body shows, since the format states none",
    ignores="markers without a label",
    source="https://research.cs.wisc.edu/graphics/Courses/cs-838-1999/Jeff/TRC.html",
    exports=(
        Export("Motive 3.2", "File > Export Tracking Data, TRC", "https://docs.optitrack.com/v3.2/motive/data-export"),
        Export(
            "NOKOV XINGYING",
            "in Edit Mode, File > Export TRC File",
            "https://xingying3x-en-docs.nokov.com/readme/xiii.-data-export/3.-trc-file",
        ),
        Export(
            "OpenCap",
            "use the files in `MarkerData` of the session that you downloaded",
            "https://github.com/stanfordnmbl/opencap-core",
        ),
        Export("Pose2Sim", "use the files in `pose-3d` of the project", "https://github.com/perfanalytics/pose2sim"),
        Export("Cortex", "export the tracked markers as TRC"),
    ),
)

_KEYWORD = "pathfiletype"
_HEADER_LINES = 5
_FRAME = re.compile(r"#?\s*(frame|field|sample)(s?|_?(no|number|index))(?![a-z_])", re.IGNORECASE)
_TIME = re.compile(r"times?(_?stamps?)?(?![a-z_])", re.IGNORECASE)
"""The titles of the columns of frame numbers and of times."""
_NUMBER = re.compile(r"\s*[+-]?[0-9]*[.,]?[0-9]+([eE][+-]?[0-9]+)?\s*")


def recognise(path: Path, head: bytes) -> bool:
    """Recognise the keyword PathFileType, or the titles of a file without the lines above them."""
    return "".join(decode_head(head)[:1]).lstrip("\"'").lower().startswith((_KEYWORD, "frame#"))


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each person whose markers a TRC file holds."""
    lines = read_lines(path)
    cells = [_cells(line) for _, line in lines[:_HEADER_LINES]]
    place = next((i for i, line in enumerate(cells) if _FRAME.match(line[0])), 3)
    if len(lines) < place + 2:
        raise FormatError(f"{path}: holds no frames, or is truncated within its header of {_HEADER_LINES} lines")
    stated = _parse_stated(cells[1:place])
    titles = cells[place]
    first = _first_columns(titles)
    labels = _parse_labels(titles[len(first) :])
    rows: list[Row] = [(number, _complete(first, _cells(line))) for number, line in lines[place + 1 :]]
    axes = [0, 1, 2]
    # The line of axes, which some programs leave out.
    while rows and not _NUMBER.fullmatch(next((cell for cell in rows[0][1] if cell), "")):
        axes = _parse_axes(rows.pop(0)[1]) or axes
    if not rows:
        raise FormatError(f"{path}: holds no frames")
    rows, notes = leave_out_cut_row(rows)
    unnamed = (len(rows[0][1]) - 2 - 3 * len(labels)) // 3
    labels += [""] * (unnamed if any(rows[0][1][2 + 3 * len(labels) :]) else 0)
    (rate, frames, markers), doubts = _parse_counts(stated, ("DataRate", "NumFrames", "NumMarkers"))
    seconds, rows, doubt = _parse_clock(rows)
    values = _parse_values(path, rows, len(labels))
    timeline = find_timeline(
        path,
        [number for number, _ in rows],
        numbers=values[:, 0],
        seconds=values[:, 1] if seconds is None else seconds,
        stated=rate,
    )
    points = values[:, 2:].reshape(len(rows), len(labels), 3)
    seen = mask_missing(points[..., axes])
    check_positions(path, [number for number, _ in rows], seen)
    placed = timeline.place(seen)
    return marker_recordings(
        path,
        labels,
        lambda columns: placed[:, columns],
        options,
        unit=stated.get("units") or None,
        fps=timeline.fps,
        start=timeline.start,
        notes=(
            *count_note("frames", frames, len(rows)),
            *count_note("markers", markers, sum(map(bool, labels))),
            *doubts,
            *doubt,
            *notes,
            *timeline.notes,
        ),
    )


def _parse_stated(header: Sequence[Sequence[str]]) -> dict[str, str]:
    """Return what the header states: values below their keys, or after them in the same line."""
    if len(header) == 1 or (header and any(map(_NUMBER.fullmatch, header[0]))):
        return dict(zip(map(str.lower, header[0][::2]), header[0][1::2], strict=False))
    return dict(zip(map(str.lower, header[0]), header[1], strict=False)) if header else {}


def _parse_counts(stated: dict[str, str], names: Sequence[str]) -> tuple[list[float | None], tuple[str, ...]]:
    """Parse numbers of the header, None where there is none, and note what is no number."""
    values: list[float | None] = []
    doubts = []
    for name in names:
        text = stated.get(name.lower(), "")
        value = float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else parse_number(text)
        if text and value is None:
            doubts.append(f"the file states {name} {text[:20]!r}, which is no number")
        values.append(value)
    return values, tuple(doubts)


def _cells(line: str) -> list[str]:
    """Split a line at its tabs, or else its semicolons, or its commas if they are no decimal commas, or its blanks."""
    if "\t" in line:
        cells = line.split("\t")
    elif ";" in line:
        cells = line.split(";")
    elif "," in line and not (" " in line.strip() and re.search(r"[0-9],[0-9]+ ", line)):
        cells = line.split(",")
    else:
        cells = line.split()
    return [cell.strip(' "') for cell in cells] or [""]


def _first_columns(titles: Sequence[str]) -> list[str]:
    """Return the titles of the columns before the markers: those of frame and time, of which one may be absent."""
    named = [(_FRAME.match(title) or _TIME.match(title)) is not None for title in titles[:2]]
    return list(titles[:2]) if all(named) or not any(named) else list(titles[: named.index(False)])


def _complete(first: Sequence[str], cells: list[str]) -> list[str]:
    """Return the cells of a row with an empty one for the column of frame or time that a file lacks."""
    if len(first) == 2:
        return cells
    return ["", *cells] if first[:1] and _TIME.match(first[0]) else [*cells[:1], "", *cells[1:]]


def _parse_clock(rows: list[Row]) -> tuple[NDArray[np.float64] | None, list[Row], tuple[str, ...]]:
    """Parse times of day as seconds; return rows without them, and a note on times of another kind, as time codes."""
    cells = [line[1] if len(line) > 1 else "" for _, line in rows]
    if not any(":" in cell for cell in cells):
        return None, rows, ()
    seconds = parse_seconds(cells)
    doubt = (
        ()
        if seconds is not None
        else (f"times such as {next(filter(None, cells))[:20]!r} are not known and are ignored",)
    )
    return seconds, [(number, [*line[:1], "", *line[2:]]) for number, line in rows], doubt


def _parse_labels(labels: list[str]) -> list[str]:
    """Return the label of each marker, empty where it has none: one in three cells, or else cell by cell."""
    axes = [re.fullmatch(r"(.+)[_.: -][xX]", label) for label in labels[::3]]
    if labels and all(axes):  # a label for each coordinate
        return [match[1] for match in axes if match]
    if len(labels) > 3 and all(labels) and labels[::3] == labels[1::3] == labels[2::3]:  # each label three times
        return labels[::3]
    places = [i for i, label in enumerate(labels) if label]
    if len(places) > 1 and all(place % 3 == 0 for place in places):
        return labels[: places[-1] + 1 : 3]
    return [label for label in labels if label]


def _parse_axes(cells: Sequence[str]) -> list[int] | None:
    """Return the places of x, y and z among the coordinates of a marker; None if the line does not name them."""
    first = [cell.upper() for cell in cells if cell][:3]
    names = [cell[0] for cell in first]
    if len({cell[1:] for cell in first}) != 1:  # of several markers
        return None
    return [names.index(axis) for axis in "XYZ"] if sorted(names) == ["X", "Y", "Z"] else None


def _parse_values(path: Path, rows: list[Row], markers: int) -> NDArray[np.float64]:
    """Parse frame numbers, times and coordinates ``(frames, 2 + 3 markers)``; NaN where a cell is empty."""
    check_memory(path, 1, len(rows), markers)
    width = 2 + 3 * markers
    complete = []
    for number, line in rows:
        # Some programs end a line with a tab, others leave out the empty cells of the last markers.
        cells = list(line)
        if (width - len(cells)) % 3 == 0:
            cells += [""] * (width - len(cells))
        complete.append((number, cells[:width] if not any(cells[width:]) else cells))
    return to_numbers(path, complete, width)

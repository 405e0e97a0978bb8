"""OptiTrack Motive CSV: the bones of skeletons, or markers and rigid bodies.

The first line states version, frame rates, unit and coordinate space as pairs of cells. Rows of type, name, ID and,
since version 1.24, parent follow; then rows of properties and axes, and one row a frame. See the pages on data export
at docs.optitrack.com.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

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
    files="*.csv",
    reads="bones, else labelled markers, else rigid bodies, of versions 1.2 to 1.25; rate and unit of the first line",
    assumes="time stamps win over the stated rate; the upward axis that the body shows, since the format states none",
    ignores="rotations, unlabelled markers and marker quality; bones in local coordinates, which are refused",
    source="https://docs.optitrack.com/motive/data-export/data-export-csv",
    exports=(
        Export(
            "Motive 3.2",
            "File > Export Tracking Data, CSV, with the header, and bones in global coordinates or markers",
            "https://docs.optitrack.com/v3.2/motive/data-export",
        ),
    ),
)

# Measured markers before the expected places of a skeleton's or rigid body's markers.
_TYPES = ("Bone", "Marker", "Bone Marker", "Rigid Body", "Rigid Body Marker")


def recognise(path: Path, head: bytes) -> bool:
    """Recognise the first line, which begins with the version."""
    first = (head_cells(head) or [[]])[0]
    return first[:1] == ["Format Version"] and parse_number("".join(first[1:2])) is not None


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each skeleton, or else each person whose markers the file holds."""
    rows = read_cells(path)
    stated = dict(zip(rows[0][1][::2], rows[0][1][1::2], strict=False))
    header, frames = _split_header(path, rows[1:])
    kind, points = _find_points(path, header)
    if kind == "Bone" and stated.get("Coordinate Space", "").lower() == "local":
        raise FormatError(
            f"{path}: the coordinate space of its bones is Local, expected Global",
            hint=FACTS.advice(),
        )
    return table_recordings(
        path,
        frames,
        points,
        options,
        unit=stated.get("Length Units") or None,
        rate=parse_number(stated.get("Export Frame Rate")) or parse_number(stated.get("Capture Frame Rate")),
        number_column=0,
        time_column=1,
        notes=(
            f"positions of type {kind}",
            *count_note("frames", parse_number(stated.get("Total Exported Frames")), len(frames)),
        ),
    )


def _split_header(path: Path, rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Split the rows at the one of axes, which begins with Frame or is the last before the first number."""
    for i, (_, cells) in enumerate(rows):
        is_axes = cells[0].lower() == "frame"
        if is_axes or cells[0].isdecimal():
            header, frames = list(rows[: i + is_axes]), list(rows[i + is_axes :])
            if len(header) >= 4 and frames:
                return header, frames
            break
    raise FormatError(f"{path}: holds no frames, or is truncated within its header")


def _find_points(path: Path, header: Sequence[Row]) -> tuple[str, dict[str, tuple[int, int, int]]]:
    """Return the columns of the points of the preferred type."""
    labelled = {cells[1].lower(): cells for _, cells in header if len(cells) > 1 and cells[1]}
    types, names = labelled.get("type", header[0][1]), labelled.get("name", header[1][1])
    properties, axes = header[-2][1], header[-1][1]
    columns = range(2, min(len(types), len(names), len(properties), len(axes)))
    found = {kind: 0 for kind in types if kind}
    for kind in _TYPES:
        points = triples(
            (i, names[i], axes[i])
            for i in columns
            if types[i] == kind and properties[i] == "Position" and not names[i].startswith("Unlabeled")
        )
        if points:
            return kind, points
    described = ", ".join(repr(kind[:20]) for kind in list(found)[:5]) or "none"
    raise FormatError(
        f"{path}: holds no positions of bones or labelled markers (its columns are of types {described})",
        hint=FACTS.advice(),
    )

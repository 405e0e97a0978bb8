"""BTS ASCII (``.emt``): tracks of 3D points, of BTS Smart systems.

``BTS ASCII format``, then type, unit, frequency and counts, then a row of columns (``Frame``, ``Time``, ``name.X``) and
one row a frame. A file may hold several such tables, of which that of 3D points is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.reading.formats.parsing.tables import parse_number, table_recordings, triples
from himpc.reading.formats.parsing.text import Row, decode_head, read_lines
from himpc.reading.formats.parsing.timeline import count_note
from himpc.recordings import Recording

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="motion capture",
    files="*.emt",
    reads="3D point tracks, with unit and frequency",
    assumes="the upward axis that the body shows; time stamps win over the frequency",
    ignores="other types of tracks, such as forces, angles and EMG, which are refused by name",
    exports=(Export("BTS SMART", "export the 3D points of the body as .emt, or as C3D"),),
)

_TITLE = "BTS ASCII format"
_POINTS = re.compile("point.*3d", re.IGNORECASE)
_COLUMN = re.compile(r"(.+)\.([XYZxyz])")


@dataclass(frozen=True)
class _Table:
    """One of the tables that a file holds one after another: its keys in lower case, its columns, and its frames."""

    stated: dict[str, str]
    titles: Sequence[str]
    frames: Sequence[Row]


def recognise(path: Path, head: bytes) -> bool:
    """Recognise the first line."""
    return decode_head(head)[:1] == [_TITLE]


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each person whose points a file of 3D tracks holds."""
    rows = [(line, [cell.strip() for cell in text.split("\t")]) for line, text in read_lines(path)]
    starts = [i for i, (_, cells) in enumerate(rows) if cells[0] == _TITLE]
    tables = [_parse(rows[start:end]) for start, end in pairwise([*starts, len(rows)])]
    types = [table.stated.get("type", "nothing")[:40] for table in tables]
    table = next((table for table, kind in zip(tables, types, strict=True) if _POINTS.search(kind)), None)
    points = {} if table is None else triples(_columns(table))
    if table is None or not points:
        raise FormatError(
            f"{path}: holds {', '.join(map(repr, dict.fromkeys(types)))}, expected 3D points",
            hint=FACTS.advice(),
        )
    if not table.frames:
        raise FormatError(f"{path}: holds no frames, or is truncated within its header")
    return table_recordings(
        path,
        table.frames,
        points,
        options,
        unit=table.stated.get("measure unit") or None,
        rate=parse_number(table.stated.get("frequency")),
        number_column=0,
        time_column=1,
        notes=count_note("frames", parse_number(table.stated.get("frames")), len(table.frames)),
    )


def _parse(rows: Sequence[Row]) -> _Table:
    """Split the title, the keys, the row of columns and the frames of one table."""
    start = next((i for i, (_, cells) in enumerate(rows) if cells[0].lower() == "frame"), len(rows) - 1)
    pairs = (" ".join(cells).partition(":") for _, cells in rows[1:start])
    return _Table({key.strip().lower(): value.strip() for key, _, value in pairs}, rows[start][1], rows[start + 1 :])


def _columns(table: _Table) -> Iterator[tuple[int, str, str]]:
    matches = ((i, _COLUMN.fullmatch(title)) for i, title in enumerate(table.titles))
    return ((i, match[1], match[2]) for i, match in matches if match)

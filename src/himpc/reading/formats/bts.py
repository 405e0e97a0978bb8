"""BTS ASCII (``.emt``): tracks of 3D points, of BTS Smart systems.

``BTS ASCII format``, then type, unit, frequency and counts, then a row of columns (``Frame``, ``Time``, ``name.X``) and
one row a frame.
"""

from __future__ import annotations

import re
from pathlib import Path

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.reading.formats.parsing.tables import parse_number, table_recordings, triples
from himpc.reading.formats.parsing.text import decode_head, read_lines
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

_COLUMN = re.compile(r"(.+)\.([XYZxyz])")


def recognise(path: Path, head: bytes) -> bool:
    """Recognise the first line."""
    return decode_head(head)[:1] == ["BTS ASCII format"]


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each person whose points a file of 3D tracks holds."""
    stated: dict[str, str] = {}
    rows = [(line, [cell.strip() for cell in text.split("\t")]) for line, text in read_lines(path)]
    start = next((i for i, (_, cells) in enumerate(rows) if cells[0].lower() == "frame"), None)
    for _, cells in rows[1:start]:
        key, _, value = " ".join(cells).partition(":")
        stated[key.strip().lower()] = value.strip()
    titles = [] if start is None else rows[start][1]
    points = triples((i, match[1], match[2]) for i, title in enumerate(titles) if (match := _COLUMN.fullmatch(title)))
    if start is None or not points or "3d" not in stated.get("type", "").lower():
        raise FormatError(
            f"{path}: holds {stated.get('type', 'nothing')[:40]!r}, expected 3D points",
            hint=FACTS.advice(),
        )
    frames = rows[start + 1 :]
    if not frames:
        raise FormatError(f"{path}: holds no frames, or is truncated within its header")
    return table_recordings(
        path,
        frames,
        points,
        options,
        unit=stated.get("measure unit") or None,
        rate=parse_number(stated.get("frequency")),
        number_column=0,
        time_column=1,
        notes=count_note("frames", parse_number(stated.get("frames")), len(frames)),
    )

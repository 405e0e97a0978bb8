"""CSV with columns such as ``Hips_position_x``, as of Rokoko Studio; rotations and other columns are left out."""

from __future__ import annotations

import re
from pathlib import Path

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.parsing.tables import head_cells, read_cells, table_recordings, triples
from himpc.recordings import Recording

__all__ = ["read", "recognise"]

_COLUMN = re.compile(r"(.+)[_. ]pos(?:ition)?[_. ]([xyz])", re.IGNORECASE)
_TIMES = ("timestamp", "time")


def recognise(path: Path, head: bytes) -> bool:
    """Recognise the positions of a bone in the header."""
    header = (head_cells(head) or [[]])[0]
    return sum(_COLUMN.fullmatch(name) is not None for name in header) >= 3


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read the person whose bones a table holds."""
    (line, header), *frames = read_cells(path)
    points = triples((i, match[1], match[2]) for i, name in enumerate(header) if (match := _COLUMN.fullmatch(name)))
    if not points or not frames:
        raise FormatError(f"{path}, line {line}: expected positions such as Hips_position_x, and frames below them")
    time = next((i for i, name in enumerate(header) if name.lower() in _TIMES), None)
    return table_recordings(path, frames, points, options, unit=None, rate=None, time_column=time)

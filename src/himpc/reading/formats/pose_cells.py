"""CSV with a whole pose in a cell, as pandas writes lists: ``"[[0.1, 0.2], [0.3, 0.4], ...]"`` or ``"{'nose': ...}"``.

Each row is taken as a JSON object, whose keys are the names of the columns (see `json_poses`).
"""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.reading.formats.json_poses import read_document
from himpc.reading.formats.parsing.tables import find_delimiter
from himpc.reading.formats.parsing.text import HEAD_BYTES, decode_head, read_bytes, split_lines
from himpc.recordings import Recording

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="any program",
    files="*.csv",
    reads="a row a frame or person, with a pose in a cell: a list of points or numbers, or joints by name; columns "
    "such as `frame`, `time` and `id`",
    assumes="as in `json-poses`: unit and upward axis are as the body shows; no rate unless rows have "
    "times: state {fps}",
    ignores="other columns",
    exports=(Export("a program of yours", "write the points of a frame as a JSON list in one cell", None),),
)

_ITEM = r"-?[0-9.eE+-]+\s*[, ]\s*"
_POSE = re.compile(rf"\s*(\[\s*([\[({{]|({_ITEM}){{4}})|\{{.*[\[({{:])", re.DOTALL)
_MIN_LENGTH, _MAX_DIGITS = 30, 18
_FLAT = re.compile(r"\s*-?[0-9.]+(\s*,\s*-?[0-9.eE+-]+){14,}\s*")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?")
_BETWEEN_NUMBERS = re.compile(r"(?<=[0-9.\])])\s+(?=[-0-9\[(])")


def recognise(path: Path, head: bytes) -> bool:
    """Recognise a header of names, and a row in which a cell holds several points."""
    lines = decode_head(head)
    if len(lines) < 2 or lines[0][:1] in "[{#":
        return False
    delimiter = find_delimiter(lines[:1], ",;\t")
    cells = next(iter(_rows("\n".join(lines), delimiter)[1:2]), [])
    return any(_is_pose(cell) for cell in cells)


def _is_pose(cell: str) -> bool:
    return len(cell) > _MIN_LENGTH and (_POSE.match(cell) is not None or _FLAT.match(cell) is not None)


def _rows(text: str, delimiter: str) -> list[list[str]]:
    csv.field_size_limit(max(csv.field_size_limit(), HEAD_BYTES * 256))
    try:
        return list(csv.reader(text.splitlines(keepends=True), delimiter=delimiter))
    except csv.Error:
        return []


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each person of a table."""
    lines = split_lines(path, read_bytes(path))
    rows = _rows("\n".join(line for _, line in lines), find_delimiter([lines[0][1]], ",;\t"))
    if len(rows) < 2:
        raise FormatError(f"{path}: has a header but no rows")
    names = [name.strip() for name in rows[0]]
    frames = [
        {name: _parse(cell, path, i) for name, cell in zip(names, row, strict=False)}
        for i, row in enumerate(rows[1:], start=2)
        if any(row)
    ]
    return read_document(path, frames, options, form="CSV")


def _parse(cell: str, path: Path, row: int) -> Any:
    """Parse a cell: a number, text, or lists and objects of numbers."""
    cell = cell.strip()
    if _NUMBER.fullmatch(cell):
        return float(cell) if "." in cell or "e" in cell.lower() or len(cell) > _MAX_DIGITS else int(cell)
    if _FLAT.fullmatch(cell):
        cell = f"[{cell}]"
    if cell[:1] not in ("[", "{"):
        return cell or None
    text = _BETWEEN_NUMBERS.sub(", ", cell).replace("(", "[").replace(")", "]").replace("'", '"')
    text = re.sub(r"\b(None|nan)\b", "null", text)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise FormatError(f"{path}, row {row}: a cell is no list of points: {cell[:40]!r}") from None

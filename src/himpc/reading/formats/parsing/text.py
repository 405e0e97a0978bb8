"""Bounded reading of text, and numbers whose errors name the line."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError, count_noun

__all__ = [
    "HEAD_BYTES",
    "MAX_BYTES",
    "Row",
    "decode_head",
    "is_number",
    "leave_out_cut_row",
    "parse_cell",
    "read_bytes",
    "read_lines",
    "split_lines",
    "to_numbers",
    "utf16_of",
]

HEAD_BYTES = 4096
"""Size of the head of a file that a format sees to recognise it."""

MAX_BYTES = 256 * 2**20
"""Size of the largest text file that is read: more than an hour of 25 joints at 30 Hz, one joint a row."""

Row = tuple[int, Sequence[str]]
"""A line's number in its file, from 1, and its cells."""

_MISSING = re.compile(
    r"\s*[-+]?(nan[0-9]*(\((ind|snan|qnan|[0-9]*)\))?|1[.,]#(ind|[qs]?nan)[0-9]*|n/?a|#n/?a|#num!|#value!|#div/0!|null|none|-|--)\s*",
    re.IGNORECASE,
)

_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ASCII = re.compile(rb"[\t\n\r\x20-\x7e]+")
_CHECKED_FOR_UTF16 = 8


def decode_head(head: bytes) -> list[str]:
    """Return the lines of a head that are not blank, without surrounding spaces; the last one may be cut."""
    encoding = utf16_of(head)
    text = head[: len(head) // 2 * 2 if encoding else None].decode(encoding or "utf-8-sig", errors="replace")
    return [line.strip() for line in text.splitlines() if line.strip()]


def utf16_of(content: bytes) -> str | None:
    """Return the encoding of text in UTF-16, with a byte order mark or in ASCII letters without one; None for others.

    >>> utf16_of("\\ufeffFrame".encode("utf-16-le")), utf16_of("Frame".encode("utf-16-be")), utf16_of(b"Frame")
    ('utf-16', 'utf-16-be', None)
    """
    if content.startswith(_UTF16):
        return "utf-16"
    start = content[: min(len(content) // 2 * 2, _CHECKED_FOR_UTF16)]
    first, second = start[::2], start[1::2]
    if first and not any(second) and _ASCII.fullmatch(first):
        return "utf-16-le"
    return "utf-16-be" if first and not any(first) and _ASCII.fullmatch(second) else None


def read_bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    """Read the content of a regular file of at most `limit` bytes."""
    if not path.is_file():
        raise FormatError(f"{path}: is not a file")
    try:
        with path.open("rb") as file:
            content = file.read(min(os.fstat(file.fileno()).st_size, limit) + 1)
    except (OSError, ValueError) as error:
        raise FormatError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(content) > limit:
        raise FormatError(f"{path}: is larger than {limit // 2**20 or 1} MiB", hint="split it into shorter recordings")
    return content


def read_lines(path: Path, limit: int = MAX_BYTES) -> list[tuple[int, str]]:
    """Read the lines of a text file that are not blank, each with its number from 1, without surrounding spaces.

    The encoding is UTF-8, UTF-16, or else Windows-1252, as of the paths in older files.
    """
    return split_lines(path, read_bytes(path, limit))


def split_lines(path: Path, content: bytes) -> list[tuple[int, str]]:
    """Decode the content of a file and split it into lines, as `read_lines` does."""
    utf16 = utf16_of(content)
    try:
        text = content.decode(utf16 or "utf-8-sig")
    except UnicodeDecodeError as error:
        if utf16 or _CONTROL.search(content):
            raise FormatError(f"{path}: is not text in UTF-8 (byte {error.start})") from error
        text = content.decode("cp1252", errors="replace")
    if "\0" in text:
        raise FormatError(f"{path}: is a binary file, expected text")
    numbered = enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1)
    return [(number, line.strip(" ")) for number, line in numbered if line.strip()]


def leave_out_cut_row(rows: list[Row]) -> tuple[list[Row], tuple[str, ...]]:
    """Leave out a last row that was cut off, which has less cells than all others, and note it."""
    others = {len(cells) for _, cells in rows[:-1]}
    if len(others) == 1 and len(rows[-1][1]) < max(others):
        return rows[:-1], (f"line {rows[-1][0]} is cut off and left out",)
    return rows, ()


def to_numbers(path: Path, rows: Sequence[Row], width: int, names: Sequence[str] = ()) -> NDArray[np.float64]:
    """Parse n rows of `width` cells as ``(n, width)`` numbers; NaN for an empty cell and any word for a missing number.

    Commas are decimal points where no cell of the rows has a point.

    Parameters
    ----------
    names : sequence of str
        The names of the cells in an error; default: their places in the row.
    """
    for line, cells in rows:
        if len(cells) != width:
            raise FormatError(f"{path}, line {line}: has {count_noun(len(cells), 'number')}, expected {width}")
    flat = [cell for _, cells in rows for cell in cells]
    try:
        values = np.array([float(cell or "nan") for cell in flat])
    except ValueError:
        comma = any("," in cell for cell in flat) and not any(
            "." in cell for cell in flat if not _MISSING.fullmatch(cell)
        )
        try:
            values = np.array([_to_number(cell, comma) for cell in flat])
        except ValueError:
            raise _first_error(path, rows, names, comma) from None
    return values.reshape(len(rows), width)


def is_number(cell: str) -> bool:
    """Return whether a cell is a number, with a decimal point or comma."""
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


def parse_cell(cell: str) -> float | None:
    """Parse a text as a number, NaN for a word for a missing one; None if it is neither.

    >>> parse_cell("0.5"), parse_cell("n/a"), parse_cell("left")
    (0.5, nan, None)
    """
    try:
        return _to_number(cell, comma=False)
    except ValueError:
        return None


def _to_number(cell: str, comma: bool) -> float:
    """Parse a number; NaN where it is missing, as programs of Windows, R, Excel and databases write it."""
    if not cell.strip() or _MISSING.fullmatch(cell):
        return np.nan
    return float(cell.replace(",", ".", 1) if comma else cell)


def _first_error(path: Path, rows: Sequence[Row], names: Sequence[str], comma: bool) -> FormatError:
    """Return the error for the first cell that is not a number."""
    for line, cells in rows:
        for i, cell in enumerate(cells):
            try:
                _to_number(cell, comma)
            except ValueError:
                name = names[i] if names else f"number {i + 1}"
                return FormatError(f"{path}, line {line}: {name} is {cell[:40]!r}, expected a number")
    return FormatError(f"{path}: holds a cell that is not a number")

"""What the readers of text share: bounded lines, numbers with a located error, and the room that frames may take."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError

__all__ = [
    "FARTHEST",
    "MAX_BYTES",
    "MAX_JOINTS",
    "Row",
    "check_positions",
    "check_room",
    "forget_origin",
    "place",
    "read_bytes",
    "read_lines",
    "to_numbers",
]

MAX_BYTES = 256 * 2**20
"""The largest text file that is read: more than an hour of 25 joints at 30 frames a second, one joint a row."""

MAX_JOINTS = 40_000_000
"""The most joint positions (bodies x frames x joints) that one file may ask memory for: 480 MB as float32."""

FARTHEST = 1e6
"""Metres (or pixels) from the origin past which a coordinate is a mistake."""

Row = tuple[int, Sequence[str]]
"""A line's number in its file, from 1, and its cells."""

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    """Return the content of a file, after checking that it is a file of at most `limit` bytes.

    Raises
    ------
    FormatError
        If it cannot be read, is no regular file, or is larger.
    """
    try:
        if not path.is_file():
            raise FormatError(f"{path}: is not a file")
        with path.open("rb") as file:
            content = file.read(min(os.fstat(file.fileno()).st_size, limit) + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(content) > limit:
        raise FormatError(f"{path}: is larger than {limit // 2**20 or 1} MiB; split it into shorter recordings")
    return content


def read_lines(path: Path, limit: int = MAX_BYTES) -> list[tuple[int, str]]:
    """Return the lines of a text file that are not blank, each with its number from 1, without surrounding spaces.

    UTF-8 and UTF-16 with a byte order mark are understood.

    Raises
    ------
    FormatError
        If the file cannot be read, is too large, or is not text.
    """
    content = read_bytes(path, limit)
    try:
        text = content.decode("utf-16" if content.startswith(_UTF16) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: is not text in UTF-8 (byte {error.start})") from error
    if "\0" in text:
        raise FormatError(f"{path}: is a binary file, expected text")
    numbered = enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1)
    return [(number, line.strip(" ")) for number, line in numbered if line.strip()]


def to_numbers(path: Path, rows: Sequence[Row], width: int, names: Sequence[str] = ()) -> NDArray[np.float64]:
    """Return n rows of `width` cells as ``(n, width)`` numbers; an empty cell is NaN.

    Parameters
    ----------
    names : sequence of str
        What to call the cells in an error; their places in the row if not given.

    Raises
    ------
    FormatError
        If a row has another number of cells, or a cell is no number; the message names the line.
    """
    for line, cells in rows:
        if len(cells) != width:
            raise FormatError(f"{path}, line {line}: has {len(cells)} numbers, expected {width}")
    try:
        values = np.array([float(cell or "nan") for _, cells in rows for cell in cells])
    except ValueError:
        raise _first_bad(path, rows, names) from None
    return values.reshape(len(rows), width)


def check_positions(path: Path, lines: Iterable[int], positions: NDArray[np.floating]) -> None:
    """Refuse positions ``(n, ...)``, read from n lines, of which one is infinite or absurdly far; NaN passes.

    Raises
    ------
    FormatError
        If a value is beyond `FARTHEST`; the message names the line.
    """
    far = (np.abs(positions) > FARTHEST).reshape(len(positions), -1)
    if far.any():
        row = int(far.any(axis=1).argmax())
        value = positions[row].reshape(-1)[far[row].argmax()]
        line = list(lines)[row]
        raise FormatError(
            f"{path}, line {line}: a position of {value:.3g} is farther than {FARTHEST:g} from the origin"
        )


def check_room(path: Path, bodies: int, frames: int, joints: int) -> None:
    """Refuse more joint positions than `MAX_JOINTS` before memory is taken for them.

    Raises
    ------
    FormatError
        If there are too many.
    """
    if bodies * frames * joints > MAX_JOINTS:
        raise FormatError(
            f"{path}: {bodies} bodies over {frames} frames of {joints} joints are too many for one file "
            f"(at most {MAX_JOINTS} positions); split it into shorter recordings"
        )


def place(values: NDArray[np.floating], frames: NDArray[np.integer], length: int) -> NDArray[np.float32]:
    """Return ``(length, ...)`` values of which those of the given frames are set and the others NaN."""
    placed = np.full((length, *values.shape[1:]), np.nan, dtype=np.float32)
    placed[frames] = values
    return placed


def forget_origin(joints: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return joints ``(..., 3)`` in camera axes with NaN for each at exactly 0 0 0, where the camera itself is.

    Depth cameras write zeros for a joint, or a body, that was not seen; a joint with an axis missing is NaN in all.
    """
    unseen = (joints == 0).all(axis=-1) | np.isnan(joints).any(axis=-1)
    return np.where(unseen[..., None], np.nan, joints)


def _first_bad(path: Path, rows: Sequence[Row], names: Sequence[str]) -> FormatError:
    """Return the error for the first cell that is no number."""
    for line, cells in rows:
        for i, cell in enumerate(cells):
            try:
                float(cell or "nan")
            except ValueError:
                name = names[i] if names else f"number {i + 1}"
                return FormatError(f"{path}, line {line}: {name} is {cell[:40]!r}, which is no number")
    return FormatError(f"{path}: holds something that is no number")

"""Files that are never half-written: written beside their place, then renamed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from himpc.errors import RunError

__all__ = ["make_folder", "replacing", "write_atomically"]


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a path beside `path` to write to; it takes the place of `path` when the block ends well.

    A reader sees the old file or the new one, never a part; an error leaves the old one.

    Raises
    ------
    RunError
        If the file cannot be written.
    """
    path = Path(path)
    beside = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        try:
            yield beside
            with beside.open("rb") as file:
                os.fsync(file.fileno())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise RunError(f"{path}: cannot be written: {error.strerror or error}; choose another place") from error


def write_atomically(path: str | Path, content: bytes) -> None:
    """Write a whole file, or leave it as it was.

    Raises
    ------
    RunError
        If the file cannot be written.
    """
    with replacing(path) as beside:
        beside.write_bytes(content)


def make_folder(path: str | Path) -> Path:
    """Make a folder and its parents, if they are not there, and return it.

    Raises
    ------
    RunError
        If it cannot be made or written to.
    """
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{path}: cannot be made: {error.strerror or error}; choose another place") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise RunError(f"{path}: cannot be written: permission denied; choose another place")
    return path

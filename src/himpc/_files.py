"""Files that are never half-written: written beside their place, then renamed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from himpc.errors import RunFolderError

__all__ = ["make_folder", "number_names", "remove_file", "replace_atomically", "write_atomically"]


@contextmanager
def replace_atomically(path: str | Path) -> Iterator[Path]:
    """Give a path beside `path` to write to; it takes the place of `path` when the block ends well.

    A reader sees the old file or the new one, never a part; an error leaves the old one. What a link leads to is
    replaced, not the link.

    Raises
    ------
    RunFolderError
        If the file cannot be written, or the path is a folder, a device or a pipe, which must not be replaced.
    """
    try:
        _check_replaceable(Path(path))
        path = Path(os.path.realpath(path))
        beside = path.with_name(f".{path.stem}.partial{path.suffix}")  # what a killed process left is written over
        try:
            yield beside
            with beside.open("rb") as file:
                os.fsync(file.fileno())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise RunFolderError(f"{path}: cannot be written: {error.strerror or error}; choose another place") from error


def _check_replaceable(path: Path) -> None:
    """Raise `RunFolderError` for what a rename would destroy, or could not replace."""
    if path.is_dir():
        raise RunFolderError(f"{path}: cannot be written: is a folder; give the name of a file")
    if path.exists() and not path.is_file():
        raise RunFolderError(f"{path}: cannot be written: is a device or a pipe; give the name of a file")


def write_atomically(path: str | Path, content: bytes | str) -> None:
    """Write a whole file, or leave it as it was; text is written as UTF-8.

    Raises
    ------
    RunFolderError
        If the file cannot be written.
    """
    with replace_atomically(path) as beside:
        beside.write_bytes(content if isinstance(content, bytes) else content.encode())


def number_names(folder: Path, stem: str, suffix: str) -> Iterator[Path]:
    """Give names for a file, of which the first that is free may be taken: without a number, then from 2 on."""
    yield folder / f"{stem}{suffix}"
    for number in count(2):
        yield folder / f"{stem}-{number}{suffix}"


def remove_file(path: str | Path) -> None:
    """Remove a file, if it is there.

    Raises
    ------
    RunFolderError
        If it cannot be removed.
    """
    try:
        Path(path).unlink(missing_ok=True)
    except OSError as error:
        raise RunFolderError(f"{path}: cannot be removed: {error.strerror or error}; choose another place") from error


def make_folder(path: str | Path) -> Path:
    """Make a folder and its parents, if they are not there, and return it.

    Raises
    ------
    RunFolderError
        If it cannot be made or written to.
    """
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunFolderError(f"{path}: cannot be written: {error.strerror or error}; choose another place") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise RunFolderError(f"{path}: cannot be written: permission denied; choose another place")
    return path

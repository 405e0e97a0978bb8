"""Find folders by names that may differ in case and separators."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from himpc.errors import DataError
from himpc.reading import natural_key

_MAX_LISTED = 6


def normalise_name(name: str) -> str:
    """Return a name in lower case without separators.

    >>> normalise_name("Testing_A") == normalise_name("testing-a") == normalise_name("TestingA")
    True
    """
    return re.sub(r"[^a-z0-9]+", "", name.lower())


def subfolders(folder: Path) -> list[Path]:
    """Return the visible folders in a folder, in natural order.

    Raises
    ------
    DataError
        If the folder cannot be opened.
    """
    try:
        entries = [entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith(".")]
    except OSError as error:
        raise DataError(f"{folder}: cannot be opened: {error.strerror or error}; expected a folder") from error
    return sorted(entries, key=lambda entry: natural_key(entry.name))


def list_unsorted(folder: Path) -> list[str]:
    """Return the names of the folders in a folder in the order of the file system."""
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries if entry.is_dir()]


def find_subfolder(folder: Path, name: str) -> Path | None:
    """Return the folder of a name in a folder, or None; an exact match wins over one that differs in case."""
    matches = [entry for entry in subfolders(folder) if normalise_name(entry.name) == normalise_name(name)]
    return next((entry for entry in matches if entry.name == name), matches[0] if matches else None)


def find_path(folder: Path, path: str) -> Path | None:
    """Return the folder at a path such as ``Testing/Still``, or None."""
    current: Path | None = folder
    for name in path.split("/"):
        current = None if current is None else find_subfolder(current, name)
    return current


def has_any_path(*paths: str) -> Callable[[Path], bool]:
    """Return a function that checks if a folder contains any of some paths."""
    return lambda folder: any(find_path(folder, path) is not None for path in paths)


def require_path(folder: Path, path: str, content: str) -> Path:
    """Return the folder at a path in a folder.

    Parameters
    ----------
    content : str
        Its expected content, for the error.

    Raises
    ------
    DataError
        If it does not exist; the message lists the folders that do.
    """
    found = find_path(folder, path)
    if found is None:
        raise DataError(
            f"{folder}: lacks the folder {path!r}, expected it to contain {content}; {describe_subfolders(folder)}"
        )
    return found


def describe_subfolders(folder: Path) -> str:
    """Return the names of the first folders in a folder as a phrase for an error."""
    names = [entry.name for entry in subfolders(folder)]
    more = f" and {len(names) - _MAX_LISTED} more" if len(names) > _MAX_LISTED else ""
    return f"found {', '.join(names[:_MAX_LISTED]) or 'no folders'}{more}"

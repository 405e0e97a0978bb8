"""Folders of data sets, found whatever the case and separators of their names."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from himpc.errors import DataError
from himpc.reading import natural_key

__all__ = ["child", "child_path", "described", "has_any", "listed", "name_key", "required", "subfolders"]

_SHOWN = 6


def name_key(name: str) -> str:
    """Return a name without case and separators.

    >>> name_key("Testing_A") == name_key("testing-a") == name_key("TestingA")
    True
    """
    return re.sub(r"[^a-z0-9]+", "", name.lower())


def subfolders(folder: Path) -> list[Path]:
    """Return the folders in a folder in natural order, hidden ones left out.

    Raises
    ------
    DataError
        If the folder cannot be opened.
    """
    try:
        found = [entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith(".")]
    except OSError as error:
        raise DataError(f"{folder}: cannot be opened: {error.strerror or error}; expected a folder") from error
    return sorted(found, key=lambda entry: natural_key(entry.name))


def listed(folder: Path) -> list[str]:
    """Return the names of the folders in a folder in the order in which the system lists them, whatever that is."""
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries if entry.is_dir()]


def child(folder: Path, name: str) -> Path | None:
    """Return the folder of a name in a folder, or None; an exact name wins over one that differs in case."""
    alike = [entry for entry in subfolders(folder) if name_key(entry.name) == name_key(name)]
    return next((entry for entry in alike if entry.name == name), alike[0] if alike else None)


def child_path(folder: Path, path: str) -> Path | None:
    """Return the folder at a path of several names, such as ``Testing/Still``, or None."""
    found: Path | None = folder
    for name in path.split("/"):
        found = None if found is None else child(found, name)
    return found


def has_any(*paths: str) -> Callable[[Path], bool]:
    """Return what tells whether a folder holds a folder at any of some paths."""
    return lambda folder: any(child_path(folder, path) is not None for path in paths)


def required(folder: Path, path: str, holding: str) -> Path:
    """Return the folder at a path in a folder.

    Parameters
    ----------
    holding : str
        What it holds, for the error.

    Raises
    ------
    DataError
        If it is not there; the message says what is.
    """
    found = child_path(folder, path)
    if found is None:
        raise DataError(f"{folder}: lacks the folder {path!r}, expected it to hold {holding}; {described(folder)}")
    return found


def described(folder: Path) -> str:
    """Say which folders a folder holds."""
    return f"found {_listed(entry.name for entry in subfolders(folder)) or 'no folders'}"


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")

"""Folders that hold one file a frame: which files, in which order, and whose they are."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from himpc.errors import FormatError

__all__ = ["MAX_FILES", "first_frame_file", "frame_files", "group_frames", "natural_key"]

MAX_FILES = 200_000
"""The most frames that a folder may hold: almost two hours at 30 frames a second."""

_LOOK_AT = 64
"""How many names of a folder are looked at to recognise it."""


def natural_key(name: str) -> tuple[tuple[int, int | str], ...]:
    """Return what sorts names by the numbers in them.

    >>> sorted(["f10.txt", "f9.txt", "f9b.txt"], key=natural_key)
    ['f9.txt', 'f9b.txt', 'f10.txt']
    """
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return tuple((0, int(part)) if part.isdecimal() else (1, part) for part in parts)


def first_frame_file(folder: Path, is_frame: Callable[[str], bool]) -> Path | None:
    """Return the first frame file among the first names of a folder, or None; never raises."""
    try:
        names = [name for name in islice(_names(folder), _LOOK_AT) if is_frame(name)]
    except OSError:
        return None
    return folder / min(names, key=natural_key) if names else None


def frame_files(folder: Path, is_frame: Callable[[str], bool]) -> list[Path]:
    """Return the frame files of a folder in natural order.

    Raises
    ------
    FormatError
        If the folder cannot be read, holds none, or more than `MAX_FILES`.
    """
    try:
        names = list(islice(filter(is_frame, _names(folder)), MAX_FILES + 1))
    except OSError as error:
        raise FormatError(f"{folder}: cannot be read as a folder of frames: {error.strerror}") from error
    if not names:
        raise FormatError(f"{folder}: holds no frame files")
    if len(names) > MAX_FILES:
        raise FormatError(f"{folder}: holds more than {MAX_FILES} frames; split it into shorter recordings")
    return [folder / name for name in sorted(names, key=natural_key)]


def group_frames(files: Sequence[Path], patterns: Sequence[re.Pattern[str]]) -> dict[str, list[Path]]:
    """Return the frame files of each recording in a folder, by the key in their names.

    The first of the patterns that all names match gives the key, its first group. Where no pattern does, or where it
    would leave less than two frames a recording on average, all are one recording with an empty key.

    >>> files = [Path("a.1_skel.txt"), Path("a.2_skel.txt"), Path("b.1_skel.txt"), Path("b.2_skel.txt")]
    >>> list(group_frames(files, [re.compile(r"(.+)\\.[0-9]+_skel")]))
    ['a', 'b']
    """
    for pattern in patterns:
        matches = [pattern.match(file.name) for file in files]
        if not all(matches):
            continue
        groups: dict[str, list[Path]] = {}
        for file, match in zip(files, matches, strict=True):
            groups.setdefault(match[1] if match else "", []).append(file)
        if 2 * len(groups) <= len(files):
            return groups
    return {"": list(files)}


def _names(folder: Path) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            yield entry.name

"""Frames in folders of one file a frame, and frames by their numbers and times."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.formats.parsing.text import MAX_JOINTS

__all__ = ["first_frame_file", "frame_files", "frame_places", "frame_rate", "group_frames", "natural_key"]

_MAX_FILES = 200_000
"""Frames of the largest folder that is read: almost two hours at 30 Hz."""

_MAX_NAMES = 64
"""Names of a folder that are checked to recognise it."""

_MAX_IRREGULARITY = 0.25
"""Deviation of a step between frames from the typical one, as a share of it, at a regular rate."""


def natural_key(name: str) -> tuple[tuple[int, int | str], ...]:
    """Return a sort key that orders names by the numbers in them.

    >>> sorted(["f10.txt", "f9.txt", "f9b.txt"], key=natural_key)
    ['f9.txt', 'f9b.txt', 'f10.txt']
    """
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return tuple((0, int(part)) if part.isdecimal() else (1, part) for part in parts)


def first_frame_file(folder: Path, is_frame: Callable[[str], bool]) -> Path | None:
    """Return the first frame file among the first names of a folder, or None; never raises."""
    try:
        names = [name for name in islice(_names(folder), _MAX_NAMES) if is_frame(name)]
    except OSError:
        return None
    return folder / min(names, key=natural_key) if names else None


def frame_files(folder: Path, is_frame: Callable[[str], bool]) -> list[Path]:
    """Return the frame files of a folder in natural order."""
    try:
        names = list(islice(filter(is_frame, _names(folder)), _MAX_FILES + 1))
    except OSError as error:
        raise FormatError(f"{folder}: cannot be read as a folder of frames: {error.strerror}") from error
    if not names:
        raise FormatError(f"{folder}: holds no frame files")
    if len(names) > _MAX_FILES:
        raise FormatError(f"{folder}: holds more than {_MAX_FILES} frames", hint="split it into shorter recordings")
    return [folder / name for name in sorted(names, key=natural_key)]


def group_frames(files: Sequence[Path], patterns: Sequence[re.Pattern[str]]) -> dict[str, list[Path]]:
    """Group the frame files of a folder into recordings, by the key in their names.

    The key is the first group of the first pattern that all names match. All files are one recording with an empty key
    where no pattern matches, or where it would leave less than two frames a recording on average.

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


def frame_places(path: Path, numbers: NDArray[np.float64], lines: list[int]) -> tuple[NDArray[np.int64], int]:
    """Return the index of each frame number among all frames, from 0, and the number of frames.

    Numbers need not start at 0, be in order or count by one: the largest common step is one frame. A missing
    number is a frame in which nothing was seen.
    """
    wrong = ~((np.abs(numbers) < 2**53) & (numbers == np.round(numbers)))
    if wrong.any():
        row = int(wrong.argmax())
        raise FormatError(f"{path}, line {lines[row]}: frame is {numbers[row]:g}, expected a whole number")
    whole = numbers.astype(np.int64)
    steps = np.diff(np.unique(whole))
    places = (whole - whole.min()) // (np.gcd.reduce(steps) if len(steps) else 1)
    length = int(places.max()) + 1
    if length > MAX_JOINTS:
        row = int(places.argmax())
        raise FormatError(f"{path}, line {lines[row]}: frame {whole[row]} is too far from the others: {length} frames")
    return places, length


def frame_rate(places: NDArray[np.int64], seconds: NDArray[np.float64]) -> float | None:
    """Compute the frames a second from the times of some frames; None if their steps are not regular.

    >>> frame_rate(np.array([0, 1, 3]), np.array([5.0, 5.1, 5.3]))
    10.0
    """
    places, first = np.unique(places, return_index=True)
    seconds = seconds[first]
    if len(places) < 2:
        return None
    step = np.diff(seconds) / np.diff(places)
    typical = float(np.median(step))
    if not (typical > 0 and (np.abs(step - typical) <= _MAX_IRREGULARITY * typical).all()):
        return None
    return round(float((places[-1] - places[0]) / (seconds[-1] - seconds[0])), 6)


def _names(folder: Path) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            yield entry.name

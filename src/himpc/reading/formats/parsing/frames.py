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
from himpc.reading.formats.parsing.positions import MAX_JOINTS

__all__ = [
    "count_steps",
    "first_frame_file",
    "frame_files",
    "frame_numbers",
    "frame_places",
    "group_frames",
    "is_folder_of_pictures",
    "natural_key",
    "places_by_name",
]

_MAX_FILES = 200_000
"""Frames of the largest folder that is read: almost two hours at 30 Hz."""

_MAX_NAMES = 64
"""Names of a folder that are checked to recognise it."""

_MIN_PICTURES, _MAX_PICTURE_BYTES = 10, 2**17
"""Files of the smallest folder of pictures, and the size of the largest file of one."""

_MAX_IRREGULARITY = 0.25
"""Deviation of a step between frames from the typical one, as a share of it, at a regular rate."""

_REGULAR_SHARE = 0.95
"""Share of the steps that must be regular; timers of cameras are late now and then."""

_IRREGULAR_GAP = 2.5
"""Typical steps above which an irregular step is a gap."""

_MIN_TIME_STEP = 8
"""Median of the steps, in common ones, from which numbers are time stamps and not frame numbers."""

_MIN_TIMES = 10
"""Steps from which numbers are time stamps even if they are irregular."""

_MAX_DIGITS = 15
"""Digits of the longest number in a name; longer ones are identifiers."""


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


def is_folder_of_pictures(folder: Path, is_frame: Callable[[str], bool], recognise: Callable[[bytes], bool]) -> bool:
    """Return whether a folder holds numbered files of one picture each; never raises.

    Its names are equal but for numbers, and all files of the first ones that are not empty lists are recognised by
    their first bytes and short. A few recordings, one a file, are no frames.
    """
    try:
        names = sorted(filter(is_frame, islice(_names(folder), _MAX_NAMES)), key=natural_key)
        if len(names) < _MIN_PICTURES or frame_numbers([Path(name).stem for name in names]) is None:
            return False
        heads = [(folder / name).read_bytes() for name in names if (folder / name).stat().st_size < _MAX_PICTURE_BYTES]
    except OSError:
        return False
    return (
        len(heads) == len(names)
        and any(map(recognise, heads))
        and all(recognise(head) or head.strip() == b"[]" for head in heads)
    )


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


def frame_numbers(names: Sequence[str]) -> NDArray[np.float64] | None:
    """Return the frame number in each of some names, which are in natural order; None if they do not show it.

    It is the first of the numbers in a name that rises from each name to the next. Names must be equal but for numbers.

    >>> frame_numbers(["a1_007_keypoints", "a1_009_keypoints"]), frame_numbers(["a1", "b2"])
    (array([7., 9.]), None)
    """
    parts = [re.split(r"([0-9]+)", name) for name in names]
    if len({tuple(part[::2]) for part in parts}) != 1 or any(
        len(p) > _MAX_DIGITS for part in parts for p in part[1::2]
    ):
        return None
    for column in zip(*(part[1::2] for part in parts), strict=True):
        numbers = np.array(column, dtype=np.float64)
        if len(numbers) > 1 and (np.diff(numbers) > 0).all():
            return numbers
    return None


def places_by_name(path: Path, names: Sequence[str]) -> tuple[NDArray[np.int64], int, tuple[str, ...]]:
    """Return the index of the frame of each file name, the number of frames, and notes (see `frame_numbers`)."""
    numbers = frame_numbers(names)
    if numbers is None:
        return np.arange(len(names)), len(names), ()
    places, length = frame_places(path, numbers, range(1, len(names) + 1), row_name="file")
    notes = []
    if length > len(names):
        notes.append(f"{length - len(names)} frames are missing, as the numbers of the others show")
    step = round((numbers[-1] - numbers[0]) / (length - 1))
    if 1 < step < _MIN_TIME_STEP:
        notes.append(f"frames are numbered in steps of {step}, so the rate is 1 / {step} of that of the video")
    return places, length, tuple(notes)


def frame_places(
    path: Path, numbers: NDArray[np.float64], lines: Sequence[int], *, row_name: str = "line"
) -> tuple[NDArray[np.int64], int]:
    """Return the index of each frame number among all frames, from 0, and the number of frames.

    Numbers need not start at 0, be in order or count by one: the largest common step is one frame, so that every
    second frame of a video is a recording of half its rate. A missing number is a frame in which nothing was seen.
    Numbers that are time stamps (in milliseconds, say) have no common step; their median step is one frame.
    """
    wrong = ~((np.abs(numbers) < 2**53) & (numbers == np.round(numbers)))
    if wrong.any():
        row = int(wrong.argmax())
        raise FormatError(f"{path}, {row_name} {lines[row]}: frame is {numbers[row]:g}, expected a whole number")
    whole, inverse = np.unique(numbers.astype(np.int64), return_inverse=True)
    steps = np.diff(whole)
    common = int(np.gcd.reduce(steps)) if len(steps) else 1
    counted = steps // common
    if len(steps) and np.median(counted) >= _MIN_TIME_STEP:
        by_time, regular = count_steps(steps)
        counted = by_time if regular or len(steps) >= _MIN_TIMES else counted
    places = np.concatenate([[0], np.cumsum(counted)])
    length = int(places[-1]) + 1
    if length > MAX_JOINTS:
        row = int((inverse == len(whole) - 1).argmax())
        raise FormatError(
            f"{path}, {row_name} {lines[row]}: frame {whole[-1]} is too far from the others: {length} frames"
        )
    return places[inverse].astype(np.int64), length


def count_steps(steps: NDArray[np.number]) -> tuple[NDArray[np.int64], bool]:
    """Return how many frames each step between time stamps takes, and whether the steps are regular.

    Regular steps are whole multiples of the median step. Among irregular ones, only those of more than two and a half
    median steps are gaps.

    >>> count_steps(np.array([33, 34, 33, 100, 33]))
    (array([1, 1, 1, 3, 1]), True)
    """
    ratio = steps / np.median(steps)
    whole = np.maximum(np.round(np.minimum(ratio, 2**40)), 1).astype(np.int64)
    regular = bool((np.abs(ratio - whole) <= _MAX_IRREGULARITY).mean() >= _REGULAR_SHARE)
    return (whole if regular else np.where(ratio > _IRREGULAR_GAP, whole, 1)), regular


def _names(folder: Path) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            yield entry.name

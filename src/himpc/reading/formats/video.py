"""Videos: recognised here, read by `himpc.video`, which finds the people in them."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from himpc._extras import require
from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import FormatFacts
from himpc.recordings import Recording

__all__ = ["BLURRED_SUFFIX", "FACTS", "OVERLAY_SUFFIX", "SUFFIXES", "list_pictures", "open_reader", "read", "recognise"]

FACTS = FormatFacts(
    kind="video",
    files="*.mp4, *.avi, *.mov, *.mkv, *.webm, *.gif ..., or a folder of numbered pictures",
    reads="the poses of the people whom a pose estimator finds and a tracker follows",
    assumes="lengths of an assumed size, unless a height, a floor or calibrated cameras give them; pictures have no "
    "rate: state {fps}",
    ignores="sound; films that himpc wrote with an overlay",
)

SUFFIXES = frozenset(
    [
        *(".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg"),
        *(".ts", ".mts", ".m2ts", ".wmv", ".flv", ".3gp", ".ogv", ".gif", ".apng", ".mjpeg"),
    ]
)
"""Suffixes of file names that mark a video."""

OVERLAY_SUFFIX = ".overlay.mp4"
"""End of the names of videos that himpc writes; in a folder they are no input."""

BLURRED_SUFFIX = ".blurred.mp4"
"""The same of copies of videos in which people are blurred."""


PICTURE_SUFFIXES = frozenset([".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"])

MIN_PICTURES = 6
"""Numbered pictures in a folder that are taken for a video; fewer would give no recording."""


def list_pictures(folder: Path) -> list[Path]:
    """Return the numbered pictures of a folder in the order of their numbers; none if it is no video.

    It is one if it holds at least `MIN_PICTURES` of one kind, whose names differ in their last number only, and nothing
    else but hidden files.
    """
    try:
        with os.scandir(folder) as listing:
            names = [entry.name for entry in listing if not entry.name.startswith(".")]
    except OSError:
        return []
    stems = [Path(name) for name in names]
    numbers = [re.findall(r"\d+", each.stem) for each in stems]
    patterns = {(re.sub(r"\d+(?=\D*$)", "#", each.stem), each.suffix.lower()) for each in stems}
    is_video = len(patterns) == 1 and len(names) >= MIN_PICTURES and all(numbers)
    if not is_video or next(iter(patterns))[1] not in PICTURE_SUFFIXES:
        return []
    ordered = sorted(zip(numbers, names, strict=True), key=lambda each: (int(each[0][-1]), each[1]))
    return [folder / name for _, name in ordered]


def recognise(path: Path, head: bytes) -> bool:
    """Recognise a video by its magic number or suffix, and a folder by its numbered pictures."""
    if not head:
        return path.is_dir() and bool(list_pictures(path))
    if head[:4] in (b"\x89PNG", b"\xff\xd8\xff\xe0", b"\xff\xd8\xff\xe1") or head[8:12] == b"WEBP":
        return True  # animated, or refused with what to do
    is_avi = head[:4] == b"RIFF" and head[8:12] == b"AVI "
    is_matroska = head[:4] == b"\x1aE\xdf\xa3"
    return head[4:8] == b"ftyp" or is_avi or is_matroska or path.suffix.lower() in SUFFIXES


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each person in a video, by the estimator of the options."""
    if options.read_video is None:
        raise FormatError(
            f"{path}: is a video, expected a skeleton file", hint="find the people in it with {estimate()}"
        )
    return options.read_video(path)


def open_reader(*arguments: Any, **options: Any) -> Any:
    """Create a `himpc.video.VideoReader`; its package is imported only here, by name, because it is a higher one.

    Raises
    ------
    DependencyError
        If the extra for videos is not installed.
    """
    return require("himpc.video", "video").VideoReader(*arguments, **options)

"""Videos: recognised here, read by `himpc.video`, which finds the people in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from himpc._extras import require
from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.recordings import Recording

__all__ = ["OVERLAY_SUFFIX", "SUFFIXES", "open_reader", "read", "recognise"]

SUFFIXES = frozenset(
    [
        *(".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg"),
        *(".ts", ".mts", ".m2ts", ".wmv", ".flv", ".3gp", ".ogv"),
    ]
)
"""Suffixes of file names that mark a video."""

OVERLAY_SUFFIX = ".overlay.mp4"
"""End of the names of videos that himpc writes; in a folder they are no input."""


def recognise(path: Path, head: bytes) -> bool:
    """Recognise a video by its magic number or suffix."""
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

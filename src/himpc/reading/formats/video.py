"""Videos: recognised here, read by `himpc.video`, which finds the people in them."""

from __future__ import annotations

from pathlib import Path

from himpc.errors import FormatError
from himpc.reading.formats.base import FileOptions
from himpc.recordings.recording import Recording

__all__ = ["SUFFIXES", "read", "recognise"]

SUFFIXES = frozenset(
    [
        *(".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg"),
        *(".ts", ".mts", ".m2ts", ".wmv", ".flv", ".3gp", ".ogv"),
    ]
)
"""Suffixes of file names that mark a video."""


def recognise(path: Path, head: bytes) -> bool:
    return head[4:8] == b"ftyp" or head[:4] in (b"RIFF", b"\x1aE\xdf\xa3") or path.suffix.lower() in SUFFIXES


def read(path: Path, options: FileOptions) -> list[Recording]:
    raise FormatError(f"{path}: is a video: himpc pose makes recordings of the people in it")

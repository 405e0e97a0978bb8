"""The file formats that himpc reads, one module each, told apart by content."""

from __future__ import annotations

from pathlib import Path

from himpc.errors import ConfigError, DataError, FormatError
from himpc.reading.formats import asf_amc, bvh, c3d, npz, trc
from himpc.reading.formats.base import HEAD_BYTES, Format
from himpc.reading.formats.coco import COCO
from himpc.reading.formats.csv_tables import CSV_FRAMES, CSV_JOINTS
from himpc.reading.formats.kgbd import KGBD
from himpc.reading.formats.kinect_cells import KINECT_CELLS
from himpc.reading.formats.kinect_sdk import KINECT_SDK
from himpc.reading.formats.mediapipe import MEDIAPIPE
from himpc.reading.formats.ntu import NTU
from himpc.reading.formats.openpose import OPENPOSE

__all__ = ["FORMATS", "find_format", "format_named"]

FORMATS: tuple[Format, ...] = (
    # Formats with a magic number or keyword first, tables of numbers last: the first that recognises a file reads it.
    npz.FORMAT,
    bvh.FORMAT,
    asf_amc.FORMAT,
    c3d.FORMAT,
    trc.FORMAT,
    OPENPOSE,
    COCO,
    MEDIAPIPE,
    NTU,
    KINECT_SDK,
    KGBD,
    KINECT_CELLS,
    CSV_JOINTS,
    CSV_FRAMES,
)


def find_format(path: Path) -> Format:
    """Return the format of a file, or of a folder of frames, by looking at its content.

    Raises
    ------
    DataError
        If there is no such path.
    FormatError
        If it cannot be opened, is empty, or no format recognises it; the message says what was found.
    """
    try:
        if path.is_dir():
            head = b""
        elif path.is_file():
            with path.open("rb") as file:
                head = file.read(HEAD_BYTES)
        elif path.exists():
            raise FormatError(f"{path}: is neither a file nor a folder, expected a recording")
        else:
            raise DataError(f"{path}: there is no such file or folder")
    except OSError as error:
        raise FormatError(f"{path}: cannot be opened: {error.strerror or error}") from error
    if not head and not path.is_dir():
        raise FormatError(f"{path}: is empty, expected a recording")
    for candidate in FORMATS:
        if candidate.recognise(path, head):
            return candidate
    raise FormatError(f"{path}: {_describe(path, head)}; himpc reads {', '.join(f.name for f in FORMATS)}")


def format_named(name: str) -> Format:
    """Return a format by its short name.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    for known in FORMATS:
        if known.name == name.lower():
            return known
    raise ConfigError(f"unknown format {name!r}: choose one of {', '.join(f.name for f in FORMATS)}")


def _describe(path: Path, head: bytes) -> str:
    """Say what a path that no format recognises looks like."""
    if path.is_dir():
        return "is a folder that holds no frames of a recording"
    if head[4:8] == b"ftyp" or head[:4] in (b"RIFF", b"\x1aE\xdf\xa3"):
        return "is a video: himpc pose makes recordings of the people in it"
    if b"\0" in head or sum(byte < 9 or 13 < byte < 32 for byte in head) > len(head) // 20:
        return f"is a binary file of no known format (it begins {head[:8].hex(' ')})"
    first = next((line.strip() for line in head.decode("utf-8", "replace").splitlines() if line.strip()), "")
    return f"is a text file of no known format (it begins {first[:40]!r})"

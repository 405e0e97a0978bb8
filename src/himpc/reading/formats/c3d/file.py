"""The C3D file: header, parameters and points, all checked against the size of the file.

The C3D file format user guide (c3d.org): blocks of 512 bytes; a header of 16-bit words; groups of named parameters;
frames of points, each x, y, z and a word that is negative where the point was not seen. Integers or floats, of three
kinds of processor. This is a Python parser and not a C++ library, because a damaged file must never end the process.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.formats.c3d.extent import Header, find_extent
from himpc.reading.formats.c3d.parameters import Parameters, decode_floats, number, parse_parameters
from himpc.reading.formats.parsing.positions import check_memory, mask_missing
from himpc.recordings import MAX_FPS, MIN_FPS

__all__ = ["C3DFile", "find_rate", "open_c3d", "open_parameters", "read_points"]

_BLOCK = 512
_CHECKED_FRAMES = 50
"""Frames that are checked for marks of points that were not seen."""

_PROCESSORS = {84: "<", 85: "dec", 86: ">"}
_NAMES = {None: "", "<": "Intel", "dec": "DEC", ">": "MIPS"}
_MAX_DEVIATION = 0.02
"""Relative difference between two frame rates above which they contradict each other."""


@dataclass(frozen=True)
class C3DFile:
    """The position of the points in a C3D file, and its parameters.

    Attributes
    ----------
    processor : str
        ``<`` for Intel, ``>`` for MIPS, ``dec`` for DEC.
    points, frames, analog : int
        Number of points and of analog values in a frame, and number of frames.
    scale : float
        The unit of integer points in the unit of length; negative where points are floats.
    rate : float or None
        Frames per second.
    start : int
        Offset of the frames in bytes.
    parameters : dict
        Values by (group, name), both in capitals.
    marks_points : bool
        Whether the word after a point tells if it was seen; some programs write -1 for all of them.
    notes : tuple of str
        What the file states that its size or other parts contradict.
    """

    processor: str
    points: int
    frames: int
    analog: int
    scale: float
    rate: float | None
    start: int
    parameters: Parameters
    marks_points: bool = True
    notes: tuple[str, ...] = ()

    def strings(self, name: str) -> tuple[str, ...]:
        """Return a text parameter of the group POINT, empty where it is absent."""
        value = self.parameters.get(("POINT", name), ())
        return tuple(item for item in value if isinstance(item, str))

    @property
    def labels(self) -> list[str]:
        """The label of each point; LABELS holds 255 of them, LABELS2 the next."""
        labels = list(self.strings("LABELS"))
        for part in range(2, 2 + self.points // 255):
            labels += self.strings(f"LABELS{part}")
        return (labels + [""] * self.points)[: self.points]


def open_c3d(path: Path) -> C3DFile:
    """Read the header and the parameters of a C3D file and check that it holds all its frames."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            header, parameters, processor, processor_notes = open_parameters(path, file)
            file.seek((header.parameter_block - 1) * _BLOCK + 2)
            end_block = header.parameter_block + int.from_bytes(file.read(1), "little")
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {error.strerror or error}") from error
    extent = find_extent(path, header, parameters, processor, size, end_block)
    check_memory(path, 1, extent.frames, extent.points)
    rate, notes = find_rate(header, parameters)
    counts = extent.points, extent.frames, extent.analog
    opened = C3DFile(
        processor,
        *counts,
        extent.scale,
        rate,
        extent.start,
        parameters,
        notes=(*processor_notes, *extent.notes, *notes),
    )
    return _ignore_invalid_marks(path, opened)


def _ignore_invalid_marks(path: Path, file: C3DFile) -> C3DFile:
    """Ignore the words that mark points as not seen if they mark all points, although these have positions."""
    frames = np.unique(np.linspace(0, file.frames - 1, _CHECKED_FRAMES).astype(int))
    values = _decode(_map(path, file)[frames, : 4 * file.points], file).reshape(-1, 4)
    positions = values[np.isfinite(values[:, :3]).all(axis=1), :3]
    if (values[:, 3] >= 0).any() or len(np.unique(positions[(positions != 0).any(axis=1)], axis=0)) < 2:
        return file
    note = "every point is marked as not seen although it has a position: the marks are ignored"
    return replace(file, marks_points=False, notes=(*file.notes, note))


def read_points(path: Path, file: C3DFile, columns: list[int]) -> NDArray[np.float64]:
    """Read some of the points, ``(frames, columns, 3)`` in the file's unit; NaN where not seen."""
    raw = _map(path, file)
    values = _decode(np.stack([raw[:, 4 * column : 4 * column + 4] for column in columns], axis=1), file)
    points = values[..., :3] * (1.0 if file.scale < 0 else file.scale)
    is_seen = np.isfinite(points).all(axis=2) & ((values[..., 3] >= 0) | (not file.marks_points))
    points[~is_seen] = np.nan
    return mask_missing(points)


def _map(path: Path, file: C3DFile) -> NDArray[Any]:
    """Return the words of all frames ``(frames, 4 points + analog)``."""
    kind = {"<": "<", ">": ">", "dec": "<"}[file.processor] + ("u4" if file.scale < 0 else "i2")
    shape = file.frames, 4 * file.points + file.analog
    try:
        return np.memmap(path, dtype=kind, mode="r", offset=file.start, shape=shape)
    except (OSError, ValueError) as error:
        raise FormatError(f"{path}: its frames cannot be read: {error}") from error


def _decode(words: NDArray[Any], file: C3DFile) -> NDArray[np.float64]:
    return decode_floats(words, file.processor) if file.scale < 0 else words.astype(np.float64)


def open_parameters(path: Path, file: BinaryIO) -> tuple[Header, Parameters, str, tuple[str, ...]]:
    """Read the header and the parameters of a C3D file, the kind of its processor, and notes."""
    words = file.read(_BLOCK)
    if words[:2] == b"\0\x50":  # where else the parameters begin
        words = b"\x02" + words[1:]
    if len(words) < _BLOCK or words[1] != 0x50:
        raise FormatError(f"{path}: is not a C3D file, or truncated within its header of {_BLOCK} bytes")
    at = (words[0] - 1) * _BLOCK
    file.seek(at)
    start = file.read(4)
    plausible = [kind for kind in _PROCESSORS.values() if _is_plausible(Header.parse(words, kind))]
    only = plausible[0] if len(plausible) == 1 else None
    stated = _PROCESSORS.get(start[3], only) if len(start) == 4 else None
    processor = only if stated and only and stated not in plausible else stated
    notes = () if processor == stated else (f"numbers are those of {_NAMES[only]} processors, as the header shows",)
    if processor is None:
        raise FormatError(f"{path}: has no parameters at byte {at}; the file is truncated or damaged")
    header = Header.parse(words, processor)
    # The parameters end where the points begin; some programs count their blocks too low.
    blocks = max(start[2], header.data_block - header.parameter_block)
    section = start + file.read(max(blocks * _BLOCK - 4, 0))
    if len(section) < start[2] * _BLOCK:
        raise FormatError(f"{path}: is truncated within its parameters ({start[2]} blocks of {_BLOCK} bytes)")
    return header, parse_parameters(path, section, processor), processor, notes


def _is_plausible(header: Header) -> bool:
    """Return whether a header makes sense, so that it was written by the processor by which it was parsed."""
    return header.data_block > header.parameter_block and MIN_FPS <= header.rate <= MAX_FPS and header.points > 0


def find_rate(header: Header, parameters: Parameters) -> tuple[float | None, tuple[str, ...]]:
    """Return the frame rate: that of the parameters, of the header, of the analog samples, or of the cameras."""
    analog = number(parameters, "ANALOG", "RATE")
    rates = [number(parameters, "POINT", "RATE"), header.rate]
    rates += [
        analog / header.samples if analog and header.samples else None,
        number(parameters, "TRIAL", "CAMERA_RATE"),
    ]
    valid = [rate for rate in rates if rate is not None and MIN_FPS <= rate <= MAX_FPS]
    if not valid:
        return rates[0], ()
    stated = {f"{rate:g}" for rate in valid if abs(rate / valid[0] - 1) > _MAX_DEVIATION}
    notes = (f"the file states {' and '.join(sorted(stated))} frames a second elsewhere",) if stated else ()
    return valid[0], notes

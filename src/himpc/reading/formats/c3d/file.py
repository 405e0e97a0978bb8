"""The C3D file: header, parameters and points, all checked against the size of the file.

The C3D file format user guide (c3d.org): blocks of 512 bytes; a header of 16-bit words; groups of named parameters;
frames of points, each x, y, z and a word that is negative where the point was not seen. Integers or floats, of three
kinds of processor. This is a Python parser and not a C++ library, because a damaged file must never end the process.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.formats.parsing.text import check_memory

__all__ = ["C3DFile", "Parameters", "open_c3d", "read_points"]

_BLOCK = 512
_PROCESSORS = {84: "<", 85: "dec", 86: ">"}
_MAX_COUNT = 65535

Value = tuple[str, ...] | tuple[float, ...]
Parameters = dict[tuple[str, str], Value]


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
    rate : float
        Frames per second.
    start : int
        Offset of the frames in bytes.
    parameters : dict
        Values by (group, name), both in capitals.
    """

    processor: str
    points: int
    frames: int
    analog: int
    scale: float
    rate: float
    start: int
    parameters: Parameters

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
            return _open(path, file, size)
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {error.strerror or error}") from error


def read_points(path: Path, file: C3DFile, columns: list[int]) -> NDArray[np.float64]:
    """Read some of the points, ``(frames, columns, 3)`` in the file's unit; NaN where not seen."""
    width = 4 * file.points + file.analog
    kind = {"<": "<", ">": ">", "dec": "<"}[file.processor] + ("u4" if file.scale < 0 else "i2")
    try:
        raw = np.memmap(path, dtype=kind, mode="r", offset=file.start, shape=(file.frames, width))
    except (OSError, ValueError) as error:
        raise FormatError(f"{path}: its frames cannot be read: {error}") from error
    words = np.stack([raw[:, 4 * column : 4 * column + 4] for column in columns], axis=1)
    values = _floats(words, file.processor) if file.scale < 0 else words.astype(np.float64)
    points = values[..., :3] * (1.0 if file.scale < 0 else file.scale)
    unseen = ~(values[..., 3] >= 0) | (points == 0).all(axis=2) | ~np.isfinite(points).all(axis=2)
    points[unseen] = np.nan
    return points


def _open(path: Path, file: BinaryIO, size: int) -> C3DFile:
    header = file.read(_BLOCK)
    if len(header) < _BLOCK or header[1] != 0x50 or header[0] == 0:
        raise FormatError(f"{path}: is not a C3D file, or truncated within its header of {_BLOCK} bytes")
    at = (header[0] - 1) * _BLOCK
    file.seek(at)
    start = file.read(4)
    if len(start) < 4 or start[3] not in _PROCESSORS:
        raise FormatError(f"{path}: has no parameters at byte {at}; the file is truncated or damaged")
    processor = _PROCESSORS[start[3]]
    order = ">" if processor == ">" else "<"
    points, analog, first, last = struct.unpack(order + "4H", header[2:10])
    data_block = struct.unpack(order + "H", header[16:18])[0]
    blocks = start[2] or max(data_block - header[0], 0)
    section = start + file.read(max(blocks * _BLOCK - 4, 0))
    if len(section) < blocks * _BLOCK:
        raise FormatError(f"{path}: is truncated within its parameters ({blocks} blocks of {_BLOCK} bytes)")
    parameters = _ParameterParser(path, section, processor).parse()
    header_floats = _floats(np.frombuffer(header[12:16] + header[20:24], order + "u4"), processor)
    frames = _frame_count(parameters, first, last)
    scale, rate = (
        _number(parameters, ("POINT", name), float(value))
        for name, value in zip(("SCALE", "RATE"), header_floats, strict=True)
    )
    if points == 0:
        raise FormatError(f"{path}: holds no markers")
    if not np.isfinite(scale) or scale == 0 or frames < 1 or data_block < 1:
        raise FormatError(
            f"{path}: its header is damaged: {frames} frames, scale {scale:g}, data at block {data_block}"
        )
    begin, cell = (data_block - 1) * _BLOCK, 4 if scale < 0 else 2
    n_bytes = frames * (4 * points + analog) * cell
    if begin + n_bytes > size:
        raise FormatError(
            f"{path}: is truncated: {frames} frames of {points} points need {n_bytes} bytes from byte {begin}, "
            f"but the file has {size} bytes"
        )
    check_memory(path, 1, frames, points)
    return C3DFile(processor, points, frames, analog, scale, rate, begin, parameters)


def _frame_count(parameters: Parameters, first: int, last: int) -> int:
    """Return the number of frames; the header counts to 65535 only, and parameters hold larger numbers."""
    if last < _MAX_COUNT:
        return last - first + 1
    trial = [parameters.get(("TRIAL", f"ACTUAL_{end}_FIELD"), ()) for end in ("START", "END")]
    if all(len(value) >= 2 and not isinstance(value[0], str) for value in trial):
        begin, end = (int(value[0]) % 65536 + 65536 * (int(value[1]) % 65536) for value in trial)
        return end - begin + 1
    frames = _number(parameters, ("POINT", "LONG_FRAMES"), last - first + 1)
    return int(frames) if np.isfinite(frames) else 0


def _number(parameters: Parameters, key: tuple[str, str], otherwise: float) -> float:
    value = parameters.get(key, ())
    return value[0] if value and isinstance(value[0], float) else otherwise


def _floats(words: NDArray[np.unsignedinteger], processor: str) -> NDArray[np.float64]:
    """Decode 32-bit words; a DEC float has its halves exchanged and is four times as large as the IEEE one."""
    kind = words.dtype.byteorder if words.dtype.byteorder in "<>" else "="
    halves = np.ascontiguousarray(words).view(f"{kind}u2").reshape(*words.shape, 2)
    ordered = halves[..., ::-1] if processor == "dec" else halves
    with np.errstate(invalid="ignore"):  # a damaged word may be a signalling NaN
        values = np.ascontiguousarray(ordered).view(f"{kind}f4")[..., 0].astype(np.float64)
    return values / 4 if processor == "dec" else values


class _ParameterParser:
    """Parser of a parameter section; it never reads outside the section."""

    def __init__(self, path: Path, section: bytes, processor: str) -> None:
        self.path, self.section, self.processor = path, section, processor
        self.order = ">" if processor == ">" else "<"

    def _take(self, at: int, count: int) -> bytes:
        """Return `count` bytes, all of them within the section."""
        if count < 0 or at + count > len(self.section):
            raise FormatError(f"{self.path}: its parameters are damaged at byte {at} of their section")
        return self.section[at : at + count]

    def parse(self) -> Parameters:
        """Parse the values of all parameters whose group has a name."""
        groups: dict[int, str] = {}
        values: dict[tuple[int, str], Value] = {}
        at = 4
        while at + 2 <= len(self.section):
            length, number = struct.unpack("bb", self._take(at, 2))
            if length == 0 or number == 0:
                break
            name = self._take(at + 2, abs(length)).decode("latin-1").strip().upper()
            at += 2 + abs(length)
            offset = struct.unpack(self.order + "H", self._take(at, 2))[0]
            if number < 0:
                groups[-number] = name
            else:
                values[number, name] = self._value(at + 2)
            if offset == 0:
                break
            at += offset
        return {(groups[number], name): value for (number, name), value in values.items() if number in groups}

    def _value(self, at: int) -> Value:
        """Parse the strings or numbers of a parameter."""
        kind, rank = struct.unpack("bB", self._take(at, 2))
        if kind not in (-1, 1, 2, 4) or rank > 7:
            raise FormatError(f"{self.path}: its parameters are damaged at byte {at} of their section")
        shape = tuple(self._take(at + 2, rank))
        data = self._take(at + 2 + rank, prod(shape) * abs(kind))
        if kind == -1:
            width = shape[0] if shape else 1
            places = range(0, len(data), width) if width else range(0)
            return tuple(data[i : i + width].decode("latin-1").strip(" \0") for i in places)
        if kind == 4:
            words = np.frombuffer(data, self.order + "u4")
            return tuple(float(value) for value in _floats(words, self.processor))
        return tuple(float(value) for value in np.frombuffer(data, "u1" if kind == 1 else self.order + "i2"))

"""Where the points of a C3D file are, and how many: what the size of the file confirms of its header and parameters."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

from himpc.errors import FormatError
from himpc.reading.formats.c3d.parameters import Parameters, decode_floats, number, numbers
from himpc.reading.formats.parsing.timeline import count_note

__all__ = ["Extent", "Header", "find_extent"]

_BLOCK = 512
_MAX_COUNT = 65535
"""Largest number of a frame in the header."""

_MAX_VALUE = 1e7
"""Largest coordinate of a frame beyond the stated number of frames; other bytes there are no frames."""

_MIN_VALUE = 1e-30
"""Smallest coordinate but 0; pairs of integers are smaller floats."""


@dataclass(frozen=True)
class Header:
    """The first block of a file.

    Attributes
    ----------
    parameter_block, data_block : int
        The blocks, from 1, at which parameters and points begin.
    points, analog, samples : int
        Number of points, of analog values and of analog samples in a frame.
    first, last : int
        Numbers of the first and last frame, modulo 65536.
    scale, rate : float
        The unit of integer points, negative where points are floats, and frames a second.
    """

    parameter_block: int
    data_block: int
    points: int
    analog: int
    samples: int
    first: int
    last: int
    scale: float
    rate: float

    @classmethod
    def parse(cls, words: bytes, processor: str) -> Header:
        """Parse the first block."""
        order = ">" if processor == ">" else "<"
        points, analog, first, last = struct.unpack(order + "4H", words[2:10])
        data_block, samples = struct.unpack(order + "2H", words[16:20])
        scale, rate = decode_floats(np.frombuffer(words[12:16] + words[20:24], order + "u4"), processor)
        return cls(words[0], data_block, points, analog, samples, first, last, float(scale), float(rate))


@dataclass(frozen=True)
class Extent:
    """The points of a file: their number in a frame, the analog values after them, frames, scale and first byte."""

    points: int
    analog: int
    frames: int
    scale: float
    start: int
    notes: tuple[str, ...] = ()

    @property
    def frame_bytes(self) -> int:
        """Bytes of a frame."""
        return (4 * self.points + self.analog) * (4 if self.scale < 0 else 2)


def find_extent(
    path: Path, header: Header, parameters: Parameters, processor: str, size: int, end_block: int
) -> Extent:
    """Find the points, by the combination of what header and parameters state that fills the file.

    Parameters
    ----------
    size : int
        Bytes of the file.
    end_block : int
        The block, from 1, after the parameters.

    Raises
    ------
    FormatError
        If the file does not hold a single frame.
    """
    if header.points == 0 and not number(parameters, "POINT", "USED"):
        raise FormatError(
            f"{path}: holds no markers, as a file of force plates or muscles alone",
            hint="export the trial with its markers",
        )
    poses = int(number(parameters, "ROTATION", "DATA_START") or 0) % 65536  # poses of segments may follow
    later = [block for block in (header.parameter_block, poses) if block > header.data_block > 0]
    end = min([size, *((block - 1) * _BLOCK for block in later)])
    stated = list(dict.fromkeys(_stated_frames(header, parameters)))
    combinations = list(_combinations(header, parameters, end_block))
    trusted_kind = combinations[0].scale < 0 if combinations else False
    if not combinations:
        raise FormatError(
            f"{path}: its header is damaged: frames {header.first} to {header.last}, scale {header.scale:g}, data at "
            f"block {header.data_block}"
        )
    others = [replace(extent, scale=-extent.scale) for extent in combinations]
    for extent, frames in product([*combinations, *others], stated):
        if 0 <= end - extent.start - frames * extent.frame_bytes < _BLOCK and (
            (extent.scale < 0) == trusted_kind or _are_floats(path, extent, processor, frames) == (extent.scale < 0)
        ):
            return _with_notes(extent, frames, stated, combinations[0], header)
    extent, first = combinations[0], next(iter(stated), 0)
    held = max(end - extent.start, 0) // extent.frame_bytes
    if held < 1 and first < 1:
        raise FormatError(f"{path}: holds no frames, as a file of events alone")
    if held < 1:
        raise FormatError(
            f"{path}: is truncated: {first} frames of {extent.points} points need {first * extent.frame_bytes} "
            f"bytes from byte {extent.start}, but the file has {size} bytes"
        )
    if held > first and not _are_frames(path, extent, processor, first, held):
        if first < 1:
            raise FormatError(f"{path}: states no frames, and holds none")
        held = first
    return _with_notes(extent, held, stated, extent, header)


def _stated_frames(header: Header, parameters: Parameters) -> Iterator[int]:
    """Yield the numbers of frames that are stated; the header counts to 65535 only, and starts again at 0."""
    begin, end = (numbers(parameters, "TRIAL", f"ACTUAL_{which}_FIELD") for which in ("START", "END"))
    counts: list[float] = []
    if len(begin) >= 2 and len(end) >= 2:
        low, high = ((int(v[0]) % 65536) + 65536 * (int(v[1]) % 65536) for v in (begin, end))
        counts.append(high - low + 1)
    long = [number(parameters, "POINT", name) for name in ("LONG_FRAMES", "FRAMES")]
    counts += [count % 65536 if count < 0 else count for count in long if count is not None]
    own = header.last - header.first + 1
    counts = [*counts, own % 65536] if header.last == _MAX_COUNT or own < 1 else [own, *counts]
    yield from (int(count) for count in counts if 1 <= count < 2**31)


def _combinations(header: Header, parameters: Parameters, end_block: int) -> Iterator[Extent]:
    """Yield the extents, of no frames yet, that are stated; the most trusted first.

    Last come points that begin at `end_block`, where the parameters end.
    """
    used, data_start, scale = (number(parameters, "POINT", name) for name in ("USED", "DATA_START", "SCALE"))
    channels = number(parameters, "ANALOG", "USED")
    points = [int(n) for n in (header.points, used) if n is not None and 1 <= n <= _MAX_COUNT]
    rates = [number(parameters, group, "RATE") or 0 for group in ("ANALOG", "POINT")]
    samples = [header.samples, round(min(rates[0] / rates[1], _MAX_COUNT)) if min(rates) > 0 else 1]
    analog = [header.analog, *([] if channels is None else [int(channels) * max(n, 1) for n in samples]), 0]
    scales = [value for value in (scale, header.scale) if value is not None and np.isfinite(value) and value != 0]
    blocks = [int(b) for b in (header.data_block, data_start, end_block) if b is not None and 2 <= b <= _MAX_COUNT]
    blocks = list(dict.fromkeys(blocks))
    by_kind = {value < 0: value for value in reversed(scales)}
    kinds = list(dict.fromkeys(value < 0 for value in scales))
    for block, kind, n_points, n_analog in product(blocks, kinds, points, analog):
        if 0 <= n_analog <= _MAX_COUNT:
            yield Extent(n_points, n_analog, 0, by_kind[kind], (block - 1) * _BLOCK)


def _are_floats(path: Path, extent: Extent, processor: str, frames: int) -> bool:
    """Return whether the frames of an extent, whose size fits, are floats and not integers of half as many bytes."""
    words = extent if extent.scale < 0 else replace(extent, scale=-1.0)
    held = frames if extent.scale < 0 else frames // 2
    return _are_frames(path, words, processor, 0, max(held, 1))


def _are_frames(path: Path, extent: Extent, processor: str, first: int, held: int) -> bool:
    """Return whether the bytes beyond the stated frames are frames: numbers of a plausible size, not all 0."""
    kind = {"<": "<", ">": ">", "dec": "<"}[processor] + ("u4" if extent.scale < 0 else "i2")
    width = 4 * extent.points + extent.analog
    try:
        raw = np.memmap(path, dtype=kind, mode="r", offset=extent.start, shape=(held, width))
    except (OSError, ValueError):
        return False
    words = raw[np.unique(np.linspace(first, held - 1, 100).astype(int)), : 4 * extent.points]
    values = decode_floats(words, processor) if extent.scale < 0 else words.astype(np.float64)
    values = np.abs(values.reshape(len(values), -1, 4)[..., :3])
    with np.errstate(invalid="ignore"):
        is_number = (values < _MAX_VALUE) & ((values > _MIN_VALUE) | (values == 0))
    return bool(is_number.all() and (values != 0).any(axis=(1, 2)).all())


def _with_notes(extent: Extent, frames: int, stated: list[int], trusted: Extent, header: Header) -> Extent:
    """Return an extent of some frames, with notes on what the file states otherwise."""
    wraps = header.last == _MAX_COUNT or (
        frames > _MAX_COUNT and (header.last - header.first + 1 - frames) % 65536 == 0
    )
    notes = () if wraps and frames > _MAX_COUNT else count_note("frames", next(iter(stated), 0), frames)
    if (extent.points, extent.analog) != (trusted.points, trusted.analog):
        notes += (
            f"a frame has {extent.points} points and {extent.analog} analog values, as the size of the file shows",
        )
    if (extent.scale < 0) != (trusted.scale < 0):
        notes += (f"points are {'floats' if extent.scale < 0 else 'integers'}, as the size of the file shows",)
    if extent.start != trusted.start:
        notes += (f"points begin at byte {extent.start}, as the size of the file shows",)
    return Extent(extent.points, extent.analog, frames, extent.scale, extent.start, notes)

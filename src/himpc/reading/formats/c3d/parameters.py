"""The parameters of a C3D file: groups of named strings and numbers."""

from __future__ import annotations

import struct
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError

__all__ = ["Parameters", "decode_floats", "number", "numbers", "parse_parameters"]

Value = tuple[str, ...] | tuple[float, ...]
_NEEDED = ("USED", "SCALE", "RATE", "LABELS", "UNITS")
"""The parameters of points that decide what is read, by the beginning of their names."""

Parameters = dict[tuple[str, str], Value]
"""Values by (group, name), both in capitals."""


def parse_parameters(path: Path, section: bytes, processor: str) -> Parameters:
    """Parse a parameter section; raise `FormatError` if it is damaged."""
    return _ParameterParser(path, section, processor).parse()


def numbers(parameters: Parameters, group: str, name: str) -> tuple[float, ...]:
    """Return the finite numbers of a parameter, none where it is absent or text."""
    return tuple(v for v in parameters.get((group, name), ()) if isinstance(v, float) and np.isfinite(v))


def number(parameters: Parameters, group: str, name: str) -> float | None:
    """Return the first number of a parameter, None where it is absent, text or not finite."""
    return next(iter(numbers(parameters, group, name)), None)


def decode_floats(words: NDArray[np.unsignedinteger], processor: str) -> NDArray[np.float64]:
    """Decode 32-bit words; a DEC float has its halves exchanged and is four times as large as the IEEE one."""
    kind = words.dtype.byteorder if words.dtype.byteorder in "<>" else "="
    halves = np.ascontiguousarray(words).view(f"{kind}u2").reshape(*words.shape, 2)
    ordered = halves[..., ::-1] if processor == "dec" else halves
    with np.errstate(invalid="ignore"):  # a damaged word may be a signalling NaN
        values = np.ascontiguousarray(ordered).view(f"{kind}f4")[..., 0].astype(np.float64)
    return values / 4 if processor == "dec" else values


def _decode(text: bytes) -> str:
    """Decode a text, of today's programs in UTF-8 and of older ones in Latin-1."""
    try:
        return text.decode("utf-8").strip(" \0")
    except UnicodeDecodeError:
        return text.decode("latin-1").strip(" \0")


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
        """Parse the values of all parameters whose group has a name; of several with one name, the first with a value.

        Damaged parameters are left out, except those that points cannot do without.
        """
        groups: dict[int, str] = {}
        values: dict[tuple[int, str], Value] = {}
        damaged: dict[tuple[int, str], FormatError] = {}
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
            elif not values.get((number, name)):
                try:
                    values[number, name] = self._value(at + 2)
                except FormatError as error:
                    damaged[number, name] = error
            if offset == 0:
                break
            at += offset
        for (number, name), damage in damaged.items():
            if groups.get(number, "POINT") == "POINT" and name.startswith(_NEEDED):
                raise damage
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
            return tuple(_decode(data[i : i + width]) for i in places)
        if kind == 4:
            words = np.frombuffer(data, self.order + "u4")
            return tuple(float(value) for value in decode_floats(words, self.processor))
        return tuple(float(value) for value in np.frombuffer(data, "u1" if kind == 1 else self.order + "i2"))

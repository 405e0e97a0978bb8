"""``.npy`` files of strangers: mapped into memory after their header was checked, never unpickled.

The header is one line of Python that numpy evaluates, and damage there raises errors of many kinds; here it must be
the line that `numpy.save` writes for a plain array. Format: numpy.lib.format, versions 1.0 and 2.0.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError

__all__ = ["open_npy"]

_MAGIC = b"\x93NUMPY"
_LENGTH_BYTES = {(1, 0): 2, (2, 0): 4}
_LONGEST_HEADER = 4096
_HEADER = re.compile(
    r"\{'descr': '(?P<type>[<>|][fiuO][0-9]{0,2})', 'fortran_order': (?P<fortran>True|False), "
    r"'shape': \((?P<shape>[0-9]{0,18}(?:, ?[0-9]{1,18})*),?\),? *\} *\n?"
)


def open_npy(path: Path, kinds: str) -> NDArray[np.generic]:
    """Return the array in a file, read only; its values stay on the disk until they are asked for.

    Parameters
    ----------
    kinds : str
        Kinds of numbers that are expected: ``"f"`` floats, ``"iu"`` whole numbers.

    Raises
    ------
    FormatError
        If the file cannot be read, is no such array, is shorter or longer than its header says, or holds pickles.
    """
    try:
        with path.open("rb") as file:
            found = _parse(path, file.read(_LONGEST_HEADER))
        dtype, shape, fortran, offset = found
        if dtype.kind not in kinds:
            what = "pickled objects" if dtype.hasobject else str(dtype)
            raise FormatError(f"{path}: holds {what}, expected {'floats' if 'f' in kinds else 'whole numbers'}")
        size, expected = path.stat().st_size, offset + math.prod(shape) * dtype.itemsize
        if size != expected or not math.prod(shape):
            raise FormatError(f"{path}: has {size} bytes, its header of shape {shape} says {expected}; fetch it again")
        return np.memmap(path, dtype=dtype, mode="r", offset=offset, shape=shape, order="F" if fortran else "C")
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {error.strerror or error}") from error


def _parse(path: Path, head: bytes) -> tuple[np.dtype[np.generic], tuple[int, ...], bool, int]:
    """Return type, shape, whether columns come first, and where the values start."""
    known = head.startswith(_MAGIC) and len(head) > 12
    count = _LENGTH_BYTES.get((head[6], head[7])) if known else None
    if count is None:
        raise FormatError(f"{path}: is not an .npy array of version 1 or 2; fetch the file again")
    start = 8 + count
    stop = start + int.from_bytes(head[8:start], "little")
    match = _HEADER.fullmatch(head[start:stop].decode("latin-1")) if stop <= len(head) else None
    if match is None:
        raise FormatError(f"{path}: has no header of a plain .npy array; fetch the file again")
    try:
        dtype = np.dtype(match["type"])
    except TypeError:
        raise FormatError(f"{path}: holds values of the unknown type {match['type']!r}") from None
    shape = tuple(int(number) for number in match["shape"].split(",") if number.strip())
    return dtype, shape, match["fortran"] == "True", stop

"""Memory-map untrusted ``.npy`` files after a check of their header; nothing is unpickled.

numpy evaluates the header as Python, and damage raises errors of many kinds there. Here the header must be exactly what
`numpy.save` writes for an array of numbers. Format: numpy.lib.format, versions 1.0 and 2.0.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError

_MAGIC = b"\x93NUMPY"
_LENGTH_BYTES = {(1, 0): 2, (2, 0): 4}
_MAX_HEADER_BYTES = 4096
_HEADER = re.compile(
    r"\{'descr': '(?P<type>[<>|][fiuO][0-9]{0,2})', 'fortran_order': (?P<fortran>True|False), "
    r"'shape': \((?P<shape>[0-9]{0,18}(?:, ?[0-9]{1,18})*),?\),? *\} *\n?"
)


def open_npy(path: Path, kinds: str) -> NDArray[np.generic]:
    """Map the array of a file into memory, read only.

    Parameters
    ----------
    kinds : str
        Expected kinds of numbers: ``"f"`` floats, ``"iu"`` integers.

    Raises
    ------
    FormatError
        If the file cannot be read, is not such an array, holds pickles, or is not as long as its header states.
    """
    try:
        with path.open("rb") as file:
            dtype, shape, fortran, offset = _parse_header(path, file.read(_MAX_HEADER_BYTES))
        if dtype.kind not in kinds:
            found = "pickled objects" if dtype.hasobject else str(dtype)
            raise FormatError(f"{path}: holds {found}, expected {'floats' if 'f' in kinds else 'integers'}")
        size, expected = path.stat().st_size, offset + math.prod(shape) * dtype.itemsize
        if size != expected or not math.prod(shape):
            raise FormatError(
                f"{path}: has {size} bytes, its header of shape {shape} states {expected}", hint="fetch the file again"
            )
        return np.memmap(path, dtype=dtype, mode="r", offset=offset, shape=shape, order="F" if fortran else "C")
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {error.strerror or error}") from error


def _parse_header(path: Path, head: bytes) -> tuple[np.dtype[np.generic], tuple[int, ...], bool, int]:
    """Return type, shape, whether the order is Fortran's, and the offset of the values."""
    is_npy = head.startswith(_MAGIC) and len(head) > 12
    length_bytes = _LENGTH_BYTES.get((head[6], head[7])) if is_npy else None
    if length_bytes is None:
        raise FormatError(f"{path}: is not an .npy array of version 1 or 2", hint="fetch the file again")
    start = 8 + length_bytes
    stop = start + int.from_bytes(head[8:start], "little")
    match = _HEADER.fullmatch(head[start:stop].decode("latin-1")) if stop <= len(head) else None
    if match is None:
        raise FormatError(f"{path}: does not have the header of an array of numbers", hint="fetch the file again")
    try:
        dtype = np.dtype(match["type"])
    except TypeError:
        raise FormatError(f"{path}: holds values of the unknown type {match['type']!r}") from None
    shape = tuple(int(number) for number in match["shape"].split(",") if number.strip())
    return dtype, shape, match["fortran"] == "True", stop

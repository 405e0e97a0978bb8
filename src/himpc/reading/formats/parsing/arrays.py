"""Arrays of numbers in ``.npz`` and ``.mat`` files of others, read within bounds and without pickles."""

from __future__ import annotations

import math
import struct
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.formats.parsing.text import HEAD_BYTES, MAX_BYTES, read_bytes
from himpc.recordings import read_npy_header

__all__ = ["is_npz", "npy_shape", "npz_names", "npz_shape", "read_mat", "read_npy", "read_npz", "to_float64"]

_COMPRESSED, _MATRIX = 15, 14
_MAT_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
"""NumPy types of the data types of a MAT file, without byte order."""

_MAT_CLASSES = range(6, 16)
"""Array classes of numbers: double, single, and integers of 8 to 64 bits."""


def is_npz(head: bytes) -> bool:
    """Return whether a file begins as an archive of NumPy arrays."""
    return head.startswith(b"PK\x03\x04") and b".npy" in head[30:300]


def npz_names(path: Path) -> list[str]:
    """Return the names of the arrays of an ``.npz``; none if it is no archive, or one of other files."""
    try:
        with zipfile.ZipFile(path) as archive:
            return [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
    except Exception:  # zipfile raises many kinds of errors for a damaged archive
        return []


def npy_shape(head: bytes) -> tuple[int, ...]:
    """Return the shape that the first bytes of an ``.npy`` state; empty if they are damaged."""
    try:
        file = BytesIO(head)
        major, _ = np.lib.format.read_magic(file)
        read_header = np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
        return tuple(read_header(file)[0])
    except Exception:  # NumPy's parser raises many kinds of errors for a damaged header
        return ()


def npz_shape(path: Path, name: str) -> tuple[int, ...]:
    """Return the shape that an array of an ``.npz`` states; empty if there is none of that name, or it is damaged."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as file:
            return npy_shape(file.read(HEAD_BYTES))
    except Exception:  # zipfile raises many kinds of errors for a damaged archive
        return ()


def read_npy(path: Path) -> NDArray[Any]:
    """Read the array of numbers or text of an ``.npy``.

    Raises
    ------
    FormatError
        If it is damaged, holds Python objects, or is larger than `MAX_BYTES`.
    """
    return _parse_npy(read_bytes(path), path, path.name)


def read_npz(path: Path, name: str) -> NDArray[Any]:
    """Read an array of numbers or text of an ``.npz``, compressed or not.

    Raises
    ------
    FormatError
        If it is damaged, holds Python objects, or is larger than `MAX_BYTES`.
    """
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as file:
            content = file.read(MAX_BYTES + 1)
    except Exception as error:  # zipfile raises many kinds of errors for a damaged archive
        raise FormatError(f"{path}: array {name!r} cannot be read: {str(error)[:80]}") from error
    if len(content) > MAX_BYTES:
        raise FormatError(f"{path}: array {name!r} is larger than {MAX_BYTES // 2**20} MiB")
    return _parse_npy(content, path, name)


def _parse_npy(content: bytes, path: Path, name: str) -> NDArray[Any]:
    file = BytesIO(content)
    shape, fortran, dtype = read_npy_header(file, len(content), path, name)
    count = math.prod(shape)
    values = np.frombuffer(content, dtype, offset=file.tell()) if count * dtype.itemsize else np.zeros(count, dtype)
    return values.reshape(shape, order="F" if fortran else "C")


def to_float64(values: NDArray[np.number]) -> NDArray[np.float64]:
    """Return numbers as float64; signalling NaNs of damaged files become quiet."""
    with np.errstate(invalid="ignore"):
        converted = values.astype(np.float64)
    return np.where(np.isnan(converted), np.nan, converted)


def read_mat(path: Path) -> dict[str, NDArray[np.float64]]:
    """Read the real arrays of numbers of a MATLAB file of version 5 to 7; cells, structures and text are left out.

    "MAT-File Format", MathWorks, level 5. Sizes are checked before memory is allocated. `scipy.io.loadmat` is not used,
    because some damaged files end the process inside it.

    Raises
    ------
    FormatError
        If the file is damaged.
    """
    content = read_bytes(path)
    order = {b"IM": "<", b"MI": ">"}.get(content[126:128])
    if order is None:
        raise FormatError(f"{path}: is no MATLAB file of version 5 to 7", hint="save it with the option -v7 in MATLAB")
    arrays: dict[str, NDArray[np.float64]] = {}
    remaining = MAX_BYTES
    for kind, data in _elements(content[128:], order, path):
        element = data
        if kind == _COMPRESSED:
            element = _decompress(data, remaining, path)
            remaining -= len(element)
            (kind, element), *_ = [*_elements(element, order, path), (0, b"")]
        if kind == _MATRIX and (found := _parse_matrix(element, order, path)):
            arrays[found[0]] = found[1]
    return arrays


def _elements(data: bytes, order: str, path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the type and content of each data element."""
    at = 0
    while at + 8 <= len(data):
        kind, size = struct.unpack_from(f"{order}II", data, at)
        start, end = at + 8, at + 8 + size
        if kind >> 16:  # a small element, whose content is in its tag
            kind, size = kind & 0xFFFF, kind >> 16
            start, end = at + 4, at + 4 + size
            at += 8
            if size > 4:
                raise FormatError(f"{path}: is damaged: an element of {size} bytes is stored as a small one")
        else:
            at = end if kind == _COMPRESSED else end + -size % 8
        if end > len(data):
            raise FormatError(f"{path}: is truncated within an element of {size} bytes")
        yield kind, data[start:end]


def _decompress(data: bytes, limit: int, path: Path) -> bytes:
    decoder = zlib.decompressobj()
    try:
        content = decoder.decompress(data, limit)
    except zlib.error as error:
        raise FormatError(f"{path}: is damaged: {error}") from error
    if decoder.unconsumed_tail:
        raise FormatError(f"{path}: holds more than {MAX_BYTES // 2**20} MiB", hint="split it into shorter recordings")
    return content


def _parse_matrix(data: bytes, order: str, path: Path) -> tuple[str, NDArray[np.float64]] | None:
    """Parse a matrix element; None if it is not of real numbers."""
    parts = list(_elements(data, order, path))[:4]
    if len(parts) < 4 or len(parts[0][1]) < 4:
        return None
    (flags,) = struct.unpack_from(f"{order}I", parts[0][1])
    if flags & 0xFF not in _MAT_CLASSES or flags & 0x800:
        return None
    kind, numbers = parts[3]
    if kind not in _MAT_TYPES or len(parts[1][1]) % 4:
        raise FormatError(f"{path}: is damaged: a matrix holds data of type {kind}")
    name = parts[2][1].decode("latin-1")
    shape = list(struct.unpack(f"{order}{len(parts[1][1]) // 4}i", parts[1][1]))
    dtype = np.dtype(order + _MAT_TYPES[kind])
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(numbers):
        raise FormatError(f"{path}: is damaged: {name[:40]!r} declares shape {shape}, which differs from its size")
    values = np.frombuffer(numbers, dtype) if numbers else np.zeros(0)
    return name, to_float64(values).reshape(shape, order="F")

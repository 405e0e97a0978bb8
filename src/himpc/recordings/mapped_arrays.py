"""Arrays that are too large for memory: mapped from files, and read and written block by block.

A mapped array reads from its file on access. The operating system keeps the pages that were read and counts them as
memory of the process, so loops over a whole array release the pages behind them.
"""

from __future__ import annotations

import math
import mmap
import os
import struct
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from himpc.errors import FormatError, RunFolderError

__all__ = ["MAPPED_BYTES", "iter_blocks", "map_array", "read_array", "read_npy_header", "release", "stack"]

MAPPED_BYTES = 2**28
"""Arrays of 256 MiB or more are mapped, smaller ones are kept in memory."""

BLOCK_BYTES = 2**24

T = TypeVar("T", bound=np.generic)


def iter_blocks(array: NDArray[T]) -> Iterator[NDArray[T]]:
    """Yield consecutive blocks of an array along its first axis, of about 16 MB, and release those behind."""
    row = array.itemsize * int(np.prod(array.shape[1:]))
    step = max(1, BLOCK_BYTES // max(row, 1))
    for start in range(0, len(array), step):
        yield array[start : start + step]
        release(array)


def stack(parts: Iterable[NDArray[np.float32]], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Concatenate arrays along the first axis.

    Parameters
    ----------
    parts : iterable of float32 array
        Used one at a time; those of a large result are never in memory together.
    shape : tuple of int
        Shape of the result. If it takes `MAPPED_BYTES` or more, the result is a read-only map of an unnamed file in the
        folder for temporary files (the environment variable ``TMPDIR``), which is removed with the array.

    Raises
    ------
    RunFolderError
        If the file cannot be written.
    """
    if _bytes(shape, np.float32) < MAPPED_BYTES:
        result = np.empty(shape, dtype=np.float32)
        filled = 0
        for part in parts:
            result[filled : filled + len(part)] = part
            filled += len(part)
        return result
    try:
        with tempfile.TemporaryFile() as file:
            for part in parts:
                file.write(np.ascontiguousarray(part).data)
            file.flush()
            return map_array(file, 0, shape, np.float32)
    except OSError as error:
        raise RunFolderError(
            f"{tempfile.gettempdir()}: {_bytes(shape, np.float32) / 2**30:.1f} GiB of frames or vectors cannot be "
            f"written: {error.strerror or error}",
            hint="set the environment variable TMPDIR to a folder with more space",
        ) from error


def map_array(file: IO[bytes], offset: int, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Map a part of an open file as a read-only array; the file may be closed afterwards."""
    before = offset % mmap.ALLOCATIONGRANULARITY
    size = before + _bytes(shape, dtype)
    mapped = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ, offset=offset - before)
    return np.ndarray(shape, dtype, buffer=mapped, offset=before)


def read_array(archive: zipfile.ZipFile, name: str, path: str | Path, kind: str, axes: int) -> NDArray[Any]:
    """Read an array of an open ``.npz`` that is not compressed, checking its declared type and size first.

    Arrays of `MAPPED_BYTES` or more are mapped.

    Parameters
    ----------
    archive : ZipFile
    name : str
        The key of the array.
    path : path
        The file, for errors.
    kind : str
        Its kind, as in `numpy.dtype.kind`.
    axes : int
        Its number of axes.

    Raises
    ------
    FormatError
        If it is missing, compressed, truncated, or of another kind or number of axes.
    """
    try:
        info = archive.getinfo(f"{name}.npy")
    except KeyError as error:
        raise FormatError(f"{path}: lacks the array {name!r}") from error
    size = os.fstat(archive.fp.fileno()).st_size if archive.fp else 0
    if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size or info.file_size > size:
        raise FormatError(f"{path}: array {name!r} is compressed or truncated", hint="write the file again")
    with archive.open(info) as file:
        shape, fortran, dtype = read_npy_header(file, info.file_size, path, name)
        if dtype.kind != kind or len(shape) != axes:
            raise FormatError(
                f"{path}: array {name!r} is {dtype} with shape {shape}, expected kind {kind!r}, {axes} axes"
            )
        count = math.prod(shape)
        header = file.tell()
        if count * dtype.itemsize >= MAPPED_BYTES and archive.fp and not fortran:
            offset = _content_offset(archive.fp, info) + header
            if offset + count * dtype.itemsize > size:
                raise FormatError(f"{path}: array {name!r} is truncated", hint="copy the file again")
            return map_array(archive.fp, offset, shape, dtype)
        values = np.zeros(count, dtype) if count * dtype.itemsize == 0 else np.frombuffer(file.read(), dtype)
    return values.reshape(shape, order="F" if fortran else "C")


def read_npy_header(
    file: IO[bytes], size: int, path: str | Path, name: str
) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read the header of an array in NumPy's format: its shape, whether it is in Fortran order, and its type.

    Parameters
    ----------
    file : binary file
        At the beginning of the array; afterwards at its first value.
    size : int
        The number of bytes of header and values.
    path, name
        The file and the array, for errors.

    Raises
    ------
    FormatError
        If the header is damaged or differs from the size, or the array holds Python objects.
    """
    try:
        major, _ = np.lib.format.read_magic(file)
        read_header = np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read_header(file)
    except Exception as error:  # NumPy's parser raises many kinds of errors for a damaged header
        raise FormatError(f"{path}: array {name!r} has a damaged header") from error
    if dtype.hasobject:
        raise FormatError(f"{path}: array {name!r} holds Python objects (a pickle), which are not read")
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != size - file.tell():
        raise FormatError(f"{path}: array {name!r} declares shape {shape}, which differs from its size")
    return shape, fortran, dtype


def _content_offset(file: IO[bytes], info: zipfile.ZipInfo) -> int:
    """Return the offset of the content of a member, after its name and extra field, whose lengths precede them."""
    file.seek(info.header_offset + 26)
    name, extra = struct.unpack("<HH", file.read(4))
    return info.header_offset + 30 + int(name) + int(extra)


def release(array: NDArray[Any]) -> None:
    """Release the memory of a mapped array, which is read again when needed; other arrays are not affected."""
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)


def _bytes(shape: tuple[int, ...], dtype: DTypeLike) -> int:
    return int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize

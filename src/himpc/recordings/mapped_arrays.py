"""Arrays that are too large for memory: mapped from files, and read and written block by block.

A mapped array reads from its file on access. The operating system keeps the pages that were read and counts them as
memory of the process, so loops over a whole array release the pages behind them.
"""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO, Any, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from himpc.errors import RunFolderError

__all__ = ["MAPPED_BYTES", "iter_blocks", "map_array", "release", "stack"]

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
            f"{tempfile.gettempdir()}: {_bytes(shape, np.float32) / 2**30:.1f} GiB of frames cannot be written: "
            f"{error.strerror or error}",
            hint="set the environment variable TMPDIR to a folder with more space",
        ) from error


def map_array(file: IO[bytes], offset: int, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Map a part of an open file as a read-only array; the file may be closed afterwards."""
    before = offset % mmap.ALLOCATIONGRANULARITY
    size = before + _bytes(shape, dtype)
    mapped = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ, offset=offset - before)
    return np.ndarray(shape, dtype, buffer=mapped, offset=before)


def release(array: NDArray[Any]) -> None:
    """Release the memory of a mapped array, which is read again when needed; other arrays are not affected."""
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)


def _bytes(shape: tuple[int, ...], dtype: DTypeLike) -> int:
    return int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize

"""Copy rows of integers and a vector to and from PostgreSQL in the binary format of COPY.

The format is described in the manual of PostgreSQL ("COPY", binary format). A vector of pgvector is two 16-bit
integers, its length and 0, and float32 numbers, all big-endian.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

__all__ = ["copy_in", "copy_out"]

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
BUFFER_BYTES = 8 << 20


def copy_in(
    connection: Connection, table: str, columns: Mapping[str, NDArray[np.int64]], vectors: NDArray[np.float32]
) -> None:
    """Append rows to a table: integers by the names of their columns, and vectors ``(N, D)``."""
    row = _row(tuple(columns), vectors.shape[1])
    step = max(1, BUFFER_BYTES // row.itemsize)
    names = ", ".join([*columns, "vector"])
    with _cursor(connection) as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.write(HEADER)
        for first in range(0, len(vectors), step):
            batch = slice(first, first + step)
            rows = np.zeros(len(vectors[batch]), dtype=row)
            rows["fields"] = len(columns) + 1
            for name, values in columns.items():
                rows[f"bytes of {name}"] = 8
                rows[name] = values[batch]
            rows["bytes of vector"], rows["length"] = 4 + 4 * vectors.shape[1], vectors.shape[1]
            rows["vector"] = vectors[batch]
            copy.write(rows.tobytes())
        copy.write(TRAILER)


def copy_out(
    connection: Connection, query: str, names: tuple[str, ...], size: int
) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield the rows of a query in batches: integers by their names, and vectors of length `size`."""
    row = _row(names, size)
    with _cursor(connection) as cursor, cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT BINARY)") as copy:
        buffer, skip = bytearray(), len(HEADER)
        for data in copy:
            buffer += data
            if len(buffer) > BUFFER_BYTES:
                count = (len(buffer) - skip) // row.itemsize
                yield _columns(np.frombuffer(buffer, row, count, skip), names)
                buffer, skip = buffer[skip + count * row.itemsize :], 0
        yield _columns(np.frombuffer(buffer, row, (len(buffer) - skip) // row.itemsize, skip), names)


def _columns(rows: NDArray[Any], names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    integers: dict[str, NDArray[Any]] = {name: rows[name].astype(np.int64) for name in names}
    return integers | {"vector": rows["vector"].astype(np.float32)}


def _cursor(connection: Connection) -> Any:
    return connection.connection.cursor()


def _row(names: tuple[str, ...], size: int) -> np.dtype[np.void]:
    integers = [part for name in names for part in ((f"bytes of {name}", ">i4"), (name, ">i8"))]
    vector = [("bytes of vector", ">i4"), ("length", ">i2"), ("unused", ">i2"), ("vector", ">f4", (size,))]
    return np.dtype([("fields", ">i2"), *integers, *vector])

"""Rows of whole numbers and a vector to and from PostgreSQL, in the binary form of COPY.

The form is that of the manual of PostgreSQL ("COPY", binary format); a vector of pgvector is two 16-bit numbers, its
length and 0, and float32s, all big-endian.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

__all__ = ["copy_in", "copy_out"]

_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
_BLOCK = 8 << 20
"""Bytes that are handed on at once."""


def copy_in(
    connection: Connection, table: str, columns: Mapping[str, NDArray[np.int64]], vectors: NDArray[np.float32]
) -> None:
    """Append rows to a table: whole numbers by the names of their columns, and vectors ``(N, D)``."""
    row = _row(tuple(columns), vectors.shape[1])
    step = max(1, _BLOCK // row.itemsize)
    names = ", ".join([*columns, "vector"])
    with _cursor(connection) as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.write(_HEAD)
        for first in range(0, len(vectors), step):
            some = slice(first, first + step)
            rows = np.zeros(len(vectors[some]), dtype=row)
            rows["fields"] = len(columns) + 1
            for name, values in columns.items():
                rows[f"bytes of {name}"] = 8
                rows[name] = values[some]
            rows["bytes of vector"], rows["length"] = 4 + 4 * vectors.shape[1], vectors.shape[1]
            rows["vector"] = vectors[some]
            copy.write(rows.tobytes())
        copy.write(_END)


def copy_out(
    connection: Connection, query: str, names: tuple[str, ...], size: int
) -> Iterator[dict[str, NDArray[Any]]]:
    """Return the rows of a query, some at a time: whole numbers by their names, and vectors of a size."""
    row = _row(names, size)
    with _cursor(connection) as cursor, cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT BINARY)") as copy:
        held, skip = bytearray(), len(_HEAD)
        for data in copy:
            held += data
            if len(held) > _BLOCK:
                count = (len(held) - skip) // row.itemsize
                yield _columns(np.frombuffer(held, row, count, skip), names)
                held, skip = held[skip + count * row.itemsize :], 0
        yield _columns(np.frombuffer(held, row, (len(held) - skip) // row.itemsize, skip), names)


def _columns(rows: NDArray[Any], names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    whole: dict[str, NDArray[Any]] = {name: rows[name].astype(np.int64) for name in names}
    return whole | {"vector": rows["vector"].astype(np.float32)}


def _cursor(connection: Connection) -> Any:
    return connection.connection.cursor()


def _row(names: tuple[str, ...], size: int) -> np.dtype[np.void]:
    whole = [part for name in names for part in ((f"bytes of {name}", ">i4"), (name, ">i8"))]
    vector = [("bytes of vector", ">i4"), ("length", ">i2"), ("unused", ">i2"), ("vector", ">f4", (size,))]
    return np.dtype([("fields", ">i2"), *whole, *vector])

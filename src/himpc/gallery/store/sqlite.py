"""A vector store in a folder, with SQLite: small, and opened in milliseconds."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sql
from numpy.typing import NDArray
from sqlalchemy import Connection

from himpc._files import make_folder
from himpc.errors import DamagedGalleryError, GalleryError, escape_unprintable
from himpc.gallery.catalog.sqlite import open_sqlite, truncate_log
from himpc.gallery.store.assembly import assemble_entries, assemble_pooled, assemble_windows, check_entries
from himpc.gallery.store.base import DAMAGE_HINT, Entries
from himpc.gallery.store.nearest import NearestNeighbours

__all__ = ["SqliteStore"]

FILE = "vectors.sqlite"

LOCK_TIMEOUT = 60.0
"""Seconds to wait for readers or another writer."""

BATCH_SIZE = 5_000
"""Recordings read together in a scan."""

_TABLES = {
    "pooled": "CREATE TABLE pooled (id INTEGER PRIMARY KEY, vector BLOB NOT NULL)",
    "windows": "CREATE TABLE windows (id INTEGER PRIMARY KEY, starts BLOB NOT NULL, vectors BLOB NOT NULL)",
}


class SqliteStore:
    """Embeddings in one file: a table of pooled vectors, and one of the windows of each recording.

    A search compares with all recordings: of 64 numbers each, 100,000 take about 0.2 s. A change is one transaction,
    so that a killed process leaves all of it or nothing. Erased bytes are overwritten, also in the write-ahead log.

    Parameters
    ----------
    folder : path
    size : int
        D, the length of each vector.
    make : bool
        Create the file if it does not exist.

    Raises
    ------
    GalleryError
        If there is no file, it is damaged, of another program or of vectors of another length, or cannot be read or
        written.
    """

    file_names = frozenset({FILE, f"{FILE}-wal", f"{FILE}-shm"})

    def __init__(self, folder: str | Path, size: int, *, make: bool = False) -> None:
        self.path, self.size = Path(folder) / FILE, size
        if make:
            make_folder(folder)
        elif not self._exists():
            raise DamagedGalleryError(f"{self.path}: is missing", hint=DAMAGE_HINT)
        can_write = os.access(folder, os.W_OK | os.X_OK) and (make or os.access(self.path, os.W_OK))
        self._engine = open_sqlite(self.path, LOCK_TIMEOUT, is_read_only=not can_write)
        with self._transaction(writes=make) as connection:
            self._check_tables(connection, make=make)

    def add(self, entries: Entries) -> None:
        """Store new embeddings durably; see `VectorStore`."""
        check_entries(entries, self.size)
        if not len(entries.ids):
            return
        edges = np.searchsorted(entries.of, np.arange(len(entries.ids) + 1))
        starts, windows = entries.starts.astype(np.int64), entries.windows.astype(np.float32)
        ids = entries.ids.tolist()
        pooled = [(id, vector.tobytes()) for id, vector in zip(ids, entries.pooled.astype(np.float32), strict=True)]
        spans = [slice(*edges[i : i + 2]) for i in range(len(ids))]
        rows = [(id, starts[span].tobytes(), windows[span].tobytes()) for id, span in zip(ids, spans, strict=True)]
        with self._transaction(writes=True) as connection:
            connection.exec_driver_sql("INSERT INTO pooled VALUES (?, ?)", pooled)
            connection.exec_driver_sql("INSERT INTO windows VALUES (?, ?, ?)", rows)

    def nearest(
        self, queries: NDArray[np.float32], k: int, *, exact: bool = False
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Find the nearest recordings to each query; see `VectorStore`. The search is always exact."""
        near = NearestNeighbours(queries, self.size, k)
        with self._transaction() as connection:
            rows = connection.exec_driver_sql("SELECT id, vector FROM pooled")
            while batch := rows.fetchmany(BATCH_SIZE):
                near.add(*self._pooled_rows(batch))
        return near.result()

    def pooled(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return pooled vectors; see `VectorStore`."""
        with self._transaction() as connection:
            return assemble_pooled(ids, *self._select_pooled(connection, ids))

    def entries(self, ids: NDArray[np.int64]) -> Entries:
        """Return all vectors of some recordings; see `VectorStore`."""
        with self._transaction() as connection:
            return assemble_entries(ids, self._select_pooled(connection, ids), self._select_windows(connection, ids))

    def windows(self, ids: NDArray[np.int64]) -> Entries:
        """Return the windows of some recordings; see `VectorStore`."""
        with self._transaction() as connection:
            return assemble_windows(ids, *self._select_windows(connection, ids))

    def ids(self) -> NDArray[np.int64]:
        """Return the ids of all recordings stored; see `VectorStore`."""
        with self._transaction() as connection:
            rows = connection.exec_driver_sql("SELECT id FROM pooled UNION SELECT id FROM windows ORDER BY id")
            return np.array(rows.scalars().all(), dtype=np.int64)

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Erase recordings; see `VectorStore`."""
        rows = [(id,) for id in ids.tolist()]
        with self._transaction(writes=True) as connection:
            for table in _TABLES if rows else ():
                connection.exec_driver_sql(f"DELETE FROM {table} WHERE id = ?", rows)
        self._truncate_log()  # in which also a killed process may have left vectors

    def index(self) -> bool:
        """Return False: there is no index; see `VectorStore`."""
        return False

    def check(self) -> list[str]:
        """Describe problems of the stored data; see `VectorStore`."""
        try:
            with self._transaction() as connection:
                status = str(connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar())
                if status != "ok":
                    return [f"{self.path}: is damaged ({escape_unprintable(status)})"]
                rows = connection.exec_driver_sql("SELECT vector FROM pooled UNION ALL SELECT vectors FROM windows")
                vectors = [np.frombuffer(content, dtype=np.float32) for content in rows.scalars()]
        except GalleryError as error:
            return [str(error)]
        invalid = sum(len(each) % self.size > 0 or not np.isfinite(each).all() for each in vectors)
        return [f"{self.path}: {invalid} of {len(vectors)} vectors are not finite"] if invalid else []

    def close(self) -> None:
        """Close the file."""
        self._engine.dispose()

    def _exists(self) -> bool:
        try:
            return self.path.is_file()
        except OSError as error:
            raise GalleryError(
                f"{self.path}: cannot be used ({error.strerror})", hint="check its permissions"
            ) from error

    def _check_tables(self, connection: Connection, *, make: bool) -> None:
        """Check that the tables are those of this store and size, or create them in a new file."""
        tables = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        found = {str(name): str(statement) for name, statement in tables}
        if make and not found:
            for statement in _TABLES.values():
                connection.exec_driver_sql(statement)
            connection.exec_driver_sql(f"PRAGMA user_version = {int(self.size)}")
            return
        if found != _TABLES:
            names = escape_unprintable(", ".join(sorted(found))) or "none"
            raise GalleryError(f"{self.path}: is not of a gallery: its tables are {names}")
        size = connection.exec_driver_sql("PRAGMA user_version").scalar()
        if size != self.size:
            raise GalleryError(
                f"{self.path}: holds vectors of {size} numbers, expected {self.size}: the gallery is of another model"
            )

    def _select_pooled(
        self, connection: Connection, ids: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        return self._pooled_rows(_select(connection, "id, vector", "pooled", ids))

    def _pooled_rows(self, rows: Sequence[Any]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        ids = np.array([row[0] for row in rows], dtype=np.int64)
        return ids, self._numbers([row[1] for row in rows], np.float32).reshape(len(rows), self.size)

    def _select_windows(
        self, connection: Connection, ids: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
        """Return the recording, the start and the vector of each window."""
        rows = _select(connection, "id, starts, vectors", "windows", ids)
        of = np.repeat(np.array([row[0] for row in rows], dtype=np.int64), [len(row[1]) // 8 for row in rows])
        starts = self._numbers([row[1] for row in rows], np.int64)
        return of, starts, self._numbers([row[2] for row in rows], np.float32).reshape(len(starts), self.size)

    def _numbers(self, contents: Sequence[bytes], dtype: Any) -> NDArray[Any]:
        return np.frombuffer(b"".join(contents), dtype=dtype)

    def _truncate_log(self) -> None:
        """Erase the write-ahead log, which holds copies of the pages that were changed."""
        with self._translate_errors():
            if not truncate_log(self._engine, LOCK_TIMEOUT):
                raise GalleryError(
                    f"{self.path}: other programs are reading it, so removed data is still in its write-ahead log",
                    hint="close these programs, then repeat the removal",
                )

    @contextmanager
    def _transaction(self, *, writes: bool = False) -> Iterator[Connection]:
        with self._translate_errors(), self._engine.connect() as connection:
            options = connection.execution_options(himpc_writes=writes)
            with options.begin():
                yield options

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """Raise errors of SQLite, and of contents of a wrong size or type, as `GalleryError`."""
        try:
            yield
        except sql.exc.IntegrityError as error:
            raise GalleryError(f"{self.path}: holds one of these recordings already") from error
        except sql.exc.DBAPIError as error:
            message = escape_unprintable(str(error.orig).strip().split("\n")[0])
            for part, problem, hint in _PROBLEMS:
                if part in message.lower():
                    raise GalleryError(f"{self.path}: {problem} ({message})", hint=hint) from error
            raise DamagedGalleryError(f"{self.path}: is damaged ({message})", hint=DAMAGE_HINT) from error
        except (ValueError, TypeError) as error:
            raise DamagedGalleryError(f"{self.path}: is damaged ({error})", hint=DAMAGE_HINT) from error


_PROBLEMS = (
    ("locked", "cannot be changed", "another program uses it: retry when it has finished"),
    ("readonly", "cannot be written", "check its permissions"),
    ("unable to open", "cannot be used", "check its permissions"),
    ("too big", "cannot hold so long a recording", "divide it"),
    ("full", "cannot be written", "make room on the disk and try again"),
    ("disk i/o", "cannot be written", "make room on the disk and try again"),
)
"""Parts of messages of SQLite, with the problem and the advice; other messages are of damaged files."""


def _select(connection: Connection, columns: str, table: str, ids: NDArray[np.int64]) -> Sequence[Any]:
    """Return columns of the rows with some ids, in any order."""
    query = f"SELECT {columns} FROM {table} WHERE id IN (SELECT value FROM json_each(?))"
    return connection.exec_driver_sql(query, (str(ids.tolist()),)).fetchall()

"""A vector store in PostgreSQL, with its extension pgvector."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sql
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine

from himpc._extras import require
from himpc.errors import ConfigError, DamagedGalleryError, GalleryError, escape_unprintable
from himpc.gallery.store.assembly import (
    MIN_INDEXED_ELEMENTS,
    assemble_entries,
    assemble_pooled,
    assemble_windows,
    check_entries,
)
from himpc.gallery.store.base import Entries
from himpc.gallery.store.nearest import EXTRA_CANDIDATES, NearestNeighbours
from himpc.gallery.store.postgres_copy import copy_in, copy_out

if TYPE_CHECKING:
    import psycopg
else:
    psycopg = require("psycopg", "postgres")

__all__ = ["PostgresStore"]

MAX_SIZE = 16_000
"""The longest vector of pgvector."""

MAX_INDEXED_SIZE, MAX_HALF_INDEXED_SIZE = 2_000, 4_000
"""The longest vectors that its HNSW index accepts as they are, and as 16-bit numbers."""

MIN_EF, MAX_EF = 200, 1_000
"""Candidates that a search of the index keeps: at least, and the limit of pgvector."""

CANDIDATES_PER_NEIGHBOUR = 4

ERASE_TIMEOUT = 120.0
"""Seconds to wait until no transaction sees the deleted rows any more."""

CREATE_TABLES = """
CREATE TABLE IF NOT EXISTS himpc_pooled (id bigint PRIMARY KEY, vector vector({size}) NOT NULL);
CREATE TABLE IF NOT EXISTS himpc_windows (id bigint NOT NULL, start bigint NOT NULL, vector vector({size}) NOT NULL);
CREATE INDEX IF NOT EXISTS himpc_windows_id ON himpc_windows (id);
CREATE TABLE IF NOT EXISTS himpc_unsettled (id bigint PRIMARY KEY);
ALTER TABLE himpc_pooled ALTER COLUMN vector SET STATISTICS 0;
ALTER TABLE himpc_windows ALTER COLUMN vector SET STATISTICS 0;
"""  # statistics would hold copies of vectors that erasing does not reach

TABLES = ("himpc_pooled", "himpc_windows", "himpc_unsettled")


class PostgresStore:
    """Embeddings in two tables: pooled vectors, a row a recording, and windows.

    Embeddings are added in one transaction. To erase, rows are deleted, and once no transaction can see them any more,
    both tables and their indexes are rewritten (``VACUUM FULL``). That takes as long as copying them and building the
    index, and searches wait meanwhile. The ids of recordings that are being added or erased are in a table of their
    own, so that `ids` returns them after a kill. The server's write-ahead log, backups and replicas are not reached.

    Vectors of up to 2,000 numbers are indexed as they are, of up to 4,000 as 16-bit numbers, longer ones not.

    Parameters
    ----------
    engine : Engine
        SQLAlchemy's engine, with the driver psycopg.
    size : int
        D, the length of each vector.
    make : bool
        Create the tables if they do not exist.
    indexed_from : int, optional
        The number of recordings from which on `index` builds an index; default where it pays.

    Raises
    ------
    ConfigError
        If vectors are longer than pgvector accepts.
    GalleryError
        If the server lacks pgvector or cannot be reached, or the tables are missing or hold vectors of another length.
    """

    file_names: frozenset[str] = frozenset(TABLES)

    def __init__(self, engine: Engine, size: int, *, make: bool = False, indexed_from: int | None = None) -> None:
        if size > MAX_SIZE:
            raise ConfigError(
                f"vectors have {size} numbers, pgvector accepts up to {MAX_SIZE}",
                hint="use a gallery in a folder, or a model with a smaller {hidden}",
            )
        self.engine, self.size = engine, size
        self.location = engine.url.render_as_string(hide_password=True)
        self.indexed_from = indexed_from if indexed_from is not None else max(10_000, MIN_INDEXED_ELEMENTS // size)
        with self._translate_errors():
            if make:
                self._create_tables()
            with engine.connect() as connection:
                self._check_tables(connection)

    def add(self, entries: Entries) -> None:
        """Store new embeddings durably; see `VectorStore`."""
        check_entries(entries, self.size)
        if not len(entries.ids):
            return
        with self._translate_errors():
            with self.engine.begin() as connection:
                self._unsettle(connection, entries.ids)
            with self.engine.begin() as connection:
                ids = entries.ids[entries.of]
                copy_in(connection, "himpc_windows", {"id": ids, "start": entries.starts}, entries.windows)
                copy_in(connection, "himpc_pooled", {"id": entries.ids}, entries.pooled)
                self._settle(connection, entries.ids)

    def nearest(
        self, queries: NDArray[np.float32], k: int, *, exact: bool = False
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Find the nearest recordings to each query; see `VectorStore`."""
        checked = NearestNeighbours(queries, self.size, k)
        if not len(queries):
            return checked.result()
        with self._translate_errors(), self.engine.connect() as connection:
            indexed = not exact and CANDIDATES_PER_NEIGHBOUR * k <= MAX_EF and self._has_index(connection)
            found = [self._search_one(connection, query, k, indexed) for query in checked.queries]
        ids, distances = (np.concatenate(each) for each in zip(*found, strict=True))
        return ids, distances

    def pooled(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return pooled vectors; see `VectorStore`."""
        with self._translate_errors(), self.engine.connect() as connection:
            found = self._rows(connection, f"SELECT id, vector FROM himpc_pooled WHERE {_has_id(ids)}")
        return assemble_pooled(ids, found["id"], found["vector"])

    def entries(self, ids: NDArray[np.int64]) -> Entries:
        """Return all vectors of some recordings; see `VectorStore`."""
        with self._translate_errors(), self.engine.connect() as connection:
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
            pooled = self._rows(connection, f"SELECT id, vector FROM himpc_pooled WHERE {_has_id(ids)}")
            query = f"SELECT id, start, vector FROM himpc_windows WHERE {_has_id(ids)}"
            windows = self._rows(connection, query, "start")
        return assemble_entries(
            ids, (pooled["id"], pooled["vector"]), (windows["id"], windows["start"], windows["vector"])
        )

    def windows(self, ids: NDArray[np.int64]) -> Entries:
        """Return the windows of some recordings; see `VectorStore`."""
        with self._translate_errors(), self.engine.connect() as connection:
            found = self._rows(connection, f"SELECT id, start, vector FROM himpc_windows WHERE {_has_id(ids)}", "start")
        return assemble_windows(ids, found["id"], found["start"], found["vector"])

    def ids(self) -> NDArray[np.int64]:
        """Return the ids of all recordings stored; see `VectorStore`."""
        query = "SELECT id FROM himpc_pooled UNION SELECT id FROM himpc_unsettled"
        with self._translate_errors(), self.engine.connect() as connection:
            return np.unique(np.fromiter(connection.execute(sql.text(query)).scalars(), dtype=np.int64))

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Erase recordings; see `VectorStore`."""
        if not len(ids):
            return
        with self._translate_errors():
            with self.engine.begin() as connection:
                self._unsettle(connection, ids)
                for table in ("himpc_windows", "himpc_pooled"):
                    connection.execute(sql.text(f"DELETE FROM {table} WHERE {_has_id(ids)}"))
                deleted = int(connection.execute(sql.text("SELECT CAST(pg_current_xact_id() AS text)")).scalar_one())
            with self._autocommit() as connection:
                self._wait_until_unseen(connection, deleted)
                for table in ("himpc_windows", "himpc_pooled"):
                    connection.execute(sql.text(f"VACUUM FULL {table}"))
                self._settle(connection, ids)

    def index(self) -> bool:
        """Build the index; see `VectorStore`."""
        with self._translate_errors(), self._autocommit() as connection:
            count = int(connection.execute(sql.text("SELECT count(*) FROM himpc_pooled")).scalar_one())
            if count < self.indexed_from or self.size > MAX_HALF_INDEXED_SIZE:
                connection.execute(sql.text("DROP INDEX IF EXISTS himpc_pooled_near"))
                return False
            if not self._has_index(connection):
                with self.engine.begin() as working:
                    working.execute(sql.text(f"SET LOCAL maintenance_work_mem = '{_memory(count, self.size)}MB'"))
                    column, kind = self._indexed("vector"), "vector" if self.size <= MAX_INDEXED_SIZE else "halfvec"
                    statement = f"CREATE INDEX himpc_pooled_near ON himpc_pooled USING hnsw (({column}) {kind}_l2_ops)"
                    working.execute(sql.text(statement))
            return True

    def check(self) -> list[str]:
        """Describe problems of the stored data; see `VectorStore`."""
        problems = []
        for table in ("himpc_pooled", "himpc_windows"):
            stored = invalid = 0
            try:
                with self._translate_errors(), self.engine.connect() as connection:
                    for rows in copy_out(connection, f"SELECT id, vector FROM {table}", ("id",), self.size):
                        stored += len(rows)
                        invalid += int((~np.isfinite(rows["vector"]).all(axis=1)).sum())
            except GalleryError as error:
                problems.append(str(error))
            if invalid:
                problems.append(f"{self.location}: {invalid} of {stored} vectors in {table} are not finite")
        return problems

    def close(self) -> None:
        """Close connections."""
        self.engine.dispose()

    def _create_tables(self) -> None:
        with self.engine.begin() as connection:
            query = "SELECT count(*) FROM pg_extension WHERE extname = 'vector'"
            if not connection.execute(sql.text(query)).scalar_one():
                try:
                    connection.execute(sql.text("CREATE EXTENSION vector"))
                except sql.exc.DBAPIError as error:
                    raise GalleryError(
                        f"{self.location}: the server lacks the extension pgvector",
                        hint="install it there, and let an administrator run: CREATE EXTENSION vector",
                    ) from error
            for line in CREATE_TABLES.format(size=self.size).strip().splitlines():
                connection.execute(sql.text(line))

    def _check_tables(self, connection: Connection) -> None:
        """Raise `GalleryError` unless all tables exist, with vectors of the right length."""
        query = "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = to_regclass(:table) "
        for table, column, expected in (
            *((name, "vector", f"vector({self.size})") for name in TABLES[:2]),
            (TABLES[2], "id", "bigint"),
        ):
            named = query + f"AND attname = '{column}' AND NOT attisdropped"
            found = connection.execute(sql.text(named), {"table": table}).scalar()
            if found is None:
                raise DamagedGalleryError(
                    f"{self.location}: the table {table} is missing",
                    hint="restore the gallery from a backup, or compute vectors again from stored skeletons: "
                    "{Gallery.repair()}",
                )
            if str(found).rpartition(".")[2] != expected:
                raise GalleryError(
                    f"{self.location}: {table} holds {found}, expected {expected}: the gallery is of another model"
                )

    def _search_one(
        self, connection: Connection, query: NDArray[np.float32], k: int, indexed: bool
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Search for one query, and rank by exact distances."""
        text = "'[" + ",".join(map(str, query.tolist())) + "]'::vector"
        near = NearestNeighbours(query[None], self.size, k)
        connection.execute(
            sql.text(f"SET LOCAL hnsw.ef_search = {min(MAX_EF, max(MIN_EF, CANDIDATES_PER_NEIGHBOUR * k))}")
        )
        connection.execute(sql.text(f"SET LOCAL enable_indexscan = {'on' if indexed else 'off'}"))
        by = f"{self._indexed('vector')} <-> {self._indexed(text)}" if indexed else f"vector <-> {text}"
        limit = CANDIDATES_PER_NEIGHBOUR * k if indexed else k + EXTRA_CANDIDATES
        found = self._rows(connection, f"SELECT id, vector FROM himpc_pooled ORDER BY {by} LIMIT {limit}")
        near.add(found["id"], found["vector"])
        return near.result() if len(found["id"]) >= k or not indexed else self._search_one(connection, query, k, False)

    def _indexed(self, expression: str) -> str:
        """Return an expression of a vector in the type of the index."""
        return expression if self.size <= MAX_INDEXED_SIZE else f"({expression}::halfvec({self.size}))"

    def _unsettle(self, connection: Connection, ids: NDArray[np.int64]) -> None:
        """Record that recordings are being added or erased, so that `ids` returns them after a kill."""
        note = "INSERT INTO himpc_unsettled SELECT unnest(CAST(:ids AS bigint[])) ON CONFLICT DO NOTHING"
        connection.execute(sql.text(note), {"ids": ids.tolist()})

    def _settle(self, connection: Connection, ids: NDArray[np.int64]) -> None:
        connection.execute(sql.text(f"DELETE FROM himpc_unsettled WHERE {_has_id(ids)}"))

    def _has_index(self, connection: Connection) -> bool:
        return connection.execute(sql.text("SELECT to_regclass('himpc_pooled_near')")).scalar() is not None

    def _rows(self, connection: Connection, query: str, *more: str) -> dict[str, NDArray[Any]]:
        """Return the columns of a query: id, other integers, and the vector."""
        names = ("id", *more)
        parts = list(copy_out(connection, query, names, self.size))
        integers = {name: np.concatenate([np.empty(0, np.int64), *(part[name] for part in parts)]) for name in names}
        vectors = [np.empty((0, self.size), np.float32), *(part["vector"] for part in parts)]
        return integers | {"vector": np.concatenate(vectors)}

    def _wait_until_unseen(self, connection: Connection, deleted: int) -> None:
        """Wait until no transaction sees the rows that one deleted, since they are kept until then."""
        ours = "CAST(CAST(:deleted AS text) AS xid8)"
        query = sql.text(
            "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND "
            f"(datname = current_database() OR datname IS NULL) AND GREATEST(age(backend_xmin), age(backend_xid)) >= "
            f"age(CAST({ours} AS xid))"
        )
        deadline = time.monotonic() + ERASE_TIMEOUT
        while connection.execute(query, {"deleted": str(deleted)}).scalar_one():
            if time.monotonic() > deadline:
                raise GalleryError(
                    f"{self.location}: other programs keep reading what was removed",
                    hint="end these programs, then remove again",
                )
            time.sleep(0.02)

    @contextmanager
    def _autocommit(self) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """Raise errors of the server as `GalleryError`."""
        try:
            yield
        except (sql.exc.DBAPIError, psycopg.Error) as error:
            message = escape_unprintable(str(getattr(error, "orig", error)).strip().split("\n")[0])
            raise GalleryError(f"{self.location}: {message}", hint=_advice(message)) from error


def _has_id(ids: NDArray[np.int64]) -> str:
    return f"id = ANY(CAST('{{{','.join(map(str, ids.tolist()))}}}' AS bigint[]))"


def _memory(count: int, size: int) -> int:
    """Return the megabytes that hold a whole index while it is built, from 64 to 1,024."""
    return min(1_024, max(64, 2 * count * (4 * size + 400) >> 20))


_ADVICE = {
    "password": "check user and password in the address",
    "authentication": "check user and password in the address",
    "does not exist": "check the address, and that the gallery was created there",
    "permission denied": "ask the server's administrator for the permission",
    "shared memory": "give the server more shared memory (/dev/shm of a container)",
    "space left": "make room on the server's disk and try again",
    "connect": "check that the server runs and the address is right",
    "terminat": "check that the server runs, and try again",
    "closed": "check that the server runs, and try again",
}


def _advice(message: str) -> str:
    found = (advice for part, advice in _ADVICE.items() if part in message.lower())
    return next(found, "see the server's log, and try again")

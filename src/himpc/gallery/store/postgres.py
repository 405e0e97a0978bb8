"""A store of embeddings in PostgreSQL, by its extension pgvector."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import sqlalchemy as sql
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine

from himpc.errors import ConfigError, GalleryError, escape_unprintable
from himpc.gallery.store.assembly import INDEXED_NUMBERS, check_entries, entries_of, pooled_of, windows_of
from himpc.gallery.store.base import Entries
from himpc.gallery.store.nearest import SPARE, Nearest
from himpc.gallery.store.postgres_copy import copy_in, copy_out

try:
    import psycopg
except ImportError as error:
    raise GalleryError("a gallery in PostgreSQL needs psycopg: pip install 'himpc[postgres]'") from error

__all__ = ["PostgresStore"]

_LONGEST = 16_000
"""Numbers in a vector of pgvector, ..."""

_INDEXED_FULL, _INDEXED_HALF = 2_000, 4_000
"""... in one that its HNSW index takes as it is, and in one that it takes as 16-bit numbers."""

_EF, _MOST_EF = 200, 1_000
"""Candidates that a search of the index keeps: at least, and pgvector's limit."""

_WIDER = 4
"""So many candidates for each one that is asked for."""

_PATIENCE = 120.0
"""Seconds to wait until nobody reads any more what was deleted."""

_MAKE = """
CREATE TABLE IF NOT EXISTS himpc_pooled (id bigint PRIMARY KEY, vector vector({size}) NOT NULL);
CREATE TABLE IF NOT EXISTS himpc_windows (id bigint NOT NULL, start bigint NOT NULL, vector vector({size}) NOT NULL);
CREATE INDEX IF NOT EXISTS himpc_windows_id ON himpc_windows (id);
CREATE TABLE IF NOT EXISTS himpc_unsettled (id bigint PRIMARY KEY);
ALTER TABLE himpc_pooled ALTER COLUMN vector SET STATISTICS 0;
ALTER TABLE himpc_windows ALTER COLUMN vector SET STATISTICS 0;
"""  # statistics would hold copies of vectors, which erasing does not reach

_TABLES = ("himpc_pooled", "himpc_windows", "himpc_unsettled")


class PostgresStore:
    """Embeddings in two tables: pooled vectors, a row a recording, and windows.

    What is added becomes true in one transaction. To erase, rows are deleted, and once no transaction can see them any
    more both tables and their indexes are written anew (``VACUUM FULL``): that takes as long as copying them and
    building the index, and who searches meanwhile waits. Numbers of recordings that are being added or erased stand in
    a table of their own, so `ids` tells of them after a kill, and `remove` erases what it left. The server's
    write-ahead log, its backups and replicas are its operator's to clear.

    Up to 2,000 numbers a vector are indexed as they are, up to 4,000 as 16-bit numbers, more not at all.

    Parameters
    ----------
    engine : Engine
        Of SQLAlchemy, with the driver psycopg.
    size : int
        D, the length of each vector.
    make : bool
        Make the tables; otherwise they must be there.
    indexed_from : int, optional
        Recordings from which on `index` builds an index; if not given, where it pays.

    Raises
    ------
    ConfigError
        If vectors are longer than pgvector takes.
    GalleryError
        If psycopg or pgvector is missing, the server cannot be reached, or there are no tables or tables of another
        size.
    """

    file_names: frozenset[str] = frozenset()

    def __init__(self, engine: Engine, size: int, *, make: bool = False, indexed_from: int | None = None) -> None:
        if size > _LONGEST:
            raise ConfigError(
                f"vectors have {size} numbers, pgvector takes {_LONGEST}: use a folder, or fewer --hidden"
            )
        self.engine, self.size = engine, size
        self.where = engine.url.render_as_string(hide_password=True)
        self.indexed_from = indexed_from if indexed_from is not None else max(10_000, INDEXED_NUMBERS // size)
        with self._told():
            if make:
                self._make()
            with engine.connect() as connection:
                self._check_tables(connection)

    def add(self, entries: Entries) -> None:
        """Keep some embeddings; when this returns they are on the disk, and found by `nearest`."""
        check_entries(entries, self.size)
        if not len(entries.ids):
            return
        with self._told():
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
        """Return the recordings whose pooled vectors are nearest to each query; see `himpc.gallery.store.base`."""
        checked = Nearest(queries, self.size, k)
        if not len(queries):
            return checked.result()
        with self._told(), self.engine.connect() as connection:
            indexed = not exact and _WIDER * k <= _MOST_EF and self._has_index(connection)
            found = [self._nearest(connection, query, k, indexed) for query in checked.queries]
        ids, distances = (np.concatenate(each) for each in zip(*found, strict=True))
        return ids, distances

    def pooled(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the pooled vectors of some recordings, in the order of `ids`; NaN for one that is not there."""
        with self._told(), self.engine.connect() as connection:
            found = self._rows(connection, f"SELECT id, vector FROM himpc_pooled WHERE {_among(ids)}")
        return pooled_of(ids, found["id"], found["vector"])

    def entries(self, ids: NDArray[np.int64]) -> Entries:
        """Return all that is kept of some recordings, in the order of `ids`, without those that are not there."""
        with self._told(), self.engine.connect() as connection:
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
            pooled = self._rows(connection, f"SELECT id, vector FROM himpc_pooled WHERE {_among(ids)}")
            query = f"SELECT id, start, vector FROM himpc_windows WHERE {_among(ids)}"
            windows = self._rows(connection, query, "start")
        return entries_of(ids, (pooled["id"], pooled["vector"]), (windows["id"], windows["start"], windows["vector"]))

    def windows(self, ids: NDArray[np.int64]) -> Entries:
        """Do as `entries`, without pooled vectors."""
        with self._told(), self.engine.connect() as connection:
            found = self._rows(connection, f"SELECT id, start, vector FROM himpc_windows WHERE {_among(ids)}", "start")
        return windows_of(ids, found["id"], found["start"], found["vector"])

    def ids(self) -> NDArray[np.int64]:
        """Return all recordings that anything is kept of, rising."""
        query = "SELECT id FROM himpc_pooled UNION SELECT id FROM himpc_unsettled"
        with self._told(), self.engine.connect() as connection:
            return np.unique(np.fromiter(connection.execute(sql.text(query)).scalars(), dtype=np.int64))

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Erase some recordings: when this returns, their vectors are in no table or index of the database."""
        if not len(ids):
            return
        with self._told():
            with self.engine.begin() as connection:
                self._unsettle(connection, ids)
                for table in ("himpc_windows", "himpc_pooled"):
                    connection.execute(sql.text(f"DELETE FROM {table} WHERE {_among(ids)}"))
                deleted = int(connection.execute(sql.text("SELECT CAST(pg_current_xact_id() AS text)")).scalar_one())
            with self._autocommit() as connection:
                self._wait_until_unseen(connection, deleted)
                for table in ("himpc_windows", "himpc_pooled"):
                    connection.execute(sql.text(f"VACUUM FULL {table}"))
                self._settle(connection, ids)

    def index(self) -> bool:
        """Make searching fast where that pays; return whether there is an index."""
        with self._told(), self._autocommit() as connection:
            count = int(connection.execute(sql.text("SELECT count(*) FROM himpc_pooled")).scalar_one())
            if count < self.indexed_from or self.size > _INDEXED_HALF:
                connection.execute(sql.text("DROP INDEX IF EXISTS himpc_pooled_near"))
                return False
            if not self._has_index(connection):
                with self.engine.begin() as working:
                    working.execute(sql.text(f"SET LOCAL maintenance_work_mem = '{_memory(count, self.size)}MB'"))
                    column, kind = self._indexed("vector"), "vector" if self.size <= _INDEXED_FULL else "halfvec"
                    make = f"CREATE INDEX himpc_pooled_near ON himpc_pooled USING hnsw (({column}) {kind}_l2_ops)"
                    working.execute(sql.text(make))
            return True

    def check(self) -> list[str]:
        """Return what is wrong with what is kept, a sentence each: unreadable, of another size, not finite."""
        wrong = []
        for table in ("himpc_pooled", "himpc_windows"):
            seen = broken = 0
            try:
                with self._told(), self.engine.connect() as connection:
                    for rows in copy_out(connection, f"SELECT id, vector FROM {table}", ("id",), self.size):
                        seen += len(rows)
                        broken += int((~np.isfinite(rows["vector"]).all(axis=1)).sum())
            except GalleryError as error:
                wrong.append(str(error))
            if broken:
                wrong.append(f"{self.where}: {broken} of {seen} vectors in {table} are not finite")
        return wrong

    def close(self) -> None:
        """Let go of connections."""
        self.engine.dispose()

    def _make(self) -> None:
        with self.engine.begin() as connection:
            there = "SELECT count(*) FROM pg_extension WHERE extname = 'vector'"
            if not connection.execute(sql.text(there)).scalar_one():
                try:
                    connection.execute(sql.text("CREATE EXTENSION vector"))
                except sql.exc.DBAPIError as error:
                    raise GalleryError(
                        f"{self.where}: the server lacks the extension pgvector: install it there, and have its "
                        "administrator type  CREATE EXTENSION vector"
                    ) from error
            for line in _MAKE.format(size=self.size).strip().splitlines():
                connection.execute(sql.text(line))

    def _check_tables(self, connection: Connection) -> None:
        """Raise `GalleryError` unless all tables are there, of vectors of our size."""
        query = "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = to_regclass(:table) "
        for table, column, expected in (
            *((name, "vector", f"vector({self.size})") for name in _TABLES[:2]),
            (_TABLES[2], "id", "bigint"),
        ):
            named = query + f"AND attname = '{column}' AND NOT attisdropped"
            found = connection.execute(sql.text(named), {"table": table}).scalar()
            if found is None:
                raise GalleryError(f"{self.where}: the table {table} is missing: restore the gallery from a copy")
            if str(found).rpartition(".")[2] != expected:
                raise GalleryError(
                    f"{self.where}: {table} holds {found}, expected {expected}: the gallery is of another model"
                )

    def _nearest(
        self, connection: Connection, query: NDArray[np.float32], k: int, indexed: bool
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return what is nearest to one query, ranked by exact distances."""
        text = "'[" + ",".join(map(str, query.tolist())) + "]'::vector"
        near = Nearest(query[None], self.size, k)
        connection.execute(sql.text(f"SET LOCAL hnsw.ef_search = {min(_MOST_EF, max(_EF, _WIDER * k))}"))
        connection.execute(sql.text(f"SET LOCAL enable_indexscan = {'on' if indexed else 'off'}"))
        by = f"{self._indexed('vector')} <-> {self._indexed(text)}" if indexed else f"vector <-> {text}"
        limit = _WIDER * k if indexed else k + SPARE
        found = self._rows(connection, f"SELECT id, vector FROM himpc_pooled ORDER BY {by} LIMIT {limit}")
        near.offer(found["id"], found["vector"])
        return near.result() if len(found["id"]) >= k or not indexed else self._nearest(connection, query, k, False)

    def _indexed(self, expression: str) -> str:
        """Return an expression of a vector as the index has it."""
        return expression if self.size <= _INDEXED_FULL else f"({expression}::halfvec({self.size}))"

    def _unsettle(self, connection: Connection, ids: NDArray[np.int64]) -> None:
        """Note that some recordings are being added or erased, so that `ids` tells of them after a kill."""
        note = "INSERT INTO himpc_unsettled SELECT unnest(CAST(:ids AS bigint[])) ON CONFLICT DO NOTHING"
        connection.execute(sql.text(note), {"ids": ids.tolist()})

    def _settle(self, connection: Connection, ids: NDArray[np.int64]) -> None:
        connection.execute(sql.text(f"DELETE FROM himpc_unsettled WHERE {_among(ids)}"))

    def _has_index(self, connection: Connection) -> bool:
        return connection.execute(sql.text("SELECT to_regclass('himpc_pooled_near')")).scalar() is not None

    def _rows(self, connection: Connection, query: str, *more: str) -> dict[str, NDArray[Any]]:
        """Return the columns of a query: id, whole numbers, and the vector."""
        names = ("id", *more)
        parts = list(copy_out(connection, query, names, self.size))
        whole = {name: np.concatenate([np.empty(0, np.int64), *(part[name] for part in parts)]) for name in names}
        vectors = [np.empty((0, self.size), np.float32), *(part["vector"] for part in parts)]
        return whole | {"vector": np.concatenate(vectors)}

    def _wait_until_unseen(self, connection: Connection, deleted: int) -> None:
        """Wait until no transaction can see any more what a transaction deleted: till then it would be kept."""
        ours = "CAST(CAST(:deleted AS text) AS xid8)"
        query = sql.text(
            "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND "
            f"(datname = current_database() OR datname IS NULL) AND GREATEST(age(backend_xmin), age(backend_xid)) >= "
            f"age(CAST({ours} AS xid))"
        )
        ended = time.monotonic() + _PATIENCE
        while connection.execute(query, {"deleted": str(deleted)}).scalar_one():
            if time.monotonic() > ended:
                raise GalleryError(
                    f"{self.where}: other programs keep reading what was removed: end them and remove again"
                )
            time.sleep(0.02)

    @contextmanager
    def _autocommit(self) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn the server's errors into ours."""
        try:
            yield
        except (sql.exc.DBAPIError, psycopg.Error) as error:
            said = escape_unprintable(str(getattr(error, "orig", error)).strip().split("\n")[0])
            raise GalleryError(f"{self.where}: {said}: {_advice(said)}") from error


def _among(ids: NDArray[np.int64]) -> str:
    return f"id = ANY(CAST('{{{','.join(map(str, ids.tolist()))}}}' AS bigint[]))"


def _memory(count: int, size: int) -> int:
    """Return megabytes that hold a whole index while it is built, within reason."""
    return min(1_024, max(64, 2 * count * (4 * size + 400) >> 20))


def _advice(said: str) -> str:
    """Return what to do about a complaint of the server."""
    said = said.lower()
    for part, advice in (
        ("password", "check user and password in the address"),
        ("authentication", "check user and password in the address"),
        ("does not exist", "check the address, and that the gallery was made there"),
        ("permission denied", "have the server's administrator grant it"),
        ("shared memory", "give the server more of it (docker run --shm-size 1g)"),
        ("space left", "make room on the server's disk and try again"),
        ("connect", "check that the server runs and the address is right"),
        ("terminat", "check that the server runs, and try again"),
        ("closed", "check that the server runs, and try again"),
    ):
        if part in said:
            return advice
    return "look into the server's log and try again"

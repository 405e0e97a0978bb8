"""The connection to a gallery's catalog, in SQLite or PostgreSQL: transactions, properties and integrity.

The catalog alone decides what is enrolled. Vectors that it does not list are orphans of a process that was killed.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from sqlalchemy import Connection, Engine

from himpc.errors import DamagedGalleryError, GalleryError, escape_unprintable
from himpc.gallery.catalog import audit
from himpc.gallery.catalog.cells import InvalidCellError
from himpc.gallery.catalog.migration import ADDED_TABLES, VERSION, migrate, prepare_search_tables
from himpc.gallery.catalog.sqlite import open_sqlite, truncate_log
from himpc.gallery.catalog.tables import TABLES, counters, events, people, properties, recordings
from himpc.gallery.records import Event

__all__ = ["CATALOG_FILE", "SEARCHES_FILE", "Catalog"]

CATALOG_FILE = "catalogue.sqlite"
SEARCHES_FILE = "searches.sqlite"

LOCK_TIMEOUT = 120.0
"""Seconds to wait for the lock of another writer."""

ADVISORY_LOCK = 0x68696D7063
"""The key of PostgreSQL's advisory lock, which lets one process write at a time; the next one is for the log."""

PREFIX = "himpc_"
"""The prefix of all tables of a gallery."""

CHANGE = "change-"
"""The prefix of counters that exist while a change may leave vectors behind that the catalog does not list."""


class Catalog:
    """The SQL tables of a gallery.

    Attributes
    ----------
    engine : Engine
    location : str
        The folder or address, without its password, as error messages show it.
    is_read_only : bool
        True for a folder that cannot be written; everything can then be read but nothing searched or changed.
    """

    def __init__(self, engine: Engine, searches_engine: Engine, location: str, *, is_read_only: bool = False) -> None:
        self.engine, self.location, self.is_read_only = engine, location, is_read_only
        self._searches = searches_engine
        self._has_search_tables = False
        self._is_closed = False

    @classmethod
    def in_folder(cls, folder: Path, *, is_read_only: bool = False) -> Catalog:
        """Return the catalog of a folder: two SQLite files."""
        paths = (folder / CATALOG_FILE, folder / SEARCHES_FILE)
        engine, searches = (open_sqlite(path, LOCK_TIMEOUT, is_read_only=is_read_only) for path in paths)
        return cls(engine, searches, str(folder), is_read_only=is_read_only)

    @classmethod
    def at_url(cls, url: str) -> Catalog:
        """Return the catalog in a PostgreSQL database.

        Raises
        ------
        GalleryError
            If the address is malformed.
        """
        try:
            target = sql.make_url(url).set(drivername="postgresql+psycopg")
            options = {"connect_timeout": 10}
            engine = sql.create_engine(target, pool_pre_ping=True, connect_args=options)
        except (sql.exc.ArgumentError, ValueError) as error:
            raise GalleryError("the gallery's address is not postgresql://USER:PASSWORD@HOST/DATABASE") from error
        if "@" in (target.host or ""):  # not shown in the message, since it may be part of the password
            raise GalleryError("the gallery's address contains a second @", hint="write an @ of the password as %40")
        printable = target.set(drivername="postgresql", query={})  # a query may hold a password, too
        return cls(engine, engine, printable.render_as_string(hide_password=True))

    @property
    def is_embedded(self) -> bool:
        """True if the catalog is a SQLite file, False if a server holds it."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a connection that sees one consistent state of the gallery."""
        with self._translate_errors(), self.engine.connect() as connection:
            if not self.is_embedded:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that excludes all other writers; it is committed if the block ends without an error."""
        with self._exclusive() as connection:
            assert connection is not None
            yield connection
            self.set_property(connection, "changes", str(self.revision(connection) + 1).encode())

    @contextmanager
    def try_write(self) -> Iterator[Connection | None]:
        """Open a transaction as `write` does, or yield None if another process is writing."""
        with self._exclusive(wait=False) as connection:
            yield connection
            if connection is not None:
                self.set_property(connection, "changes", str(self.revision(connection) + 1).encode())

    @contextmanager
    def _search_log(self) -> Iterator[Connection]:
        """Open a transaction on the audit log of searches."""
        self._require_writable()
        with self._translate_errors(), self._searches.connect() as raw_connection:
            connection = raw_connection.execution_options(himpc_writes=True)  # SQLite cannot upgrade a read lock later
            with connection.begin():
                if not self.is_embedded:
                    connection.execute(sql.text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK + 1})
                if not self._has_search_tables:
                    prepare_search_tables(connection)
                yield connection
        self._has_search_tables = True

    @contextmanager
    def _read_search_log(self) -> Iterator[Connection | None]:
        """Open a connection that reads the log of searches; None if it does not exist yet."""
        if self.is_read_only:
            with self._translate_errors(), self._searches.connect() as connection:
                has_tables = sql.inspect(connection).has_table(counters.name)
                yield connection if has_tables else None
        else:
            with self._search_log() as connection:
                yield connection

    def log_change(
        self, connection: Connection, action: str, actor: str, counts: Iterable[tuple[int | None, int]]
    ) -> list[int]:
        """Log a change: an event for each person affected, with the number of that person's recordings.

        Returns
        -------
        list of int
            The numbers of the events.
        """
        entries = list(counts)
        numbers = self._next_numbers(len(entries))
        audit.log_change(connection, numbers, action, actor, entries)
        return list(numbers)

    def log_search(self, actor: str, recordings: int, found: Iterable[int]) -> None:
        """Log one search for a number of recordings, with the ids of the people it found."""
        last_change = self._last_change()
        with self._search_log() as connection:
            (number,) = audit.next_numbers(connection, 1, last_change)
            audit.log_search(connection, number, actor, recordings, found)

    def read_log(self, names: dict[int, str]) -> list[Event]:
        """Return all changes and searches in the order of their numbers; see `himpc.gallery.catalog.audit`."""
        with self.read() as connection:
            entries = list(audit.read_changes(connection, names))
        with self._read_search_log() as searches_connection:
            if searches_connection is not None:
                entries += audit.read_searches(searches_connection, names)
        return sorted(entries, key=lambda event: event.number)

    def begin_change(self) -> str:
        """Record, in a transaction of its own, that a change begins which may leave vectors behind; return its key."""
        key = f"{CHANGE}{secrets.token_hex(8)}"
        with self._search_log() as connection:
            connection.execute(sql.insert(counters).values(name=key, value=1))
        return key

    def end_changes(self, keys: Sequence[str]) -> None:
        """Record that changes have ended and left nothing behind."""
        if keys:
            with self._search_log() as connection:
                connection.execute(sql.delete(counters).where(counters.c.name.in_(keys)))

    def begun_changes(self) -> list[str]:
        """Return the keys of changes that have begun and not ended: at work in another process, or killed."""
        with self._read_search_log() as connection:
            if connection is None:
                return []
            query = sql.select(counters.c.name).where(counters.c.name.startswith(CHANGE))
            return list(connection.execute(query).scalars())

    def create(self, initial: dict[str, bytes]) -> None:
        """Create the tables and set the initial properties.

        Raises
        ------
        GalleryError
            If the location already holds a gallery.
        """
        with self._exclusive() as connection:
            assert connection is not None
            if sql.inspect(connection).has_table(properties.name):
                raise GalleryError(
                    f"{self.location}: holds a gallery already", hint="open it, or choose another location"
                )
            TABLES.create_all(connection)
            for name, value in ({"version": VERSION.encode(), "changes": b"0"} | initial).items():
                self.set_property(connection, name, value)

    def table_names(self) -> set[str]:
        """Return the names of all tables of a gallery that exist."""
        with self._translate_errors(), self.engine.connect() as connection:
            return {name for name in sql.inspect(connection).get_table_names() if name.startswith(PREFIX)}

    def check_version(self) -> None:
        """Check that the tables exist, and bring those of an older version of himpc up to date.

        Raises
        ------
        GalleryError
            If there is no gallery, tables are missing, or it is of a newer version.
        """
        found = self.table_names()
        if not found and not self.is_embedded:
            raise GalleryError(f"{self.location}: there is no gallery here", hint="{Gallery.create()} creates one")
        if not found:
            raise DamagedGalleryError(
                f"{self.location}: the gallery is damaged, or its creation was interrupted",
                hint="restore it from a backup, or choose another location",
            )
        version = ""
        if properties.name in found:
            with self.read() as connection:
                column = sql.select(properties.c.value).where(properties.c.name == "version")
                version = bytes(connection.execute(column).scalar() or b"").decode(errors="replace")
            if version not in ADDED_TABLES:
                raise GalleryError(
                    f"{self.location}: has gallery version {escape_unprintable(version)}, "
                    f"this version of himpc reads version {VERSION}"
                )
        required = set(TABLES.tables) - ADDED_TABLES.get(version, frozenset())
        if missing := sorted(required - found):
            raise DamagedGalleryError(
                f"{self.location}: is damaged: the table {missing[0]} of its catalog is missing",
                hint="restore the gallery from a backup",
            )
        if version != VERSION:
            self._migrate()

    def _migrate(self) -> None:
        if self.is_read_only:
            raise GalleryError(
                f"{self.location}: is of an older version of himpc, and cannot be updated: it is read-only",
                hint="open it once where it can be written",
            )
        with self._exclusive() as connection, self._search_log() as log:
            assert connection is not None
            migrate(connection, log)

    def find_problems(self) -> list[str]:
        """Check the SQLite files and describe each problem in a sentence; a database server checks its own files."""
        problems = []
        try:
            with self.read() as connection:
                lost = sql.select(sql.func.count()).where(recordings.c.person.not_in(sql.select(people.c.id)))
                if count := connection.execute(lost).scalar():
                    problems.append(
                        f"{self.location}: {count} recordings belong to no person: restore the gallery from a backup"
                    )
        except GalleryError:
            pass  # reported below
        if not self.is_embedded:
            return problems
        if (reason := self._check_file(self.read)) is not None:
            problems.append(f"{self.location}: the catalog is damaged: restore it from a backup ({reason})")
        if (reason := self._check_file(self._read_search_log)) is not None:
            problems.append(
                f"{self.location}: {SEARCHES_FILE}, the log of searches, is damaged: restore it from a backup, "
                f"or delete it ({reason})"
            )
        return problems

    def _check_file(self, connect: Any) -> str | None:
        try:
            with connect() as connection:
                status = str(connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()) if connection else "ok"
        except GalleryError as error:
            return str(error)
        return None if status == "ok" else escape_unprintable(status)

    def revision(self, connection: Connection) -> int:
        """Return the revision of the gallery, the number of its changes."""
        value = self.get_property(connection, "changes") or b"0"
        if not value.isdigit():
            raise InvalidCellError(f"the number of changes is {escape_unprintable(repr(value)[:40])}")
        return int(value)

    def get_property(self, connection: Connection, name: str) -> bytes | None:
        """Return a property, or None if it is not set.

        Raises
        ------
        GalleryError
            If it has changed since it was set.
        """
        query = sql.select(properties.c.value, properties.c.digest).where(properties.c.name == name)
        row = connection.execute(query).first()
        if row is None:
            return None
        if row.digest is not None and row.digest != _digest(row.value):
            hint = "restore the gallery from a backup"
            raise DamagedGalleryError(
                f"{self.location}: is damaged: {name!r} in its catalog has changed since it was stored",
                hint="{Gallery.calibrate()} computes it again" if name == "calibration" else hint,
            )
        return bytes(row.value)

    def set_property(self, connection: Connection, name: str, value: bytes | None) -> None:
        """Set a property, or delete it if the value is None."""
        connection.execute(sql.delete(properties).where(properties.c.name == name))
        if value is not None:
            connection.execute(sql.insert(properties).values(name=name, value=value, digest=_digest(value)))

    def purge(self) -> None:
        """Erase the bytes of deleted rows: truncate SQLite's write-ahead log, or rewrite PostgreSQL's tables.

        Raises
        ------
        GalleryError
            If another process keeps reading the deleted rows.
        """
        with self._translate_errors():
            if self.is_embedded:
                self._truncate_log()
                with self._searches.connect() as connection:  # it holds nothing of people, but takes space
                    connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
                return
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                for table in TABLES.sorted_tables:
                    connection.execute(sql.text(f"VACUUM FULL {table.name}"))

    def close(self) -> None:
        """Close files and connections; every later use raises `GalleryError`."""
        self._is_closed = True
        self.engine.dispose()
        self._searches.dispose()

    def _next_numbers(self, count: int) -> range:
        last_change = self._last_change()
        with self._search_log() as connection:
            return audit.next_numbers(connection, count, last_change)

    def _last_change(self) -> int:
        with self.read() as connection:
            return connection.execute(sql.select(sql.func.max(events.c.number))).scalar() or 0

    def _truncate_log(self) -> None:
        if not truncate_log(self.engine, LOCK_TIMEOUT):
            raise GalleryError(
                f"{self.location}: other programs are reading the gallery, so the removed data is still in its "
                "write-ahead log",
                hint="close these programs, then repeat the removal",
            )

    def _require_writable(self) -> None:
        if self.is_read_only:
            raise GalleryError(
                f"{self.location}: is read-only; searches and changes are logged there, so it must be writable",
                hint="check its permissions, or copy it to another place",
            )

    @contextmanager
    def _exclusive(self, *, wait: bool = True) -> Iterator[Connection | None]:
        """Open a transaction with the lock of writers; without waiting for it, yield None if it is taken."""
        self._require_writable()
        with self._translate_errors(), self.engine.connect() as raw_connection:
            connection = raw_connection.execution_options(himpc_writes=True, himpc_waits=wait)
            try:
                transaction = connection.begin()
            except sql.exc.OperationalError as error:
                if wait or "locked" not in str(error.orig):
                    raise
                yield None
                return
            with transaction:
                yield connection if self.is_embedded or _lock(connection, wait=wait) else None

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        if self._is_closed:
            raise GalleryError(f"{self.location}: the gallery was closed", hint="open it again: {Gallery.open()}")
        try:
            yield
        except InvalidCellError as error:
            raise DamagedGalleryError(
                f"{self.location}: is damaged: {error}", hint="restore the gallery from a backup"
            ) from error
        except sql.exc.DBAPIError as error:
            message = escape_unprintable(str(error.orig).strip().split("\n")[0])
            raise GalleryError(f"{self.location}: {message}", hint=_hint_for(message)) from error


def _lock(connection: Connection, *, wait: bool) -> bool:
    """Take the lock of writers in PostgreSQL, and return True unless it is taken and not waited for."""
    function = "pg_advisory_xact_lock" if wait else "pg_try_advisory_xact_lock"
    found = connection.execute(sql.text(f"SELECT {function}(:key)"), {"key": ADVISORY_LOCK}).scalar()
    return wait or bool(found)


def _digest(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()


_HINTS = {
    "locked": "another program is writing: retry when it has finished",
    "not a database": "this is not a gallery, or it is damaged: restore it from a backup",
    "malformed": "it is damaged: restore it from a backup",
    "decode": "it is damaged: restore it from a backup",
    "no such column": "it is damaged: restore it from a backup",
    "readonly": "it cannot be written: check its permissions",
    "unable to open": "check the path and its permissions",
    "full": "make room on the disk and try again",
    "disk i/o": "make room on the disk, or check it, and try again",
    "password": "check user and password in the address",
    "connection": "check that the server runs and the address is right",
}


def _hint_for(message: str) -> str:
    return next((advice for part, advice in _HINTS.items() if part in message.lower()), "check it and try again")

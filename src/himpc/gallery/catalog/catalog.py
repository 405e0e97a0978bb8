"""The connection to a gallery's catalog, in SQLite or PostgreSQL: transactions, properties and integrity.

The catalog alone decides what is enrolled. Vectors that it does not list are orphans of a process that was killed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from sqlalchemy import Connection, Engine

from himpc.errors import GalleryError, escape_unprintable
from himpc.gallery.catalog.tables import SEARCH_TABLES, TABLES, properties

__all__ = ["CATALOG_FILE", "Catalog"]

VERSION = 1
"""The version of the table schema; himpc opens no other."""

CATALOG_FILE = "catalogue.sqlite"
SEARCHES_FILE = "searches.sqlite"

LOCK_TIMEOUT = 120.0
"""Seconds to wait for the lock of another writer."""

ADVISORY_LOCK = 0x68696D7063
"""The key of PostgreSQL's advisory lock, which lets one process write at a time."""


class Catalog:
    """The SQL tables of a gallery.

    Attributes
    ----------
    engine : Engine
    location : str
        The folder or address, without its password, as error messages show it.
    """

    def __init__(self, engine: Engine, searches_engine: Engine, location: str) -> None:
        self.engine, self.location = engine, location
        self._searches = searches_engine
        self._has_search_tables = False
        self._is_closed = False

    @classmethod
    def in_folder(cls, folder: Path) -> Catalog:
        """Return the catalog of a folder: two SQLite files."""
        return cls(_sqlite(folder / CATALOG_FILE), _sqlite(folder / SEARCHES_FILE), str(folder))

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
            yield connection
            self.set_property(connection, "changes", str(self.revision(connection) + 1).encode())

    @contextmanager
    def search_log(self) -> Iterator[Connection]:
        """Open a transaction on the audit log of searches."""
        with self._translate_errors(), self._searches.connect() as raw_connection:
            connection = raw_connection.execution_options(himpc_writes=True)  # SQLite cannot upgrade a read lock later
            with connection.begin():
                if not self._has_search_tables:
                    SEARCH_TABLES.create_all(connection)
                yield connection
        self._has_search_tables = True

    def create(self, initial: dict[str, bytes]) -> None:
        """Create the tables and set the initial properties.

        Raises
        ------
        GalleryError
            If the location already holds a gallery.
        """
        with self._exclusive() as connection:
            if sql.inspect(connection).has_table(properties.name):
                raise GalleryError(
                    f"{self.location}: holds a gallery already", hint="open it, or choose another location"
                )
            TABLES.create_all(connection)
            for name, value in ({"version": str(VERSION).encode(), "changes": b"0"} | initial).items():
                self.set_property(connection, name, value)

    def exists(self) -> bool:
        """Return True if the tables exist."""
        with self._translate_errors(), self.engine.connect() as connection:
            return sql.inspect(connection).has_table(properties.name)

    def check_version(self) -> None:
        """Raise `GalleryError` if there is no gallery, or one of another version."""
        if not self.exists():
            if self.is_embedded:
                raise GalleryError(
                    f"{self.location}: the gallery is damaged, or its creation was interrupted",
                    hint="restore it from a backup, or choose another location",
                )
            raise GalleryError(f"{self.location}: there is no gallery here", hint="{Gallery.create()} creates one")
        with self.read() as connection:
            version = (self.get_property(connection, "version") or b"").decode(errors="replace")
        if version != str(VERSION):
            raise GalleryError(
                f"{self.location}: has gallery version {escape_unprintable(version)}, "
                f"this version of himpc reads version {VERSION}"
            )

    def find_problems(self) -> list[str]:
        """Check the SQLite files and describe each problem in a sentence; a database server checks its own files."""
        if not self.is_embedded:
            return []
        problems = []
        if (reason := self._check_file(self.read)) is not None:
            problems.append(f"{self.location}: the catalog is damaged: restore it from a backup ({reason})")
        if (reason := self._check_file(self.search_log)) is not None:
            problems.append(
                f"{self.location}: {SEARCHES_FILE}, the log of searches, is damaged: restore it from a backup, "
                f"or delete it ({reason})"
            )
        return problems

    def _check_file(self, connect: Any) -> str | None:
        try:
            with connect() as connection:
                status = str(connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar())
        except GalleryError as error:
            return str(error)
        return None if status == "ok" else escape_unprintable(status)

    def revision(self, connection: Connection) -> int:
        """Return the revision of the gallery, the number of its changes."""
        return int(self.get_property(connection, "changes") or 0)

    def get_property(self, connection: Connection, name: str) -> bytes | None:
        """Return a property, or None if it is not set."""
        value = connection.execute(sql.select(properties.c.value).where(properties.c.name == name)).scalar()
        return None if value is None else bytes(value)

    def set_property(self, connection: Connection, name: str, value: bytes | None) -> None:
        """Set a property, or delete it if the value is None."""
        connection.execute(sql.delete(properties).where(properties.c.name == name))
        if value is not None:
            connection.execute(sql.insert(properties).values(name=name, value=value))

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
                return
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                for table in TABLES.sorted_tables:
                    connection.execute(sql.text(f"VACUUM FULL {table.name}"))

    def close(self) -> None:
        """Close files and connections; every later use raises `GalleryError`."""
        self._is_closed = True
        self.engine.dispose()
        self._searches.dispose()

    def _truncate_log(self) -> None:
        deadline = time.monotonic() + LOCK_TIMEOUT
        connection = self.engine.raw_connection()
        try:
            while connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                if time.monotonic() > deadline:
                    raise GalleryError(
                        f"{self.location}: other programs are reading the gallery, so the removed data is still in its "
                        "write-ahead log",
                        hint="close these programs, then repeat the removal",
                    )
                time.sleep(0.05)
        finally:
            connection.close()

    @contextmanager
    def _exclusive(self) -> Iterator[Connection]:
        with self._translate_errors(), self.engine.connect() as raw_connection:
            connection = raw_connection.execution_options(himpc_writes=True)
            with connection.begin():
                if not self.is_embedded:
                    connection.execute(sql.text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
                yield connection

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        if self._is_closed:
            raise GalleryError(f"{self.location}: the gallery was closed", hint="open it again: {Gallery.open()}")
        try:
            yield
        except sql.exc.DBAPIError as error:
            message = escape_unprintable(str(error.orig).strip().split("\n")[0])
            raise GalleryError(f"{self.location}: {message}", hint=_hint_for(message)) from error


def _sqlite(path: Path) -> Engine:
    options = {"timeout": LOCK_TIMEOUT, "check_same_thread": False}
    engine = sql.create_engine(sql.URL.create("sqlite", database=str(path)), connect_args=options)

    @sql.event.listens_for(engine, "connect")
    def _configure(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # transactions begin in _begin below
        for line in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            connection.execute(f"PRAGMA {line}")

    @sql.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("himpc_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


_HINTS = {
    "locked": "another program is writing: retry when it has finished",
    "not a database": "this is not a gallery, or it is damaged: restore it from a backup",
    "malformed": "it is damaged: restore it from a backup",
    "readonly": "it cannot be written: check its permissions",
    "unable to open": "check the path and its permissions",
    "full": "make room on the disk and try again",
    "disk i/o": "make room on the disk, or check it, and try again",
    "password": "check user and password in the address",
    "connection": "check that the server runs and the address is right",
}


def _hint_for(message: str) -> str:
    return next((advice for part, advice in _HINTS.items() if part in message.lower()), "check it and try again")

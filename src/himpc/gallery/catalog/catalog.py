"""The catalogue of a gallery: who is enrolled, by which recordings, and what was done, in SQLite or PostgreSQL.

What stands here is enrolled; vectors that it does not know are leftovers of a process that was killed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from sqlalchemy import BigInteger, Boolean, Column, Connection, Engine, Float, Integer, LargeBinary, String, Table

from himpc.errors import GalleryError, escape_unprintable

__all__ = ["Catalog", "events", "facts", "files", "people", "recordings", "searches", "skeletons"]

VERSION = 1
"""Version of the tables; another one is refused."""

_PATIENCE = 120.0
"""Seconds to wait for another process that writes."""

_LOCK = 0x68696D7063
"""The number of PostgreSQL's advisory lock: one process writes at a time."""

_TABLES = sql.MetaData()
_SEARCHES = sql.MetaData()

facts = Table(
    "himpc_facts",
    _TABLES,
    Column("name", String, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
"""Version, model, calibration, and how often the gallery has changed."""

people = Table(
    "himpc_people",
    _TABLES,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", String, nullable=False, unique=True),
    Column("named", Boolean, nullable=False),
)

recordings = Table(
    "himpc_recordings",
    _TABLES,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("person", BigInteger, nullable=False, index=True),
    Column("fingerprint", String, nullable=False, unique=True),
    Column("source", String, nullable=False),
    Column("session", String),
    Column("camera", String),
    Column("fps", Float),
    Column("frames", Integer, nullable=False),
    Column("windows", Integer, nullable=False),
    Column("quality", Float, nullable=False),
    Column("enrolled", String, nullable=False),
)

skeletons = Table(
    "himpc_skeletons",
    _TABLES,
    Column("recording", BigInteger, primary_key=True, autoincrement=False),
    Column("joints", LargeBinary, nullable=False),
)
"""Joints ``(frames, J, 3)``, float32, little-endian."""


def _log(name: str, tables: sql.MetaData) -> Table:
    return Table(
        name,
        tables,
        Column("id", Integer, primary_key=True, autoincrement=True),
        Column("time", String, nullable=False),
        Column("action", String, nullable=False),
        Column("actor", String, nullable=False),
        Column("person", BigInteger),
        Column("recordings", Integer, nullable=False),
    )


events = _log("himpc_events", _TABLES)
"""What changed the gallery."""

searches = _log("himpc_searches", _SEARCHES)
"""What it was asked; in a folder a file of its own, so that a search waits for nobody who enrols."""

files = Table(
    "himpc_files",
    _TABLES,
    Column("content", String, primary_key=True),
    Column("time", String, nullable=False),
)
"""Files that a watched folder has brought, by the hash of their content."""


class Catalog:
    """A connection to the tables of a gallery.

    Attributes
    ----------
    engine : Engine
    where : str
        What errors call the gallery; no password stands in it.
    """

    def __init__(self, engine: Engine, searches_engine: Engine, where: str) -> None:
        self.engine, self.where = engine, where
        self._searches = searches_engine
        self._asked = False

    @classmethod
    def in_folder(cls, folder: Path) -> Catalog:
        """Return the catalogue in two files of SQLite."""
        return cls(_sqlite(folder / "catalogue.sqlite"), _sqlite(folder / "searches.sqlite"), str(folder))

    @classmethod
    def at_url(cls, url: str) -> Catalog:
        """Return the catalogue in a PostgreSQL database.

        Raises
        ------
        GalleryError
            If the address makes no sense.
        """
        try:
            target = sql.make_url(url).set(drivername="postgresql+psycopg")
            options = {"connect_timeout": 10}
            engine = sql.create_engine(target, pool_pre_ping=True, connect_args=options)
        except (sql.exc.ArgumentError, ValueError) as error:
            raise GalleryError("the gallery's address is not postgresql://USER:PASSWORD@HOST/DATABASE") from error
        if "@" in (target.host or ""):  # it may be a part of the password, so it is not repeated
            raise GalleryError("the gallery's address has an @ too many: write one in a password as %40")
        shown = target.set(drivername="postgresql", query={})  # a query may hold a password, too
        return cls(engine, engine, shown.render_as_string(hide_password=True))

    @property
    def embedded(self) -> bool:
        """Whether the catalogue is files, not a server."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the gallery."""
        with self._told(), self.engine.connect() as connection:
            if not self.embedded:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection that writes, alone; all of it becomes true when the block ends well, or nothing."""
        with self._alone() as connection:
            yield connection
            self.set_fact(connection, "changes", str(self.changes(connection) + 1).encode())

    @contextmanager
    def asking(self) -> Iterator[Connection]:
        """Give a connection that notes, or reads, what was searched for."""
        with self._told(), self._searches.connect() as opened:
            connection = opened.execution_options(himpc_writes=True)  # one that reads first could not write any more
            with connection.begin():
                if not self._asked:
                    _SEARCHES.create_all(connection)
                yield connection
        self._asked = True

    def make(self, given: dict[str, bytes]) -> None:
        """Make the tables, and note some facts.

        Raises
        ------
        GalleryError
            If there is a gallery already.
        """
        with self._alone() as connection:
            if sql.inspect(connection).has_table(facts.name):
                raise GalleryError(f"{self.where}: holds a gallery already: open that, or choose another place")
            _TABLES.create_all(connection)
            for name, value in ({"version": str(VERSION).encode(), "changes": b"0"} | given).items():
                self.set_fact(connection, name, value)

    @contextmanager
    def _alone(self) -> Iterator[Connection]:
        """Give a connection in a transaction that no other writer can begin meanwhile."""
        with self._told(), self.engine.connect() as opened:
            connection = opened.execution_options(himpc_writes=True)
            with connection.begin():
                if not self.embedded:
                    connection.execute(sql.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
                yield connection

    def made(self) -> bool:
        """Return whether the tables are there."""
        with self._told(), self.engine.connect() as connection:
            return sql.inspect(connection).has_table(facts.name)

    def check(self) -> None:
        """Raise `GalleryError` if there is no gallery here, or one of another version."""
        if not self.made():
            unfinished = (
                "the gallery here is damaged, or was never finished: restore it from a copy, or give a new place"
            )
            nothing = "there is no gallery here: himpc gallery enroll makes one"
            raise GalleryError(f"{self.where}: {unfinished if self.embedded else nothing}")
        with self.reading() as connection:
            version = (self.fact(connection, "version") or b"").decode(errors="replace")
        if version != str(VERSION):
            raise GalleryError(
                f"{self.where}: has gallery version {escape_unprintable(version)}, this himpc reads version {VERSION}"
            )

    def problems(self) -> list[str]:
        """Return what is wrong with the files of SQLite, a sentence each; a server looks after its own."""
        if not self.embedded:
            return []
        wrong = []
        try:
            with self.reading() as connection:
                said = str(connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar())
            if said != "ok":
                wrong.append(
                    f"{self.where}: its catalogue is damaged: restore it from a copy ({escape_unprintable(said)})"
                )
        except GalleryError as error:
            wrong.append(str(error))
        try:
            with self.asking() as connection:
                said = str(connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar())
        except GalleryError as error:
            said = str(error)
        if said != "ok":
            wrong.append(
                f"{self.where}: searches.sqlite, which tells what was searched for, is damaged: restore it from a "
                f"copy, or delete it ({escape_unprintable(said)})"
            )
        return wrong

    def changes(self, connection: Connection) -> int:
        """Return how often the gallery has changed."""
        return int(self.fact(connection, "changes") or 0)

    def fact(self, connection: Connection, name: str) -> bytes | None:
        """Return a fact, None where it is not known."""
        value = connection.execute(sql.select(facts.c.value).where(facts.c.name == name)).scalar()
        return None if value is None else bytes(value)

    def set_fact(self, connection: Connection, name: str, value: bytes) -> None:
        """Note a fact, in place of what was known before."""
        self.drop_fact(connection, name)
        connection.execute(sql.insert(facts).values(name=name, value=value))

    def drop_fact(self, connection: Connection, name: str) -> None:
        """Forget a fact, if it is known."""
        connection.execute(sql.delete(facts).where(facts.c.name == name))

    def forget(self) -> None:
        """Leave nothing of deleted rows: SQLite's log is emptied, PostgreSQL's tables are written anew.

        Raises
        ------
        GalleryError
            If another process keeps reading what was there before.
        """
        with self._told():
            if self.embedded:
                self._empty_log()
                return
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                for table in _TABLES.sorted_tables:
                    connection.execute(sql.text(f"VACUUM FULL {table.name}"))

    def _empty_log(self) -> None:
        ended = time.monotonic() + _PATIENCE
        connection = self.engine.raw_connection()
        try:
            while connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                if time.monotonic() > ended:
                    raise GalleryError(f"{self.where}: other programs read it: what was removed is still in its log")
                time.sleep(0.05)
        finally:
            connection.close()

    def close(self) -> None:
        """Let go of files and connections."""
        self.engine.dispose()
        self._searches.dispose()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn the database's errors into ours."""
        try:
            yield
        except sql.exc.DBAPIError as error:
            said = escape_unprintable(str(error.orig).strip().split("\n")[0])
            raise GalleryError(f"{self.where}: {said}; {_advice(said)}") from error


def _sqlite(path: Path) -> Engine:
    patient = {"timeout": _PATIENCE, "check_same_thread": False}
    engine = sql.create_engine(sql.URL.create("sqlite", database=str(path)), connect_args=patient)

    @sql.event.listens_for(engine, "connect")
    def _settle(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # transactions begin where we say so, below
        for line in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            connection.execute(f"PRAGMA {line}")

    @sql.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("himpc_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _advice(said: str) -> str:
    """Return what to do about a database's complaint."""
    said = said.lower()
    for part, advice in (
        ("locked", "another program writes: try again when it is done"),
        ("not a database", "this is no gallery, or a damaged one: restore it from a copy"),
        ("malformed", "it is damaged: restore it from a copy"),
        ("readonly", "it cannot be written: check its permissions"),
        ("unable to open", "check the path and its permissions"),
        ("full", "make room on the disk and try again"),
        ("disk i/o", "make room on the disk, or check it, and try again"),
        ("password", "check user and password in the address"),
        ("connection", "check that the server runs and the address is right"),
    ):
        if part in said:
            return advice
    return "check it and try again"

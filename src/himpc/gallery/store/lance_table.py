"""One table of LanceDB: rows that are added, read, erased, and swept together."""

from __future__ import annotations

import os
import re
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from himpc.errors import GalleryError, HimpcError, RunFolderError, escape_unprintable

__all__ = ["LanceTable", "numbers", "rows", "told"]

os.environ.setdefault("LANCEDB_LOG", "off")  # read when lancedb is loaded
try:
    import lancedb
    import pyarrow as pa
    from lancedb.index import BTree, IvfSq
except ImportError as error:
    raise GalleryError("a gallery in a folder needs lancedb: pip install 'himpc[gallery]'") from error

T = TypeVar("T")

_ATTEMPTS = 20
"""How often a reader tries whose files another process has swept away."""

_PARTS = 64
"""So many pieces that were added one by one are swept together."""

_SOURCE = re.compile(r", \S+\.rs:[\d:]+")
"""The line of LanceDB's source at the end of its messages."""

_AT_ONCE = 10_000
"""Numbers in one filter."""


class LanceTable:
    """A table with a vector and some whole numbers a row.

    Parameters
    ----------
    folder : path
        Where the tables are.
    name : str
    size : int
        The length of each vector.
    columns : sequence of str
        Names of the whole numbers; the first is what rows are looked up by.
    make : bool
        Make it, if it is not there.

    Raises
    ------
    GalleryError
        If there is none, it has vectors of another length, or it cannot be read or made.
    """

    def __init__(self, folder: Path, name: str, size: int, columns: tuple[str, ...], *, make: bool) -> None:
        self.path, self.size, self.columns = folder / f"{name}.lance", size, columns
        with told(self.path):
            database = _connect(folder)
            if make and not any(self.path.glob("_versions/*")):  # after a kill there may be a folder and nothing in it
                database.create_table(name, schema=self._schema())
            if not self.path.is_dir():
                raise GalleryError(f"{self.path}: is missing: restore the gallery from a copy")
            self._table = database.open_table(name)
            found = self._table.schema
        if found.names != self._schema().names:
            raise GalleryError(
                f"{self.path}: is not of a gallery: its columns are {escape_unprintable(', '.join(found.names))}"
            )
        if found.field("vector").type != self._schema().field("vector").type:
            length = getattr(found.field("vector").type, "list_size", "?")
            raise GalleryError(
                f"{self.path}: holds vectors of {length} numbers, expected {size}: the gallery is of another model"
            )

    def add(self, vectors: NDArray[np.float32], columns: Mapping[str, NDArray[np.int64]]) -> None:
        """Add rows, all or none; when this returns, they are on the disk."""
        with told(self.path):
            began = time.time()
            flat = pa.array(np.ascontiguousarray(vectors, dtype=np.float32).ravel())
            vector = pa.FixedSizeListArray.from_arrays(flat, self.size)
            numbers = [pa.array(columns[name].astype(np.int64)) for name in self.columns]
            self._table.add(pa.Table.from_arrays([*numbers, vector], schema=self._schema()))
            if self._table.stats()["fragment_stats"]["num_fragments"] >= _PARTS:
                self._sweep()
            _flush(self.path, began - 2)

    def read(self, work: Callable[[Any], T]) -> T:
        """Do some reading of LanceDB's table; again, where another process has swept its files away meanwhile."""
        with told(self.path):
            for attempt in range(_ATTEMPTS):
                try:
                    return work(self._table)
                except (RuntimeError, OSError, ValueError) as error:
                    if "not found" not in str(error).lower() or attempt == _ATTEMPTS - 1 or not self.path.is_dir():
                        raise
                    time.sleep(0.01 * attempt)
        raise AssertionError("the last attempt returns or raises")

    def blocks(self, *names: str) -> Callable[[Any], Iterator[Any]]:
        """Return how to read columns of all rows, some at a time."""
        return lambda table: iter(table.search().select(list(names)).to_batches())

    def of(self, ids: NDArray[np.int64], *names: str) -> pa.Table:
        """Return columns of the rows that belong to some ids, in any order."""
        parts = [ids[first : first + _AT_ONCE] for first in range(0, len(ids), _AT_ONCE)] or [ids]

        def look(table: Any) -> Any:
            return [table.search().where(self._among(some)).select(list(names)).to_arrow() for some in parts]

        found: pa.Table = pa.concat_tables(self.read(look))
        return found

    def count(self) -> int:
        """Return how many rows there are."""
        return int(self.read(lambda table: table.count_rows()))

    def erase(self, ids: NDArray[np.int64]) -> None:
        """Remove the rows of some ids, and every file that held them.

        LanceDB's delete leaves a file as it is, and notes beside it which rows do not count. So all other rows of such
        files are written anew first; then the delete, at once for all, makes the files superfluous.
        """
        with told(self.path):
            began = time.time()
            for fragment in self._fragments(ids):
                place = f"_rowaddr >= {fragment << 32} AND _rowaddr < {(fragment + 1) << 32}"
                self._table.update(where=f"{place} AND NOT ({self._among(ids)})", values_sql={"id": "id"})
            self._table.delete(self._among(ids))
            self._sweep()
            if len(self._table.list_versions()) > 1:
                raise GalleryError(
                    f"{self.path}: what was removed is still there: set this computer's clock, try again"
                )
            _flush(self.path, began - 2)

    def sweep(self) -> None:
        """Join small files, put new rows into the index, and delete older versions and what a kill left."""
        with told(self.path):
            began = time.time()
            self._sweep()
            _flush(self.path, began - 2)

    def train(self, name: str) -> None:
        """Build an index of the vectors: parts around centres, one byte for each number (IVF_SQ)."""
        with told(self.path):
            self._table.create_index("vector", config=IvfSq(distance_type="l2"), name=name)

    def look_up(self, name: str) -> None:
        """Build an index of what rows are looked up by."""
        with told(self.path):
            self._table.create_index(self.columns[0], config=BTree(), name=name)

    def untrain(self, name: str) -> None:
        """Drop an index; its files go with the next sweep."""
        with told(self.path):
            self._table.drop_index(name)

    def close(self) -> None:
        """Let go of the table."""
        del self._table

    def _sweep(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that readers lose their files: ours read again
            self._table.optimize(cleanup_older_than=timedelta(0), delete_unverified=True)
        for half_written in self.path.rglob(".tmp*"):  # LanceDB does not know its own after a kill
            half_written.unlink()

    def _fragments(self, ids: NDArray[np.int64]) -> list[int]:
        """Return the numbers of the files that hold rows of some ids."""
        found = self._table.search().where(self._among(ids)).select(["_rowaddr"]).to_arrow()
        return [int(each) for each in np.unique(numbers(found["_rowaddr"]) >> 32)]

    def _among(self, ids: NDArray[np.int64]) -> str:
        return f"{self.columns[0]} IN ({', '.join(map(str, ids.tolist()))})" if len(ids) else "false"

    def _schema(self) -> pa.Schema:
        whole = [pa.field(name, pa.int64(), nullable=False) for name in self.columns]
        return pa.schema([*whole, pa.field("vector", pa.list_(pa.float32(), self.size), nullable=False)])


def numbers(column: Any) -> NDArray[np.int64]:
    """Return a column of whole numbers as an array."""
    return np.asarray(column.to_numpy(), dtype=np.int64)


def rows(column: Any, size: int) -> NDArray[np.float32]:
    """Return a column of vectors as an array ``(N, size)``."""
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    flat = [chunk.flatten().to_numpy() for chunk in chunks]
    joined: NDArray[np.float32] = flat[0] if len(flat) == 1 else np.concatenate([np.empty(0, np.float32), *flat])
    return joined.reshape(-1, size)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn errors of LanceDB and of the system into ours."""
    try:
        yield
    except RunFolderError as error:
        raise GalleryError(str(error)) from error
    except HimpcError:
        raise
    except BaseException as error:
        panicked = type(error).__name__ in ("PanicException", "RustPanic")  # of LanceDB, which are no errors of ours
        if not panicked and not isinstance(error, OSError | RuntimeError | ValueError):
            raise
        said = escape_unprintable(_SOURCE.sub("", str(error).strip().split("\n")[0]))[:200]
        raise GalleryError(f"{path}: {_advice(said)} ({said})") from error


def _advice(said: str) -> str:
    """Return what is wrong and what to do, by what LanceDB says."""
    said = said.lower()
    for part, advice in (
        ("permission denied", "cannot be used: check its permissions"),
        ("no space", "cannot be written: make room on the disk and try again"),
        ("quota", "cannot be written: make room on the disk and try again"),
        ("file too large", "cannot be written: make room on the disk and try again"),
        ("read-only", "cannot be written: it is read-only"),
        ("too many open files", "cannot be read: raise the limit of open files (ulimit -n)"),
    ):
        if part in said:
            return advice
    return "is damaged: restore the gallery from a copy"


def _connect(folder: Path) -> Any:
    return lancedb.connect(folder, read_consistency_interval=timedelta(0))


def _flush(folder: Path, since: float) -> None:
    """Have files that are new since a time, and the folders that name them, written to the disk."""
    for path in [folder, *folder.rglob("*")]:
        try:
            if path.is_dir() or path.stat().st_mtime >= since:
                handle = os.open(path, os.O_RDONLY)
                try:
                    os.fsync(handle)
                finally:
                    os.close(handle)
        except FileNotFoundError:
            continue

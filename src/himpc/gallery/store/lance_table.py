"""A table of LanceDB with durable additions, complete erasure and readers that retry."""

from __future__ import annotations

import os
import re
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from himpc._extras import require
from himpc.errors import DamagedGalleryError, GalleryError, HimpcError, RunFolderError, escape_unprintable
from himpc.gallery.store.base import DAMAGE_HINT

__all__ = ["LanceTable", "to_integers", "to_vectors", "translate_errors"]

os.environ.setdefault("LANCEDB_LOG", "off")  # read when lancedb is loaded
if TYPE_CHECKING:
    import lancedb
    import pyarrow as pa
else:
    lancedb, pa = require("lancedb", "gallery"), require("pyarrow", "gallery")

T = TypeVar("T")

MAX_ATTEMPTS = 20
"""Attempts of a reader whose files another process has compacted meanwhile."""

MAX_FRAGMENTS = 64
"""Additions are compacted once there are this many files."""

_SOURCE_LINE = re.compile(r", \S+\.rs:[\d:]+")
"""The position in LanceDB's source at the end of its messages."""

FILTER_SIZE = 10_000
"""Ids in one filter."""


class LanceTable:
    """A table with a vector and some integers in each row.

    Parameters
    ----------
    folder : path
        The folder of the tables.
    name : str
    size : int
        The length of each vector.
    columns : sequence of str
        The names of the integers; the first is the id by which rows are selected.
    make : bool
        Create the table if it does not exist.

    Raises
    ------
    GalleryError
        If there is none, it has vectors of another length, or it cannot be read or created.
    """

    def __init__(self, folder: Path, name: str, size: int, columns: tuple[str, ...], *, make: bool) -> None:
        self.path, self.size, self.columns = folder / f"{name}.lance", size, columns
        with translate_errors(self.path):
            database = _connect(folder)
            if make and not any(self.path.glob("_versions/*")):  # a killed process may leave an empty folder
                database.create_table(name, schema=self._schema())
            if not self.path.is_dir():
                raise DamagedGalleryError(f"{self.path}: is missing", hint=DAMAGE_HINT)
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
        """Add rows durably, all or none."""
        with translate_errors(self.path):
            began = time.time()
            flat = pa.array(np.ascontiguousarray(vectors, dtype=np.float32).ravel())
            vector = pa.FixedSizeListArray.from_arrays(flat, self.size)
            integers = [pa.array(columns[name].astype(np.int64)) for name in self.columns]
            self._table.add(pa.Table.from_arrays([*integers, vector], schema=self._schema()))
            if self._table.stats()["fragment_stats"]["num_fragments"] >= MAX_FRAGMENTS:
                self._compact()
            _flush(self.path, began - 2)

    def read(self, work: Callable[[Any], T]) -> T:
        """Call a function that reads LanceDB's table, and retry if another process compacts its files meanwhile."""
        with translate_errors(self.path):
            for attempt in range(MAX_ATTEMPTS):
                try:
                    return work(self._table)
                except (RuntimeError, OSError, ValueError) as error:
                    if "not found" not in str(error).lower() or attempt == MAX_ATTEMPTS - 1 or not self.path.is_dir():
                        raise
                    time.sleep(0.01 * attempt)
        raise AssertionError("the last attempt returns or raises")

    def blocks(self, *names: str) -> Callable[[Any], Iterator[Any]]:
        """Return a function that reads columns of all rows in batches."""
        return lambda table: iter(table.search().select(list(names)).to_batches())

    def select(self, ids: NDArray[np.int64], *names: str) -> pa.Table:
        """Return columns of the rows with some ids, in any order."""
        parts = [ids[first : first + FILTER_SIZE] for first in range(0, len(ids), FILTER_SIZE)] or [ids]

        def search(table: Any) -> Any:
            return [table.search().where(self._has_id(some)).select(list(names)).to_arrow() for some in parts]

        found: pa.Table = pa.concat_tables(self.read(search))
        return found

    def count(self) -> int:
        """Return the number of rows."""
        return int(self.read(lambda table: table.count_rows()))

    def erase(self, ids: NDArray[np.int64]) -> None:
        """Remove the rows with some ids, and every file that held them.

        LanceDB's delete does not change a file but marks rows as deleted. So all other rows of such files are first
        rewritten to new files; after the delete, the old files hold no rows and are removed by compaction.
        """
        with translate_errors(self.path):
            began = time.time()
            for fragment in self._fragments(ids):
                place = f"_rowaddr >= {fragment << 32} AND _rowaddr < {(fragment + 1) << 32}"
                self._table.update(where=f"{place} AND NOT ({self._has_id(ids)})", values_sql={"id": "id"})
            self._table.delete(self._has_id(ids))
            self._compact()
            if len(self._table.list_versions()) > 1:
                raise GalleryError(
                    f"{self.path}: removed rows are still stored", hint="set this computer's clock and try again"
                )
            _flush(self.path, began - 2)

    def compact(self) -> None:
        """Merge small files, index new rows, and delete older versions and what killed processes left."""
        with translate_errors(self.path):
            began = time.time()
            self._compact()
            _flush(self.path, began - 2)

    def index_vectors(self, name: str) -> None:
        """Index the vectors: partitions around centroids, one byte a number (IVF_SQ)."""
        with translate_errors(self.path):
            self._table.create_index("vector", config=lancedb.index.IvfSq(distance_type="l2"), name=name)

    def index_ids(self, name: str) -> None:
        """Index the ids."""
        with translate_errors(self.path):
            self._table.create_index(self.columns[0], config=lancedb.index.BTree(), name=name)

    def drop_index(self, name: str) -> None:
        """Drop an index; the next compaction deletes its files."""
        with translate_errors(self.path):
            self._table.drop_index(name)

    def close(self) -> None:
        """Close the table."""
        vars(self).pop("_table", None)

    def _compact(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # about readers whose files are deleted: `read` retries
            self._table.optimize(cleanup_older_than=timedelta(0), delete_unverified=True)
        for half_written in self.path.rglob(".tmp*"):  # which LanceDB leaves behind when it is killed
            half_written.unlink()

    def _fragments(self, ids: NDArray[np.int64]) -> list[int]:
        """Return the numbers of the files that hold rows with some ids."""
        found = self._table.search().where(self._has_id(ids)).select(["_rowaddr"]).to_arrow()
        return [int(each) for each in np.unique(to_integers(found["_rowaddr"]) >> 32)]

    def _has_id(self, ids: NDArray[np.int64]) -> str:
        return f"{self.columns[0]} IN ({', '.join(map(str, ids.tolist()))})" if len(ids) else "false"

    def _schema(self) -> pa.Schema:
        integers = [pa.field(name, pa.int64(), nullable=False) for name in self.columns]
        return pa.schema([*integers, pa.field("vector", pa.list_(pa.float32(), self.size), nullable=False)])


def to_integers(column: Any) -> NDArray[np.int64]:
    """Return a column of integers as an array."""
    return np.asarray(column.to_numpy(), dtype=np.int64)


def to_vectors(column: Any, size: int) -> NDArray[np.float32]:
    """Return a column of vectors as an array ``(N, size)``."""
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    flat = [chunk.flatten().to_numpy() for chunk in chunks]
    joined: NDArray[np.float32] = flat[0] if len(flat) == 1 else np.concatenate([np.empty(0, np.float32), *flat])
    return joined.reshape(-1, size)


@contextmanager
def translate_errors(path: Path) -> Iterator[None]:
    """Raise errors of LanceDB and of the system as `GalleryError`."""
    try:
        yield
    except RunFolderError as error:
        raise GalleryError(str(error)) from error
    except HimpcError:
        raise
    except BaseException as error:
        panicked = type(error).__name__ in ("PanicException", "RustPanic")  # derived from BaseException
        if not panicked and not isinstance(error, OSError | RuntimeError | ValueError):
            raise
        message = escape_unprintable(_SOURCE_LINE.sub("", str(error).strip().split("\n")[0]))[:200]
        problem, hint = _explain(message)
        kind = DamagedGalleryError if hint == DAMAGE_HINT else GalleryError
        raise kind(f"{path}: {problem} ({message})", hint=hint) from error


def _explain(message: str) -> tuple[str, str]:
    """Return the problem and the advice for a message of LanceDB."""
    for part, problem, hint in (
        ("permission denied", "cannot be used", "check its permissions"),
        ("no space", "cannot be written", "make room on the disk and try again"),
        ("quota", "cannot be written", "make room on the disk and try again"),
        ("file too large", "cannot be written", "make room on the disk and try again"),
        ("read-only", "cannot be written", "it is read-only"),
        ("too many open files", "cannot be read", "raise the limit of open files (ulimit -n)"),
    ):
        if part in message.lower():
            return problem, hint
    return "is damaged", DAMAGE_HINT


def _connect(folder: Path) -> Any:
    return lancedb.connect(folder, read_consistency_interval=timedelta(0))


def _flush(folder: Path, since: float) -> None:
    """Flush files that are new since a time, and their folders, to the disk."""
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

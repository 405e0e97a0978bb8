"""A vector store in a folder, with LanceDB: for more recordings than a scan compares quickly."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc._files import make_folder, write_atomically
from himpc.errors import DamagedGalleryError, GalleryError
from himpc.gallery.store.assembly import (
    MIN_INDEXED_ELEMENTS,
    assemble_entries,
    assemble_pooled,
    assemble_windows,
    check_entries,
)
from himpc.gallery.store.base import DAMAGE_HINT, Entries
from himpc.gallery.store.lance_table import LanceTable, to_integers, to_vectors, translate_errors
from himpc.gallery.store.nearest import EXTRA_CANDIDATES, NearestNeighbours

__all__ = ["LanceStore"]

RETRAIN_FACTOR = 4
"""An index is trained again once the number of recordings has grown by this factor."""

PROBES = 48
"""Partitions of the index that are searched. With the two settings below, recall is 0.99 (perf/gallery.py)."""

REFINE_FACTOR = 2
MIN_REFINE_CANDIDATES = 50
"""Candidates of the index that are re-ranked by exact distances: twice k, but at least 50."""

MIN_SCANNED_QUERIES = 8
"""Minimum number of queries for which one scan over all vectors is faster than one search of LanceDB each."""

VECTOR_INDEX = "by_distance_"
ID_INDEX = "by_id"

MIN_ID_INDEX_ROWS = 50_000
"""Minimum number of windows for an index of recording ids."""

PENDING_FILE = "unsettled.json"


class LanceStore:
    """Embeddings in a folder: a table of pooled vectors, one row per recording, and a table of windows.

    New rows are written to new files, which become part of the table in one step, or never if the process is killed.
    The ids of recordings that are being added or erased are in ``unsettled.json``, so that `ids` returns them until
    that is complete.

    To erase, the files that hold a vector are rewritten without it, the index is trained again, and every older
    version is deleted. That takes as long as writing up to a million recordings and their index. Readers whose files
    are deleted meanwhile read again.

    Parameters
    ----------
    folder : path
    size : int
        D, the length of each vector.
    make : bool
        Create the folder and its tables if they do not exist.
    indexed_from : int, optional
        The minimum number of recordings for which `index` builds an index; the default depends on `size`.

    Raises
    ------
    GalleryError
        If the folder does not exist, holds something else or vectors of another length, is damaged, or cannot be read
        or written.
    """

    file_names = frozenset({"pooled.lance", "windows.lance", PENDING_FILE})

    def __init__(self, folder: str | Path, size: int, *, make: bool = False, indexed_from: int | None = None) -> None:
        self.folder, self.size = Path(folder), size
        self.indexed_from = indexed_from if indexed_from is not None else max(10_000, MIN_INDEXED_ELEMENTS // size)
        with translate_errors(self.folder):
            if make:
                make_folder(self.folder)
            elif not self.folder.is_dir():
                raise DamagedGalleryError(f"{self.folder}: is missing", hint=DAMAGE_HINT)
        self._pooled = LanceTable(self.folder, "pooled", size, ("id",), make=make)
        self._windows = LanceTable(self.folder, "windows", size, ("id", "start"), make=make)

    def add(self, entries: Entries) -> None:
        """Store new embeddings durably; see `VectorStore`."""
        check_entries(entries, self.size)
        if not len(entries.ids):
            return
        pending = self._read_pending()
        self._write_pending({*pending, *entries.ids.tolist()})
        self._windows.add(entries.windows, {"id": entries.ids[entries.of], "start": entries.starts})
        self._pooled.add(entries.pooled, {"id": entries.ids})
        self._write_pending(pending)

    def nearest(
        self, queries: NDArray[np.float32], k: int, *, exact: bool = False
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Find the nearest recordings to each query; see `VectorStore`."""

        def search(table: Any) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
            near = NearestNeighbours(queries, self.size, k)
            indexed = not exact and _candidates(k) <= (self._trained_on(table) or 0) // 4
            if indexed or 0 < len(queries) < MIN_SCANNED_QUERIES:
                found = [self._search_one(table, query, k, indexed) for query in near.queries]
                ids, distances = (np.concatenate(each) for each in zip(*found, strict=True))
                return ids, distances
            for batch in self._pooled.blocks("id", "vector")(table):
                near.add(to_integers(batch["id"]), to_vectors(batch["vector"], self.size))
            return near.result()

        return self._pooled.read(search)

    def pooled(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return pooled vectors; see `VectorStore`."""
        found = self._pooled.select(ids, "id", "vector")
        return assemble_pooled(ids, to_integers(found["id"]), to_vectors(found["vector"], self.size))

    def entries(self, ids: NDArray[np.int64]) -> Entries:
        """Return all vectors of some recordings; see `VectorStore`."""
        windows = self._windows.select(ids, "id", "start", "vector")  # windows are added first and erased last
        pooled = self._pooled.select(ids, "id", "vector")
        return assemble_entries(
            ids,
            (to_integers(pooled["id"]), to_vectors(pooled["vector"], self.size)),
            (to_integers(windows["id"]), to_integers(windows["start"]), to_vectors(windows["vector"], self.size)),
        )

    def windows(self, ids: NDArray[np.int64]) -> Entries:
        """Return the windows of some recordings; see `VectorStore`."""
        found = self._windows.select(ids, "id", "start", "vector")
        return assemble_windows(
            ids, to_integers(found["id"]), to_integers(found["start"]), to_vectors(found["vector"], self.size)
        )

    def ids(self) -> NDArray[np.int64]:
        """Return the ids of all recordings stored; see `VectorStore`."""
        blocks = self._pooled.read(
            lambda table: [to_integers(batch["id"]) for batch in self._pooled.blocks("id")(table)]
        )
        return np.unique(np.concatenate([np.array(sorted(self._read_pending()), dtype=np.int64), *blocks]))

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Erase recordings; see `VectorStore`."""
        if not len(ids):
            return
        pending = self._read_pending()
        self._write_pending({*pending, *ids.tolist()})
        indexed = self._drop_index()
        has_id_index = self._windows.read(_has_id_index)
        if has_id_index:
            self._windows.drop_index(ID_INDEX)
        self._pooled.erase(ids)
        self._windows.erase(ids)
        self._write_pending(pending - set(ids.tolist()))
        if indexed or has_id_index:
            self.index()

    def index(self) -> bool:
        """Build or extend the index; see `VectorStore`."""
        if self._windows.count() >= MIN_ID_INDEX_ROWS and not self._windows.read(_has_id_index):
            self._windows.index_ids(ID_INDEX)
        self._windows.compact()
        count = self._pooled.count()
        trained = self._pooled.read(self._trained_on)
        if trained is not None and (count > RETRAIN_FACTOR * trained or count < self.indexed_from):
            self._drop_index()
            trained = None
        if trained is None and count >= self.indexed_from:
            self._pooled.index_vectors(f"{VECTOR_INDEX}{count}")
            trained = count
        self._pooled.compact()
        return trained is not None

    def check(self) -> list[str]:
        """Describe problems of the stored data; see `VectorStore`."""
        problems = []
        for table in (self._pooled, self._windows):
            try:
                problems += self._check(table)
            except GalleryError as error:
                problems.append(str(error))
        return problems

    def close(self) -> None:
        """Close files."""
        self._pooled.close()
        self._windows.close()

    def _search_one(
        self, table: Any, query: NDArray[np.float32], k: int, indexed: bool
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Search for one query, rank by exact distances; rows added since the index was built are found, too."""
        builder = table.search(query).select(["id", "vector", "_distance"])
        builder = builder.limit(_candidates(k)).nprobes(PROBES) if indexed else builder.limit(k + EXTRA_CANDIDATES)
        found = (builder if indexed else builder.bypass_vector_index()).to_arrow()
        near = NearestNeighbours(query[None], self.size, k)
        near.add(to_integers(found["id"]), to_vectors(found["vector"], self.size))
        return near.result() if len(found) >= k or not indexed else self._search_one(table, query, k, False)

    def _trained_on(self, table: Any) -> int | None:
        """Return the number of recordings that the index was trained on, or None if there is none."""
        names = [index.name for index in table.list_indices() if index.name.startswith(VECTOR_INDEX)]
        return int(names[0].removeprefix(VECTOR_INDEX)) if names else None

    def _drop_index(self) -> bool:
        trained = self._pooled.read(self._trained_on)
        if trained is not None:
            self._pooled.drop_index(f"{VECTOR_INDEX}{trained}")
        return trained is not None

    def _check(self, table: LanceTable) -> list[str]:
        rows, invalid = 0, 0
        for batch in table.read(lambda lance: list(table.blocks("id", "vector")(lance))):
            rows += len(batch)
            invalid += int((~np.isfinite(to_vectors(batch["vector"], self.size)).all(axis=1)).sum())
        return [f"{table.path}: {invalid} of {rows} vectors are not finite"] if invalid else []

    def _read_pending(self) -> set[int]:
        """Return the ids of recordings that are being added or erased, or were when a process was killed."""
        path = self.folder / PENDING_FILE
        try:
            return {int(each) for each in json.loads(path.read_text(encoding="utf-8"))}
        except FileNotFoundError:
            return set()
        except (OSError, ValueError, TypeError, RecursionError) as error:
            raise DamagedGalleryError(f"{path}: is damaged", hint=DAMAGE_HINT) from error

    def _write_pending(self, pending: Iterable[int]) -> None:
        with translate_errors(self.folder):
            write_atomically(self.folder / PENDING_FILE, json.dumps(sorted(pending)))


def _candidates(k: int) -> int:
    return max(MIN_REFINE_CANDIDATES, REFINE_FACTOR * k)


def _has_id_index(table: Any) -> bool:
    return any(index.name == ID_INDEX for index in table.list_indices())

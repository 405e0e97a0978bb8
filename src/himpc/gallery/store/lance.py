"""A store of embeddings in a folder, by LanceDB."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc._files import make_folder, write_atomically
from himpc.errors import GalleryError
from himpc.gallery.store.assembly import INDEXED_NUMBERS, check_entries, entries_of, pooled_of, windows_of
from himpc.gallery.store.base import Entries
from himpc.gallery.store.lance_table import LanceTable, numbers, rows, told
from himpc.gallery.store.nearest import SPARE, Nearest

__all__ = ["LanceStore"]

_GROWTH = 4
"""An index is trained anew when there are so many times the recordings that it was trained on."""

_PROBES = 48
"""Parts of the index that are searched, and ..."""

_REFINED = 2
_LEAST_REFINED = 50
"""... so many times k of what is found there, but at least so many, are compared exactly: a recall of 0.99 in
perf/gallery.py."""

_AT_ONCE = 8
"""From so many queries on, reading all vectors once for all of them is quicker than LanceDB's search."""

_INDEX = "by_distance_"
_BY_ID = "by_id"

_LOOKED_UP = 50_000
"""From so many windows on, those of a recording are looked up by an index."""

UNSETTLED_FILE = "unsettled.json"


class LanceStore:
    """Embeddings in a folder: one table of pooled vectors, a row a recording, and one of windows.

    What is added stands in new files, which become part of the table at once or, after a kill, never. Numbers of
    recordings that are being added or erased stand in ``unsettled.json``, so `ids` tells of them until that is done.

    To erase, the files that hold a vector are written anew without it, the index is trained anew, and every older
    version is deleted: that takes as long as writing up to a million recordings and their index. Readers whose files
    vanish meanwhile read again.

    Parameters
    ----------
    folder : path
    size : int
        D, the length of each vector.
    make : bool
        Make the folder and its tables; otherwise they must be there.
    indexed_from : int, optional
        Recordings from which on `index` builds an index; if not given, where it pays.

    Raises
    ------
    GalleryError
        If LanceDB is missing; if there is no such folder, it holds something else or vectors of another size, it is
        damaged, or it cannot be read or written.
    """

    file_names = frozenset({"pooled.lance", "windows.lance", UNSETTLED_FILE})

    def __init__(self, folder: str | Path, size: int, *, make: bool = False, indexed_from: int | None = None) -> None:
        self.folder, self.size = Path(folder), size
        self.indexed_from = indexed_from if indexed_from is not None else max(10_000, INDEXED_NUMBERS // size)
        with told(self.folder):
            if make:
                make_folder(self.folder)
            elif not self.folder.is_dir():
                raise GalleryError(f"{self.folder}: is missing: restore the gallery from a copy")
        self._pooled = LanceTable(self.folder, "pooled", size, ("id",), make=make)
        self._windows = LanceTable(self.folder, "windows", size, ("id", "start"), make=make)

    def add(self, entries: Entries) -> None:
        """Keep some embeddings; when this returns they are on the disk, and found by `nearest`."""
        check_entries(entries, self.size)
        if not len(entries.ids):
            return
        unsettled = self._unsettled()
        self._note({*unsettled, *entries.ids.tolist()})
        self._windows.add(entries.windows, {"id": entries.ids[entries.of], "start": entries.starts})
        self._pooled.add(entries.pooled, {"id": entries.ids})
        self._note(unsettled)

    def nearest(
        self, queries: NDArray[np.float32], k: int, *, exact: bool = False
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the recordings whose pooled vectors are nearest to each query; see `himpc.gallery.store.base`."""

        def search(table: Any) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
            near = Nearest(queries, self.size, k)
            indexed = not exact and _refined(k) <= (self._trained_on(table) or 0) // 4
            if indexed or 0 < len(queries) < _AT_ONCE:
                found = [self._by_lance(table, query, k, indexed) for query in near.queries]
                ids, distances = (np.concatenate(each) for each in zip(*found, strict=True))
                return ids, distances
            for batch in self._pooled.blocks("id", "vector")(table):
                near.offer(numbers(batch["id"]), rows(batch["vector"], self.size))
            return near.result()

        return self._pooled.read(search)

    def pooled(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the pooled vectors of some recordings, in the order of `ids`; NaN for one that is not there."""
        found = self._pooled.of(ids, "id", "vector")
        return pooled_of(ids, numbers(found["id"]), rows(found["vector"], self.size))

    def entries(self, ids: NDArray[np.int64]) -> Entries:
        """Return all that is kept of some recordings, in the order of `ids`, without those that are not there."""
        windows = self._windows.of(ids, "id", "start", "vector")  # the first added and the last erased: never too few
        pooled = self._pooled.of(ids, "id", "vector")
        return entries_of(
            ids,
            (numbers(pooled["id"]), rows(pooled["vector"], self.size)),
            (numbers(windows["id"]), numbers(windows["start"]), rows(windows["vector"], self.size)),
        )

    def windows(self, ids: NDArray[np.int64]) -> Entries:
        """Do as `entries`, without pooled vectors."""
        found = self._windows.of(ids, "id", "start", "vector")
        return windows_of(ids, numbers(found["id"]), numbers(found["start"]), rows(found["vector"], self.size))

    def ids(self) -> NDArray[np.int64]:
        """Return all recordings that anything is kept of, rising."""
        kept = self._pooled.read(lambda table: [numbers(batch["id"]) for batch in self._pooled.blocks("id")(table)])
        return np.unique(np.concatenate([np.array(sorted(self._unsettled()), dtype=np.int64), *kept]))

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Erase some recordings: when this returns, their vectors are in no table, index or old version on the disk."""
        if not len(ids):
            return
        unsettled = self._unsettled()
        self._note({*unsettled, *ids.tolist()})
        indexed = self._drop_index()
        looked_up = self._windows.read(_looked_up)
        if looked_up:
            self._windows.untrain(_BY_ID)
        self._pooled.erase(ids)
        self._windows.erase(ids)
        self._note(unsettled - set(ids.tolist()))
        if indexed or looked_up:
            self.index()

    def index(self) -> bool:
        """Make searching fast where that pays, and fold in what was added since; return whether there is an index."""
        if self._windows.count() >= _LOOKED_UP and not self._windows.read(_looked_up):
            self._windows.look_up(_BY_ID)
        self._windows.sweep()
        count = self._pooled.count()
        trained = self._pooled.read(self._trained_on)
        if trained is not None and (count > _GROWTH * trained or count < self.indexed_from):
            self._drop_index()
            trained = None
        if trained is None and count >= self.indexed_from:
            self._pooled.train(f"{_INDEX}{count}")
            trained = count
        self._pooled.sweep()
        return trained is not None

    def check(self) -> list[str]:
        """Return what is wrong with what is kept, a sentence each: unreadable, of another size, not finite."""
        wrong = []
        for table in (self._pooled, self._windows):
            try:
                wrong += self._check(table)
            except GalleryError as error:
                wrong.append(str(error))
        return wrong

    def close(self) -> None:
        """Let go of files."""
        self._pooled.close()
        self._windows.close()

    def _by_lance(
        self, table: Any, query: NDArray[np.float32], k: int, indexed: bool
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return what LanceDB finds for one query, ranked by exact distances; what no index has is found as well."""
        builder = table.search(query).select(["id", "vector", "_distance"])
        builder = builder.limit(_refined(k)).nprobes(_PROBES) if indexed else builder.limit(k + SPARE)
        found = (builder if indexed else builder.bypass_vector_index()).to_arrow()
        near = Nearest(query[None], self.size, k)
        near.offer(numbers(found["id"]), rows(found["vector"], self.size))
        return near.result() if len(found) >= k or not indexed else self._by_lance(table, query, k, False)

    def _trained_on(self, table: Any) -> int | None:
        """Return how many recordings the index was trained on, None where there is none."""
        names = [index.name for index in table.list_indices() if index.name.startswith(_INDEX)]
        return int(names[0].removeprefix(_INDEX)) if names else None

    def _drop_index(self) -> bool:
        trained = self._pooled.read(self._trained_on)
        if trained is not None:
            self._pooled.untrain(f"{_INDEX}{trained}")
        return trained is not None

    def _check(self, table: LanceTable) -> list[str]:
        seen, broken = 0, 0
        for batch in table.read(lambda lance: list(table.blocks("id", "vector")(lance))):
            seen += len(batch)
            broken += int((~np.isfinite(rows(batch["vector"], self.size)).all(axis=1)).sum())
        return [f"{table.path}: {broken} of {seen} vectors are not finite"] if broken else []

    def _unsettled(self) -> set[int]:
        """Return the recordings that were being added or erased when a process ended, or are just now."""
        path = self.folder / UNSETTLED_FILE
        try:
            return {int(each) for each in json.loads(path.read_text(encoding="utf-8"))}
        except FileNotFoundError:
            return set()
        except (OSError, ValueError, TypeError, RecursionError) as error:
            raise GalleryError(f"{path}: is damaged: restore the gallery from a copy") from error

    def _note(self, unsettled: Iterable[int]) -> None:
        with told(self.folder):
            write_atomically(self.folder / UNSETTLED_FILE, json.dumps(sorted(unsettled)))


def _refined(k: int) -> int:
    return max(_LEAST_REFINED, _REFINED * k)


def _looked_up(table: Any) -> bool:
    return any(index.name == _BY_ID for index in table.list_indices())

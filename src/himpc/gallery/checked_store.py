"""A vector store that compares all it reads with the digests in the catalog, so that damage is never a wrong answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DamagedGalleryError
from himpc.gallery.catalog import Catalog, queries
from himpc.gallery.integrity import digest
from himpc.gallery.store import Entries, VectorStore

BATCH_SIZE = 20_000
"""Recordings whose pooled vectors are read together for a check."""


class CheckedStore:
    """The vectors of a gallery; see `himpc.gallery.store.VectorStore` for the methods.

    Pooled vectors and windows are checked when they are read. A search compares with all pooled vectors, so each of
    them is read and checked once in a process before the first search that uses the store's index or scan.

    The store is opened by the first call that needs it: most changes of a gallery concern its catalog alone.

    Parameters
    ----------
    open_store : callable
        Opens the store.
    catalog : Catalog
    """

    def __init__(self, open_store: Callable[[], VectorStore], catalog: Catalog) -> None:
        self._open_store, self._catalog = open_store, catalog
        self._checked: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._checked_revision: int | None = None

    @cached_property
    def store(self) -> VectorStore:
        """The store without checks."""
        return self._open_store()

    def nearest(
        self, queries: NDArray[np.float32], k: int, *, exact: bool = False
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Find the nearest recordings, after all pooled vectors have been checked."""
        self._check_all()
        return self.store.nearest(queries, k, exact=exact)

    def pooled(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return pooled vectors."""
        vectors = self.store.pooled(ids)
        self._check(ids, [(digest(vector), None) for vector in vectors])
        self._checked = np.union1d(self._checked, ids)
        return vectors

    def entries(self, ids: NDArray[np.int64]) -> Entries:
        """Return all vectors of some recordings."""
        found = self.store.entries(ids)
        digests = digest_entries(found)
        self._check(ids, [digests.get(id, ("", "")) for id in ids.tolist()])
        return found

    def windows(self, ids: NDArray[np.int64]) -> Entries:
        """Return the windows of some recordings."""
        found = self.store.windows(ids)
        digests = digest_entries(found)
        self._check(ids, [(None, digests.get(id, ("", ""))[1]) for id in ids.tolist()])
        return found

    def add(self, entries: Entries) -> None:
        """Store new embeddings."""
        self.store.add(entries)

    def ids(self) -> NDArray[np.int64]:
        """Return the ids of all recordings of which anything is stored."""
        return self.store.ids()

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Erase recordings."""
        self.store.remove(ids)

    def index(self) -> bool:
        """Build or extend the index."""
        return self.store.index()

    def check(self) -> list[str]:
        """Describe each problem of the stored data."""
        return self.store.check()

    def close(self) -> None:
        """Close files and connections."""
        if "store" in vars(self):
            self.store.close()

    def _check_all(self) -> None:
        """Check the pooled vectors that were not checked before."""
        with self._catalog.read() as connection:
            revision = self._catalog.revision(connection)
            if revision == self._checked_revision:
                return
            ids = queries.all_ids(connection)
        unchecked = np.setdiff1d(ids, self._checked)
        for start in range(0, len(unchecked), BATCH_SIZE):
            self.pooled(unchecked[start : start + BATCH_SIZE])
        self._checked_revision = revision

    def _check(self, ids: NDArray[np.int64], found: Sequence[tuple[str | None, str | None]]) -> None:
        """Raise `DamagedGalleryError` if digests differ from those in the catalog; None is not compared.

        The catalog is read after the vectors: recordings that were removed meanwhile are then not in it.
        """
        with self._catalog.read() as connection:
            expected = queries.digests_of(connection, ids.tolist())
            damaged = [
                id for id, digests in zip(ids.tolist(), found, strict=True) if _differ(digests, expected.get(id))
            ]
            if not damaged:
                return
            (first,) = queries.list_recordings(connection, ids=damaged[:1])
        raise DamagedGalleryError(
            f"{self._catalog.location}: is damaged: the vectors of {len(damaged)} recordings are missing or have "
            f"changed since they were enrolled, the first of {first.source} ({first.person})",
            hint="{Gallery.verify()} lists them, {Gallery.repair()} computes them again from stored skeletons; "
            "or restore the gallery from a backup",
        )


def digest_entries(entries: Entries) -> dict[int, tuple[str, str]]:
    """Compute the digests of pooled vector and windows of each recording, by id."""
    edges = np.searchsorted(entries.of, np.arange(len(entries.ids) + 1))
    return {
        id: (digest(entries.pooled[i]), digest(entries.windows[first:end], entries.starts[first:end]))
        for i, (id, first, end) in enumerate(zip(entries.ids.tolist(), edges[:-1], edges[1:], strict=True))
    }


def _differ(found: tuple[str | None, str | None], expected: tuple[str | None, str | None] | None) -> bool:
    return expected is not None and any(
        one is not None and other is not None and one != other for one, other in zip(found, expected, strict=True)
    )

"""The protocol of a vector store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["DAMAGE_HINT", "Entries", "StoreFactory", "VectorStore"]

DAMAGE_HINT = "restore the gallery from a backup, or compute vectors again from stored skeletons: {Gallery.repair()}"


@dataclass(frozen=True, eq=False)
class Entries:
    """The embeddings of some recordings.

    Attributes
    ----------
    ids : int64 array ``(R,)``
        The id of each recording in its gallery: positive, never reused.
    pooled : float32 array ``(R, D)``
        One vector per recording, the mean of its windows.
    windows : float32 array ``(N, D)``
        One vector per window.
    of : int64 array ``(N,)``
        The index in `ids` of each window's recording, ascending.
    starts : int64 array ``(N,)``
        The first frame of each window in its recording.
    """

    ids: NDArray[np.int64]
    pooled: NDArray[np.float32]
    windows: NDArray[np.float32]
    of: NDArray[np.int64]
    starts: NDArray[np.int64]


class VectorStore(Protocol):
    """A store of embeddings, compared by Euclidean distance.

    The catalog decides what is enrolled. After a process was killed, a store may hold more; no search returns it, and
    the next writer erases it. The catalog lets only one process write at a time; any number of processes read
    meanwhile, and see what was added at their next call. Failures of the store are raised as
    `himpc.errors.GalleryError`, invalid arguments as `himpc.errors.DataError`. ``tests/gallery/test_conformance.py``
    tests every store of the table `himpc.gallery.store.STORES` against this protocol.
    """

    def add(self, entries: Entries) -> None:
        """Store the embeddings of new recordings durably; afterwards `nearest` finds them.

        A process killed during the call may leave a part of them, whose ids `ids` then returns.

        Raises
        ------
        DataError
            If they do not fit (`himpc.gallery.store.assembly.check_entries`); nothing is stored then.
        """

    def nearest(
        self, queries: NDArray[np.float32], k: int, *, exact: bool = False
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Find the recordings whose pooled vectors are nearest to each query, nearest first; ties by ascending id.

        Parameters
        ----------
        queries : float32 array ``(Q, D)``
        k : int
        exact : bool
            Compare with all recordings even if there is an index.

        Returns
        -------
        ids : int64 array ``(Q, k)``
            0 where there are fewer than k.
        distances : float32 array ``(Q, k)``
            Exact Euclidean distances, also with an index; infinite where there are fewer than k.

        Raises
        ------
        DataError
            If queries have another shape or are not finite, or k is below 1.
        """

    def pooled(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the pooled vectors of some recordings in the order of `ids`; NaN for one that is not stored."""

    def entries(self, ids: NDArray[np.int64]) -> Entries:
        """Return all vectors of some recordings in the order of `ids`, without those that are not stored."""

    def windows(self, ids: NDArray[np.int64]) -> Entries:
        """Return the same as `entries`, but faster and without pooled vectors, which are ``(R, 0)``."""

    def ids(self) -> NDArray[np.int64]:
        """Return the ids of all recordings of which anything is stored, ascending."""

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Erase recordings: afterwards no table, index or old version on the disk holds a byte of their vectors.

        Ids that are not stored are ignored.
        """

    def index(self) -> bool:
        """Build or extend the index if the store is large enough; return True if there is one."""

    def check(self) -> list[str]:
        """Describe each problem of the stored data in a sentence: unreadable, of another size, or not finite."""

    def close(self) -> None:
        """Close files and connections."""


class StoreFactory(Protocol):
    """A class of vector stores, as the table of stores names it."""

    file_names: frozenset[str]
    """The names in the store's folder, or of its tables in a database, by which a part of a gallery is recognised."""

    def __call__(self, place: Any, size: int, *, make: bool = False) -> VectorStore:
        """Open a store of vectors of length `size`.

        Parameters
        ----------
        place : Path or sqlalchemy.Engine
            The store's own folder, or the database (`StoreType.is_database`).
        size : int
        make : bool
            Create the store if it does not exist.

        Raises
        ------
        GalleryError
            If it does not exist, is damaged, or holds vectors of another length.
        """

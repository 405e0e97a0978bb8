"""Where a gallery keeps its embeddings: one interface, a store in a folder and one in PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Entries", "VectorStore"]


@dataclass(frozen=True, eq=False)
class Entries:
    """The embeddings of some recordings.

    Attributes
    ----------
    ids : int64 array ``(R,)``
        The number of each recording in its gallery, positive and never used twice.
    pooled : float32 array ``(R, D)``
        One vector a recording, the mean of its windows.
    windows : float32 array ``(N, D)``
        One vector a window.
    of : int64 array ``(N,)``
        Which recording each window was cut from, as its place in `ids`, rising.
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

    The gallery's catalogue says what is enrolled; a store may hold more, after a process was killed, and the catalogue
    does not look at that. Only one process at a time writes, which the catalogue sees to; any number may read
    meanwhile. Errors of the store reach the caller as `himpc.errors.GalleryError`.
    """

    def add(self, entries: Entries) -> None:
        """Keep some embeddings; when this returns they are on the disk, and found by `nearest`."""

    def nearest(
        self, queries: NDArray[np.float32], k: int, *, exact: bool = False
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the recordings whose pooled vectors are nearest to each query, nearest first.

        Parameters
        ----------
        queries : float32 array ``(Q, D)``
        k : int
        exact : bool
            Compare with all of them, whether or not there is an index.

        Returns
        -------
        ids : int64 array ``(Q, k)``
            0 where there are fewer than k.
        distances : float32 array ``(Q, k)``
            Exact Euclidean distances, also where an index found them; infinite where there are fewer than k.
        """

    def pooled(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the pooled vectors of some recordings, in the order of `ids`; NaN for one that is not there."""

    def entries(self, ids: NDArray[np.int64]) -> Entries:
        """Return all that is kept of some recordings, in the order of `ids`, without those that are not there."""

    def windows(self, ids: NDArray[np.int64]) -> Entries:
        """Do as `entries`, more quickly, without pooled vectors: these have no columns, ``(R, 0)``."""

    def ids(self) -> NDArray[np.int64]:
        """Return all recordings that anything is kept of, rising."""

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Erase some recordings: when this returns, their vectors are in no table, index or old version on the disk."""

    def index(self) -> bool:
        """Make searching fast where that pays, and fold in what was added since; return whether there is an index."""

    def check(self) -> list[str]:
        """Return what is wrong with what is kept, a sentence each: unreadable, of another size, not finite."""

    def close(self) -> None:
        """Let go of files and connections."""

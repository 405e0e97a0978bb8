"""The pooled vectors of a gallery in memory, for a server that is asked all the time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_CACHED_NUMBERS", "InMemoryIndex"]

MAX_CACHED_NUMBERS = 64 * 2**20
"""Larger galleries stay on the disk: 256 MiB, 350,000 recordings of 192 numbers."""


_AXES = 32
"""Along so few axes all vectors are compared, along the others those that may be near."""


class InMemoryIndex:
    """Vectors that are all compared with; what is found is exact.

    They are turned to their principal axes. The distance along the first of these is never more than the whole one, so
    only vectors that are near enough along them are compared in full.

    Parameters
    ----------
    ids : int64 array ``(R,)``
    vectors : float32 array ``(R, D)``
    """

    def __init__(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        self._ids, self._vectors = ids, vectors
        self._mean = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
        centred = vectors - self._mean
        self._axes = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :_AXES].astype(np.float32)
        self._first = np.ascontiguousarray(centred @ self._axes)
        self._squares = np.einsum("rd,rd->r", self._first, self._first)
        self._longest = float(self._squares.max(initial=0))

    def nearest(self, queries: NDArray[np.float32], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the nearest recordings and their distances, as `himpc.gallery.store.base.VectorStore.nearest` does."""
        found = np.zeros((len(queries), k), dtype=np.int64)
        distances = np.full((len(queries), k), np.inf, dtype=np.float32)
        few = min(k, len(self._ids))
        for row, query in enumerate(queries):
            first = (query - self._mean) @ self._axes
            least = self._squares - 2 * (self._first @ first) + first @ first
            some = np.argpartition(least, few - 1)[:few]
            rounding = 1e-5 * (self._longest + float(first @ first))
            farthest = max(self._exact(some, query).max() ** 2, least[some].max())
            near = np.flatnonzero(least <= farthest + rounding)
            exact = self._exact(near, query)
            order = np.lexsort((self._ids[near], exact))[:few]
            found[row, :few], distances[row, :few] = self._ids[near][order], exact[order]
        return found, distances

    def _exact(self, rows: NDArray[np.int64], query: NDArray[np.float32]) -> NDArray[np.float64]:
        distances: NDArray[np.float64] = np.linalg.norm(self._vectors[rows].astype(np.float64) - query, axis=1)
        return distances

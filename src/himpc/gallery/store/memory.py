"""An in-memory index of pooled vectors, for a server that is searched all the time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["InMemoryIndex"]

LEADING_AXES = 32
"""Principal axes along which all vectors are compared; only near vectors are compared along the others."""


class InMemoryIndex:
    """An exact index of the nearest vectors.

    Vectors are rotated to their principal axes. The distance along the leading axes is never larger than the full
    distance, so that only vectors near enough along them are compared in full.

    Parameters
    ----------
    ids : int64 array ``(R,)``
    vectors : float32 array ``(R, D)``
    """

    def __init__(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        self._ids, self._vectors = ids, vectors
        self._mean = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
        centred = vectors - self._mean
        self._axes = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :LEADING_AXES].astype(np.float32)
        self._leading = np.ascontiguousarray(centred @ self._axes)
        self._squares = np.einsum("rd,rd->r", self._leading, self._leading)
        self._largest = float(self._squares.max(initial=0))

    def nearest(self, queries: NDArray[np.float32], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Find the nearest recordings and their distances, as `VectorStore.nearest` does."""
        ids = np.zeros((len(queries), k), dtype=np.int64)
        distances = np.full((len(queries), k), np.inf, dtype=np.float32)
        count = min(k, len(self._ids))
        for row, query in enumerate(queries):
            leading = (query - self._mean) @ self._axes
            lower_bounds = self._squares - 2 * (self._leading @ leading) + leading @ leading
            candidates = np.argpartition(lower_bounds, count - 1)[:count]
            rounding = 1e-5 * (self._largest + float(leading @ leading))
            farthest = max(self._exact(candidates, query).max() ** 2, lower_bounds[candidates].max())
            near = np.flatnonzero(lower_bounds <= farthest + rounding)
            exact = self._exact(near, query)
            order = np.lexsort((self._ids[near], exact))[:count]
            ids[row, :count], distances[row, :count] = self._ids[near][order], exact[order]
        return ids, distances

    def _exact(self, rows: NDArray[np.int64], query: NDArray[np.float32]) -> NDArray[np.float64]:
        distances: NDArray[np.float64] = np.linalg.norm(self._vectors[rows].astype(np.float64) - query, axis=1)
        return distances

"""Exact nearest neighbours by Euclidean distance, from blocks of vectors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError

__all__ = ["EXTRA_CANDIDATES", "NearestNeighbours"]

QUERY_BATCH_SIZE = 256
"""Queries compared with a block at the same time, to bound memory."""

EXTRA_CANDIDATES = 16
"""Candidates beyond k, because the fast distances that select them are rounded."""


class NearestNeighbours:
    """Collect the k nearest of all vectors added, for each query; ties by ascending id.

    Parameters
    ----------
    queries : float32 array ``(Q, D)``
    size : int
        D, the length of the store's vectors.
    k : int

    Raises
    ------
    DataError
        If queries have another shape or are not finite, or k is below 1.
    """

    def __init__(self, queries: NDArray[np.float32], size: int, k: int) -> None:
        if queries.ndim != 2 or queries.shape[1] != size:
            raise DataError(f"queries have shape {queries.shape}, expected (Q, {size})")
        if not np.isfinite(queries).all():
            raise DataError("queries have numbers that are not finite")
        if k < 1:
            raise DataError(f"k must be 1 or more, found {k}")
        self.queries, self.k = np.asarray(queries, dtype=np.float32), k
        self._ids = np.zeros((len(queries), 0), dtype=np.int64)
        self._squares = np.zeros((len(queries), 0))

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Compare vectors ``(B, D)`` with all queries."""
        starts = range(0, len(self.queries), QUERY_BATCH_SIZE)
        if len(ids) and len(starts):
            best = [self._best(slice(start, start + QUERY_BATCH_SIZE), ids, vectors) for start in starts]
            self._ids, self._squares = (np.concatenate(each) for each in zip(*best, strict=True))

    def result(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return ids and distances ``(Q, k)``, nearest first; 0 and infinite where fewer than k were added."""
        missing = ((0, 0), (0, self.k - self._ids.shape[1]))
        distances = np.pad(np.sqrt(self._squares), missing, constant_values=np.inf)
        return np.pad(self._ids, missing), distances.astype(np.float32)

    def _best(
        self, some: slice, ids: NDArray[np.int64], vectors: NDArray[np.float32]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return ids and squared distances of the k nearest, for a slice of the queries."""
        queries = self.queries[some]
        centre = queries.mean(axis=0)  # rounding errors of the fast distances are smallest near the origin
        shifted = vectors - centre
        fast = np.einsum("bd,bd->b", shifted, shifted) - 2 * ((queries - centre) @ shifted.T)
        count = min(self.k + EXTRA_CANDIDATES, len(ids))
        chosen = np.argpartition(fast, count - 1, axis=1)[:, :count] if count < len(ids) else np.arange(len(ids))[None]
        chosen = np.broadcast_to(chosen, (len(queries), count))
        squares = np.stack([_squares(query, vectors[row]) for query, row in zip(queries, chosen, strict=True)])
        all_ids = np.concatenate([self._ids[some], ids[chosen]], axis=1)
        squares = np.concatenate([self._squares[some], squares], axis=1)
        order = np.lexsort((all_ids, squares), axis=1)[:, : self.k]
        return np.take_along_axis(all_ids, order, axis=1), np.take_along_axis(squares, order, axis=1)


def _squares(query: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    differences = vectors.astype(np.float64) - query
    squares: NDArray[np.float64] = np.einsum("bd,bd->b", differences, differences)
    return squares

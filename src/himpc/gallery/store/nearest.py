"""The nearest of many vectors by exact Euclidean distance, a block of them at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError

__all__ = ["SPARE", "Nearest"]

_QUERIES = 256
"""Queries that are compared with a block at once, to bound memory."""

SPARE = 16
"""More candidates than are asked for, since the quick distances that choose them are rounded."""


class Nearest:
    """The k nearest of all vectors that were offered, for each query.

    Of equally near ones the lower id comes first, so that every store gives the same answer.

    Parameters
    ----------
    queries : float32 array ``(Q, D)``
    size : int
        D, as the store has it.
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
            raise DataError("queries hold numbers that are not finite")
        if k < 1:
            raise DataError(f"k must be 1 or more, found {k}")
        self.queries, self.k = np.asarray(queries, dtype=np.float32), k
        self._ids = np.zeros((len(queries), 0), dtype=np.int64)
        self._squares = np.zeros((len(queries), 0))

    def offer(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Offer vectors ``(B, D)`` to all queries."""
        parts = range(0, len(self.queries), _QUERIES)
        if len(ids) and len(parts):
            kept = [self._best(slice(first, first + _QUERIES), ids, vectors) for first in parts]
            self._ids, self._squares = (np.concatenate(each) for each in zip(*kept, strict=True))

    def result(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return ids and distances ``(Q, k)``, nearest first; 0 and infinite where fewer than k were offered."""
        missing = ((0, 0), (0, self.k - self._ids.shape[1]))
        distances = np.pad(np.sqrt(self._squares), missing, constant_values=np.inf)
        return np.pad(self._ids, missing), distances.astype(np.float32)

    def _best(
        self, some: slice, ids: NDArray[np.int64], vectors: NDArray[np.float32]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the k best of what some queries had and are offered now: ids and squared distances."""
        queries = self.queries[some]
        centre = queries.mean(axis=0)  # near the origin, rounding hurts the quick distances least
        shifted = vectors - centre
        quick = np.einsum("bd,bd->b", shifted, shifted) - 2 * ((queries - centre) @ shifted.T)
        most = min(self.k + SPARE, len(ids))
        chosen = np.argpartition(quick, most - 1, axis=1)[:, :most] if most < len(ids) else np.arange(len(ids))[None]
        chosen = np.broadcast_to(chosen, (len(queries), most))
        squares = np.stack([_squares(query, vectors[row]) for query, row in zip(queries, chosen, strict=True)])
        all_ids = np.concatenate([self._ids[some], ids[chosen]], axis=1)
        squares = np.concatenate([self._squares[some], squares], axis=1)
        order = np.lexsort((all_ids, squares), axis=1)[:, : self.k]
        return np.take_along_axis(all_ids, order, axis=1), np.take_along_axis(squares, order, axis=1)


def _squares(query: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    apart = vectors.astype(np.float64) - query
    squares: NDArray[np.float64] = np.einsum("bd,bd->b", apart, apart)
    return squares

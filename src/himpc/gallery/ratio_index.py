"""The recordings with the largest log-likelihood ratios, found by indexes of Euclidean distances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.gallery.store import InMemoryIndex
from himpc.model import IdentityScoring

__all__ = ["RatioIndex", "rank_by_ratio"]


class RatioIndex:
    """An exact index of the recordings that a scoring finds most similar, in memory.

    Parameters
    ----------
    ids : int64 array ``(R,)``
    vectors : float32 array ``(R, D)``
    scoring : IdentityScoring
    """

    def __init__(self, ids: NDArray[np.int64], vectors: NDArray[np.float32], scoring: IdentityScoring) -> None:
        order = np.argsort(ids)
        self._ids, self._vectors, self._scoring = ids[order], vectors[order], scoring
        self._index = InMemoryIndex(self._ids, scoring.entry_vectors(self._vectors))

    def nearest(self, queries: NDArray[np.float32], k: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Find the recordings and their distances by `IdentityScoring.to_distance`, as `VectorStore.nearest` does."""
        ids, _ = self._index.nearest(self._scoring.query_vectors(queries), k)
        distances = np.full(ids.shape, np.inf)
        for row, query in enumerate(queries):
            found = ids[row][ids[row] > 0]
            vectors = self._vectors[np.searchsorted(self._ids, found)]
            ids[row, : len(found)], distances[row, : len(found)] = rank_by_ratio(query, found, vectors, self._scoring)
        return ids, distances


def rank_by_ratio(
    query: NDArray[np.floating], ids: NDArray[np.int64], vectors: NDArray[np.floating], scoring: IdentityScoring
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Order recordings, whose vectors are ``(R, D)``, by their ratio with a probe, and return their distances, too."""
    distances = scoring.to_distance(scoring.compare(query[None], vectors)[0])
    order = np.lexsort((ids, distances))
    return ids[order], distances[order]

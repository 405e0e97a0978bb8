"""Helpers for vector stores: validate new entries, and assemble results from rows in any order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError
from himpc.gallery.store.base import Entries

__all__ = ["MIN_INDEXED_ELEMENTS", "assemble_entries", "assemble_pooled", "assemble_windows", "check_entries"]

MIN_INDEXED_ELEMENTS = 5_000_000
"""Minimum number of elements of all pooled vectors for an index: a scan over fewer takes less than about 20 ms."""


def check_entries(entries: Entries, size: int) -> None:
    """Check that a store of vectors of length `size` can hold entries.

    Raises
    ------
    DataError
        If shapes do not fit, ids are not positive and distinct, or numbers are not finite.
    """
    count, windows = len(entries.ids), len(entries.of)
    for name, shape, expected in (
        ("pooled", entries.pooled.shape, (count, size)),
        ("windows", entries.windows.shape, (windows, size)),
        ("starts", entries.starts.shape, (windows,)),
    ):
        if shape != expected:
            raise DataError(f"{name} of new embeddings have shape {shape}, expected {expected}")
    if len(np.unique(entries.ids)) != count or (entries.ids <= 0).any():
        raise DataError("ids of recordings must be positive and distinct")
    if windows and (entries.of.min() < 0 or entries.of.max() >= count or (np.diff(entries.of) < 0).any()):
        raise DataError(f"windows of new embeddings must belong to the {count} recordings, in their order")
    if not (np.isfinite(entries.pooled).all() and np.isfinite(entries.windows).all()):
        raise DataError("new embeddings have numbers that are not finite")


def assemble_pooled(
    requested_ids: NDArray[np.int64], ids: NDArray[np.int64], vectors: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the vectors of the requested recordings, NaN for those that are not among `ids`."""
    pooled = np.full((len(requested_ids), vectors.shape[1]), np.nan, dtype=np.float32)
    index, exists = _find(requested_ids, ids)
    pooled[exists] = vectors[index[exists]]
    return pooled


def assemble_entries(
    requested_ids: NDArray[np.int64],
    pooled: tuple[NDArray[np.int64], NDArray[np.float32]],
    windows: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]],
) -> Entries:
    """Return the requested recordings that exist, in the order of `requested_ids`.

    Parameters
    ----------
    requested_ids : int64 array ``(W,)``
    pooled : ids ``(R,)`` and vectors ``(R, D)``
        In any order.
    windows : recordings ``(N,)``, starts ``(N,)`` and vectors ``(N, D)``
        In any order; those of recordings without a pooled vector are ignored.
    """
    index, exists = _find(requested_ids, pooled[0])
    ids = requested_ids[exists]
    of, is_requested = _find(windows[0], ids)
    rows = np.flatnonzero(is_requested)
    rows = rows[np.lexsort((windows[1][rows], of[rows]))]
    return Entries(
        ids=ids, pooled=pooled[1][index[exists]], windows=windows[2][rows], of=of[rows], starts=windows[1][rows]
    )


def assemble_windows(
    requested_ids: NDArray[np.int64], of: NDArray[np.int64], starts: NDArray[np.int64], vectors: NDArray[np.float32]
) -> Entries:
    """Return the windows of the requested recordings, without pooled vectors (`VectorStore.windows`)."""
    ids = requested_ids[np.isin(requested_ids, of)]
    return assemble_entries(ids, (ids, np.empty((len(ids), 0), np.float32)), (of, starts, vectors))


def _find(requested_ids: NDArray[np.int64], ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the index of each requested id in `ids`, and a mask of those that exist there."""
    if not len(ids):
        return np.zeros(len(requested_ids), dtype=np.int64), np.zeros(len(requested_ids), dtype=bool)
    order = np.argsort(ids, kind="stable")
    index = order[np.minimum(np.searchsorted(ids, requested_ids, sorter=order), len(ids) - 1)]
    return index, ids[index] == requested_ids

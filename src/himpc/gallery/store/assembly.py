"""Helpers for vector stores: check new entries, and assemble results from rows in any order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError
from himpc.gallery.store.base import Entries

__all__ = ["MIN_INDEXED_NUMBERS", "assemble_entries", "assemble_pooled", "assemble_windows", "check_entries"]

MIN_INDEXED_NUMBERS = 5_000_000
"""From this many numbers in all pooled vectors on an index pays: comparing them all takes about 20 ms."""


def check_entries(entries: Entries, size: int) -> None:
    """Check that a store of vectors of length `size` can hold entries.

    Raises
    ------
    DataError
        If shapes do not fit, ids are not positive and distinct, or numbers are not finite.
    """
    count, windows = len(entries.ids), len(entries.of)
    for name, found, expected in (
        ("pooled", entries.pooled.shape, (count, size)),
        ("windows", entries.windows.shape, (windows, size)),
        ("starts", entries.starts.shape, (windows,)),
    ):
        if found != expected:
            raise DataError(f"{name} of new embeddings have shape {found}, expected {expected}")
    if len(np.unique(entries.ids)) != count or (entries.ids <= 0).any():
        raise DataError("ids of recordings must be positive and distinct")
    if windows and (entries.of.min() < 0 or entries.of.max() >= count or (np.diff(entries.of) < 0).any()):
        raise DataError(f"windows of new embeddings must belong to the {count} recordings, in their order")
    if not (np.isfinite(entries.pooled).all() and np.isfinite(entries.windows).all()):
        raise DataError("new embeddings have numbers that are not finite")


def assemble_pooled(
    wanted: NDArray[np.int64], ids: NDArray[np.int64], vectors: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the vectors of the wanted recordings, NaN for one that is not among `ids`."""
    pooled = np.full((len(wanted), vectors.shape[1]), np.nan, dtype=np.float32)
    index, exists = _find(wanted, ids)
    pooled[exists] = vectors[index[exists]]
    return pooled


def assemble_entries(
    wanted: NDArray[np.int64],
    pooled: tuple[NDArray[np.int64], NDArray[np.float32]],
    windows: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]],
) -> Entries:
    """Return the wanted recordings that exist, in the order of `wanted`.

    Parameters
    ----------
    wanted : int64 array ``(W,)``
    pooled : ids ``(R,)`` and vectors ``(R, D)``
        In any order.
    windows : recordings ``(N,)``, starts ``(N,)`` and vectors ``(N, D)``
        In any order; those of recordings without a pooled vector are ignored.
    """
    index, exists = _find(wanted, pooled[0])
    ids = wanted[exists]
    of, is_wanted = _find(windows[0], ids)
    rows = np.flatnonzero(is_wanted)
    rows = rows[np.lexsort((windows[1][rows], of[rows]))]
    return Entries(
        ids=ids, pooled=pooled[1][index[exists]], windows=windows[2][rows], of=of[rows], starts=windows[1][rows]
    )


def assemble_windows(
    wanted: NDArray[np.int64], of: NDArray[np.int64], starts: NDArray[np.int64], vectors: NDArray[np.float32]
) -> Entries:
    """Return the windows of the wanted recordings, without pooled vectors (`VectorStore.windows`)."""
    ids = wanted[np.isin(wanted, of)]
    return assemble_entries(ids, (ids, np.empty((len(ids), 0), np.float32)), (of, starts, vectors))


def _find(wanted: NDArray[np.int64], ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the index of each wanted id in `ids`, and whether it exists there."""
    if not len(ids):
        return np.zeros(len(wanted), dtype=np.int64), np.zeros(len(wanted), dtype=bool)
    order = np.argsort(ids, kind="stable")
    index = order[np.minimum(np.searchsorted(ids, wanted, sorter=order), len(ids) - 1)]
    return index, ids[index] == wanted

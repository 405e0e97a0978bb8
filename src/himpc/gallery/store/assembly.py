"""What the stores of embeddings share: checks of what is added, and putting together what is asked for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError
from himpc.gallery.store.base import Entries

__all__ = ["INDEXED_NUMBERS", "check_entries", "entries_of", "pooled_of", "windows_of"]

INDEXED_NUMBERS = 5_000_000
"""So many numbers in all pooled vectors make an index worthwhile: comparing them all takes some 20 ms."""


def check_entries(entries: Entries, size: int) -> None:
    """Raise `DataError` for entries that a store of vectors of a size cannot keep."""
    count, windows = len(entries.ids), len(entries.of)
    for name, found, expected in (
        ("pooled", entries.pooled.shape, (count, size)),
        ("windows", entries.windows.shape, (windows, size)),
        ("starts", entries.starts.shape, (windows,)),
    ):
        if found != expected:
            raise DataError(f"{name} of new embeddings have shape {found}, expected {expected}")
    if len(np.unique(entries.ids)) != count or (entries.ids <= 0).any():
        raise DataError("numbers of recordings must be positive, and each another one")
    if windows and (entries.of.min() < 0 or entries.of.max() >= count or (np.diff(entries.of) < 0).any()):
        raise DataError(f"windows of new embeddings must name one of {count} recordings each, in their order")
    if not (np.isfinite(entries.pooled).all() and np.isfinite(entries.windows).all()):
        raise DataError("new embeddings hold numbers that are not finite")


def pooled_of(wanted: NDArray[np.int64], ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the vectors of the recordings that are wanted, NaN for one that is not among `ids`."""
    pooled = np.full((len(wanted), vectors.shape[1]), np.nan, dtype=np.float32)
    place, there = _places(wanted, ids)
    pooled[there] = vectors[place[there]]
    return pooled


def entries_of(
    wanted: NDArray[np.int64],
    pooled: tuple[NDArray[np.int64], NDArray[np.float32]],
    windows: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]],
) -> Entries:
    """Return the recordings that are wanted and there, in the order in which they are wanted.

    Parameters
    ----------
    wanted : int64 array ``(W,)``
    pooled : ids ``(R,)`` and vectors ``(R, D)``
        In any order, as are the windows.
    windows : recordings ``(N,)``, starts ``(N,)`` and vectors ``(N, D)``
        Those of recordings without a pooled vector are left out.
    """
    place, there = _places(wanted, pooled[0])
    ids = wanted[there]
    of, known = _places(windows[0], ids)
    rows = np.flatnonzero(known)
    rows = rows[np.lexsort((windows[1][rows], of[rows]))]
    return Entries(
        ids=ids, pooled=pooled[1][place[there]], windows=windows[2][rows], of=of[rows], starts=windows[1][rows]
    )


def windows_of(
    wanted: NDArray[np.int64], of: NDArray[np.int64], starts: NDArray[np.int64], vectors: NDArray[np.float32]
) -> Entries:
    """Return the windows of the recordings that are wanted and have some, as `entries_of` does, pooled ``(R, 0)``."""
    there = wanted[np.isin(wanted, of)]
    return entries_of(there, (there, np.empty((len(there), 0), np.float32)), (of, starts, vectors))


def _places(wanted: NDArray[np.int64], among: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return where each stands among others, and whether it does; without that the place means nothing."""
    if not len(among):
        return np.zeros(len(wanted), dtype=np.int64), np.zeros(len(wanted), dtype=bool)
    order = np.argsort(among, kind="stable")
    place = order[np.minimum(np.searchsorted(among, wanted, sorter=order), len(among) - 1)]
    return place, among[place] == wanted

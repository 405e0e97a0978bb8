"""Distances from probes to a gallery, in blocks of rows, so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError

__all__ = ["Rows", "blocks", "euclidean", "rank_gallery"]

Rows = Callable[[slice], NDArray[np.float64]]

_BLOCK_CELLS = 4_000_000  # distances at once: 32 MB, and a few times that while they are sorted


def rank_gallery(
    probe: NDArray[np.floating], gallery: NDArray[np.floating], top: int | None = None
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return, for each probe, the gallery from near to far.

    Parameters
    ----------
    probe, gallery : array ``(P, D)``, ``(G, D)``
        Embeddings.
    top : int, optional
        How many of the gallery to return; all G if not given.

    Returns
    -------
    order : int array ``(P, top)``
        Places in the gallery, nearest first; at the same distance the earlier place comes first.
    distances : array ``(P, top)``
        Their Euclidean distances.

    Raises
    ------
    DataError
        If a set is empty, holds values that are not finite, or the two differ in D.
    """
    rows = euclidean(probe, gallery)
    top = len(gallery) if top is None else min(top, len(gallery))
    order = np.empty((len(probe), top), dtype=np.int64)
    distances = np.empty((len(probe), top))
    for block in blocks(len(probe), len(gallery)):
        values = rows(block)
        order[block] = np.argsort(values, axis=1, kind="stable")[:, :top]
        distances[block] = np.take_along_axis(values, order[block], axis=1)
    return order, distances


def euclidean(probe: NDArray[np.floating], gallery: NDArray[np.floating]) -> Rows:
    """Check both sides and return what computes a slice of rows of their distance matrix ``(P, G)``.

    In float64, from ``|p|² + |g|² - 2 p·g`` about the gallery's mean: distances that differ by less than about 1e-8 of
    their scale may come out as equal, or the other way round.

    Raises
    ------
    DataError
        If a set is empty, holds values that are not finite, or the two differ in D.
    """
    for name, vectors in (("probe", probe), ("gallery", gallery)):
        if vectors.ndim != 2 or 0 in vectors.shape:
            raise DataError(f"{name} embeddings have shape {vectors.shape}, expected (number, size), both 1 or more")
        if not np.isfinite(vectors).all():
            bad = int((~np.isfinite(vectors).all(axis=1)).sum())
            raise DataError(f"{bad} of {len(vectors)} {name} embeddings hold values that are not finite")
    if probe.shape[1] != gallery.shape[1]:
        raise DataError(
            f"probe embeddings have {probe.shape[1]} values, gallery embeddings {gallery.shape[1]}: use one model"
        )
    origin = gallery.mean(axis=0, dtype=np.float64)  # distances do not change, rounding errors shrink
    entries = gallery - origin
    squares = np.einsum("gd,gd->g", entries, entries)

    def rows(block: slice) -> NDArray[np.float64]:
        queries = probe[block] - origin
        squared = np.einsum("pd,pd->p", queries, queries)[:, None] + squares - 2 * queries @ entries.T
        distances: NDArray[np.float64] = np.sqrt(np.maximum(squared, 0))
        return distances

    return rows


def blocks(rows: int, columns: int) -> Iterator[slice]:
    """Yield slices of rows so that a block holds a bounded number of cells."""
    step = max(1, _BLOCK_CELLS // columns)
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))

"""Distances from probes to a gallery, in blocks of rows, so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError
from himpc.model import IdentityScoring, RankingScoring

DistanceRows = Callable[[slice], NDArray[np.float64]]
"""A function that computes a slice of rows of a distance matrix."""

_BLOCK_CELLS = 4_000_000  # distances at once: 32 MB, and a few times that while they are sorted


def euclidean(probe: NDArray[np.floating], gallery: NDArray[np.floating]) -> DistanceRows:
    """Check both sets and return a function that computes rows of their distance matrix ``(P, G)``.

    Distances are computed in float64 from ``|p|² + |g|² - 2 p·g`` about the mean of the gallery: the order of distances
    that differ by less than about 1e-8 of their scale is arbitrary.

    Raises
    ------
    DataError
        If a set is empty, has values that are not finite, or the two differ in D.
    """
    _check(probe, gallery)
    origin = gallery.mean(axis=0, dtype=np.float64)  # leaves distances as they are and reduces rounding errors
    entries = gallery - origin
    squares = np.einsum("gd,gd->g", entries, entries)

    def rows(block: slice) -> NDArray[np.float64]:
        queries = probe[block] - origin
        squared = np.einsum("pd,pd->p", queries, queries)[:, None] + squares - 2 * queries @ entries.T
        distances: NDArray[np.float64] = np.sqrt(np.maximum(squared, 0))
        return distances

    return rows


def negative_ratios(
    probe: NDArray[np.floating], gallery: NDArray[np.floating], scoring: IdentityScoring | RankingScoring
) -> DistanceRows:
    """Check both sets and return a function that computes rows of the negative log-likelihood ratios ``(P, G)``.

    Raises
    ------
    DataError
        As `euclidean`, or if the embeddings do not fit the scoring.
    """
    _check(probe, gallery)
    if probe.shape[1] != len(scoring.pose_scale):
        raise DataError(f"embeddings have {probe.shape[1]} values, the scoring {len(scoring.pose_scale)}")
    return lambda block: -scoring.compare(probe[block], gallery)


def distance_rows(
    probe: NDArray[np.floating], gallery: NDArray[np.floating], scoring: IdentityScoring | None
) -> DistanceRows:
    """Return `euclidean`; with a scoring, `IdentityScoring.to_distance` of the log-likelihood ratios instead."""
    if scoring is None:
        return euclidean(probe, gallery)
    rows = negative_ratios(probe, gallery, scoring)
    return lambda block: scoring.to_distance(-rows(block))


def _check(probe: NDArray[np.floating], gallery: NDArray[np.floating]) -> None:
    """Check that both sets hold finite embeddings of one size."""
    for name, vectors in (("probe", probe), ("gallery", gallery)):
        if vectors.ndim != 2 or 0 in vectors.shape:
            raise DataError(f"{name} embeddings have shape {vectors.shape}, expected (number, size), both 1 or more")
        if not np.isfinite(vectors).all():
            bad = int((~np.isfinite(vectors).all(axis=1)).sum())
            raise DataError(f"{bad} of {len(vectors)} {name} embeddings hold values that are not finite")
    if probe.shape[1] != gallery.shape[1]:
        raise DataError(
            f"probe embeddings have {probe.shape[1]} values, gallery embeddings {gallery.shape[1]}",
            hint="embed both with one model",
        )


def blocks(rows: int, columns: int) -> Iterator[slice]:
    """Yield slices of rows with a bounded number of cells each."""
    step = max(1, _BLOCK_CELLS // columns)
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))

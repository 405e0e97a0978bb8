"""Names beside points, where they hide neither a point nor another name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["place_labels"]

_LETTER, _LINE = 0.6, 1.25  # width and height of a letter, as shares of the font size


def place_labels(
    points: NDArray[np.floating],
    labels: Sequence[str],
    obstacles: NDArray[np.floating],
    radius: float,
    size: float,
    *,
    must: bool,
) -> list[tuple[float, float] | None]:
    """Find for each label the middle of a free place next to its point, first come, first served.

    Parameters
    ----------
    points : array ``(L, 2)``
        What each label names, in printer's points.
    labels : sequence of str ``(L,)``
    obstacles : array ``(P, 2)``
        Middles of the discs that must not be hidden, in points.
    radius : float
        Of the discs, in points.
    size : float
        Of the font, in points.
    must : bool
        Write a label beside its point even where nothing is free.

    Returns
    -------
    list of (float, float) or None
        None for a label that found no place.
    """
    taken = [np.concatenate([disc - radius, disc + radius]) for disc in obstacles]
    places: list[tuple[float, float] | None] = []
    for point, label in zip(points, labels, strict=True):
        half = np.array([len(label) * size * _LETTER, size * _LINE]) / 2
        candidates = [point + step for step in _steps(half, radius)]
        free = next((c for c in candidates if not _hides(c, half, taken)), candidates[0] if must else None)
        if free is None:
            places.append(None)
            continue
        taken.append(np.concatenate([free - half, free + half]))
        places.append((float(free[0]), float(free[1])))
    return places


def _steps(half: NDArray[np.floating], radius: float) -> list[NDArray[np.floating]]:
    """Below, above, right, left, and the corners; then the same farther out."""
    directions = [(0, -1), (0, 1), (1, 0), (-1, 0), (1, -1), (-1, -1), (1, 1), (-1, 1)]
    return [np.array(d) * (half + radius * far + 1) for far in (1, 2.5, 4) for d in directions]


def _hides(middle: NDArray[np.floating], half: NDArray[np.floating], taken: list[NDArray[np.floating]]) -> bool:
    if not taken:
        return False
    boxes = np.array(taken)
    return bool(((boxes[:, :2] < middle + half) & (boxes[:, 2:] > middle - half)).all(axis=1).any())

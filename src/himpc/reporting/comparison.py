"""Recordings compared with each other: the nearest of each, and distances between equal and different people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.evaluation import RankingResult, blocks, euclidean, evaluate_ranking

MAX_COMPARED = 3000
"""Recordings, evenly spaced, between which the distribution of distances is computed: 4.5 million pairs."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Recordings that are compared by their vectors.

    Attributes
    ----------
    vectors : array ``(R, D)``
        Finite.
    sources : sequence of str ``(R,)``
    persons : sequence ``(R,)``
        None where the person is not known.
    groups : int array ``(R,)``
        The group of each recording, 0 for none.
    confidence : array ``(R,)``
        Of the group; NaN where it is not known.
    """

    vectors: NDArray[np.floating]
    sources: Sequence[str]
    persons: Sequence[str | None]
    groups: NDArray[np.integer]
    confidence: NDArray[np.floating]

    @property
    def has_persons(self) -> bool:
        """Whether the person of any recording is known."""
        return any(person is not None for person in self.persons)

    def nearest(self, count: int) -> tuple[NDArray[np.int64], Floats]:
        """Return the nearest other recordings of each, nearest first, and their distances, both ``(R, count)``."""
        total = len(self.vectors)
        count = min(count, total - 1)
        found, distances = np.empty((total, count), np.int64), np.empty((total, count))
        rows = euclidean(self.vectors, self.vectors)
        for block in blocks(total, total):
            matrix = rows(block)
            matrix[np.arange(len(matrix)), np.arange(total)[block]] = np.inf
            order = np.argsort(matrix, axis=1, kind="stable")[:, :count]
            found[block], distances[block] = order, np.take_along_axis(matrix, order, axis=1)
        return found, distances

    def ranking(self) -> RankingResult | None:
        """Rank the recordings of known people for each of them; None without two people or without a match."""
        named = [i for i, person in enumerate(self.persons) if person is not None]
        persons = [str(self.persons[i]) for i in named]
        if len(set(persons)) < 2 or len(set(persons)) == len(persons):
            return None
        vectors = self.vectors[named]
        return evaluate_ranking(vectors, vectors, persons, persons, same=True, without_match="skip")

    def distances(self) -> tuple[Floats, Floats]:
        """Return the distances between recordings of one person, and of two people, among up to `MAX_COMPARED`."""
        named = np.array([i for i, person in enumerate(self.persons) if person is not None], dtype=np.int64)
        named = named[spread(len(named), MAX_COMPARED)]
        if len(named) < 2:
            return np.empty(0), np.empty(0)
        code = np.unique([str(self.persons[i]) for i in named], return_inverse=True)[1]
        rows, genuine, impostor = euclidean(self.vectors[named], self.vectors[named]), [], []
        for block in blocks(len(named), len(named)):
            matrix, first = rows(block), np.arange(len(named))[block]
            later = np.arange(len(named)) > first[:, None]
            same = code[first][:, None] == code
            genuine.append(matrix[later & same])
            impostor.append(matrix[later & ~same])
        return np.concatenate(genuine), np.concatenate(impostor)


def spread(total: int, most: int) -> NDArray[np.int64]:
    """Return up to `most` evenly spaced indices below `total`.

    >>> spread(3, 5), spread(10, 3)
    (array([0, 1, 2]), array([0, 4, 9]))
    """
    return np.arange(total) if total <= most else np.linspace(0, total - 1, most).astype(np.int64)

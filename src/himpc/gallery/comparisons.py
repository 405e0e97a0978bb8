"""The comparisons a gallery holds within itself: each recording left out and searched among the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError
from himpc.evaluation.distances import blocks, euclidean

__all__ = ["Comparisons", "compare_within"]

_MOST_RECORDINGS = 2000
"""That are left out in turn."""
_MOST_PERSONS = 500
"""That each is compared with; a million comparisons say enough."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Comparisons:
    """Euclidean distances from recordings to persons; that to a person is the smallest to one of its recordings.

    Each person weighs the same, however many recordings it has, and all weights of a kind sum to 1.

    Attributes
    ----------
    genuine, genuine_weight : array ``(M,)``
        To the person's own other recordings; none for a person with one recording.
    impostor, impostor_weight : array ``(K,)``
        To each other person.
    stranger, stranger_weight : array ``(Q,)``
        To the nearest other person: what a search says when the recording's own person is not enrolled.
    persons, with_two : int
        Persons, and those with two recordings or more.
    """

    genuine: Floats
    genuine_weight: Floats
    impostor: Floats
    impostor_weight: Floats
    stranger: Floats
    stranger_weight: Floats
    persons: int
    with_two: int


def compare_within(vectors: NDArray[np.floating], person: NDArray[np.integer]) -> Comparisons:
    """Leave out each recording in turn and compare it with the persons of the others.

    Of more than 2,000 recordings 2,000 are left out in turn, of more than 500 persons 500 are compared with: the same
    ones for any order of the recordings. A stranger is always searched among everybody.

    Parameters
    ----------
    vectors : array ``(R, D)``
        A vector a recording.
    person : int array ``(R,)``
        Whom each shows; any numbers.

    Raises
    ------
    DataError
        If arrays do not fit, vectors are not finite, or there are fewer than two persons.
    """
    if vectors.ndim != 2 or not vectors.shape[1] or person.shape != (len(vectors),):
        raise DataError(f"vectors have shape {vectors.shape} and person {person.shape}, expected (R, D) and (R,)")
    names, person = np.unique(person, return_inverse=True)
    if len(names) < 2:
        raise DataError(f"the gallery shows {len(names)} persons: to know who differs from whom, enrol two or more")
    order = np.lexsort((vectors[:, -1], vectors[:, 0], person))
    entries, owner = vectors[order], person[order]
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    queries, columns = _spread(len(entries), _MOST_RECORDINGS), _spread(len(names), _MOST_PERSONS)
    own, nearest = np.empty(len(queries)), np.empty(len(queries))
    others = np.empty((len(queries), len(columns)))
    rows = euclidean(entries[queries], entries)
    for block in blocks(len(queries), len(entries)):
        asked, at = queries[block], np.arange(len(queries[block]))
        distances = rows(block)
        distances[at, asked] = np.inf  # a recording is not compared with itself
        to_person = np.minimum.reduceat(distances, starts, axis=1)
        own[block] = to_person[at, owner[asked]]
        to_person[at, owner[asked]] = np.inf
        nearest[block], others[block] = to_person.min(axis=1), to_person[:, columns]
    share = _share(owner[queries])
    repeated, foreign = np.isfinite(own), np.isfinite(others)
    each = np.broadcast_to((share / foreign.sum(axis=1))[:, None], others.shape)
    return Comparisons(
        genuine=own[repeated],
        genuine_weight=_share(owner[queries[repeated]]),
        impostor=others[foreign],
        impostor_weight=each[foreign],
        stranger=nearest,
        stranger_weight=share,
        persons=len(names),
        with_two=int((np.bincount(owner) > 1).sum()),
    )


def _spread(count: int, most: int) -> NDArray[np.int64]:
    """Return all places, or so many of them evenly spread."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)


def _share(owner: NDArray[np.integer]) -> Floats:
    """Return the weight of each recording: a person's share the same as every other's."""
    if not len(owner):
        return np.empty(0)
    counts = np.bincount(owner)
    share: Floats = 1 / (counts[owner] * np.count_nonzero(counts))
    return share

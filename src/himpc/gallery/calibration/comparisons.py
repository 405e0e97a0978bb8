"""Leave-one-out comparisons within a gallery: genuine, impostor and nearest-impostor distances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError
from himpc.evaluation import blocks, distance_rows
from himpc.model import IdentityScoring

MAX_RECORDINGS = 2000
"""Maximum number of recordings that are left out in turn."""

MAX_PERSONS = 500
"""Maximum number of people that each recording is compared with: a million comparisons are enough."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Comparisons:
    """Distances from recordings to people; the distance to a person is that to its nearest recording.

    Every person has the same total weight, and the weights of each kind sum to 1.
    """

    genuine: Floats
    genuine_weight: Floats
    """`genuine`, `genuine_weight`: to the other recordings of the same person, ``(M,)``; a person with one recording
    has none."""
    impostor: Floats
    impostor_weight: Floats
    """`impostor`, `impostor_weight`: to each other person, ``(K,)``."""
    nearest_impostor: Floats
    nearest_impostor_weight: Floats
    """`nearest_impostor`, `nearest_impostor_weight`: to the nearest other person, ``(Q,)``, as a search finds if
    the recording's own person were not enrolled."""
    persons: int
    genuine_persons: int
    """`persons`, `genuine_persons`: the number of people, and of people with genuine comparisons."""


@dataclass(frozen=True, eq=False)
class Fold:
    """The embeddings of a gallery by a model that was trained without some of its people."""

    vectors: NDArray[np.floating]
    """A vector for each recording of the gallery, ``(R, D)``; D may differ between models."""
    left_out: NDArray[np.bool_]
    """The recordings of the people that the model was not trained on, ``(R,)``."""
    halves: NDArray[np.floating] | None = None
    """As in `calibrate`, ``(R, 2, D)``."""

    def select(self, rows: NDArray[np.bool_]) -> Fold:
        """Return the fold of some of the recordings."""
        halves = None if self.halves is None else self.halves[rows]
        return Fold(self.vectors[rows], self.left_out[rows], halves)


def compare_left_out(folds: Sequence[Fold], person: NDArray[np.integer]) -> Comparisons:
    """Compare the left-out recordings of each fold with all people, by the embeddings of that fold.

    Raises
    ------
    DataError
        As in `compare_within`, or if not every person is left out, with all recordings, by exactly one fold.
    """
    for fold in folds:
        if fold.left_out.shape != person.shape or fold.left_out.dtype != bool:
            raise DataError(
                f"left_out of a fold is {fold.left_out.dtype} of shape {fold.left_out.shape}, expected bool of shape "
                f"{person.shape}"
            )
    names = [set(person[fold.left_out].tolist()) for fold in folds]
    if sum(map(len, names)) != len(np.unique(person)) or not np.sum([fold.left_out for fold in folds], axis=0).all():
        raise DataError("each person of the gallery must be left out, with all its recordings, by one fold")
    parts = [compare_within(fold.vectors, person, fold.left_out) for fold in folds if fold.left_out.any()]
    shares = [len(each) / len(np.unique(person)) for each in names if each]
    genuine_persons = sum(part.genuine_persons for part in parts)
    has_genuine = [part.genuine_persons / max(genuine_persons, 1) for part in parts]

    def concatenate(kind: str, weights: list[float]) -> tuple[Floats, Floats]:
        distances = np.concatenate([getattr(part, kind) for part in parts])
        scaled = [getattr(part, f"{kind}_weight") * weight for part, weight in zip(parts, weights, strict=True)]
        return distances, np.concatenate(scaled)

    kinds = {"genuine": has_genuine, "impostor": shares, "nearest_impostor": shares}
    arrays = {kind: concatenate(kind, weights) for kind, weights in kinds.items()}
    return Comparisons(
        **{kind: distances for kind, (distances, _) in arrays.items()},
        **{f"{kind}_weight": weights for kind, (_, weights) in arrays.items()},
        persons=parts[0].persons,
        genuine_persons=genuine_persons,
    )


def compare_within(
    vectors: NDArray[np.floating],
    person: NDArray[np.integer],
    left_out: NDArray[np.bool_] | None = None,
    scoring: IdentityScoring | None = None,
) -> Comparisons:
    """Leave out each recording in turn and compare it with the people of the others.

    At most 2,000 recordings are left out and at most 500 people are compared with; the choice does not depend on the
    order of the recordings. The nearest other person is always searched among all people.

    Parameters
    ----------
    vectors : array ``(R, D)``
        One vector per recording.
    person : int array ``(R,)``
        The person of each; any numbers.
    left_out : bool array ``(R,)``, optional
        The recordings to leave out in turn; default all.
    scoring : IdentityScoring, optional
        As in `calibrate`.

    Raises
    ------
    DataError
        If arrays do not fit, vectors are not finite, or there are fewer than two people.
    """
    if vectors.ndim != 2 or not vectors.shape[1] or person.shape != (len(vectors),):
        raise DataError(f"vectors have shape {vectors.shape} and person {person.shape}, expected (R, D) and (R,)")
    names, person = np.unique(person, return_inverse=True)
    if len(names) < 2:
        raise DataError(
            f"calibration needs at least two people, the gallery has {len(names)}", hint="enroll more people"
        )
    order = np.lexsort((vectors[:, -1], vectors[:, 0], person))
    entries, owner = vectors[order], person[order]
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    candidates = np.arange(len(entries)) if left_out is None else np.flatnonzero(left_out[order])
    queries = candidates[_spread(len(candidates), MAX_RECORDINGS)]
    columns = _spread(len(names), MAX_PERSONS)
    genuine, nearest = np.empty(len(queries)), np.empty(len(queries))
    impostor = np.empty((len(queries), len(columns)))
    rows = distance_rows(entries[queries], entries, scoring)
    for block in blocks(len(queries), len(entries)):
        rows_left_out, at = queries[block], np.arange(len(queries[block]))
        distances = rows(block)
        distances[at, rows_left_out] = np.inf  # a recording is not compared with itself
        to_person = np.minimum.reduceat(distances, starts, axis=1)
        genuine[block] = to_person[at, owner[rows_left_out]]
        to_person[at, owner[rows_left_out]] = np.inf
        nearest[block], impostor[block] = to_person.min(axis=1), to_person[:, columns]
    share = _share(owner[queries])
    has_genuine, is_impostor = np.isfinite(genuine), np.isfinite(impostor)
    each = np.broadcast_to((share / is_impostor.sum(axis=1))[:, None], impostor.shape)
    return Comparisons(
        genuine=genuine[has_genuine],
        genuine_weight=_share(owner[queries[has_genuine]]),
        impostor=impostor[is_impostor],
        impostor_weight=each[is_impostor],
        nearest_impostor=nearest,
        nearest_impostor_weight=share,
        persons=len(names),
        genuine_persons=len(np.unique(owner[queries[has_genuine]])),
    )


def _spread(count: int, limit: int) -> NDArray[np.int64]:
    """Return `limit` evenly spaced indices, or all."""
    return np.linspace(0, count - 1, min(count, limit)).round().astype(np.int64)


def _share(owner: NDArray[np.integer]) -> Floats:
    """Compute the weight of each recording, with equal sums for all people."""
    if not len(owner):
        return np.empty(0)
    counts = np.bincount(owner)
    share: Floats = 1 / (counts[owner] * np.count_nonzero(counts))
    return share

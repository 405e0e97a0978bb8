"""Duplicates: people who seem to be enrolled under two names, whom a calibration leaves out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.evaluation import blocks, distance_rows
from himpc.model import IdentityScoring

MAX_COMPARED = 2_000
"""Recordings of the largest gallery that is searched for duplicates: the search takes the square of their number."""

SIGNIFICANCE = 0.001
"""The nominal share of galleries without duplicates in which some are found. As distances depend on each other, it was
0 to 0.05 of 200 simulated galleries of 4 to 60 people."""


def find_duplicates(
    vectors: NDArray[np.floating], person: NDArray[np.integer], scoring: IdentityScoring | None = None
) -> NDArray[np.int64]:
    """Return the people to leave out so that no two people of a gallery are far nearer than all others.

    The smallest distances between people follow a power law, ``F(d) ~ d^n``, so that ``n k log(d[k+1] / d[k])`` of the
    sorted distances is exponential (Renyi, 1953), with n by the estimator of Hill (1975) from the next P distances.
    Gaps that are too wide for this separate duplicates, at most one pair for two people. Of each pair, the person with
    fewer recordings is left out.

    Parameters
    ----------
    vectors : array ``(R, D)``
    person : int array ``(R,)``
    scoring : IdentityScoring, optional
        As in `calibrate`.

    Returns
    -------
    int array
        Numbers of people; empty in a gallery of more than 2,000 recordings.
    """
    names, owner, counts = np.unique(person, return_inverse=True, return_counts=True)
    people = len(names)
    if len(vectors) > MAX_COMPARED or people < 4:
        return np.empty(0, dtype=np.int64)
    order = np.argsort(owner, kind="stable")
    starts = np.cumsum(counts) - counts
    rows, between = distance_rows(vectors[order], vectors[order], scoring), np.full((people, people), np.inf)
    for block in blocks(len(order), len(order)):
        to_person = np.minimum.reduceat(rows(block), starts, axis=1)
        np.minimum.at(between, owner[order][block], to_person)
    first, second = np.triu_indices(people, 1)
    distances = between[first, second]
    nearest = np.argsort(distances, kind="stable")
    suspects = nearest[: _count_outliers(distances[nearest], people)]
    left_out: NDArray[np.int64] = names[_fewer(first[suspects], second[suspects], counts)]
    return left_out


def _count_outliers(distances: NDArray[np.floating], people: int) -> int:
    """Return how many of the smallest distances, sorted, lie below gaps that are too wide."""
    logs = np.log(np.maximum(distances, 1e-12))
    most = min(people // 2, len(logs) - people - 1)
    below = 0
    for end in range(1, most + 1):
        tail = logs[end : end + people + 1]
        mean = (tail[-1] - tail[:-1]).mean()
        excess = (end - below) * (logs[end] - logs[end - 1]) / max(mean, 1e-12)
        if (1 + excess / people) ** -people < SIGNIFICANCE / most:
            below = end  # what is beyond a gap is compared with its own kind
    return below


def _fewer(first: NDArray[np.int64], second: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return one of each pair, so that no pair remains: the person with fewer recordings, or else the second."""
    out: set[int] = set()
    for a, b in zip(first.tolist(), second.tolist(), strict=True):
        if not {a, b} & out:
            out.add(a if counts[a] < counts[b] else b)
    return np.array(sorted(out), dtype=np.int64)

"""Whether two labels are one person, or one label is two people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.auditing.evidence import PersonMeans, Space, fit_space, log_ratio, robust_spread

__all__ = ["LabelSplit", "find_split_labels"]

PRIOR_ONE_PERSON = 0.03
"""Prior share of people who have a second label. In 24 clean simulated sets no pair of labels was a false alarm; of 120
people divided between two labels, 55 were found, and 42 with a prior of 0.01."""

PRIOR_TWO_PEOPLE = 0.01
"""Prior share of labels that two people have."""

MIN_SPREAD = 4.0
"""Smallest spread of evidence, in nats, between comparisons of one kind."""

MIN_COMPARED = 4
"""Fewer comparisons of one kind say too little about how the next one comes out."""

MIN_PART = 2
"""Recordings of each of the two people under one label; a single one is a wrong label."""

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class LabelSplit:
    """A label whose recordings fall into two groups."""

    person: int
    probability: float
    evidence: float
    parts: tuple[tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True, eq=False)
class _Comparisons:
    """Evidence of one person against two, for pairs of groups of recordings."""

    between: Array
    """Of each label's mean with each other's ``(P, P)``; NaN on the diagonal."""
    within: Array
    """Of both halves of each label ``(P,)``; NaN for one recording."""
    splits: list[tuple[float, Numbers, Numbers] | None]
    """Of the two most different groups of each label."""


def find_split_labels(
    vectors: Array, between: Array, noise: float, people: Numbers, n_people: int
) -> tuple[list[tuple[int, int, float, float]], list[LabelSplit], int]:
    """Find pairs of labels that are one person, and labels of two people.

    The evidence of a pair is compared with that of the halves of each label, which show one person, and with that of
    all pairs of labels, nearly all of which show two.

    Returns
    -------
    pairs : list of (first, second, probability, evidence)
        Labels that are one person, with a probability of at least 0.5.
    splits : list of LabelSplit
    n_splittable : int
        Number of labels with enough recordings to find two people among them.
    """
    found = _compare(vectors, between, noise, people, n_people)
    pairs: list[tuple[int, int, float, float]] = []
    same, other = found.within[~np.isnan(found.within)], found.between[~np.isnan(found.between)]
    if len(other) < MIN_COMPARED:
        return pairs, [], 0
    if len(same) >= MIN_COMPARED:
        prior = 2 * PRIOR_ONE_PERSON / max(n_people - 1, 1)
        for first in range(n_people):
            for second in range(first + 1, n_people):
                evidence = min(found.between[first, second], found.between[second, first])
                if not np.isnan(evidence):
                    probability = _probability(evidence, same, other, prior)
                    if probability >= 0.5:
                        pairs.append((first, second, probability, float(evidence)))
    splits = []
    # A label without two groups of that size is represented by its halves.
    values = np.array([each[0] if each else half for each, half in zip(found.splits, found.within, strict=True)])
    values[np.bincount(people[people >= 0], minlength=n_people) < 2 * MIN_PART] = np.nan
    n_split = int((~np.isnan(values)).sum())
    for person, split in enumerate(found.splits):
        clean = np.delete(values, person)
        clean = clean[~np.isnan(clean)]
        if split is None or len(clean) < MIN_COMPARED:
            continue
        probability = 1 - _probability(split[0], clean, other, 1 - PRIOR_TWO_PEOPLE)
        if probability >= 0.5 and split[0] < 0:
            parts = sorted((tuple(split[1].tolist()), tuple(split[2].tolist())), key=lambda part: (-len(part), part))
            splits.append(LabelSplit(person, probability, split[0], (parts[0], parts[1])))
    return pairs, splits, n_split


def _compare(vectors: Array, between: Array, noise: float, people: Numbers, n_people: int) -> _Comparisons:
    pairs = np.full((n_people, n_people), np.nan)
    halves = np.full(n_people, np.nan)
    splits: list[tuple[float, Numbers, Numbers] | None] = []
    members = [np.flatnonzero(people == person) for person in range(n_people)]
    for person, own in enumerate(members):
        splits.append(None)
        if not len(own):
            continue
        space = fit_space(vectors, between, noise, np.where(people == person, -1, people))
        rows = vectors @ space.axes
        for other, theirs in enumerate(members):
            if other != person and len(theirs):
                pairs[person, other] = _evidence(space, rows[own], rows[theirs])
        if len(own) > 1:
            halves[person] = _evidence(space, rows[own[::2]], rows[own[1::2]])
        if len(own) >= 2 * MIN_PART:
            first = _two_groups(rows[own])
            if min(first.sum(), (~first).sum()) >= MIN_PART:
                splits[person] = _evidence(space, rows[own[first]], rows[own[~first]]), own[first], own[~first]
    return _Comparisons(pairs, halves, splits)


def _evidence(space: Space, first: Array, second: Array) -> float:
    reference = PersonMeans(first.mean(axis=0, keepdims=True), np.array([float(len(first))]))
    return float(log_ratio(space, reference, second.mean(axis=0, keepdims=True), float(len(second)))[0, 0])


def _two_groups(rows: Array) -> NDArray[np.bool_]:
    from scipy.cluster.hierarchy import fcluster, linkage

    groups: NDArray[np.bool_] = fcluster(linkage(rows, "ward"), 2, "maxclust") == 1
    return groups


def _probability(evidence: float, same: Array, other: Array, prior: float) -> float:
    """Compute the probability of one person by the evidence of pairs of one person and of pairs of two."""
    low = float(np.median(same))
    low_spread = robust_spread(same - low, MIN_SPREAD)
    high = float(np.median(other))
    high_spread = robust_spread(other[other >= high] - high, MIN_SPREAD)
    if low <= high:
        return prior
    own = -0.5 * min(0.0, (evidence - low) / low_spread) ** 2 - np.log(low_spread)
    two = -0.5 * max(0.0, (evidence - high) / high_spread) ** 2 - np.log(high_spread)
    odds = np.log(prior) - np.log1p(-prior) + own - two
    return float(1 / (1 + np.exp(-np.clip(odds, -500, 500))))

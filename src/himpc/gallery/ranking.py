"""Rank people by the recordings nearest to a probe, and build the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from himpc.evaluation import euclidean
from himpc.gallery.answer import Answer, Match, Moment, Neighbour
from himpc.gallery.calibration import Calibration
from himpc.gallery.recordings import EmbeddedRecording
from himpc.gallery.store import Entries

MAX_EVIDENCE = 3
"""Maximum number of recordings and of moments in a match."""

INITIAL_RECORDINGS_PER_PERSON = 4
"""Recordings fetched at first for each requested person; the number is doubled until they show enough people."""

RERANK_DEPTH = 100
"""Number of nearest recordings among which k-reciprocal neighbours are determined."""


@dataclass(frozen=True)
class Candidate:
    """A recording of the gallery that may show the same person as the probe."""

    id: int
    person: int
    distance: float


@dataclass(frozen=True)
class DecisionRule:
    """The rule that turns distances into a decision and probabilities."""

    calibration: Calibration | None = None
    """None if the gallery has none yet."""
    threshold: float | None = None
    enrolled: float = 0.5
    """The prior probability that a probe shows an enrolled person."""
    people: int = 0
    """The number of people enrolled."""
    note: str = ""
    """The note of every answer."""

    def probabilities(self, distances: NDArray[np.float64]) -> list[float | None]:
        """Compute the probability of each person from ascending distances ``(P,)``, and of an unknown person, last.

        People who are not among the candidates are assigned the distance of the farthest candidate.
        """
        if self.calibration is None:
            return [None] * (len(distances) + 1)
        padding = np.full(max(0, self.people - len(distances)), distances[-1] if len(distances) else np.inf)
        enrolled, unknown = self.calibration.probabilities(np.concatenate([distances, padding]), self.enrolled)
        return [*enrolled[: len(distances)].tolist(), unknown]


def find_candidates(
    nearest_recordings: Callable[[int], Sequence[tuple[int, float]]],
    people: int,
    persons_of: Callable[[Sequence[int]], Mapping[int, int]],
) -> list[Candidate]:
    """Find the recordings nearest to a probe, nearest first, until they show `people` people or all are found.

    `nearest_recordings` looks up the ids and distances of up to a number of recordings, `persons_of` the person of
    each; recordings it does not return are not enrolled.
    """
    k = max(32, INITIAL_RECORDINGS_PER_PERSON * people)
    while True:
        nearest = nearest_recordings(k)
        person_of = persons_of([i for i, _ in nearest])
        candidates = [Candidate(i, person_of[i], d) for i, d in nearest if i in person_of]
        if len(nearest) < k or len({each.person for each in candidates}) >= people:
            return candidates
        k *= 2


def rerank(
    pooled: Callable[[NDArray[np.int64]], NDArray[np.float32]],
    probe: EmbeddedRecording,
    candidates: Sequence[Candidate],
) -> list[Candidate]:
    """Order candidates by their k-reciprocal neighbourhoods (Zhong et al., CVPR 2017); distances do not change.

    The first 100, whose vectors `pooled` returns, are compared with each other and the probe. The order is that of 0.7
    times the Jaccard distance plus 0.3 times the distance, with k1 = 20, as published, but k1 is at most a quarter of
    the candidates.
    """
    import torch

    from himpc.learning import jaccard_distances, nearest_neighbours

    near, far = list(candidates[:RERANK_DEPTH]), list(candidates[RERANK_DEPTH:])
    stored = pooled(np.array([each.id for each in near], dtype=np.int64))
    rows = np.concatenate([probe.pooled[None], stored]).astype(np.float32)
    k1 = min(20, max(2, len(rows) // 4))
    ranks = nearest_neighbours(torch.from_numpy(rows), k1, "exact").numpy()
    sparse = jaccard_distances(rows, ranks, k2=min(6, (k1 + 1) // 2)).tocoo()
    jaccard = np.ones(len(rows))
    is_probe = sparse.row == 0
    jaccard[sparse.col[is_probe]] = sparse.data[is_probe]
    distances = np.array([each.distance for each in near])
    scores = 0.7 * jaccard[1:] + 0.3 * distances / max(distances.max(), np.finfo(float).tiny)
    return [near[i] for i in np.argsort(scores, kind="stable")] + far


def build_answer(
    probe: EmbeddedRecording,
    candidates: Sequence[Candidate],
    people: int,
    rule: DecisionRule,
    names: Mapping[int, str],
    sources: Mapping[int, str],
    entries: Entries,
) -> Answer:
    """Build an answer from candidates in ranked order.

    Parameters
    ----------
    probe : EmbeddedRecording
    candidates : sequence of Candidate
    people : int
        The number of matches to return.
    rule : DecisionRule
    names, sources : mapping
        The name of each person, and the source of each recording, among the candidates.
    entries : Entries
        The windows of the recordings that `select_evidence` chose.
    """
    by_person = _by_person(candidates)
    order = list(by_person)
    nearest = np.array([min(each.distance for each in by_person[person]) for person in order])
    ascending = np.argsort(nearest, kind="stable")
    probabilities = rule.probabilities(nearest[ascending])
    probability = dict(zip(ascending.tolist(), probabilities, strict=False))
    votes, moments = _compare_windows(probe, entries, {each.id: each.person for each in candidates})
    matches = tuple(
        Match(
            person=names[person],
            distance=float(nearest[rank]),
            probability=probability[rank],
            agreement=votes.get(person, 0) / len(probe.windows),
            recordings=tuple(
                Neighbour(each.id, sources[each.id], each.distance) for each in _nearest(by_person[person])
            ),
            moments=tuple(moments.get(person, ())),
        )
        for rank, person in enumerate(order[:people])
    )
    is_match = bool(matches) and rule.threshold is not None and matches[0].distance <= rule.threshold
    return Answer(
        source=probe.source,
        person=matches[0].person if is_match else None,
        probability=matches[0].probability if is_match else probabilities[-1],
        nobody=probabilities[-1],
        margin=_margin(nearest),
        threshold=rule.threshold,
        windows=len(probe.windows),
        matches=matches,
        note="; ".join(filter(None, (probe.note, rule.note))),
    )


def give_different_people(answers: Sequence[Answer], pairs: NDArray[np.int64] | None = None) -> list[Answer]:
    """Decide again where recordings of a pair, which overlap in time, were found to show one person.

    Each person is given to at most one of them, so that the sum of the evidence is largest: the squared distance that
    is a match minus that of the match. Another recording gets its next person who matches, or is unknown.

    Parameters
    ----------
    answers : sequence of Answer
        Of one search. Each should have one match more than there are recordings that overlap it.
    pairs : int64 array ``(P, 2)``, optional
        Indices of answers; all pairs if not given, as for the people in one picture.
    """
    from himpc.learning import assign_apart

    if pairs is None:
        pairs = np.argwhere(np.triu(np.ones((len(answers), len(answers))), 1))
    if all(answers[a].person is None or answers[a].person != answers[b].person for a, b in pairs):
        return list(answers)
    names = sorted({match.person for answer in answers for match in answer.matches})
    scores = np.full((len(answers), len(names)), -np.inf)
    for row, answer in enumerate(answers):
        for match in answer.matches:
            if answer.threshold is not None and match.distance <= answer.threshold:
                scores[row, names.index(match.person)] = answer.threshold**2 - match.distance**2
    columns = assign_apart(scores, pairs, no_column=-1e-9)
    taken: dict[int, set[str]] = {}
    for first, second in [*pairs.tolist(), *pairs[:, ::-1].tolist()]:
        if columns[second] >= 0:
            taken.setdefault(first, set()).add(names[columns[second]])
    return [
        _decide_again(answer, names[column] if column >= 0 else None, taken.get(row, set()))
        for row, (answer, column) in enumerate(zip(answers, columns.tolist(), strict=True))
    ]


def _decide_again(answer: Answer, person: str | None, taken: set[str]) -> Answer:
    """Return an answer with another person, given the people whom simultaneous recordings show."""
    if person == answer.person or not taken:
        return answer
    # Of the probabilities, those of the people who are taken are left out.
    left = 1 - sum(match.probability or 0.0 for match in answer.matches if match.person in taken)
    matches = tuple(sorted(answer.matches, key=lambda match: (match.person != person, match.person in taken)))
    likely = answer.nobody if person is None else matches[0].probability
    return replace(
        answer,
        person=person,
        probability=None if likely is None else min(1.0, likely / max(left, 1e-9)),
        matches=matches,
        note="; ".join(filter(None, (f"{answer.person} is another person at the same time", answer.note))),
    )


def select_evidence(candidates: Sequence[Candidate], people: int) -> NDArray[np.int64]:
    """Return the ids of the recordings that serve as evidence: the nearest ones of each match."""
    groups = list(_by_person(candidates).values())[:people]
    return np.array([each.id for group in groups for each in _nearest(group)], dtype=np.int64)


def _nearest(group: Sequence[Candidate]) -> list[Candidate]:
    return sorted(group, key=lambda each: each.distance)[:MAX_EVIDENCE]


def _by_person(candidates: Sequence[Candidate]) -> dict[int, list[Candidate]]:
    groups: dict[int, list[Candidate]] = {}
    for each in candidates:
        groups.setdefault(each.person, []).append(each)
    return groups


def _margin(nearest: NDArray[np.float64]) -> float:
    """Compute the relative margin between the first and the next person; 1 if there is no other."""
    if len(nearest) < 2:
        return float(len(nearest))
    second = float(np.delete(nearest, 0).min())
    return max(0.0, 1 - float(nearest[0]) / second) if second > 0 else 0.0


def _compare_windows(
    probe: EmbeddedRecording, entries: Entries, person_of: Mapping[int, int]
) -> tuple[dict[int, int], dict[int, list[Moment]]]:
    """Count, for each person, the probe's windows nearest to that person, and find the most similar pairs."""
    votes: dict[int, int] = {}
    moments: dict[int, list[Moment]] = {}
    if not len(entries.of):
        return votes, moments
    distances = euclidean(probe.windows, entries.windows)(slice(None))
    owner = np.array([person_of[int(i)] for i in entries.ids])[entries.of]
    for person in owner[distances.argmin(axis=1)].tolist():
        votes[person] = votes.get(person, 0) + 1
    for person in np.unique(owner).tolist():
        columns = np.flatnonzero(owner == person)
        best = columns[distances[:, columns].argmin(axis=1)]
        closest = distances[np.arange(len(best)), best]
        moments[person] = [
            Moment(
                start=int(probe.starts[row]),
                recording=int(entries.ids[entries.of[best[row]]]),
                recording_start=int(entries.starts[best[row]]),
                distance=float(closest[row]),
            )
            for row in np.argsort(closest, kind="stable")[:MAX_EVIDENCE]
        ]
    return votes, moments

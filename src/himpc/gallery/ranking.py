"""From nearest recordings to people: how a gallery answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.gallery.answer import Answer, Match, Moment, Near
from himpc.gallery.calibration import Calibration
from himpc.gallery.store.base import Entries, VectorStore
from himpc.gallery.store.memory import InMemoryIndex

__all__ = ["Candidate", "Probe", "Rule", "answer", "candidates", "rerank", "shown"]

EVIDENCE = 3
"""Recordings and moments that are shown for each match."""

_WIDER = 4
"""So many recordings are looked at for each person that is asked for, and twice as many while that is too few."""

_RERANKED = 100
"""Nearest recordings among which k-reciprocal neighbours are looked for."""


@dataclass(frozen=True, eq=False)
class Probe:
    """A recording that is searched for.

    Attributes
    ----------
    source : str
    pooled : float32 array ``(D,)``
        The mean of its windows.
    windows : float32 array ``(N, D)``
    starts : int64 array ``(N,)``
        The first frame of each.
    """

    source: str
    pooled: NDArray[np.float32]
    windows: NDArray[np.float32]
    starts: NDArray[np.int64]


@dataclass(frozen=True)
class Candidate:
    """A recording of the gallery that may show the same person."""

    id: int
    person: int
    distance: float


@dataclass(frozen=True)
class Rule:
    """How distances are judged.

    Attributes
    ----------
    calibration : Calibration, optional
        None where the gallery cannot tell yet.
    threshold : float, optional
    enrolled : float
        Probability, before looking, that a probe shows somebody of the gallery.
    people : int
        How many are enrolled.
    note : str
        What to say with every answer.
    """

    calibration: Calibration | None
    threshold: float | None
    enrolled: float
    people: int
    note: str = ""

    def probabilities(self, distances: NDArray[np.float64]) -> list[float | None]:
        """Return the probability of each person by rising distances ``(P,)``, and of nobody, last.

        People who were too far to be looked at count as far as the farthest that was.
        """
        if self.calibration is None:
            return [None] * (len(distances) + 1)
        rest = np.full(max(0, self.people - len(distances)), distances[-1] if len(distances) else np.inf)
        found, unknown = self.calibration.probabilities(np.concatenate([distances, rest]), self.enrolled)
        return [*found[: len(distances)].tolist(), unknown]


def candidates(
    vectors: VectorStore | InMemoryIndex,
    pooled: NDArray[np.float32],
    people: int,
    persons_of: Callable[[Sequence[int]], Mapping[int, int]],
) -> list[Candidate]:
    """Return recordings near a vector, nearest first, until they show so many people, or all are there.

    `persons_of` looks up whom recordings show; one that it does not know is not in the gallery.
    """
    k = max(32, _WIDER * people)
    while True:
        ids, distances = vectors.nearest(pooled[None], k)
        listed = [(int(i), float(d)) for i, d in zip(ids[0], distances[0], strict=True) if i]
        person_of = persons_of([i for i, _ in listed])
        found = [Candidate(i, person_of[i], d) for i, d in listed if i in person_of]
        if len(listed) < k or len({each.person for each in found}) >= people:
            return found
        k *= 2


def rerank(vectors: VectorStore, probe: Probe, found: Sequence[Candidate]) -> list[Candidate]:
    """Return candidates in the order of their k-reciprocal neighbourhoods (Zhong et al., CVPR 2017).

    The first hundred are compared with each other and the probe; the order is that of 0.7 times the Jaccard distance
    plus 0.3 times the distance, as published, and so is k1, 20, but that it is a quarter of the candidates at most. The
    distances stay what they are.
    """
    import torch

    from himpc.learning.jaccard import jaccard_distances
    from himpc.learning.neighbours import nearest

    near, far = list(found[:_RERANKED]), list(found[_RERANKED:])
    known = vectors.pooled(np.array([each.id for each in near], dtype=np.int64))
    rows = np.concatenate([probe.pooled[None], known]).astype(np.float32)
    k1 = min(20, max(2, len(rows) // 4))
    ranks = nearest(torch.from_numpy(rows), k1, "exact").numpy()
    stored = jaccard_distances(rows, ranks, k2=min(6, (k1 + 1) // 2)).tocoo()
    jaccard = np.ones(len(rows))
    of_probe = stored.row == 0
    jaccard[stored.col[of_probe]] = stored.data[of_probe]
    distances = np.array([each.distance for each in near])
    scores = 0.7 * jaccard[1:] + 0.3 * distances / max(distances.max(), np.finfo(float).tiny)
    return [near[i] for i in np.argsort(scores, kind="stable")] + far


def answer(
    probe: Probe,
    found: Sequence[Candidate],
    people: int,
    rule: Rule,
    names: Mapping[int, str],
    sources: Mapping[int, str],
    entries: Entries,
) -> Answer:
    """Put together an answer from candidates, in the order in which they count.

    Parameters
    ----------
    probe : Probe
    found : sequence of Candidate
    people : int
        How many matches to give.
    rule : Rule
    names, sources : mapping
        The name of each person, and the source of each recording, among the candidates.
    entries : Entries
        Windows of the recordings shown, for evidence (`shown` says which).
    """
    by_person = _by_person(found)
    order = list(by_person)
    nearest = np.array([min(each.distance for each in by_person[person]) for person in order])
    rising = np.argsort(nearest, kind="stable")
    found_probabilities = rule.probabilities(nearest[rising])
    probability = dict(zip(rising.tolist(), found_probabilities, strict=False))
    votes, moments = _evidence(probe, entries, {each.id: each.person for each in found})
    matches = tuple(
        Match(
            person=names[person],
            distance=float(nearest[place]),
            probability=probability[place],
            agreement=votes.get(person, 0) / len(probe.windows),
            recordings=tuple(
                Near(each.id, sources[each.id], each.distance)
                for each in sorted(by_person[person], key=lambda each: each.distance)[:EVIDENCE]
            ),
            moments=tuple(moments.get(person, ())),
        )
        for place, person in enumerate(order[:people])
    )
    known = bool(matches) and rule.threshold is not None and matches[0].distance <= rule.threshold
    return Answer(
        source=probe.source,
        person=matches[0].person if known else None,
        probability=matches[0].probability if known else found_probabilities[-1],
        nobody=found_probabilities[-1],
        margin=_margin(nearest),
        threshold=rule.threshold,
        windows=len(probe.windows),
        matches=matches,
        note=rule.note,
    )


def shown(found: Sequence[Candidate], people: int) -> NDArray[np.int64]:
    """Return the recordings whose windows serve as evidence: the nearest of each match."""
    by_person = list(_by_person(found).values())[:people]
    return np.array(
        [each.id for group in by_person for each in sorted(group, key=lambda each: each.distance)[:EVIDENCE]],
        dtype=np.int64,
    )


def _by_person(found: Sequence[Candidate]) -> dict[int, list[Candidate]]:
    groups: dict[int, list[Candidate]] = {}
    for each in found:
        groups.setdefault(each.person, []).append(each)
    return groups


def _margin(nearest: NDArray[np.float64]) -> float:
    """Return how much nearer the first person is than the next; 1 where there is no other."""
    if len(nearest) < 2:
        return float(len(nearest))
    second = float(np.delete(nearest, 0).min())
    return max(0.0, 1 - float(nearest[0]) / second) if second > 0 else 0.0


def _evidence(
    probe: Probe, entries: Entries, person_of: Mapping[int, int]
) -> tuple[dict[int, int], dict[int, list[Moment]]]:
    """Return for how many of the probe's windows each person is nearest, and where each is most alike."""
    from scipy.spatial.distance import cdist

    votes: dict[int, int] = {}
    moments: dict[int, list[Moment]] = {}
    if not len(entries.of):
        return votes, moments
    distances = cdist(probe.windows, entries.windows)
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
            for row in np.argsort(closest, kind="stable")[:EVIDENCE]
        ]
    return votes, moments

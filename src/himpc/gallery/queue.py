"""The questions about a gallery that a person decides: suggested merges, doubtful recordings, people without a name."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.evaluation import blocks, distance_rows
from himpc.gallery.answer import LIKELY_PROBABILITY, MATCH_PROBABILITY
from himpc.gallery.catalog.decisions import Fact
from himpc.gallery.ranking import DecisionRule
from himpc.gallery.records import EnrolledRecording, QueueItem
from himpc.model import IdentityScoring

MAX_COMPARED = 2_000
"""Recordings that are compared with all others: those of unnamed people first, then the latest."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Comparison:
    """A recording compared with all other recordings."""

    row: int
    distances: Floats
    """The distance to the nearest other recording of each person, ``(P,)``; infinite if there is none."""
    members: dict[int, NDArray[np.int64]]
    """The recordings of each person."""
    to_recordings: Floats
    """The distance to each recording, ``(R,)``; infinite to itself."""

    def nearest_of(self, person: int) -> int:
        """Return the nearest recording of a person."""
        rows = self.members[person]
        return int(rows[self.to_recordings[rows].argmin()])


@dataclass(frozen=True)
class _Doubt:
    item: QueueItem
    cause: int
    """The nearest recording of the other person."""
    margin: float
    """How many times as far the recordings of the own person are."""


def build_queue(
    recordings: Sequence[EnrolledRecording],
    unnamed: set[str],
    vectors: NDArray[np.floating],
    rule: DecisionRule,
    facts: Sequence[Fact],
    simultaneous: Sequence[tuple[int, int]] = (),
    scoring: IdentityScoring | None = None,
) -> list[QueueItem]:
    """Return the questions: merges by falling probability, then doubtful recordings, then people without a name.

    Each recording is left out and compared with all others, as a search would. A merge or a doubtful recording needs a
    distance within the threshold, and a probability of at least 0.5, or of 0.9 if both people were named by hand.
    Most recordings must agree. docs/gallery.md has the measured precision.

    Parameters
    ----------
    recordings : sequence of EnrolledRecording
    unnamed : set of str
        The people without a name.
    vectors : array ``(R, D)``
        The vector of each recording.
    rule : DecisionRule
    facts : sequence of Fact
        What was decided before.
    simultaneous : sequence of (int, int)
        The ids of recordings that overlap in time, and so show different people.
    scoring : IdentityScoring, optional
        As in `himpc.gallery.calibration.calibrate`.
    """
    if not recordings:
        return []
    questions = _Questions(recordings, unnamed, rule, facts, simultaneous)
    merges: dict[frozenset[str], QueueItem] = {}
    support: Counter[tuple[frozenset[str], str]] = Counter()
    doubts: list[_Doubt] = []
    unknown: dict[str, QueueItem] = {}
    for each in _compare(recordings, unnamed, vectors, questions, scoring):
        person = recordings[each.row].person
        if person in unnamed:
            item = questions.unknown(person, each)
            known = unknown.setdefault(person, item)
            if (item.distance or np.inf) < (known.distance or np.inf):
                unknown[person] = item
        if (merge := questions.merge(each)) is not None:
            pair = frozenset((merge.person, str(merge.candidate)))
            support[pair, person] += 1
            if pair not in merges or (merge.probability or 0) > (merges[pair].probability or 0):
                merges[pair] = merge
        if (doubt := questions.doubt(each)) is not None:
            doubts.append(doubt)
    merges = {pair: item for pair, item in merges.items() if questions.has_support(item, support, pair)}
    asked = [item for item in _independent(doubts) if frozenset((item.person, str(item.nearest))) not in merges]
    merging = {name for each in merges.values() for name in (each.person, each.candidate)}
    waiting = unnamed & questions.own.keys() - questions.left_unnamed - merging
    rest = [unknown.get(person) or questions.unknown(person, None) for person in sorted(waiting, key=_by_number)]
    return [*sorted(merges.values(), key=_by_probability), *sorted(asked, key=_by_probability), *rest]


def _independent(doubts: Sequence[_Doubt]) -> list[QueueItem]:
    """Return the doubts, without recordings that are near to another person only by a recording in more doubt."""
    kept: dict[int, QueueItem] = {}
    for doubt in sorted(doubts, key=lambda each: -each.margin):
        if doubt.cause not in kept:
            kept[doubt.item.recording] = doubt.item
    return list(kept.values())


def _by_probability(item: QueueItem) -> float:
    return -(item.probability or 0.0)


def _by_number(name: str) -> tuple[int, str]:
    """Sort ``unnamed-2`` before ``unnamed-10``."""
    return len(name), name


class _Questions:
    """What to ask about a recording that was compared with all others."""

    def __init__(
        self,
        recordings: Sequence[EnrolledRecording],
        unnamed: set[str],
        rule: DecisionRule,
        facts: Sequence[Fact],
        simultaneous: Sequence[tuple[int, int]],
    ) -> None:
        self.recordings, self.unnamed, self.rule = recordings, unnamed, rule
        self.own: dict[str, list[EnrolledRecording]] = {}
        for each in recordings:
            self.own.setdefault(each.person, []).append(each)
        self.names = sorted(self.own)
        self.code = {name: number for number, name in enumerate(self.names)}
        person = {each.id: each.person for each in recordings}
        pairs = [(fact, person.get(fact.recording), person.get(fact.other or 0)) for fact in facts]
        self.different = {frozenset((a, b)) for fact, a, b in pairs if not fact.same and a and b}
        self.seen_with: dict[int, set[str]] = {}
        for one, other in simultaneous:
            if one in person and other in person:
                self.seen_with.setdefault(one, set()).add(person[other])
                self.seen_with.setdefault(other, set()).add(person[one])
                self.different.add(frozenset((person[one], person[other])))
        self.left_unnamed = {a for fact, a, _ in pairs if fact.other is None and not fact.same and a}
        self.confirmed = {fact.recording for fact, a, b in pairs if fact.same and a and a == b}

    def has_support(self, item: QueueItem, support: Counter[tuple[frozenset[str], str]], pair: frozenset[str]) -> bool:
        """Return whether most recordings of the person agree, and of both people if both were named by hand.

        A single recording that was enrolled as the wrong person is a doubt about this recording.
        """
        people = pair if item.contradicts else {item.person}
        return all(2 * support[pair, name] > len(self.own[name]) for name in people)

    def merge(self, found: _Comparison) -> QueueItem | None:
        """Ask whether the person of a recording is the nearest other person, if that is likely enough."""
        person = self.recordings[found.row].person
        distances = self._distances_to_others(person, found)
        best = int(distances.argmin())
        other = self.names[best]
        contradicts = person not in self.unnamed and other not in self.unnamed
        probability = self._probability(distances, best)
        if not self._is_likely(distances[best], probability, MATCH_PROBABILITY if contradicts else LIKELY_PROBABILITY):
            return None
        subject, candidate = self.recordings[found.row], self.recordings[found.nearest_of(best)]
        if self._is_target(person, other):
            subject, candidate = candidate, subject
        text = f"{subject.person} may be {candidate.person}: {self._describe(distances[best], probability)}"
        if contradicts:
            text += "; both were named by hand"
        return self._item(
            "merge", subject, candidate, candidate.person, candidate.person, float(distances[best]), probability, text
        )

    def doubt(self, found: _Comparison) -> _Doubt | None:
        """Ask whether a recording shows its person, if it is nearer to another one."""
        recording = self.recordings[found.row]
        own = self.code[recording.person]
        distances = found.distances.copy()
        distances[[self.code[name] for name in self.seen_with.get(recording.id, ()) if name != recording.person]] = (
            np.inf
        )
        best = int(distances.argmin())
        if best == own or not np.isfinite(found.distances[own]):
            return None
        cause, mine = self.recordings[found.nearest_of(best)], self.recordings[found.nearest_of(own)]
        distance, probability = float(distances[best]), self._probability(distances, best)
        if not self._is_likely(distance, probability, LIKELY_PROBABILITY) or {recording.id, cause.id} & self.confirmed:
            return None
        if (self._probability(distances, own) or 0.0) > LIKELY_PROBABILITY / 2:
            return None
        text = (
            f"{recording.source} is nearer to {cause.person} than to the other recordings of {recording.person}: "
            f"{self._describe(distance, probability)}"
        )
        item = self._item("doubtful", recording, mine, recording.person, cause.person, distance, probability, text)
        return _Doubt(item, cause.id, float(found.distances[own]) / max(distance, 1e-9))

    def unknown(self, person: str, found: _Comparison | None) -> QueueItem:
        """Ask for the name of a person without one."""
        if found is None:
            first = self.own[person][0]
            return self._item("unknown", first, None, None, None, None, None, f"{person} has no name")
        distances = self._distances_to_others(person, found)
        best = int(distances.argmin())
        if not np.isfinite(distances[best]):
            return self.unknown(person, None)
        probability = self._probability(distances, best)
        nearest = self.recordings[found.nearest_of(best)]
        text = f"{person} has no name; {nearest.person} is the nearest: {self._describe(distances[best], probability)}"
        return self._item(
            "unknown", self.recordings[found.row], nearest, None, nearest.person, float(distances[best]), probability,
            text,
        )  # fmt: skip

    def _distances_to_others(self, person: str, found: _Comparison) -> Floats:
        """Return the distances of people whom the recordings of a person may show as well; infinite for the others."""
        distances = found.distances.copy()
        distances[self.code[person]] = np.inf
        if self.different:
            distances[
                [number for number, name in enumerate(self.names) if frozenset((person, name)) in self.different]
            ] = np.inf
        return distances

    def _is_target(self, person: str, other: str) -> bool:
        """Return whether the recordings of `other` would move to `person`: a named one, or one with more recordings."""
        if (person in self.unnamed) != (other in self.unnamed):
            return other in self.unnamed
        if person in self.unnamed:
            return _by_number(person) < _by_number(other)
        return (-len(self.own[person]), person) < (-len(self.own[other]), other)

    def _probability(self, distances: Floats, best: int) -> float | None:
        """Return the probability of a person, among those at a finite distance."""
        if self.rule.calibration is None or not np.isfinite(distances[best]):
            return None
        others = np.flatnonzero(np.isfinite(distances))
        persons, _ = self.rule.calibration.probabilities(distances[others], self.rule.enrolled)
        return float(persons[np.searchsorted(others, best)])

    def _is_likely(self, distance: float, probability: float | None, least: float) -> bool:
        threshold = self.rule.threshold
        return threshold is not None and distance <= threshold and probability is not None and probability >= least

    def _describe(self, distance: float, probability: float | None) -> str:
        if probability is None:
            return f"distance {distance:.2f}"
        return f"probability {probability:.2f}, distance {distance:.2f}"

    def _item(
        self, kind: str, subject: EnrolledRecording, other: EnrolledRecording | None, candidate: str | None,
        nearest: str | None, distance: float | None, probability: float | None, reason: str,
    ) -> QueueItem:  # fmt: skip
        is_whole = kind != "doubtful"
        key = f"{kind} {subject.person if kind == 'unknown' else subject.id} {other.id if other else ''}"
        return QueueItem(
            id=hashlib.sha256(key.encode()).hexdigest()[:8],
            kind=kind,  # type: ignore[arg-type]
            person=subject.person,
            recordings=tuple(each.id for each in self.own[subject.person]) if is_whole else (subject.id,),
            recording=subject.id,
            source=subject.source,
            candidate=candidate,
            nearest=nearest,
            other=None if other is None else other.id,
            distance=distance,
            probability=probability,
            reason=reason,
            contradicts=kind == "merge" and subject.person not in self.unnamed and candidate not in self.unnamed,
            enrolled=subject.enrolled,
        )


def _compare(
    recordings: Sequence[EnrolledRecording],
    unnamed: set[str],
    vectors: NDArray[np.floating],
    questions: _Questions,
    scoring: IdentityScoring | None,
) -> Iterator[_Comparison]:
    """Leave out recordings in turn, and compare them with all others; vectors that are not finite are left out."""
    rows = np.flatnonzero(np.isfinite(vectors).all(axis=1))
    code = np.array([questions.code[each.person] for each in recordings], dtype=np.int64)
    order = rows[np.argsort(code[rows], kind="stable")]
    if not len(order):
        return
    starts = np.flatnonzero(np.diff(code[order], prepend=-1))
    persons = code[order][starts]
    members = dict(zip(persons.tolist(), np.split(order, starts[1:]), strict=True))
    chosen = sorted(rows.tolist(), key=lambda row: (recordings[row].person not in unnamed, -row))[:MAX_COMPARED]
    compare = distance_rows(vectors[chosen], vectors[order], scoring)
    for block in blocks(len(chosen), len(vectors)):
        probes = chosen[block]
        distances = np.full((len(probes), len(vectors)), np.inf)
        distances[:, order] = compare(block)
        distances[np.arange(len(probes)), probes] = np.inf
        for row, own in zip(probes, distances, strict=True):
            by_person = np.full(len(questions.names), np.inf)
            by_person[persons] = np.minimum.reduceat(own[order], starts)
            yield _Comparison(row, by_person, members, own)

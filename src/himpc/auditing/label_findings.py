"""Findings about labels: wrong and swapped ones, one person under two, and two people under one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.auditing.assignment import Judgement, judge_labels
from himpc.auditing.audit_data import REPORTED_FROM, AuditData
from himpc.auditing.bodies import compare_bodies
from himpc.auditing.people import find_split_labels
from himpc.auditing.reasons import list_names
from himpc.errors import DataError, count_noun

__all__ = ["compare_labels", "judge_labels_of"]

Numbers = NDArray[np.int64]


def judge_labels_of(data: AuditData) -> None:
    """Judge the labels of all whole recordings that have one."""
    try:
        data.bodies = compare_bodies(data.recordings)
    except DataError as error:
        data.not_judged.append(f"labels: {error.message}")
        return
    data.notes.append(f"people were compared {data.bodies.method}")
    is_usable = np.isfinite(data.bodies.vectors).all(axis=1)
    if short := [data.source(int(each)) for each in np.flatnonzero(~is_usable)]:
        data.not_judged.append(f"labels of recordings that are too short: {list_names(short)}")
    labelled = np.array([person is not None for person in data.people])
    data.judged = np.flatnonzero(is_usable & labelled)
    if unlabelled := int((~labelled).sum()):
        data.not_judged.append(f"labels of {count_noun(unlabelled, 'recording')} without one")
    data.labels = data.number_people(data.judged.tolist())
    data.names = list(dict.fromkeys(str(data.people[each]) for each in data.judged))
    copy_of = data.copies_among_judged()
    counts = np.bincount(data.labels[copy_of == np.arange(len(copy_of))], minlength=len(data.names))
    if len(data.names) < 2:
        data.not_judged.append("wrong and swapped labels: all recordings have one label")
        return
    if counts.max() < 2:
        data.not_judged.append("wrong and swapped labels: no person has two recordings that are not copies")
        return
    if single := [name for name, count in zip(data.names, counts, strict=True) if count < 2]:
        data.not_judged.append(
            f"whether the only recording of a person has the right label: {list_names(single)}; only that it resembles "
            "another person is noticed"
        )
    vectors = data.bodies.vectors[data.judged]
    data.judgement = judge_labels(vectors, data.bodies.between, data.bodies.noise, data.labels, copy_of)
    _report_labels(data, data.judgement)
    _report_unusual_poses(data)


def _report_labels(data: AuditData, judgement: Judgement) -> None:
    """Report exchanged and wrong labels."""
    labels, found = data.labels, judgement.people
    suspect = (labels != found) & (judgement.differs >= REPORTED_FROM)
    reported = np.zeros(len(labels), dtype=bool)
    pairs = {(min(a, b), max(a, b)) for a, b in zip(labels[suspect], found[suspect], strict=True)}
    for first, second in sorted(pairs):
        there = suspect & (labels == first) & (found == second)
        back = suspect & (labels == second) & (found == first)
        moved = there | back
        if first < 0:
            stay = (labels == second) & (found == second) & judgement.exchangeable
            if stay.any():
                _report_disagreement(data, np.flatnonzero((labels == second) & judgement.exchangeable), second)
                reported |= labels == second
        elif there.any() and back.any():
            probability = float(min(judgement.differs[there].max(), judgement.differs[back].max()))
            _report_swap(data, judgement, np.flatnonzero(moved), (int(first), int(second)), probability)
            reported |= moved
    for row in np.flatnonzero(suspect & ~reported):
        _report_wrong(data, judgement, int(row))


def _report_wrong(data: AuditData, judgement: Judgement, row: int) -> None:
    whole, person, found = int(data.judged[row]), data.labels[row], int(judgement.people[row])
    own, alternative = data.names[person], data.names[found] if found >= 0 else None
    references = {f"labelled {own}": each for each in _nearest(data, row, int(person))}
    why = f"It does not fit the other recordings of {own}"
    why += f", but those of {alternative}." if alternative else ", and those of no other person."
    if found >= 0:
        references = {f"{alternative}": each for each in _nearest(data, row, found)} | references
    why += data.lengths.compare(whole, _members(data, row, int(person)), _members(data, row, found), own, alternative)
    data.add(
        "wrong label", judgement.wrong[row], [whole], [own], why, alternative=alternative, references=references,
        evidence_for_label=judgement.evidence[row, person],
        **({"evidence_for_alternative": judgement.evidence[row, found]} if found >= 0 else {}),
    )  # fmt: skip


def _report_swap(
    data: AuditData, judgement: Judgement, rows: Numbers, pair: tuple[int, int], probability: float
) -> None:
    names = [data.names[each] for each in pair]
    row = int(rows[0])
    person, found = int(data.labels[row]), int(judgement.people[row])
    why = f"Recordings of {names[0]} fit those of {names[1]}, and the other way around."
    if judgement.exchangeable[rows].any():
        why += " As many recordings of both stay as would be exchanged, so nothing says which have the wrong labels."
    own, other = data.names[person], data.names[found]
    why += data.lengths.compare(
        int(data.judged[row]), _members(data, row, person), _members(data, row, found), own, other
    )
    references = {f"{other}": each for each in _nearest(data, row, found)}
    references |= {f"labelled {own}": each for each in _nearest(data, row, person)}
    wholes = [int(each) for each in data.judged[rows]]
    data.add("swapped labels", probability, wholes, names, why, references=references)


def _report_disagreement(data: AuditData, rows: Numbers, person: int) -> None:
    """Report a label of whose recordings half fit neither the others nor any other person."""
    assert data.judgement is not None
    wholes = [int(each) for each in data.judged[rows]]
    own = data.names[person]
    why = f"The recordings of {own} show two bodies, and nothing says which of them is {own}."
    why += data.lengths.compare(wholes[0], wholes[-1:], [], own, None)
    probability = float(data.judgement.differs[rows].max())
    data.add("two people, one label", probability, wholes, [own], why, references={f"labelled {own}": wholes[-1]})


def _members(data: AuditData, row: int, person: int) -> list[int]:
    """Return the other whole recordings that show a person, as they were judged, and without copies of this one."""
    assert data.judgement is not None
    if person < 0:
        return []
    same = (data.judgement.people == person) & (data.copy_of[data.judged] != data.copy_of[data.judged[row]])
    if not same.any():
        same = (data.labels == person) & (np.arange(len(same)) != row)
    return [int(each) for each in data.judged[same]]


def _nearest(data: AuditData, row: int, person: int) -> list[int]:
    """Return the most similar recording of a person, in a list that may be empty."""
    assert data.bodies is not None
    members = _members(data, row, person)
    if not members:
        return []
    own = data.bodies.vectors[data.judged[row]]
    return [members[int(np.argmin(((data.bodies.vectors[members] - own) ** 2).sum(axis=1)))]]


def _report_unusual_poses(data: AuditData) -> None:
    unusual = [data.source(each) for each in data.lengths.unusual_poses()]
    if len(unusual) == len(data.first):
        data.not_judged.append("labels, reliably: no recording shows poses like those of another")
    elif unusual:
        data.not_judged.append(
            f"labels, reliably, of recordings whose poses are unlike those of all others: {list_names(unusual)}"
        )


def compare_labels(data: AuditData) -> None:
    """Report labels that are one person, and labels that are two."""
    if data.bodies is None or data.judgement is None:
        return
    copy_of = data.copies_among_judged()
    people = np.where(copy_of == np.arange(len(copy_of)), data.judgement.people, -1)
    vectors = data.bodies.vectors[data.judged]
    pairs, splits, n_splittable = find_split_labels(
        vectors, data.bodies.between, data.bodies.noise, people, len(data.names)
    )
    for first, second, probability, evidence in pairs:
        members = [[int(each) for each in data.judged[people == person]] for person in (first, second)]
        names = [data.names[first], data.names[second]]
        why = f"The recordings of {names[0]} and {names[1]} are as alike as those of one person."
        why += data.lengths.compare(members[0][0], members[0][1:], members[1], *names)
        shown = {f"{names[1]}": members[1][0]}
        data.add(
            "one person, two labels", probability, [*members[0], *members[1]], names, why, references=shown,
            evidence=evidence,
        )  # fmt: skip
    for split in splits:
        parts = [[int(each) for each in data.judged[list(part)]] for part in split.parts]
        own = data.names[split.person]
        why = (
            f"The recordings of {own} show two bodies; the smaller group has {count_noun(len(parts[1]), 'recording')}."
        )
        why += data.lengths.compare(parts[1][0], parts[0], parts[1][1:], f"the rest of {own}", "the group")
        data.add(
            "two people, one label", split.probability, parts[1], [own], why,
            references={f"the rest of {own}": parts[0][0]}, evidence=split.evidence,
        )  # fmt: skip
    if n_splittable < 5:
        data.not_judged.append(
            f"groups of recordings of two people under one label: {count_noun(n_splittable, 'label')} can be divided, "
            "which is too few to know how far the recordings of one person differ"
        )
    if len(data.names) < 3:
        data.not_judged.append("one person under two labels: there are too few labels to compare the two with")

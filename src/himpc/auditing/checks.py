"""Audit of a data set: its labels, copies, sides and sizes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.auditing.assignment import Judgement, judge_labels
from himpc.auditing.bodies import Bodies, compare_bodies
from himpc.auditing.copies import Copy, find_copies
from himpc.auditing.findings import LEVELS, AuditResult, Finding, LabelProposal
from himpc.auditing.people import find_split_labels
from himpc.auditing.reasons import Lengths, describe_copy, list_names, measure_lengths
from himpc.auditing.sides import probabilities_of_exchanged_sides
from himpc.auditing.sizes import SizeCheck, check_sizes, measure_sizes
from himpc.errors import DataError, count_noun
from himpc.recordings import Progress, Recording, number_whole_recordings, to_common_layout

__all__ = ["audit"]

UNITS = {"millimetres": 1000.0, "centimetres": 100.0, "decimetres": 10.0, "inches": 39.37, "feet": 3.281}
UNIT_TOLERANCE = 0.2
"""A body whose size differs from its person's by the factor of a unit, up to this share, is judged in that unit."""

CORRECTED_FROM = LEVELS["likely"]
REPORTED_FROM = LEVELS["possible"]

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]


def audit(recordings: Sequence[Recording], *, progress: Progress | None = None) -> AuditResult:
    """Check the labels of recordings, and find copies, exchanged sides and other body sizes.

    No recording is used to judge itself or a copy of it. Recordings are compared without labels, then each label is
    judged by all other recordings (docs/audit.md). Order and names of people do not change the result.

    Parameters
    ----------
    recordings : sequence of Recording
        With persons. Of any layouts; they are compared by the joints that they share.
    progress : callable, optional
        Wraps the steps to show progress.

    Raises
    ------
    DataError
        If there are fewer than two recordings, or none has a person.
    LayoutError
        If the recordings share too few joints.

    Examples
    --------
    >>> import himpc
    >>> walks = himpc.simulate(people=5, recordings=4, seconds=2.0, difficulty="easy", seed=1)
    >>> walks[0] = walks[0].with_(person=walks[-1].person)
    >>> [(finding.kind, finding.sources, finding.alternative) for finding in audit(walks).findings]
    [('wrong label', ('simulated/person-000/session-1/front-0',), 'person-000')]
    """
    data = _prepare(recordings)
    steps = [_find_copies, _check_sides, _check_unit, _judge, _compare_labels, _check_sizes]
    for step in steps if progress is None else progress(steps, len(steps), "auditing"):
        step(data)
    findings = sorted(data.findings, key=lambda each: (-round(each.probability, 9), each.kind, each.sources))
    return AuditResult(
        tuple(findings), data.proposals(), tuple(data.not_judged), tuple(data.notes), len(set(data.people) - {None})
    )


@dataclass(eq=False)
class _Data:
    """Whole recordings in an order of their own, and what is known of them so far."""

    recordings: list[Recording]
    """In the common layout."""
    position: list[int]
    """The index of each in the recordings that were given."""
    whole: Numbers
    first: Numbers
    """The first part of each whole recording, an index into `recordings`."""
    people: list[str | None]
    """The label of each whole recording."""
    notes: list[str]
    findings: list[Finding]
    not_judged: list[str]
    lengths: Lengths
    copies: list[Copy]
    copy_of: Numbers
    factors: Array
    """By which whole recordings are divided to be in the unit of the others."""
    names: list[str]
    """The people whose labels are judged, by number."""
    judged: Numbers
    """The whole recordings that are judged."""
    labels: Numbers
    judgement: Judgement | None = None
    bodies: Bodies | None = None

    def source(self, whole: int) -> str:
        return self.recordings[int(self.first[whole])].whole_source

    def index(self, whole: int) -> int:
        return self.position[int(self.first[whole])]

    def add(
        self,
        kind: str,
        probability: float,
        wholes: Sequence[int],
        people: Sequence[str | None],
        why: str,
        *,
        alternative: str | None = None,
        references: dict[str, int] | None = None,
        **measures: float,
    ) -> None:
        """Add a finding."""
        self.findings.append(
            Finding(
                kind=kind,  # type: ignore[arg-type]
                probability=float(probability),
                recordings=tuple(self.index(each) for each in wholes),
                sources=tuple(self.source(each) for each in wholes),
                people=tuple(dict.fromkeys(each for each in people if each is not None)),
                why=why,
                alternative=alternative,
                references={name: self.index(each) for name, each in (references or {}).items()},
                measures=measures,
            )
        )

    def proposals(self) -> tuple[LabelProposal, ...]:
        """Return the label of each whole recording, as it is and as it is proposed, in the order given."""
        found = {}
        if self.judgement is not None:
            for row, whole in enumerate(self.judged):
                wrong, person = self.judgement.wrong[row], self.judgement.people[row]
                is_corrected = wrong >= CORRECTED_FROM and person >= 0
                found[int(whole)] = float(wrong), self.names[person] if is_corrected else self.people[whole]
        order = np.argsort([min(np.array(self.position)[self.whole == each]) for each in range(len(self.first))])
        return tuple(
            LabelProposal(self.source(each), self.people[each], found[each][1], found[each][0])
            if each in found
            else LabelProposal(self.source(each), self.people[each], self.people[each], None)
            for each in order.tolist()
        )


def _prepare(recordings: Sequence[Recording]) -> _Data:
    if len(recordings) < 2:
        raise DataError(f"found {count_noun(len(recordings), 'recording')}, expected at least two to audit")
    if all(recording.person is None for recording in recordings):
        raise DataError(
            "no recording has a person, so there are no labels to check",
            hint="state the persons by {name} or {labels}",
        )
    converted, notes = to_common_layout(recordings)
    # An order that depends neither on the order given nor on the names of people.
    order = sorted(
        range(len(converted)),
        key=lambda i: (
            converted[i].whole_source,
            converted[i].source,
            len(converted[i]),
            converted[i].joints.tobytes()[:4096],
        ),
    )
    ordered = [converted[i] for i in order]
    whole = number_whole_recordings(ordered)
    first = np.unique(whole, return_index=True)[1]
    people = [ordered[i].person for i in first]
    return _Data(
        recordings=ordered,
        position=order,
        whole=whole,
        first=first,
        people=people,
        notes=list(notes),
        findings=[],
        not_judged=[],
        lengths=measure_lengths(ordered),
        copies=[],
        copy_of=np.arange(len(first)),
        factors=np.ones(len(first)),
        names=[],
        judged=np.zeros(0, dtype=np.int64),
        labels=np.zeros(0, dtype=np.int64),
    )


def _find_copies(data: _Data) -> None:
    frames = np.bincount(data.whole, [len(recording) for recording in data.recordings])
    seen: set[tuple[int, int]] = set()
    for copy in sorted(find_copies(data.recordings), key=lambda copy: -copy.probability):
        pair = int(data.whole[copy.first]), int(data.whole[copy.second])
        if pair in seen:
            continue
        seen.add(pair)
        people = [data.people[each] for each in pair]
        why = describe_copy(copy, data.recordings[copy.first], data.recordings[copy.second])
        if people[0] != people[1]:
            why += f" The labels differ: {people[0] or 'none'} and {people[1] or 'none'}."
        data.add("copy", copy.probability, pair, people, why, references={"copy": pair[1]}, ratio=copy.ratio)
        roots = {int(data.copy_of[each]) for each in pair}
        group = np.flatnonzero(np.isin(data.copy_of, list(roots)))
        data.copy_of[group] = group[np.argmax(frames[group])]


def _check_sides(data: _Data) -> None:
    probability = probabilities_of_exchanged_sides(data.recordings)
    if probability is None:
        data.not_judged.append("sides: the recordings have no joints that show front and back")
        return
    for whole in range(len(data.first)):
        parts = np.flatnonzero(data.whole == whole)
        known = parts[~np.isnan(probability[parts])]
        value = float(np.median(probability[known])) if len(known) else 0.0
        if value < REPORTED_FROM:
            continue
        why = (
            "Joints bend backwards and feet point backwards: the names of left and right are exchanged, or one axis is "
            "mirrored."
        )
        data.add("sides exchanged", value, [whole], [data.people[whole]], why, references=_reference(data, whole))
        for part in parts if value >= CORRECTED_FROM else []:
            recording = data.recordings[part]
            data.recordings[part] = recording.with_(joints=recording.joints[:, list(recording.layout.mirror_order)])


def _reference(data: _Data, whole: int) -> dict[str, int]:
    """Return another recording of the same label, if there is one."""
    own = [i for i, person in enumerate(data.people) if person == data.people[whole] and i != whole]
    return {"same label": own[0]} if own else {}


def _number_people(data: _Data, wholes: Sequence[int]) -> Numbers:
    """Number the labels of whole recordings by their first appearance, which does not depend on their names."""
    numbers: dict[str | None, int] = {}
    return np.array([numbers.setdefault(data.people[each], len(numbers)) for each in wholes], dtype=np.int64)


def _check_unit(data: _Data) -> None:
    """Find recordings in another unit than the others of their person, to compare them in one unit."""
    if data.recordings[0].dimensions != 3:
        return
    labels = _number_people(data, range(len(data.first)))
    check = check_sizes(measure_sizes(data.recordings), labels, data.lengths.poses)
    for whole in np.flatnonzero(check.probability >= CORRECTED_FROM):
        ratio = check.ratio[whole]
        for factor in [factor for unit in UNITS.values() for factor in (unit, 1 / unit)]:
            if abs(np.log(ratio / factor)) < UNIT_TOLERANCE:
                data.factors[whole] = factor
    for part, whole in enumerate(data.whole):
        if data.factors[whole] != 1:
            recording = data.recordings[part]
            data.recordings[part] = recording.with_(joints=recording.joints / data.factors[whole])


def _judge(data: _Data) -> None:
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
    data.labels = _number_people(data, data.judged.tolist())
    data.names = list(dict.fromkeys(str(data.people[each]) for each in data.judged))
    copy_of = _copies_among(data)
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


def _copies_among(data: _Data) -> Numbers:
    """Return the recording that each judged one is a copy of, as an index into the judged ones."""
    roots = data.copy_of[data.judged]
    first: dict[int, int] = {}
    for row in [*np.flatnonzero(data.judged == roots), *range(len(roots))]:
        first.setdefault(int(roots[row]), int(row))
    return np.array([first[int(root)] for root in roots], dtype=np.int64)


def _report_labels(data: _Data, judgement: Judgement) -> None:
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


def _report_wrong(data: _Data, judgement: Judgement, row: int) -> None:
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


def _report_swap(data: _Data, judgement: Judgement, rows: Numbers, pair: tuple[int, int], probability: float) -> None:
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


def _report_disagreement(data: _Data, rows: Numbers, person: int) -> None:
    """Report a label of whose recordings half fit neither the others nor any other person."""
    assert data.judgement is not None
    wholes = [int(each) for each in data.judged[rows]]
    own = data.names[person]
    why = f"The recordings of {own} show two bodies, and nothing says which of them is {own}."
    why += data.lengths.compare(wholes[0], wholes[-1:], [], own, None)
    probability = float(data.judgement.differs[rows].max())
    data.add("two people, one label", probability, wholes, [own], why, references={f"labelled {own}": wholes[-1]})


def _members(data: _Data, row: int, person: int) -> list[int]:
    """Return the other whole recordings that show a person, as they were judged, and without copies of this one."""
    assert data.judgement is not None
    if person < 0:
        return []
    same = (data.judgement.people == person) & (data.copy_of[data.judged] != data.copy_of[data.judged[row]])
    if not same.any():
        same = (data.labels == person) & (np.arange(len(same)) != row)
    return [int(each) for each in data.judged[same]]


def _nearest(data: _Data, row: int, person: int) -> list[int]:
    """Return the most similar recording of a person, in a list that may be empty."""
    assert data.bodies is not None
    members = _members(data, row, person)
    if not members:
        return []
    own = data.bodies.vectors[data.judged[row]]
    return [members[int(np.argmin(((data.bodies.vectors[members] - own) ** 2).sum(axis=1)))]]


def _report_unusual_poses(data: _Data) -> None:
    unusual = [data.source(each) for each in data.lengths.unusual_poses()]
    if len(unusual) == len(data.first):
        data.not_judged.append("labels, reliably: no recording shows poses like those of another")
    elif unusual:
        data.not_judged.append(
            f"labels, reliably, of recordings whose poses are unlike those of all others: {list_names(unusual)}"
        )


def _compare_labels(data: _Data) -> None:
    """Report labels that are one person, and labels that are two."""
    if data.bodies is None or data.judgement is None:
        return
    copy_of = _copies_among(data)
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


def _check_sizes(data: _Data) -> None:
    if data.recordings[0].dimensions != 3:
        data.not_judged.append("heights: 2D skeletons do not show them")
        return
    labels = _number_people(data, range(len(data.first)))
    if data.judgement is not None:  # a recording with a wrong label has the size of the person that it shows
        numbers = {name: labels[data.people.index(name)] for name in data.names}
        found = data.judgement.people
        for row in np.flatnonzero((found >= 0) & (data.judgement.wrong >= REPORTED_FROM)):
            labels[data.judged[row]] = numbers[data.names[found[row]]]
    sizes = measure_sizes(data.recordings) * data.factors
    check: SizeCheck = check_sizes(sizes, labels, data.lengths.poses)
    for whole in np.flatnonzero(check.probability >= REPORTED_FROM).tolist():
        ratio = float(check.ratio[whole])
        why = f"Its body is {100 * (ratio - 1):+.1f} % as long as in the person's other recordings."
        if ratio > 2 or ratio < 0.5:
            why = f"Its body is {ratio:.3g} times as long as in the other recordings."
        unit = next((unit for unit, factor in UNITS.items() if np.isclose(data.factors[whole], factor)), None)
        why += f" It may be in {unit}, read as metres." if unit else ""
        if data.factors[whole] != 1 and unit is None:
            why += " Its unit may be wrong."
        if Counter(labels.tolist())[int(labels[whole])] == 2:
            why += " Of two recordings, nothing says which is wrong."
        data.add(
            "other height", check.probability[whole], [whole], [data.people[whole]], why,
            references=_reference(data, whole), ratio=ratio,
        )  # fmt: skip

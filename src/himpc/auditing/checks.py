"""Audit of a data set: its labels, copies, sides and sizes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from himpc.auditing.audit_data import CORRECTED_FROM, REPORTED_FROM, AuditData, prepare_recordings
from himpc.auditing.copies import find_copies
from himpc.auditing.findings import AuditResult
from himpc.auditing.label_findings import compare_labels, judge_labels_of
from himpc.auditing.reasons import describe_copy
from himpc.auditing.sides import probabilities_of_exchanged_sides
from himpc.auditing.sizes import SizeCheck, check_sizes, measure_sizes
from himpc.errors import DataError, count_noun
from himpc.recordings import Progress, Recording

__all__ = ["audit"]

UNITS = {"millimetres": 1000.0, "centimetres": 100.0, "decimetres": 10.0, "inches": 39.37, "feet": 3.281}
UNIT_TOLERANCE = 0.2
"""A body whose size differs from its person's by the factor of a unit, up to this share, is judged in that unit."""


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
    if len(recordings) < 2:
        raise DataError(f"found {count_noun(len(recordings), 'recording')}, expected at least two to audit")
    if all(recording.person is None for recording in recordings):
        raise DataError(
            "no recording has a person, so there are no labels to check",
            hint="state the persons by {name} or {labels}",
        )
    data = prepare_recordings(recordings)
    steps = [_find_copies, _check_sides, _check_unit, judge_labels_of, compare_labels, _check_sizes]
    for step in steps if progress is None else progress(steps, len(steps), "auditing"):
        step(data)
    findings = sorted(data.findings, key=lambda each: (-round(each.probability, 9), each.kind, each.sources))
    return AuditResult(
        tuple(findings), data.proposals(), tuple(data.not_judged), tuple(data.notes), len(set(data.people) - {None})
    )


def _find_copies(data: AuditData) -> None:
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


def _check_sides(data: AuditData) -> None:
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
        data.add("sides exchanged", value, [whole], [data.people[whole]], why, references=data.other_of_label(whole))
        for part in parts if value >= CORRECTED_FROM else []:
            recording = data.recordings[part]
            data.recordings[part] = recording.with_(joints=recording.joints[:, list(recording.layout.mirror_order)])


def _check_unit(data: AuditData) -> None:
    """Find recordings in another unit than the others of their person, to compare them in one unit."""
    if data.recordings[0].dimensions != 3:
        return
    labels = data.number_people(range(len(data.first)))
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


def _check_sizes(data: AuditData) -> None:
    if data.recordings[0].dimensions != 3:
        data.not_judged.append("heights: 2D skeletons do not show them")
        return
    labels = data.number_people(range(len(data.first)))
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
            references=data.other_of_label(whole), ratio=ratio,
        )  # fmt: skip

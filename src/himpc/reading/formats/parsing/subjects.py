"""Subjects of a file of named points: what the labels of a person have in common, before or after the point's name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from himpc.skeleton import is_body_word

_SEPARATORS = ("_", "-", ".", "/", "|", " ")
_MIN_SHARE = 0.8
"""Share of the labels that subjects must cover; the others are props, or markers without a name."""
_MIN_POINTS, _MIN_POINTS_OF_EACH = 4, 8
"""Minimum number of points of the one subject of a file, and of each of several, which are more easily mistaken."""
_MIN_COMMON = 0.6
"""Share of the names of a subject's points that another subject must have as well."""
_MIN_NAMES = 0.5
"""Share of a subject's points whose names must have two letters."""
_MAX_DEPTH = 3
_QUANTITIES = frozenset({"com", "cop", "pos", "rot", "vel", "acc"})
"""Quantities that labels name beside a point, which are no subjects: the centre of mass of a segment is no joint."""
_OUTPUT = re.compile(
    r"(angle|force|moment|power|torque|velocity|acceleration|momentum|grf|cop|cent(re|er)ofmass(floor)?)s?\d*$",
    re.IGNORECASE,
)
"""The end of labels of quantities that a program computed from the points of a body, such as angles."""

_NUMBERED = (re.compile(r"(?P<name>.+?)[ _.-]?(?P<number>[0-9])"), re.compile(r"(?P<number>[0-9])[ _.-]?(?P<name>.+)"))

_Points = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Subject:
    """The points of a subject: its name, empty where the labels state none, and the name and column of each point."""

    name: str
    points: _Points


def propose_subjects(labels: Sequence[str]) -> list[list[Subject]]:
    """Return the ways in which labels may name subjects, the most explicit first.

    A colon always separates a subject from a point, as in ``Walker:LASI``. Then the labels may be the names of points;
    or points with a subject at a separator, as in ``Walker_LASI``, ``A.LASI`` and ``B.LASI``, or ``LASI-Walker``; or
    with letters in front that are common to all, as in ``WalkerLASI``; or with the number of a subject before or after
    them, as in ``LASI1`` and ``2_LASI``, which markers of a cluster have as well. Labels such as ``*12``, which mark
    points without a name, and names of angles, forces and the like, are left out.
    """
    of_subject: dict[str, list[tuple[str, int]]] = {}
    for column, label in enumerate(labels):
        subject, _, point = label.strip().rpartition(":")
        is_output = _OUTPUT.search(point.strip())
        if point.strip() and not point.startswith("*") and not is_output:
            of_subject.setdefault(subject.strip(), []).append((point.strip(), column))
    plain = [Subject(name, tuple(points)) for name, points in of_subject.items()]
    separated = [part for subject in plain for part in _split(subject, _split_at_separator)]
    joined = [part for subject in plain for part in _split(subject, _split_at_letters)]
    numbered = [part for subject in plain for part in _split_at_number(subject)]
    proposals = [plain]
    proposals += [proposal for proposal in (separated, joined, numbered) if proposal not in proposals]
    return proposals


def _split(subject: Subject, split: Callable[[_Points], dict[str, _Points]]) -> Iterator[Subject]:
    """Split off affixes until there are none."""
    pending = [(subject, 0)]
    while pending:
        current, depth = pending.pop(0)
        parts = split(current.points) if depth < _MAX_DEPTH else {}
        if not parts:
            yield current
        for affix, points in parts.items():
            name = " ".join(filter(None, (current.name, affix)))
            pending.append((Subject(name, points), depth + 1))


def _split_at_separator(points: _Points) -> dict[str, _Points]:
    for separator in _SEPARATORS:
        first = [label.partition(separator) for label, _ in points]
        last = [label.rpartition(separator) for label, _ in points]
        for before, splits in ((True, first), (True, last), (False, last)):
            found = _choose_affixes(points, [(a, b) if before else (b, a) for a, _, b in splits])
            if found:
                return found
    return {}


def _choose_affixes(points: _Points, splits: Sequence[tuple[str, str]]) -> dict[str, _Points]:
    """Return the affixes that are subjects: one of almost all labels, or several with the same points.

    `splits` has the affix and the name of each point.
    """
    of_affix: dict[str, list[tuple[str, int]]] = {}
    for (affix, name), (_, column) in zip(splits, points, strict=True):
        if affix and name and not is_body_word(affix) and affix.lower() not in _QUANTITIES:
            of_affix.setdefault(affix, []).append((name, column))
    for affix, own in list(of_affix.items()):
        # The markers of a cluster are numbered, and those of two clusters have the same numbers.
        if sum(len(re.findall("[^\\W\\d_]", name)) > 1 for name, _ in own) < _MIN_NAMES * len(own):
            del of_affix[affix]
    for affix, own in of_affix.items():
        if len(own) >= max(_MIN_POINTS, _MIN_SHARE * len(points)):
            named = {column for _, column in own}
            return {affix: (*own, *(point for point in points if point[1] not in named))}
    several = {affix: tuple(own) for affix, own in of_affix.items() if len(own) >= _MIN_POINTS_OF_EACH}
    counts = Counter(name for own in several.values() for name in {name for name, _ in own})
    shared = [sum(counts[name] > 1 for name, _ in own) / len(own) for own in several.values()]
    if len(several) < 2 or min(shared) < _MIN_COMMON:
        return {}
    return several if sum(map(len, several.values())) >= _MIN_SHARE * len(points) else {}


def _split_at_letters(points: _Points) -> dict[str, _Points]:
    first, last = min(label for label, _ in points), max(label for label, _ in points)
    common = first[: next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))]
    # Where all points are of one side, its letter is common to all, too.
    for affix in (common, common[:-1]):
        rest = [label.removeprefix(affix) for label, _ in points]
        if len(affix) >= 2 and len(points) >= _MIN_POINTS and all(rest) and not is_body_word(affix):
            return {affix: tuple((label, column) for label, (_, column) in zip(rest, points, strict=True))}
    return {}


def _split_at_number(subject: Subject) -> list[Subject]:
    """Return the subjects of numbers before or after the names of points, or the subject itself."""
    for pattern in _NUMBERED:
        of_number: dict[str, list[tuple[str, int]]] = {}
        for label, column in subject.points:
            if match := pattern.fullmatch(label):
                of_number.setdefault(match["number"], []).append((match["name"], column))
        names = [{name for name, _ in own} for own in of_number.values()]
        if len(names) < 2 or min(map(len, names)) < _MIN_POINTS_OF_EACH:
            continue
        common = set.intersection(*names)
        covered = sum(map(len, of_number.values())) >= _MIN_SHARE * len(subject.points)
        if covered and len(common) >= _MIN_COMMON * max(map(len, names)):
            return [
                Subject(" ".join(filter(None, (subject.name, number))), tuple(own)) for number, own in of_number.items()
            ]
    return [subject]

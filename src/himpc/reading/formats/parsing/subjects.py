"""Subjects of a file of named points: what the labels of a person have in common, before or after the point's name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from himpc.skeleton import is_word_of_bodies

_SEPARATORS = ("_", "-", ".", "/", "|", " ")
_MIN_SHARE = 0.8
"""Share of the labels that subjects must cover; the others are props, or markers without a name."""
_MIN_POINTS, _MIN_POINTS_OF_EACH = 4, 8
"""Minimum number of points of the one subject of a file, and of each of several, which are more easily mistaken."""
_MIN_COMMON = 0.6
"""Share of the names of a subject's points that another subject must have as well."""
_MAX_DEPTH = 3
_OUTPUT = re.compile(
    r"(angle|force|moment|power|torque|velocity|acceleration|momentum|grf|cop|cent(re|er)ofmass(floor)?)s?\d*$",
    re.IGNORECASE,
)
"""How labels end that a program computed from the points of a body, and which are no points."""

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
    with letters in front that are common to all, as in ``WalkerLASI``. Labels such as ``*12``, which mark points
    without a name, and names of angles, forces and the like, are left out.
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
    proposals = [plain]
    proposals += [proposal for proposal in (separated, joined) if proposal not in proposals]
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
    for after in (False, True):
        for separator in _SEPARATORS:
            of_affix: dict[str, list[tuple[str, int]]] = {}
            for label, column in points:
                first, _, second = label.rpartition(separator) if after else label.partition(separator)
                affix, point = (second, first) if after else (first, second)
                if affix and point:
                    of_affix.setdefault(affix, []).append((point, column))
            found = _choose_affixes({affix: tuple(own) for affix, own in of_affix.items()}, len(points))
            if found:
                return found
    return {}


def _choose_affixes(of_affix: dict[str, _Points], total: int) -> dict[str, _Points]:
    """Return the affixes that are subjects: one of almost all labels, or several with the same points."""
    possible = {affix: points for affix, points in of_affix.items() if not is_word_of_bodies(affix)}
    for affix, points in possible.items():
        if len(points) >= max(_MIN_POINTS, _MIN_SHARE * total):
            return {affix: points}
    several = {affix: points for affix, points in possible.items() if len(points) >= _MIN_POINTS_OF_EACH}
    counts = Counter(point for points in several.values() for point in {point for point, _ in points})
    shared = [sum(counts[point] > 1 for point, _ in points) / len(points) for points in several.values()]
    if len(several) < 2 or min(shared) < _MIN_COMMON:
        return {}
    return several if sum(map(len, several.values())) >= _MIN_SHARE * total else {}


def _split_at_letters(points: _Points) -> dict[str, _Points]:
    first, last = min(label for label, _ in points), max(label for label, _ in points)
    common = first[: next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))]
    # Where all points are of one side, its letter is common to all, too.
    for affix in (common, common[:-1]):
        rest = [label.removeprefix(affix) for label, _ in points]
        if len(affix) >= 2 and len(points) >= _MIN_POINTS and all(rest) and not is_word_of_bodies(affix):
            return {affix: tuple((label, column) for label, (_, column) in zip(rest, points, strict=True))}
    return {}

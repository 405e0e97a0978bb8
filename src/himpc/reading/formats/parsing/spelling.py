"""Names of points that are probably misspelt, and what they may stand for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from difflib import get_close_matches
from functools import cache

from himpc.skeleton import find_joints, get_layout, layout_names, marker_sets, other_side

__all__ = ["misspelt_names"]

_MIN_LIKENESS = 0.8
_MIN_LETTERS = 4
_MAX_LABELS = 200
"""Labels of a body that are compared with each other; more are those of many clusters."""


def misspelt_names(labels: Sequence[str], used: Collection[str] = ()) -> tuple[str, ...]:
    """Return a note for each label that is not used and is like one that a body has.

    These are the names of the other side, such as ``LeftKnee`` beside ``RightKnee``, and those of joints and markers
    that himpc knows. Labels whose counterpart on the other side is there, and those that differ by numbers, are left
    out: they are other points.

    >>> misspelt_names(["RightKnee", "LeftKnne", "LeftKnee2"])
    ("unknown name 'LeftKnne': did you mean 'LeftKnee'?",)
    """
    if len(labels) > _MAX_LABELS:
        return ()
    mirrored = {label: other_side(label) + other_side(label, "right", "left") for label in labels}
    known = _known_names()
    expected = [other for label in labels for other in mirrored[label] if other not in mirrored]
    notes = []
    for label in labels:
        is_paired = any(other in mirrored for other in mirrored[label])
        if label in used or is_paired or len(label) < _MIN_LETTERS or label in known:
            continue
        if find_joints([label]).columns:
            continue
        own = {_letters(each) for each in (label, *mirrored[label])}
        candidates = [each for each in (*dict.fromkeys(expected), *known) if _letters(each) not in own]
        near = get_close_matches(label, candidates, 1, _MIN_LIKENESS)
        if near and near[0] not in mirrored:
            notes.append(f"unknown name {label[:40]!r}: did you mean {near[0]!r}?")
    return tuple(notes)


def _letters(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalpha())


@cache
def _known_names() -> tuple[str, ...]:
    """Return the names of joints and markers that himpc knows."""
    joints = [joint for layout in map(get_layout, layout_names()) for joint in layout.joints]
    markers = [marker for known in marker_sets() for marker in known.markers if not known.by_words]
    return tuple(dict.fromkeys([*joints, *markers]))

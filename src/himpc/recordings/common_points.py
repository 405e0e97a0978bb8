"""Recordings of named points of an unknown body: brought to the points that they share, whose layout is discovered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from himpc.errors import LayoutError, count_noun
from himpc.recordings.recording import Recording
from himpc.skeleton import DISCOVERED, MIN_POINTS, POINTS, discover_layout

__all__ = ["has_unknown_points", "to_discovered_layout"]

_MIN_COMMON = 0.8
"""Share of the recordings that must have a point of the body; what fewer have is a prop, or not always attached."""

_MIN_SHARED = 0.5
"""Share of these points that each recording must have."""


def has_unknown_points(recordings: Sequence[Recording]) -> bool:
    """Return whether any of the recordings holds points whose layout is to be discovered."""
    return any(recording.layout.name == POINTS for recording in recordings)


def to_discovered_layout(recordings: Sequence[Recording]) -> tuple[list[Recording], tuple[str, ...]]:
    """Discover the layout of the points that all recordings share, and convert them to it.

    Returns
    -------
    recordings : list of Recording
        In the order given.
    notes : tuple of str
        What was discovered, and what could not be.

    Raises
    ------
    LayoutError
        If some recordings are of known joints, or the recordings share too few points.
    """
    known = [recording for recording in recordings if recording.layout.name not in (POINTS, DISCOVERED)]
    if known:
        points = next(recording for recording in recordings if recording.layout.name == POINTS)
        raise LayoutError(
            f"{points.source or 'a recording'} holds points of no known body, {known[0].source or 'another'} "
            f"joints of {known[0].layout.name}: they cannot be compared",
            hint="leave out those of one kind, or use the points of all files as they are: {layout=points}",
        )
    names = _common_points(recordings)
    found = discover_layout(names, [_select(recording, names) for recording in recordings])
    converted = [recording.to(found.layout) for recording in recordings]
    counts = [len(recording.layout) for recording in recordings]
    n_points = f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"
    parts = f"{count_noun(len(found.layout.components), 'segment')}, {count_noun(len(found.layout.limbs), 'limb')}"
    origin = f"discovered from {count_noun(len(recordings), 'recording')} of {n_points} points"
    note = f"{origin}: {count_noun(len(found.layout), 'point')}, {parts}"
    return converted, (note, *found.notes)


def _common_points(recordings: Sequence[Recording]) -> list[str]:
    """Return the names of the points that most recordings have.

    Raises
    ------
    LayoutError
        If a recording lacks many of them, or too few are in all recordings.
    """
    counts = Counter(name for recording in recordings for name in recording.layout.joints)
    common = {name for name, count in counts.items() if count >= _MIN_COMMON * len(recordings)}
    for recording in recordings:
        own = common.intersection(recording.layout.joints)
        if len(own) < max(MIN_POINTS, _MIN_SHARED * len(common)):
            raise LayoutError(
                f"{recording.source or 'a recording'}: has {len(own)} of the {len(common)} points that most recordings "
                f"share, expected at least {max(MIN_POINTS, round(_MIN_SHARED * len(common)))}",
                hint="leave it out, or name the points of all files alike",
            )
    shared = sum(count == len(recordings) for count in counts.values())
    if shared < MIN_POINTS:
        raise LayoutError(
            f"{len(recordings)} recordings share {shared} points, expected at least {MIN_POINTS}",
            hint="leave out recordings that lack points of the others",
        )
    return sorted(common)


def _select(recording: Recording, names: Sequence[str]) -> NDArray[np.float32]:
    """Return the positions of named points ``(frames, P, 3)``, NaN for points that the recording lacks."""
    present = [i for i, name in enumerate(names) if name in recording.layout.joints]
    joints = np.full((len(recording), len(names), 3), np.nan, np.float32)
    joints[:, present] = recording.joints[:, [recording.layout.index(names[i]) for i in present]]
    return joints

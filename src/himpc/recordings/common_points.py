"""Recordings of named points of an unknown body: brought to the points that they share, whose layout is discovered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from himpc.errors import LayoutError, count_noun
from himpc.recordings.point_gaps import fill_rigid_gaps
from himpc.recordings.recording import Recording
from himpc.skeleton import DISCOVERED, MIN_POINTS, POINTS, discover_layout, measure_distances, points_layout

__all__ = ["has_unknown_points", "to_discovered_layout"]

_MIN_COMMON = 0.8
"""Share of the recordings that must have a point of the body; what fewer have is a prop, or not always attached."""

_LESS_COMMON = 0.5
"""The share where each recording lacks other points, so that fewer than half of those of a recording are as common."""

_MIN_SHARED = 0.5
"""Share of these points that each recording must have; and that all must have, for the others to be left out."""

_MAX_DONORS, _MAX_DONOR_FRAMES = 4, 200
"""Recordings from which the points that one lacks are filled, and frames of each."""


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
    recordings, fill_notes = _fill_points(recordings, names)
    found = discover_layout(names, [_select(recording, names) for recording in recordings])
    converted = [recording.to(found.layout) for recording in recordings]
    counts = [len(recording.layout) for recording in recordings]
    n_points = f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"
    parts = f"{count_noun(len(found.layout.components), 'segment')}, {count_noun(len(found.layout.limbs), 'limb')}"
    origin = f"discovered from {count_noun(len(recordings), 'recording')} of {n_points} points"
    note = f"{origin}: {count_noun(len(found.layout), 'point')}, {parts}"
    return converted, (note, *fill_notes, *found.notes)


def _common_points(recordings: Sequence[Recording]) -> list[str]:
    """Return the names of the points that most recordings have.

    Raises
    ------
    LayoutError
        If a recording lacks many of them.
    """
    counts = Counter(name for recording in recordings for name in recording.layout.joints)
    typical = sorted(len(recording.layout) for recording in recordings)[len(recordings) // 2]
    common: set[str] = set()
    for share in (_MIN_COMMON, _LESS_COMMON):
        if len(common) < _MIN_SHARED * typical:
            common = {name for name, count in counts.items() if count >= share * len(recordings)}
    for recording in recordings:
        own = common.intersection(recording.layout.joints)
        if len(own) < max(MIN_POINTS, _MIN_SHARED * len(common)):
            raise LayoutError(
                f"{recording.source or 'a recording'}: has {len(own)} of the {len(common)} points that most recordings "
                f"share, expected at least {max(MIN_POINTS, round(_MIN_SHARED * len(common)))}",
                hint="leave it out, or name the points of all files alike",
            )
    return sorted(common)


def _fill_points(recordings: Sequence[Recording], names: Sequence[str]) -> tuple[list[Recording], tuple[str, ...]]:
    """Fill points that some recordings lack, where too few are in all of them; otherwise they are left out.

    A point is placed by the points that are rigid with it, as in the recordings whose other points are most alike.

    Raises
    ------
    LayoutError
        If too few points are then in all recordings.
    """
    lacking = [set(names).difference(recording.layout.joints) for recording in recordings]
    if len(set(names).difference(*lacking)) >= max(MIN_POINTS, _MIN_SHARED * len(names)):
        return list(recordings), ()
    selected = [_select(recording, names) for recording in recordings]
    shapes = [_shape(joints) for joints in selected]
    filled = [_fill(number, selected, shapes) if lacks else selected[number] for number, lacks in enumerate(lacking)]
    usable = np.all([np.isfinite(joints).all(axis=(0, 2)) for joints in filled], axis=0)
    if usable.sum() < max(MIN_POINTS, _MIN_SHARED * len(names)):
        raise LayoutError(
            f"{len(recordings)} recordings share {int(usable.sum())} of {len(names)} points, with those that could be "
            f"filled, expected at least {max(MIN_POINTS, round(_MIN_SHARED * len(names)))}",
            hint="leave out recordings that lack points of the others",
        )
    kept = [name for name, is_usable in zip(names, usable, strict=True) if is_usable]
    result = [
        recording.with_(joints=joints[:, usable], confidence=None, layout=points_layout(kept, joints[:, usable]))
        for recording, joints in zip(recordings, filled, strict=True)
    ]
    count = sum(not lacks.isdisjoint(kept) for lacks in lacking)
    return result, (
        f"points that {count_noun(count, 'recording')} lack are filled from the recordings whose other points are most "
        "alike",
    )


def _fill(
    number: int, selected: Sequence[NDArray[np.float32]], shapes: Sequence[NDArray[np.float64]]
) -> NDArray[np.float32]:
    """Return the points of a recording, with those that it lacks placed as in the most similar recordings."""
    joints = selected[number]
    lacking = np.isnan(joints[:, :, 0]).all(axis=0)
    differences = []
    for other, shape in enumerate(shapes):
        both = np.isfinite(shape) & np.isfinite(shapes[number])
        has_more = (lacking & np.isfinite(selected[other][:, :, 0]).any(axis=0)).any()
        if other != number and has_more and both.any():
            differences.append((float(np.abs(shape[both] - shapes[number][both]).mean()), other))
    for _, other in sorted(differences)[:_MAX_DONORS]:
        donor = selected[other][-_MAX_DONOR_FRAMES:]
        together = np.concatenate([donor, joints])
        gaps = np.isnan(together[:, :, 0])
        gaps[: len(donor)] = False
        joints = fill_rigid_gaps(together, gaps)[len(donor) :]
        if np.isfinite(joints).all():
            break
    return joints


def _shape(joints: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the typical distances ``(P, P)`` between points; infinite where they were never seen together."""
    return measure_distances([joints]).mean


def _select(recording: Recording, names: Sequence[str]) -> NDArray[np.float32]:
    """Return the positions of named points ``(frames, P, 3)``, NaN for points that the recording lacks."""
    present = [i for i, name in enumerate(names) if name in recording.layout.joints]
    joints = np.full((len(recording), len(names), 3), np.nan, np.float32)
    joints[:, present] = recording.joints[:, [recording.layout.index(names[i]) for i in present]]
    return joints

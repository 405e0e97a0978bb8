"""Files of named points (markers, joints): from labels and points to the joints of one or more people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.axes import is_mirrored
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.parsing.exchanged_sides import restore_sides
from himpc.reading.formats.parsing.named_points import Resolution, explain_unknown, resolve_points
from himpc.reading.formats.parsing.positions import check_depth
from himpc.reading.formats.parsing.spelling import misspelt_names
from himpc.reading.formats.parsing.subjects import Subject, propose_subjects
from himpc.reading.formats.parsing.unknown_points import use_points
from himpc.reading.formats.parsing.world import MIRRORED_NOTE, numbered_origins, to_recording
from himpc.reading.units import Scale, body_size, find_scale
from himpc.recordings import Origin, Recording
from himpc.skeleton import POINTS, Layout, long_bones, pairs_by_name, stature

_MIN_OWN_MARKERS = 0.8
"""Share of the markers of a body that must be nearer to its centre than to that of the other body."""

_SHAPE_FRAMES = 200
_MIN_BONE, _MAX_BONE = 0.6, 1.6
"""Lengths of a long bone, relative to its share of the stature that all show; 0.86 to 1.21 in recordings of people."""
_MIN_ANKLE_DISTANCE = 0.75
"""Distance of the shoulder from the ankle, relative to that from the hip; 2.3 or more in people who walk or sit."""
_MIN_HEIGHT = 0.5
"""Stature, in the unit of the file, from which rules with lengths in metres give bones that can be compared."""

_Points = Callable[[list[int]], NDArray[np.floating]]


@dataclass(frozen=True)
class _Group:
    """The named points of a person.

    Attributes
    ----------
    subject : str
        The name of the person; empty where the labels state none.
    columns : dict of str to int
        The column of each point.
    doubled : frozenset of str
        Points that several columns are labelled as, which are not known to be of another person.
    """

    subject: str
    columns: dict[str, int]
    doubled: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Person:
    """A person in a file: the name, the labels and columns that are needed, how joints follow, and names in doubt."""

    subject: str
    labels: list[str]
    columns: list[int]
    resolution: Resolution
    doubts: tuple[str, ...]


def marker_recordings(
    path: Path,
    labels: Sequence[str],
    points: _Points,
    options: FileOptions,
    *,
    unit: str | float | None,
    up: str | None = None,
    fps: float | None = None,
    notes: tuple[str, ...] = (),
    prefer: Layout | None = None,
    start: float = 0.0,
) -> list[Recording]:
    """Make a recording of each person whose points a file names.

    Parameters
    ----------
    labels : sequence of str
        The label of each point, with the name of the subject before or after it (see `propose_subjects`). Labels of no
        person, such as those of a prop or a model, are ignored.
    points : callable
        Returns the points ``(frames, n, 3)`` of n columns in the file's unit; NaN where not seen.
    unit, up, fps : optional
        What the file states, or its time stamps show; a unit by its name, or by its length in metres.
    notes : tuple of str
        Further notes for the user.
    prefer : Layout, optional
        The layout of points that are named as joints, if they give all of it.
    start : float
        The time of the first frame in seconds, or in frames if `fps` is not known.
    """
    people, group_notes = _find_people(path, labels, points, options, prefer)
    names = {person.subject for person in people}
    named = len(people) > 1 and len(names) == len(people) and not any(name.isdecimal() for name in names)
    recordings = []
    for origin, person in zip(numbered_origins(path, len(people)), people, strict=True):
        own, layout, compute = points(person.columns), person.resolution.layout, person.resolution.compute
        check_depth(own, str(origin))
        own, exchanged = restore_sides(own, pairs_by_name(person.labels), person.labels)
        joints = compute(own)
        if not np.isfinite(joints).any():
            raise FormatError(f"{origin}: shows no person: every point is missing in every frame")
        scale = find_scale(body_size(joints, layout), layout, str(origin), options, stated=unit)
        mirrored: tuple[str, ...] = ()
        if is_mirrored(joints, layout):  # rules for joint centres need right-handed axes
            own = own * ((1, 1, -1) if "x" in (options.up or up or "") else (-1, 1, 1))
            mirrored = (MIRRORED_NOTE,)
        subject = (f"subject {person.subject}",) if person.subject else ()
        recording = to_recording(
            compute(own * scale.metres),
            layout,
            options,
            origin,
            scale=Scale(1.0, scale.notes),
            up=up,
            fps=fps,
            person=(person.subject or None) if named else None,
            notes=(person.resolution.note, *subject, *person.doubts, *exchanged, *notes, *group_notes, *mirrored),
        )
        recordings.append(recording.with_(start=start, clock=Origin(path)))
    return recordings


def _find_people(
    path: Path, labels: Sequence[str], points: _Points, options: FileOptions, prefer: Layout | None
) -> tuple[list[_Person], tuple[str, ...]]:
    """Find the people whose joints the labels give, in the way of naming subjects that explains the most labels."""
    best: list[_Person] = []
    notes: tuple[str, ...] = ()
    refuted: dict[str, None] = {}
    proposals = [_group_points(subjects, points) for subjects in propose_subjects(labels)]
    proposals = [proposal for proposal in proposals if _are_apart(proposal[0], points)]
    for groups, group_notes in proposals:
        if options.as_points:
            break
        resolved = ((group, resolve_points(list(group.columns), options, prefer)) for group in groups)
        people = [_make_person(path, group, resolution) for group, resolution in resolved if resolution]
        if not (options.markers or options.layout or prefer):
            doubts = [_refute(person, points) for person in people]
            refuted |= dict.fromkeys(filter(None, doubts))
            people = [person for person, doubt in zip(people, doubts, strict=True) if not doubt]
        if sum(len(person.columns) for person in people) > sum(len(person.columns) for person in best):
            best, notes = people, group_notes
    if not best and not options.markers and not options.layout:
        best, notes = _use_points(path, proposals, labels, points)
        notes = (*notes, *refuted)
    if not best:
        named = [list(group.columns) for groups, _ in proposals for group in groups]
        problem = explain_unknown(max(named, key=len), options) if named else FormatError("holds no labelled points")
        raise FormatError(f"{path}: {problem.message}", hint=problem.hint)
    return best, notes


def _refute(person: _Person, points: _Points) -> str:
    """Return what refutes the joints that names give: lengths that no person has; empty if nothing does."""
    own = points(person.columns)
    own = own[:: max(len(own) // _SHAPE_FRAMES, 1)]
    joints = person.resolution.compute(own)
    layout = person.resolution.layout
    height = stature(joints, layout)
    if not height > _MIN_HEIGHT:
        return ""
    for first, second, share in long_bones(layout):
        lengths = np.linalg.norm(joints[:, first] - joints[:, second], axis=1)
        seen = lengths[lengths > 0]  # and not NaN
        if len(seen) and not _MIN_BONE <= (ratio := float(np.median(seen)) / (share * height)) <= _MAX_BONE:
            bone = f"{layout.joints[first]} to {layout.joints[second]}".replace("_", " ")
            return f"no {person.resolution.note}: {bone} would be {ratio:.2g} of the length that a person has"
    if contradiction := person.resolution.find_contradiction(own, height):
        return f"no {person.resolution.note}: {contradiction}"
    for side in ("left", "right"):
        if _is_folded(joints, layout, side):
            return f"no {person.resolution.note}: the {side} shoulder would be nearer to the ankle than to the hip"
    return ""


def _is_folded(joints: NDArray[np.floating], layout: Layout, side: str) -> bool:
    """Return whether the shoulder of a side is usually where a leg is, as that of markers on the shank."""
    names = [f"{side}_{joint}" for joint in ("shoulder", "hip", "ankle")]
    if not layout.has(*names):
        return False
    shoulder, hip, ankle = (joints[:, layout.index(name)] for name in names)
    excess = np.linalg.norm(shoulder - ankle, axis=1) - _MIN_ANKLE_DISTANCE * np.linalg.norm(shoulder - hip, axis=1)
    seen = excess[np.isfinite(excess)]
    return bool(len(seen)) and float(np.median(seen)) < 0


def _use_points(
    path: Path, proposals: Sequence[tuple[list[_Group], tuple[str, ...]]], labels: Sequence[str], points: _Points
) -> tuple[list[_Person], tuple[str, ...]]:
    """Use the points of each subject as they are; a subject is what stands before a colon or another separator."""
    separated = [proposal for proposal in proposals if not any(_is_joined(group, labels) for group in proposal[0])]
    groups, notes = (separated or proposals)[-1]
    resolved = ((group, use_points(list(group.columns), points, list(group.columns.values()))) for group in groups)
    return [_make_person(path, group, resolution) for group, resolution in resolved if resolution], notes


def _is_joined(group: _Group, labels: Sequence[str]) -> bool:
    """Return whether the name of the subject and that of a point are joined without a separator."""
    last = group.subject.split()[-1:]
    return any(labels[column].strip() == "".join([*last, point]) for point, column in group.columns.items() if last)


def _make_person(path: Path, group: _Group, resolution: Resolution) -> _Person:
    used = [list(group.columns)[column] for column in resolution.columns]
    if ambiguous := sorted(group.doubled.intersection(used)):
        raise FormatError(
            f"{path}: several markers have the same label: {', '.join(ambiguous[:6])}"
            f"{' ...' if len(ambiguous) > 6 else ''}",
            hint="give each marker a label of its own, and each person a prefix such as 'A:'",
        )
    return _Person(
        group.subject,
        used,
        [group.columns[label] for label in used],
        resolution,
        misspelt_names(list(group.columns), () if resolution.layout.name == POINTS else used),
    )


def _group_points(subjects: Sequence[Subject], points: _Points) -> tuple[list[_Group], tuple[str, ...]]:
    """Group the columns of subjects by the names of points; split a subject whose labels are those of two people."""
    groups: list[_Group] = []
    notes: tuple[str, ...] = ()
    for subject in subjects:
        columns: dict[str, list[int]] = {}
        for point, column in subject.points:
            columns.setdefault(point, []).append(column)
        distinct = {point: _distinct_columns(own, points) for point, own in columns.items()}
        doubled = frozenset(point for point, own in distinct.items() if len(own) > 1)
        bodies = [{point: own[i] for point, own in distinct.items()} for i in range(2) if len(doubled) == len(distinct)]
        if bodies and all(len(own) == 2 for own in distinct.values()) and _are_two_bodies(bodies, points):
            groups += [_Group(subject.name, body) for body in bodies]
            notes = ("every label is there twice: read as two people",)
        else:
            groups.append(_Group(subject.name, {point: own[0] for point, own in distinct.items()}, doubled))
    return groups, notes


def _distinct_columns(columns: list[int], points: _Points) -> list[int]:
    """Return the columns of a label that were seen and are not copies; the first one if none is."""
    if len(columns) == 1:
        return columns
    of_column = {column: points([column])[:, 0] for column in columns}
    distinct: list[int] = []
    for column in columns:
        is_copy = any(np.array_equal(of_column[column], of_column[other], equal_nan=True) for other in distinct)
        if not is_copy and np.isfinite(of_column[column]).any():
            distinct.append(column)
    return distinct or columns[:1]


def _are_apart(groups: Sequence[_Group], points: _Points) -> bool:
    """Return whether subjects that have numbers are of different bodies, and not markers of clusters."""
    numbered = [group for group in groups if group.subject.split()[-1:] and group.subject.split()[-1].isdecimal()]
    return all(
        _are_two_bodies((first.columns, second.columns), points)
        for first, second in pairwise(numbered)
        if first.subject.split()[:-1] == second.subject.split()[:-1]
    )


def _are_two_bodies(bodies: Sequence[dict[str, int]], points: _Points) -> bool:
    """Return whether the markers of both sets stand apart: each is nearer to the middle of its own set."""
    first, second = (np.ma.masked_invalid(points(list(body.values()))) for body in bodies)
    middles = [body.mean(axis=1, keepdims=True) for body in (first, second)]
    away = [[np.sqrt(((body - middle) ** 2).sum(axis=2)) for middle in middles] for body in (first, second)]
    own = (away[0][0] < away[0][1]).compressed(), (away[1][1] < away[1][0]).compressed()
    return all(len(nearer) and nearer.mean() >= _MIN_OWN_MARKERS for nearer in own)

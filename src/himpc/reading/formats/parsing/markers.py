"""Marker files (C3D, TRC): from labels and points to the joints of one or more people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError, LayoutError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.parsing.world import numbered_origins, to_recording
from himpc.reading.units import Scale, body_size, find_scale
from himpc.recordings import Recording
from himpc.skeleton import MarkerSet, get_layout, recognise_marker_set

__all__ = ["marker_recordings"]

_MIN_OWN_MARKERS = 0.8
"""Share of the markers of a body that must be nearer to its centre than to that of the other body."""

_Points = Callable[[list[int]], NDArray[np.floating]]


@dataclass(frozen=True)
class _Group:
    """The labelled points of a person: the prefix of their labels, and the column of each marker.

    Attributes
    ----------
    prefix : str
        The subject's name before a colon; empty where there is none.
    columns : dict of str to int
        The column of each marker.
    doubled : frozenset of str
        Markers that several columns are labelled as, which are not known to be of another person.
    """

    prefix: str
    columns: dict[str, int]
    doubled: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Subject:
    """A person in a file: their marker set, and the group with the column of each of its markers."""

    marker_set: MarkerSet
    group: _Group


def marker_recordings(
    path: Path,
    labels: Sequence[str],
    points: _Points,
    options: FileOptions,
    *,
    unit: str | None,
    up: str | None = None,
    fps: float | None = None,
    notes: tuple[str, ...] = (),
) -> list[Recording]:
    """Make a recording of each person whose markers a file holds.

    Parameters
    ----------
    labels : sequence of str
        The label of each point, with the subject's name before a colon where there is one. Labels of no person's marker
        set, such as those of a prop or a model, are ignored.
    points : callable
        Returns the points ``(frames, n, 3)`` of n columns in the file's unit; NaN where not seen.
    unit, up, fps : optional
        What the file states, or its time stamps show.
    notes : tuple of str
        What else a person should know.
    """
    layout = get_layout("kinect-v1")
    groups, group_notes = _group_labels(labels, points)
    subjects = _find_subjects(groups, options, path)
    named = len(subjects) > 1 and len({subject.group.prefix for subject in subjects}) == len(subjects)
    recordings = []
    for origin, subject in zip(numbered_origins(path, len(subjects)), subjects, strict=True):
        markers, own = list(subject.group.columns), points(list(subject.group.columns.values()))
        size = body_size(subject.marker_set.to_joints(markers, own), layout)
        scale = find_scale(size, layout, str(origin), options, stated=unit)
        joints = subject.marker_set.to_joints(markers, own * scale.metres)
        recording = to_recording(
            joints,
            layout,
            options,
            origin,
            scale=Scale(1.0, scale.notes),
            up=up,
            fps=fps,
            person=subject.group.prefix if named else None,
            notes=(f"joints by the marker set {subject.marker_set.name}", *notes, *group_notes),
        )
        recordings.append(recording)
    return recordings


def _group_labels(labels: Sequence[str], points: _Points) -> tuple[list[_Group], tuple[str, ...]]:
    """Group columns by the prefix of their labels, and split a group in which two people have the same labels."""
    columns_of: dict[str, dict[str, list[int]]] = {}
    for column, label in enumerate(labels):
        prefix, _, marker = label.strip().rpartition(":")
        if marker and not marker.startswith("*"):
            columns_of.setdefault(prefix, {}).setdefault(marker, []).append(column)
    groups: list[_Group] = []
    notes: tuple[str, ...] = ()
    for prefix, columns in columns_of.items():
        distinct = {marker: _distinct_columns(own, points) for marker, own in columns.items()}
        doubled = frozenset(marker for marker, own in distinct.items() if len(own) > 1)
        bodies = [
            {marker: own[i] for marker, own in distinct.items()} for i in range(2) if len(doubled) == len(distinct)
        ]
        if bodies and all(len(own) == 2 for own in distinct.values()) and _are_two_bodies(bodies, points):
            groups += [_Group(prefix, body) for body in bodies]
            notes = ("every label is there twice: read as two people",)
        else:
            groups.append(_Group(prefix, {marker: own[0] for marker, own in distinct.items()}, doubled))
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


def _are_two_bodies(bodies: Sequence[dict[str, int]], points: _Points) -> bool:
    """Return whether the markers of both sets stand apart: each is nearer to the middle of its own set."""
    first, second = (np.ma.masked_invalid(points(list(body.values()))) for body in bodies)
    middles = [body.mean(axis=1, keepdims=True) for body in (first, second)]
    away = [[np.sqrt(((body - middle) ** 2).sum(axis=2)) for middle in middles] for body in (first, second)]
    own = (away[0][0] < away[0][1]).compressed(), (away[1][1] < away[1][0]).compressed()
    return all(len(nearer) and nearer.mean() >= _MIN_OWN_MARKERS for nearer in own)


def _find_subjects(groups: Sequence[_Group], options: FileOptions, path: Path) -> list[_Subject]:
    subjects: list[_Subject] = []
    problem = FormatError("holds no labelled markers")
    for group in groups:
        markers = list(group.columns)
        try:
            chosen = options.markers or recognise_marker_set(markers)
        except LayoutError as error:
            problem = FormatError(error.message, hint=error.hint)
            continue
        if missing := chosen.missing(markers):
            joint, needs = next(iter(missing.items()))
            problem = FormatError(f"the marker set {chosen.name!r} does not give {joint}: it needs {', '.join(needs)}")
            continue
        used = {marker: markers[i] for marker, i in chosen.columns(markers).items()}
        if ambiguous := sorted(group.doubled.intersection(used.values())):
            raise FormatError(
                f"{path}: several markers have the same label: {', '.join(ambiguous[:6])}"
                f"{' ...' if len(ambiguous) > 6 else ''}",
                hint="give each marker a label of its own, and each person a prefix such as 'A:'",
            )
        subjects.append(_Subject(chosen, _Group(group.prefix, {m: group.columns[label] for m, label in used.items()})))
    if not subjects:
        raise FormatError(f"{path}: {problem.message}", hint=problem.hint)
    return subjects

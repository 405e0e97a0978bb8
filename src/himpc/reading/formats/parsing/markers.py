"""Marker files (C3D, TRC): from labels and points to the joints of one or more people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError, LayoutError
from himpc.reading.axes import body_size, parse_unit
from himpc.reading.file_options import UNITS, FileOptions
from himpc.reading.formats.parsing.world import numbered_origins, to_recording
from himpc.recordings import Recording
from himpc.skeleton import MarkerSet, get_layout, recognise_marker_set

__all__ = ["marker_recordings"]


@dataclass(frozen=True)
class _Subject:
    """A person in a file: their marker set, and the column of each of its markers."""

    marker_set: MarkerSet
    columns: dict[str, int]


def marker_recordings(
    path: Path,
    labels: Sequence[str],
    points: Callable[[list[int]], NDArray[np.floating]],
    options: FileOptions,
    *,
    unit: str | None,
    up: str | None = None,
    fps: float | None = None,
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
        What the file states.
    """
    layout = get_layout("kinect-v1")
    subjects = _find_subjects(labels, options, path)
    recordings = []
    for origin, subject in zip(numbered_origins(path, len(subjects)), subjects, strict=True):
        markers, own = list(subject.columns), points(list(subject.columns.values()))
        stated = unit or options.unit
        size = body_size(subject.marker_set.to_joints(markers, own), layout) if stated is None else None
        file_unit = parse_unit(stated, str(origin), size)
        joints = subject.marker_set.to_joints(markers, own * UNITS[file_unit])
        notes = (f"joints by the marker set {subject.marker_set.name}",)
        recordings.append(to_recording(joints, layout, options, origin, unit=file_unit, up=up, fps=fps, notes=notes))
    return recordings


def _find_subjects(labels: Sequence[str], options: FileOptions, path: Path) -> list[_Subject]:
    columns_of: dict[str, dict[str, int]] = {}
    for column, label in enumerate(labels):
        subject, _, marker = label.strip().rpartition(":")
        if marker and not marker.startswith("*"):
            columns_of.setdefault(subject, {}).setdefault(marker, column)
    subjects: list[_Subject] = []
    problem = FormatError("holds no labelled markers")
    for columns in columns_of.values():
        markers = list(columns)
        try:
            chosen = options.markers or recognise_marker_set(markers)
        except LayoutError as error:
            problem = FormatError(error.message, hint=error.hint)
            continue
        if missing := chosen.missing(markers):
            joint, needs = next(iter(missing.items()))
            problem = FormatError(f"the marker set {chosen.name!r} does not give {joint}: it needs {', '.join(needs)}")
            continue
        subjects.append(_Subject(chosen, {m: columns[markers[i]] for m, i in chosen.columns(markers).items()}))
    if not subjects:
        raise FormatError(f"{path}: {problem.message}", hint=problem.hint)
    return subjects

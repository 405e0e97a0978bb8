"""What the readers of marker files (C3D, TRC) share: labels and points become the joints of one or more people."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError, LayoutError
from himpc.reading.axes import body_size, check_size, metres, unit_hint
from himpc.reading.formats.base import UNITS, FileOptions, Unit, Up
from himpc.reading.formats.mocap import to_recording
from himpc.recordings.recording import Origin, Recording
from himpc.skeleton import MarkerSet, get_layout, recognise_marker_set

__all__ = ["Subject", "find_subjects", "subject_recording"]

Subject = tuple[str, MarkerSet, dict[str, int]]
"""A person in a file: the name before the colon of their labels, their marker set, and the column of each marker."""


def find_subjects(labels: Sequence[str], options: FileOptions, where: str) -> list[Subject]:
    """Return the people whose markers a file holds; labels of no person's set (a prop's, a model's) are left out.

    Raises
    ------
    FormatError
        If no person's markers are of a known set, or of the set that the user gives.
    """
    people: dict[str, dict[str, int]] = {}
    for column, label in enumerate(labels):
        subject, _, marker = label.strip().rpartition(":")
        if marker and not marker.startswith("*"):
            people.setdefault(subject, {}).setdefault(marker, column)
    found: list[Subject] = []
    problem = "holds no labelled markers"
    for subject, columns in people.items():
        names = list(columns)
        try:
            chosen = options.markers or recognise_marker_set(names)
        except LayoutError as error:
            problem = str(error)
            continue
        if missing := chosen.missing(names):
            joint, markers = next(iter(missing.items()))
            problem = f"the marker set {chosen.name!r} does not give {joint}: it needs {', '.join(markers)}"
            continue
        found.append((subject, chosen, {m: columns[names[place]] for m, place in chosen.columns(names).items()}))
    if not found:
        raise FormatError(f"{where}: {problem}")
    return found


def subject_recording(
    points: NDArray[np.floating],
    markers: Sequence[str],
    marker_set: MarkerSet,
    options: FileOptions,
    origin: Origin,
    *,
    unit: str | None,
    up: Up | None,
    fps: float | None,
) -> Recording:
    """Return one person's recording.

    Parameters
    ----------
    points : array ``(frames, markers, 3)``
        Points in the file's unit; NaN where not seen.
    unit, up, fps
        What the file states.

    Raises
    ------
    FormatError
        If the unit is unknown or makes the body no person's size, or nothing shows which axis is up.
    """
    layout = get_layout("kinect-v1")
    stated = unit or options.unit
    if stated is None:
        size = body_size(marker_set.to_joints(markers, points), layout)
        metres(None, str(origin), hint="" if size is None else unit_hint(size))
    scale = metres(stated, str(origin))
    joints = marker_set.to_joints(markers, points * scale)
    check_size(joints, layout, str(origin), _name_of(scale))
    notes = (f"joints by the marker set {marker_set.name}",)
    return to_recording(joints, layout, options, origin, up=up, fps=fps, notes=notes)


def _name_of(scale: float) -> Unit:
    names: dict[float, Unit] = {UNITS["m"]: "m", UNITS["cm"]: "cm", UNITS["mm"]: "mm", UNITS["in"]: "in"}
    return names[scale]

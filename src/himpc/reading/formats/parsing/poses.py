"""From poses of any program to recordings: joints by their names, or by their number and the shape of the body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.parsing.bodies import body_recordings
from himpc.reading.formats.parsing.joint_order import find_order, order_error
from himpc.reading.formats.parsing.markers import marker_recordings
from himpc.reading.formats.parsing.named_points import Resolution, exact_layouts, explain_unknown, resolve_points
from himpc.reading.formats.parsing.positions import check_memory, mask_missing, mask_origin
from himpc.reading.formats.parsing.timeline import Timeline
from himpc.reading.formats.parsing.tracks import Detection, check_same_shape, leave_out_bystanders
from himpc.recordings import Origin, Recording

__all__ = ["pose_recordings"]

_CHECKED_POSES = 600
_MIN_FRAMES = 2
"""Frames of points of no known body; fewer may be the places of cameras, or anything else."""


def pose_recordings(
    path: Path,
    detections: Sequence[Detection],
    timeline: Timeline,
    names: Sequence[str],
    options: FileOptions,
    *,
    unit: str | None = None,
    up: str | None = None,
    group: str | None = None,
    notes: tuple[str, ...] = (),
) -> list[Recording]:
    """Make a recording of each person from poses whose joints have names, or are only numbered.

    Parameters
    ----------
    detections : sequence of Detection
        Values ``(J, 3)`` are x and y of a picture, y down, and a confidence; ``(J, 4)`` are x, y, z and a confidence.
    timeline : Timeline
        The frames of the file.
    names : sequence of str
        The J names; none if the file has none.
    unit, up : optional
        What the file states.
    group : str, optional
        The name of the sequence, in a file of several.
    notes : tuple of str
        Further notes for the user.

    Raises
    ------
    FormatError
        If the names, or the order of the joints, are of no known body.
    """
    if not detections:
        raise FormatError(f"{path}: shows no person in {timeline.length} frames")
    check_same_shape(detections)
    in_space = detections[0].values.shape[1] == 4
    if names:
        resolution = None if options.as_points else _resolve_names(names, options)
        if resolution is None and timeline.length < _MIN_FRAMES:
            raise FormatError(f"{path}: {explain_unknown(names, options).message}, in {timeline.length} frames")
        if in_space and (resolution is None or resolution.by_markers):
            return _read_points(path, detections, timeline, names, options, unit, up, group, notes)
        if resolution is None:
            problem = explain_unknown(names, options)
            raise FormatError(f"{path}: {problem.message}", hint=problem.hint)
        layout, notes = resolution.layout, (resolution.note, *notes)
        found = [replace(each, values=_resolve(each.values, resolution)) for each in detections]
    else:
        picked = np.unique(np.linspace(0, len(detections) - 1, _CHECKED_POSES).astype(int))
        sample = np.stack([detections[i].values for i in picked])
        points = mask_origin(np.where(sample[..., -1:] > 0, sample[..., :-1], np.nan))
        order = find_order([points], options, str(path))
        if order is None:
            raise order_error(str(path), sample.shape[1])
        is_stated = options.layout is not None and order.layout == options.layout and order.is_layout_order
        layout, notes = order.layout, notes if is_stated else (order.note, *notes)
        found = [replace(each, values=each.values[list(order.points)]) for each in detections]
    return body_recordings(path, found, timeline, layout, options, unit=unit, up=up, notes=notes, group=group)


def _resolve_names(names: Sequence[str], options: FileOptions) -> Resolution | None:
    """Return the joints that names give: all of the only layout that has exactly these, or as of any named points."""
    exact = exact_layouts(names) if options.layout is None and options.markers is None else []
    if len(exact) != 1:
        return resolve_points(names, options)
    (layout,) = exact
    column_of = {layout.find(name): column for column, name in enumerate(names)}
    columns = tuple(column_of[joint] for joint in range(len(layout)))
    return Resolution(layout, columns, lambda points: points, f"joints by the names of {layout.title}")


def _resolve(values: NDArray[np.float64], resolution: Resolution) -> NDArray[np.float64]:
    """Return the joints and their confidence, of named points and their confidence."""
    points = values[list(resolution.columns)]
    places = np.zeros((2, len(points), 3))
    places[0, :, : points.shape[1] - 1] = np.where(points[:, -1:] > 0, points[:, :-1], np.nan)
    places[1] = points[:, -1:]
    joints, confidence = resolution.compute(places)
    return np.column_stack([joints[:, : points.shape[1] - 1], confidence[:, 0]])


def _read_points(
    path: Path,
    detections: Sequence[Detection],
    timeline: Timeline,
    names: Sequence[str],
    options: FileOptions,
    unit: str | None,
    up: str | None,
    group: str | None,
    notes: tuple[str, ...],
) -> list[Recording]:
    """Read points that are markers, or of no known body."""
    detections, _ = leave_out_bystanders(detections)
    people = list(dict.fromkeys(each.person for each in detections))
    check_memory(path, len(people), timeline.length, len(names))
    points = np.full((timeline.length, len(people), len(names), 3), np.nan)
    seen: set[tuple[int, int]] = set()
    for each in detections:
        place = each.frame, people.index(each.person)
        if place in seen:
            raise FormatError(
                f"{each.where}: several people a frame and no ids",
                hint="run a tracker first, or keep one person a file",
            )
        seen.add(place)
        points[place] = np.where(each.values[:, 3:] > 0, each.values[:, :3], np.nan)
    labels = [f"{person}:{name}" if len(people) > 1 else name for person in people for name in names]
    flat = mask_missing(points.reshape(timeline.length, -1, 3))
    recordings = marker_recordings(
        path,
        labels,
        lambda columns: flat[:, columns],
        options,
        unit=unit,
        up=up,
        fps=timeline.fps,
        start=timeline.start,
        notes=(*timeline.notes, *notes),
    )
    return recordings if group is None else [_in_group(recording, path, group) for recording in recordings]


def _in_group(recording: Recording, path: Path, group: str) -> Recording:
    """Return a recording of one of several sequences, which have nothing to do with each other."""
    body = recording.origin.body if recording.origin else None
    origin = Origin(path, group if body is None else f"{group}#{body}")
    return recording.with_(origin=origin, source=str(origin), clock=Origin(path, group))

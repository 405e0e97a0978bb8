"""From the rows of a CSV table to recordings: joints of a layout, named points, or keypoints of pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.csv.columns import RECORDING_COLUMNS
from himpc.reading.formats.csv.layout import joint_layout
from himpc.reading.formats.csv.people import count_alternating_people
from himpc.reading.formats.csv.table import Columns, Table
from himpc.reading.formats.parsing.bodies import body_recordings
from himpc.reading.formats.parsing.joint_order import JointOrder, find_order
from himpc.reading.formats.parsing.keypoints import are_shares, shares_error
from himpc.reading.formats.parsing.markers import marker_recordings
from himpc.reading.formats.parsing.named_points import explain_unknown, resolve_points
from himpc.reading.formats.parsing.positions import check_memory, check_positions, mask_missing, mask_origin, scatter
from himpc.reading.formats.parsing.timeline import Timeline, choose_rate, find_timeline
from himpc.reading.formats.parsing.tracks import Detection
from himpc.reading.formats.parsing.world import numbered_origins, to_metres_y_up
from himpc.recordings import Origin, Quality, Recording
from himpc.skeleton import Layout

__all__ = ["Rows", "to_recordings"]

_MAX_NAMED = 5
"""Unused columns that a note names."""

_Key = tuple[str, ...]
_Compute = Callable[[NDArray[np.floating]], NDArray[np.floating]]


@dataclass(frozen=True)
class Rows:
    """The n rows of a table, of k points each, in the file's own unit and axes.

    Attributes
    ----------
    table : Table
    columns : Columns
    names : list of str
        The points that the table names.
    where : list of str
        The ``path, line`` of each, for errors.
    point : array ``(n, k)``
        Index of each point in `names`.
    positions : array ``(n, k, 3)`` or ``(n, k, 2)``
    confidence : array ``(n, k)``, optional
    """

    table: Table
    columns: Columns
    names: list[str]
    where: list[str]
    point: NDArray[np.integer]
    positions: NDArray[np.float64]
    confidence: NDArray[np.float64] | None


@dataclass(frozen=True)
class _Body:
    """The rows of a person, session, camera and body, in time.

    Attributes
    ----------
    labels : dict of str to str
        Its person, session and camera, where the table states them.
    timeline : Timeline
    points : array ``(frames, P, axes)``
    confidence : array ``(frames, P)``, optional
    """

    labels: dict[str, str]
    timeline: Timeline
    points: NDArray[np.floating]
    confidence: NDArray[np.floating] | None


def to_recordings(rows: Rows, options: FileOptions) -> list[Recording]:
    """Make one recording for each person, session, camera and body that the rows name."""
    table = rows.table
    options = options if options.image_size else replace(options, image_size=table.image_size())
    check_positions(table.path, table.lines, rows.positions)
    groups = _group_rows(rows)
    bodies = _place_bodies(rows, groups)

    orders: list[JointOrder] = []

    def find_by_shape(columns: list[int]) -> JointOrder | None:
        order = find_order([mask_origin(body.points)[:, columns] for body in bodies], options, str(table.path))
        orders.extend([order] if order else [])
        return order

    found = joint_layout(rows.names, rows.where, table.stated.get("layout"), options, find_by_shape)
    notes = (*table.notes, *(order.note for order in orders), *_unused_note(rows.columns.unused))
    units = rows.columns.units
    unit = table.stated.get("unit") or (units.copy().pop() if len(units) == 1 else None)
    is_flat = rows.positions.shape[2] == 2
    if not is_flat and unit is None and options.unit is None and options.scale is None:
        is_flat = are_shares(np.concatenate([body.points for body in bodies]))
        if is_flat and options.image_size is None:
            raise shares_error(str(table.path), "its positions")
    if is_flat:
        made = [_read_flat(rows, body, found, options, notes) for body in bodies]
    elif found is None:
        made = [_read_points(rows, body, options, unit, notes) for body in bodies]
    else:
        made = _read_joints(rows, bodies, *found, options, unit, notes)
    clocks = _find_clocks(table.path, groups)
    origins = iter(numbered_origins(table.path, sum(map(len, made))))

    def identify(recording: Recording, clock: Origin, labels: dict[str, str]) -> Recording:
        origin = next(origins)
        clocked = {} if recording.clock is None else {"clock": clock}
        return recording.with_(origin=origin, source=str(origin), **clocked, **labels)

    return [
        identify(recording, clock, body.labels)
        for body, recordings, clock in zip(bodies, made, clocks, strict=True)
        for recording in recordings
    ]


def _read_joints(
    rows: Rows,
    bodies: Sequence[_Body],
    layout: Layout,
    joint_of: dict[str, int],
    options: FileOptions,
    unit: str | None,
    notes: tuple[str, ...],
) -> list[list[Recording]]:
    """Read bodies whose points are the joints of a layout; they have one unit and one upward axis."""
    table = rows.table
    if rows.point.shape[1] > 1 and (missing := set(range(len(layout))) - set(joint_of.values())):
        joint = layout.joints[min(missing)]
        raise FormatError(f"{rows.where[0]}: has no column for joint {joint!r} of layout {layout.name!r}")
    check_memory(table.path, len(bodies), max(len(body.points) for body in bodies), len(layout))
    point_of = {joint_of[name]: point for point, name in enumerate(rows.names) if name in joint_of}
    placed = [_reorder(body.points, point_of, len(layout)) for body in bodies]
    turned, more = to_metres_y_up(placed, layout, str(table.path), options, unit, table.stated.get("up"))
    made = []
    for joints, body in zip(turned, bodies, strict=True):
        timeline = body.timeline
        fps, rate_notes = choose_rate(options, timeline.fps)
        confidence = None
        if body.confidence is not None:
            confidence = np.clip(np.nan_to_num(_reorder(body.confidence, point_of, len(layout))), 0, 1)
        recording = Recording(
            joints.astype(np.float32),
            layout,
            fps=fps,
            origin=Origin(table.path),
            confidence=None if confidence is None else confidence.astype(np.float32),
            quality=Quality(frames_read=len(joints), notes=(*timeline.notes, *rate_notes, *notes, *more)),
            start=timeline.start * ((timeline.fps or 1) / (fps or 1)),  # frames are counted by the file, not the user
            clock=Origin(table.path),
        )
        made.append([recording])
    return made


def _read_points(
    rows: Rows, body: _Body, options: FileOptions, unit: str | None, notes: tuple[str, ...]
) -> list[Recording]:
    """Read named points, such as markers or the joints of a program."""
    return marker_recordings(
        rows.table.path,
        rows.names,
        lambda columns: body.points[:, columns],
        options,
        unit=unit,
        up=rows.table.stated.get("up"),
        fps=body.timeline.fps,
        start=body.timeline.start,
        notes=(*body.timeline.notes, *notes),
    )


def _read_flat(
    rows: Rows,
    body: _Body,
    found: tuple[Layout, dict[str, int]] | None,
    options: FileOptions,
    notes: tuple[str, ...],
) -> list[Recording]:
    """Read keypoints of pictures, x right and y down."""
    path = rows.table.path
    if found is None:
        resolution = resolve_points(rows.names, options)
        if resolution is None:
            problem = explain_unknown(rows.names, options)
            raise FormatError(f"{rows.where[0]}: {problem.message}", hint=problem.hint)
        layout, order, compute = resolution.layout, list(resolution.columns), resolution.compute
        notes = (*notes, resolution.note)
    else:
        layout, joint_of = found
        order = [rows.names.index(name) for name in sorted(joint_of, key=lambda name: joint_of[name])]
        compute = _keep
    points = np.pad(body.points[:, order, :2], ((0, 0), (0, 0), (0, 1)))
    certainty = np.ones(points.shape[:2]) if body.confidence is None else body.confidence[:, order]
    certainty = np.where(np.isfinite(mask_missing(points)).all(axis=2), np.nan_to_num(certainty), 0)
    seen = compute(np.where(certainty[..., None] > 0, points, np.nan))
    certain = compute(np.repeat(certainty[..., None], 3, axis=2))
    values = np.concatenate([seen[..., :2], certain[..., :1]], axis=2)
    frames = np.flatnonzero(np.isfinite(seen).any(axis=(1, 2)))
    detections = [Detection(int(frame), None, values[frame], str(path)) for frame in frames]
    return body_recordings(path, detections, body.timeline, layout, options, notes=notes)


def _keep(points: NDArray[np.floating]) -> NDArray[np.floating]:
    return points


def _reorder(values: NDArray[np.floating], point_of: dict[int, int], n_joints: int) -> NDArray[np.floating]:
    """Return ``(frames, J, ...)`` joints of the points ``(frames, P, ...)``, NaN where a joint has no point."""
    joints = np.full((len(values), n_joints, *values.shape[2:]), np.nan)
    joints[:, list(point_of)] = values[:, list(point_of.values())]
    return joints


def _unused_note(names: Sequence[str]) -> tuple[str, ...]:
    shown = ", ".join(name[:30] for name in names[:_MAX_NAMED]) + (" ..." if len(names) > _MAX_NAMED else "")
    return (f"columns that are not used: {shown}",) if any(names) else ()


def _group_rows(rows: Rows) -> dict[_Key, NDArray[np.intp]]:
    """Return the rows of each person, session, camera and body, in the order of their first row."""
    of_row = rows.columns.of_row
    if not set(RECORDING_COLUMNS) & set(of_row):
        return {("",) * len(RECORDING_COLUMNS): np.arange(len(rows.table.rows))}
    members: dict[_Key, list[int]] = {}
    for i, cells in enumerate(rows.table.rows):
        key = tuple(cells[of_row[name]] if name in of_row else "" for name in RECORDING_COLUMNS)
        members.setdefault(key, []).append(i)
    return {key: np.array(indices) for key, indices in members.items()}


def _place_bodies(rows: Rows, groups: dict[_Key, NDArray[np.intp]]) -> list[_Body]:
    """Place the rows of each group in time."""
    table, of_row, n_points = rows.table, rows.columns.of_row, len(rows.names)
    frames = table.numbers([of_row["frame"]])[:, 0] if "frame" in of_row else None
    seconds = table.seconds(of_row["time"]) if "time" in of_row else None
    bodies = []
    for key, members in groups.items():
        timeline = _place_rows(
            table,
            [table.lines[i] for i in members],
            None if frames is None else frames[members],
            None if seconds is None else seconds[members],
        )
        check_memory(table.path, len(groups), timeline.length, n_points)
        cells = timeline.places[:, None] * n_points + rows.point[members]
        _check_unique(rows, members, cells[:, 0])
        points = _scatter(rows.positions[members], cells, timeline.length, n_points)
        if frames is None and (people := count_alternating_people(_mask_gaps(points))) > 1:
            raise FormatError(
                f"{table.path}: its rows alternate between {people} people, and no column tells them apart",
                hint="separate the bodies by a column 'person' or 'body'",
            )
        confidence = None
        if rows.confidence is not None:
            confidence = _scatter(rows.confidence[members], cells, timeline.length, n_points)
        labels = {name: value for name, value in zip(RECORDING_COLUMNS[:3], key, strict=False) if value}
        bodies.append(_Body(labels, timeline, _mask_gaps(points), confidence))
    return bodies


def _mask_gaps(points: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return points with NaN where one was not seen, as by 0 0 0; but one that is always there is the origin."""
    if points.shape[2] == 2:
        return points
    masked = mask_missing(points)
    at_origin = np.flatnonzero((points == 0).all(axis=(0, 2)))
    if len(at_origin) == 1:
        masked[:, at_origin] = 0
    return masked


def _find_clocks(path: Path, groups: dict[_Key, NDArray[np.intp]]) -> list[Origin]:
    """Return the clock of each body: one for those of a session and a camera whose rows alternate.

    Bodies that a table lists one after the other may have been recorded at different times, each from its frame 0.
    """
    last: dict[_Key, tuple[int, int]] = {}  # the last row and the clock of each session and camera
    clocks = []
    for number, (key, rows) in enumerate(groups.items()):  # in the order of their first rows
        end, clock = last.get(key[1:3], (-1, number))
        clock = clock if rows.min() < end else number
        last[key[1:3]] = max(end, int(rows.max())), clock
        clocks.append(clock)
    return [Origin(path, f"clock {clock + 1}" if any(clocks) else None) for clock in clocks]


def _place_rows(
    table: Table, lines: list[int], frames: NDArray[np.float64] | None, seconds: NDArray[np.float64] | None
) -> Timeline:
    """Return the frame of each row of a body; rows of one frame number, one a joint, and in any order."""
    if frames is None:
        return find_timeline(table.path, lines, seconds=seconds, stated=table.fps)
    numbers, first, inverse = np.unique(frames, return_index=True, return_inverse=True)
    timeline = find_timeline(
        table.path,
        [lines[i] for i in first],
        numbers=numbers,
        seconds=None if seconds is None else seconds[first],
        stated=table.fps,
    )
    return replace(timeline, places=timeline.places[inverse])


def _check_unique(rows: Rows, members: NDArray[np.intp], cells: NDArray[np.integer]) -> None:
    """Check that a body has no frame, or joint of a frame, twice."""
    order = np.argsort(cells, kind="stable")
    doubled = np.flatnonzero(np.diff(cells[order]) == 0)
    if doubled.size:
        i = members[int(order[doubled + 1].min())]
        line, name = rows.table.lines[i], rows.names[rows.point[i, 0]]
        of_row = rows.columns.of_row
        what = f"frame {rows.table.rows[i][of_row['frame']]}" if "frame" in of_row else "a frame"
        what += f", joint {name[:40]!r}," if rows.point.shape[1] == 1 else ""
        raise FormatError(
            f"{rows.table.path}, line {line}: {what} is there twice",
            hint="separate the bodies by a column 'person' or 'body'",
        )


def _scatter(
    values: NDArray[np.floating], cells: NDArray[np.integer], length: int, n_points: int
) -> NDArray[np.float64]:
    """Return ``(length, P, ...)`` with ``(n, k, ...)`` values at cells ``(n, k)``, NaN elsewhere."""
    flat = scatter(values.reshape(-1, *values.shape[2:]), cells.ravel(), length * n_points)
    return flat.reshape(length, n_points, *values.shape[2:]).astype(np.float64)

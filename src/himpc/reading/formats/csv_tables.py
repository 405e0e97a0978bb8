"""Plain CSV: one row a frame (``left_hip_x, left_hip_y, ...``), or one row a joint (``frame, joint, x, y, z``).

Comma, semicolon or tab; decimal points; a header. An empty cell, or ``nan``, is a joint that was not seen. Comments
before the header may state ``# unit: mm``, ``# layout: coco-17``, ``# fps: 30`` and ``# up: z``. Columns ``person``,
``session``, ``camera`` and ``body`` tell recordings apart, ``frame`` orders the rows, ``time`` is in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.axes import metres
from himpc.reading.formats.base import FileOptions
from himpc.reading.formats.csv_text import ABOUT, Table, parse_column
from himpc.reading.formats.frame_numbers import frame_places, frame_rate
from himpc.reading.formats.text import check_positions, check_room, place, to_numbers
from himpc.reading.formats.world import metres_y_up
from himpc.recordings.recording import Origin, Quality, Recording
from himpc.skeleton import Layout

__all__ = ["AXES", "JOINT_ROW", "Rows", "columns_of", "number_columns", "to_recordings"]

AXES = ("x", "y", "z")
JOINT_ROW = ("frame", "joint", *AXES)
_Columns = dict[str, int]


@dataclass(frozen=True)
class Rows:
    """The n rows of a table, of k joints each, in the file's own unit and axes.

    `joint` ``(n, k)`` says which joints, `positions` is ``(n, k, 3)``, `confidence` ``(n, k)``.
    """

    table: Table
    about: _Columns
    layout: Layout
    joint: NDArray[np.integer]
    positions: NDArray[np.float64]
    confidence: NDArray[np.float64] | None


def columns_of(table: Table) -> tuple[_Columns, dict[str, _Columns]]:
    """Return where the columns about a row are, and for each joint where its axes and confidence are."""
    about: _Columns = {}
    of_joint: dict[str, _Columns] = {}
    for i, name in enumerate(table.header):
        column = parse_column(name)
        if column is None:
            raise FormatError(f"{table.path}, line {table.header_line}: unknown column {name[:40]!r}")
        columns = of_joint.setdefault(column.joint, {}) if column.joint else about
        if column.what in columns:
            raise FormatError(f"{table.path}, line {table.header_line}: column {name[:40]!r} is there twice")
        columns[column.what] = i
    return about, of_joint


def number_columns(table: Table, columns: list[int]) -> NDArray[np.float64]:
    """Return some columns as numbers ``(n, columns)``."""
    rows = [(line, [cells[i] for i in columns]) for line, cells in zip(table.lines, table.rows, strict=True)]
    return to_numbers(table.path, rows, len(columns), [table.header[i] for i in columns])


def to_recordings(rows: Rows, options: FileOptions) -> list[Recording]:
    """Return one recording for each person, session, camera and body that the rows name."""
    table, layout = rows.table, rows.layout
    stated_fps, unit = table.fps, table.stated.get("unit")
    check_positions(table.path, table.lines, rows.positions * metres(unit or options.unit, str(table.path)))
    frames = number_columns(table, [rows.about["frame"]])[:, 0] if "frame" in rows.about else None
    seconds = number_columns(table, [rows.about["time"]])[:, 0] if "time" in rows.about else None
    bodies: list[NDArray[np.floating]] = []
    recordings = []
    groups = _bodies(rows)
    for key, members in groups.items():
        numbers = np.arange(len(members), dtype=np.float64) if frames is None else frames[members]
        places, length = frame_places(table.path, numbers, [table.lines[i] for i in members])
        check_room(table.path, len(groups), length, len(layout))
        cells = places[:, None] * len(layout) + rows.joint[members]
        _check_once(rows, members, cells[:, 0], numbers)
        bodies.append(_scatter(rows.positions[members], cells, length, len(layout)))
        confidence = None
        if rows.confidence is not None:
            values = _scatter(rows.confidence[members], cells, length, len(layout))
            confidence = np.clip(np.nan_to_num(values), 0, 1)
        timed = None if seconds is None else frame_rate(places, seconds[members])
        recordings.append((key, confidence, stated_fps or timed or options.fps))
    turned, notes = metres_y_up(bodies, layout, str(table.path), options, unit, table.stated.get("up"))
    return [
        Recording(
            _whole(joints),
            layout,
            fps=fps,
            person=key[0] or None,
            session=key[1] or None,
            camera=key[2] or None,
            origin=Origin(table.path, i if len(groups) > 1 else None),
            confidence=confidence,
            quality=Quality(frames_read=len(joints), notes=notes),
        )
        for i, (joints, (key, confidence, fps)) in enumerate(zip(turned, recordings, strict=True), start=1)
    ]


def _bodies(rows: Rows) -> dict[tuple[str, ...], NDArray[np.intp]]:
    """Return the rows of each person, session, camera and body, in the order in which they come."""
    if not set(ABOUT) & set(rows.about):
        return {("",) * len(ABOUT): np.arange(len(rows.table.rows))}
    members: dict[tuple[str, ...], list[int]] = {}
    for i, cells in enumerate(rows.table.rows):
        key = tuple(cells[rows.about[name]] if name in rows.about else "" for name in ABOUT)
        members.setdefault(key, []).append(i)
    return {key: np.array(indices) for key, indices in members.items()}


def _check_once(
    rows: Rows, members: NDArray[np.intp], cells: NDArray[np.integer], numbers: NDArray[np.float64]
) -> None:
    """Refuse a frame, or a joint of a frame, that a body has twice."""
    order = np.argsort(cells, kind="stable")
    again = np.flatnonzero(np.diff(cells[order]) == 0)
    if again.size:
        i = int(order[again + 1].min())
        line, joint = rows.table.lines[members[i]], rows.layout.joints[rows.joint[members[i], 0]]
        what = f"frame {numbers[i]:g}" + (f", joint {joint!r}," if rows.joint.shape[1] == 1 else "")
        raise FormatError(
            f"{rows.table.path}, line {line}: {what} is there twice; tell bodies apart by a column 'person' or 'body'"
        )


def _scatter(
    values: NDArray[np.floating], cells: NDArray[np.integer], length: int, n_joints: int
) -> NDArray[np.floating]:
    """Return ``(length, J, ...)`` with ``(n, k, ...)`` values at cells ``(n, k)``, NaN elsewhere."""
    flat = place(values.reshape(-1, *values.shape[2:]), cells.ravel(), length * n_joints)
    return flat.reshape(length, n_joints, *values.shape[2:])


def _whole(joints: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return joints with NaN in all axes where one axis is missing."""
    return np.where(np.isnan(joints).any(axis=-1, keepdims=True), np.float32(np.nan), joints).astype(np.float32)

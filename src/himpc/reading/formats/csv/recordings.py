"""From the rows of a CSV table to recordings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.axes import parse_unit
from himpc.reading.file_options import UNITS, FileOptions
from himpc.reading.formats.csv.table import RECORDING_COLUMNS, Table
from himpc.reading.formats.parsing.frames import frame_places, frame_rate
from himpc.reading.formats.parsing.text import check_memory, check_positions, scatter
from himpc.reading.formats.parsing.world import numbered_origins, to_metres_y_up
from himpc.recordings import Quality, Recording
from himpc.skeleton import Layout

__all__ = ["Rows", "to_recordings"]


@dataclass(frozen=True)
class Rows:
    """The n rows of a table, of k joints each, in the file's own unit and axes.

    Attributes
    ----------
    table : Table
    columns : dict
        Index of each column that is a property of the row.
    layout : Layout
    joint : array ``(n, k)``
        Index of each joint in the layout.
    positions : array ``(n, k, 3)``
    confidence : array ``(n, k)``, optional
    """

    table: Table
    columns: dict[str, int]
    layout: Layout
    joint: NDArray[np.integer]
    positions: NDArray[np.float64]
    confidence: NDArray[np.float64] | None


def to_recordings(rows: Rows, options: FileOptions) -> list[Recording]:
    """Make one recording for each person, session, camera and body that the rows name."""
    table, layout = rows.table, rows.layout
    stated_fps, unit = table.fps, table.stated.get("unit")
    scale = UNITS[parse_unit(unit or options.unit, str(table.path))]
    check_positions(table.path, table.lines, rows.positions * scale)
    frames, seconds = (_optional_column(rows, name) for name in ("frame", "time"))
    bodies: list[NDArray[np.floating]] = []
    details = []
    groups = _group_rows(rows)
    for key, members in groups.items():
        numbers = np.arange(len(members), dtype=np.float64) if frames is None else frames[members]
        places, length = frame_places(table.path, numbers, [table.lines[i] for i in members])
        check_memory(table.path, len(groups), length, len(layout))
        cells = places[:, None] * len(layout) + rows.joint[members]
        _check_unique(rows, members, cells[:, 0], numbers)
        bodies.append(_scatter_joints(rows.positions[members], cells, length, len(layout)))
        confidence = None
        if rows.confidence is not None:
            values = _scatter_joints(rows.confidence[members], cells, length, len(layout))
            confidence = np.clip(np.nan_to_num(values), 0, 1)
        timed = None if seconds is None else frame_rate(places, seconds[members])
        details.append((key, confidence, stated_fps or timed or options.fps))
    turned, notes = to_metres_y_up(bodies, layout, str(table.path), options, unit, table.stated.get("up"))
    origins = numbered_origins(table.path, len(groups))
    return [
        Recording(
            _complete_or_nan(joints),
            layout,
            fps=fps,
            person=key[0] or None,
            session=key[1] or None,
            camera=key[2] or None,
            origin=origin,
            confidence=confidence,
            quality=Quality(frames_read=len(joints), notes=notes),
        )
        for joints, origin, (key, confidence, fps) in zip(turned, origins, details, strict=True)
    ]


def _optional_column(rows: Rows, name: str) -> NDArray[np.float64] | None:
    return rows.table.numbers([rows.columns[name]])[:, 0] if name in rows.columns else None


def _group_rows(rows: Rows) -> dict[tuple[str, ...], NDArray[np.intp]]:
    """Return the rows of each person, session, camera and body, in the order of their first row."""
    if not set(RECORDING_COLUMNS) & set(rows.columns):
        return {("",) * len(RECORDING_COLUMNS): np.arange(len(rows.table.rows))}
    members: dict[tuple[str, ...], list[int]] = {}
    for i, cells in enumerate(rows.table.rows):
        key = tuple(cells[rows.columns[name]] if name in rows.columns else "" for name in RECORDING_COLUMNS)
        members.setdefault(key, []).append(i)
    return {key: np.array(indices) for key, indices in members.items()}


def _check_unique(
    rows: Rows, members: NDArray[np.intp], cells: NDArray[np.integer], numbers: NDArray[np.float64]
) -> None:
    """Check that a body has no frame, or joint of a frame, twice."""
    order = np.argsort(cells, kind="stable")
    doubled = np.flatnonzero(np.diff(cells[order]) == 0)
    if doubled.size:
        i = int(order[doubled + 1].min())
        line, joint = rows.table.lines[members[i]], rows.layout.joints[rows.joint[members[i], 0]]
        what = f"frame {numbers[i]:g}" + (f", joint {joint!r}," if rows.joint.shape[1] == 1 else "")
        raise FormatError(
            f"{rows.table.path}, line {line}: {what} is there twice",
            hint="separate the bodies by a column 'person' or 'body'",
        )


def _scatter_joints(
    values: NDArray[np.floating], cells: NDArray[np.integer], length: int, n_joints: int
) -> NDArray[np.floating]:
    """Return ``(length, J, ...)`` with ``(n, k, ...)`` values at cells ``(n, k)``, NaN elsewhere."""
    flat = scatter(values.reshape(-1, *values.shape[2:]), cells.ravel(), length * n_joints)
    return flat.reshape(length, n_joints, *values.shape[2:])


def _complete_or_nan(joints: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return joints with NaN in all axes where one axis is missing."""
    return np.where(np.isnan(joints).any(axis=-1, keepdims=True), np.float32(np.nan), joints).astype(np.float32)

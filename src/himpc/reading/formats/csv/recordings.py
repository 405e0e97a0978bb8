"""From the rows of a CSV table to recordings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.csv.table import RECORDING_COLUMNS, Table
from himpc.reading.formats.parsing.positions import check_memory, check_positions, scatter
from himpc.reading.formats.parsing.timeline import Timeline, choose_rate, find_timeline
from himpc.reading.formats.parsing.world import numbered_origins, to_metres_y_up
from himpc.recordings import Origin, Quality, Recording
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
    check_positions(table.path, table.lines, rows.positions)
    frames, seconds = (_optional_column(rows, name) for name in ("frame", "time"))
    bodies: list[NDArray[np.floating]] = []
    details = []
    groups = _group_rows(rows)
    for key, members in groups.items():
        timeline = _place_rows(
            table,
            [table.lines[i] for i in members],
            None if frames is None else frames[members],
            None if seconds is None else seconds[members],
        )
        places, length = timeline.places, timeline.length
        check_memory(table.path, len(groups), length, len(layout))
        cells = places[:, None] * len(layout) + rows.joint[members]
        _check_unique(rows, members, cells[:, 0])
        bodies.append(_scatter_joints(rows.positions[members], cells, length, len(layout)))
        confidence = None
        if rows.confidence is not None:
            values = _scatter_joints(rows.confidence[members], cells, length, len(layout))
            confidence = np.clip(np.nan_to_num(values), 0, 1)
        fps, notes = choose_rate(options, timeline.fps)
        start = timeline.start * ((timeline.fps or 1) / (fps or 1))  # frames are counted by the file, not by the user
        details.append((key, confidence, fps, (*timeline.notes, *notes), start))
    stated = table.stated
    turned, notes = to_metres_y_up(bodies, layout, str(table.path), options, stated.get("unit"), stated.get("up"))
    origins = numbered_origins(table.path, len(groups))
    clocks = _find_clocks(table.path, groups)
    return [
        Recording(
            joints.astype(np.float32),
            layout,
            fps=fps,
            person=key[0] or None,
            session=key[1] or None,
            camera=key[2] or None,
            origin=origin,
            confidence=confidence,
            quality=Quality(frames_read=len(joints), notes=(*more, *notes)),
            start=start,
            clock=clock,
        )
        for joints, origin, clock, (key, confidence, fps, more, start) in zip(
            turned, origins, clocks, details, strict=True
        )
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


def _find_clocks(path: Path, groups: dict[tuple[str, ...], NDArray[np.intp]]) -> list[Origin]:
    """Return the clock of each body: one for those of a session and a camera whose rows alternate.

    Bodies that a table lists one after the other may have been recorded at different times, each from its frame 0.
    """
    last: dict[tuple[str, ...], tuple[int, int]] = {}  # the last row and the clock of each session and camera
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
        line, joint = rows.table.lines[i], rows.layout.joints[rows.joint[i, 0]]
        what = f"frame {rows.table.rows[i][rows.columns['frame']]}" if "frame" in rows.columns else "a frame"
        what += f", joint {joint!r}," if rows.joint.shape[1] == 1 else ""
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

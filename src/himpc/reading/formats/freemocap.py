"""FreeMoCap: ``.npy`` arrays and CSV tables of MediaPipe landmarks in 3D, in mm.

Arrays ``(frames, points, 3)`` begin with the 33 landmarks of the body; hands (21 each) and face (468 or 478) may
follow. CSV has one row a frame with columns ``body_nose_x``, or one row a point with columns frame, keypoint, x, y and
z.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError, count_noun
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.reading.formats.parsing.arrays import npy_shape, read_npy, to_float64
from himpc.reading.formats.parsing.frames import frame_places
from himpc.reading.formats.parsing.markers import marker_recordings
from himpc.reading.formats.parsing.positions import check_memory, check_positions, mask_missing, scatter
from himpc.reading.formats.parsing.tables import head_cells, parse_cells, parse_positions, read_cells, triples
from himpc.reading.formats.parsing.text import Row
from himpc.reading.formats.parsing.world import to_recording
from himpc.recordings import Origin, Recording
from himpc.skeleton import get_layout

__all__ = ["FACTS", "is_of_landmarks", "read", "recognise"]

FACTS = FormatFacts(
    kind="pose estimators",
    files="*.npy, *.csv",
    reads="the 33 landmarks of the body in 3D: arrays (frames, points, 3), and tables with one row a frame or a point",
    assumes="millimetres; the upward axis that the body shows; no rate: state {fps}",
    ignores="hands and face; computed points, such as rigid bones and the centre of mass",
    source="https://docs.freemocap.org",
    exports=(
        Export(
            "FreeMoCap 1",
            "use `output_data/mediapipe_body_3d_xyz.npy` of the recording",
            "https://github.com/freemocap/freemocap",
        ),
    ),
)

_BODY = 33
_POINTS = (_BODY, _BODY + 42, _BODY + 42 + 468, _BODY + 42 + 478)
"""Landmarks of the body; with hands; and with the face, of older and newer models."""

_WIDE = re.compile(r"body_(.+)_([xyz])")
_LONG = ("frame", "keypoint", "x", "y", "z")
_TRAJECTORY = "3d_xyz"


def is_of_landmarks(shape: tuple[int, ...]) -> bool:
    """Return whether an array of a shape may be of FreeMoCap."""
    return len(shape) == 3 and shape[2] == 3 and shape[1] in _POINTS


def recognise(path: Path, head: bytes) -> bool:
    """Recognise a NumPy array, and the columns of both kinds of tables."""
    if head.startswith(b"\x93NUMPY"):
        return is_of_landmarks(npy_shape(head))
    header = [cell.lower() for cell in (head_cells(head) or [[]])[0]]
    wide = sum(_WIDE.fullmatch(cell) is not None for cell in header) >= 3
    return wide or (
        set(_LONG) <= set(header) and (len(header) == len(_LONG) or bool({"model", "trajectory"} & set(header)))
    )


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read the body of a file."""
    landmarks = get_layout("mediapipe-33")
    with path.open("rb") as file:
        is_array = file.read(6) == b"\x93NUMPY"
    names: Sequence[str] = landmarks.joints
    if is_array:
        points = _read_array(path)
        if options.layout is not None and points.shape[1] == len(options.layout) != _BODY:
            return [to_recording(points, options.layout, options, Origin(path))]
        points = points[:, :_BODY]
    else:
        names, points = _read_table(path)
    if np.isnan(points).all():
        raise FormatError(f"{path}: shows no person: every point is missing or at 0, 0, 0")
    return marker_recordings(path, names, lambda columns: points[:, columns], options, unit="mm", prefer=landmarks)


def _read_array(path: Path) -> NDArray[np.float64]:
    """Read the points ``(frames, points, 3)`` of a NumPy array; NaN where not seen."""
    values = read_npy(path)
    if not is_of_landmarks(values.shape) or values.dtype.kind not in "fiu" or not values.size:
        raise FormatError(f"{path}: is an array of {values.dtype} of shape {values.shape}, expected numbers")
    check_memory(path, 1, *values.shape[:2])
    points = to_float64(values)
    check_positions(path, range(1, len(points) + 1), points, row_name="frame")
    return mask_missing(points)


def _read_table(path: Path) -> tuple[list[str], NDArray[np.float64]]:
    """Read the names and points ``(frames, points, 3)`` of the body in a table."""
    rows = read_cells(path)
    header = [cell.lower() for cell in rows[0][1]]
    if len(rows) < 2:
        raise FormatError(f"{path}: holds no frames")
    if set(_LONG) <= set(header):
        return _pivot(path, header, rows[1:])
    columns = triples((i, match[1], match[2]) for i, name in enumerate(header) if (match := _WIDE.fullmatch(name)))
    if not columns:
        raise FormatError(f"{path}, line {rows[0][0]}: has no columns such as 'body_nose_x'")
    return list(columns), parse_positions(path, rows[1:], columns)


def _pivot(path: Path, header: list[str], rows: Sequence[Row]) -> tuple[list[str], NDArray[np.float64]]:
    """Return names and points of a table with one row a point."""
    column = {name: i for i, name in enumerate(header)}
    for line, cells in rows:
        if len(cells) != len(header):
            raise FormatError(f"{path}, line {line}: has {count_noun(len(cells), 'cell')}, expected {len(header)}")
    body = [row for row in rows if _is_of_the_body(row[1], column)]
    if not body:
        raise FormatError(f"{path}: holds no points of a body")
    keypoints = [cells[column["keypoint"]].removeprefix("body_") for _, cells in body]
    names = list(dict.fromkeys(keypoints))
    numbers = parse_cells(path, body, [column["frame"]])[:, 0]
    places, length = frame_places(path, numbers, [line for line, _ in body])
    check_memory(path, 1, length, len(names))
    index = {name: i for i, name in enumerate(names)}
    cell = places * len(names) + np.array([index[keypoint] for keypoint in keypoints])
    order = np.argsort(cell, kind="stable")
    if (repeated := np.diff(cell[order]) == 0).any():
        row = int(order[1:][repeated].min())
        raise FormatError(f"{path}, line {body[row][0]}: {keypoints[row][:40]!r} is there twice in a frame")
    values = parse_positions(path, body, {"": (column["x"], column["y"], column["z"])})[:, 0]
    return names, scatter(values, cell, length * len(names)).reshape(length, len(names), 3).astype(np.float64)


def _is_of_the_body(cells: Sequence[str], column: dict[str, int]) -> bool:
    """Return whether a row is a measured point of the body, and not of a hand or the face, or of rigid bones."""
    model = cells[column["model"]] if "model" in column else "body"
    trajectory = cells[column["trajectory"]] if "trajectory" in column else _TRAJECTORY
    return "body" in model and trajectory == _TRAJECTORY

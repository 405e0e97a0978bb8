"""Poses of segments in a C3D file: the group ROTATION, which Theia3D writes instead of points.

Each frame holds a matrix of 4 x 4 floats and a residual for each segment, with the labels ``pelvis_4X4`` and so on
("ROTATION", C3D user guide, c3d.org). The matrix is stored column by column: its last column is the origin of the
segment, which is the proximal joint.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.formats.c3d.file import find_rate, open_parameters
from himpc.reading.formats.c3d.parameters import Parameters, decode_floats, number
from himpc.reading.formats.parsing.positions import check_memory, mask_missing
from himpc.reading.formats.parsing.timeline import count_note

__all__ = ["Segments", "read_segments"]

_BLOCK = 512
_VALUES = 17
"""Floats of a segment: a matrix and a residual, which is negative where the segment was not seen."""

_SUFFIX = "_4X4"


@dataclass(frozen=True)
class Segments:
    """The origins ``(frames, segments, 3)`` of the segments in a file, in its unit; NaN where not seen.

    Attributes
    ----------
    labels : list of str
        The segments, without the suffix of their labels.
    unit : str or None
        The unit of length that the file states.
    rate : float or None
        Frames a second.
    beside_points : bool
        Whether the file holds points as well.
    notes : tuple of str
        Further notes for the user.
    """

    labels: list[str]
    origins: NDArray[np.float64]
    unit: str | None
    rate: float | None
    beside_points: bool
    notes: tuple[str, ...]


def read_segments(path: Path) -> Segments | None:
    """Read the origins of segments; None if the file holds none."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            header, parameters, processor, processor_notes = open_parameters(path, file)
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {error.strerror or error}") from error
    labels, used = _labels(parameters), number(parameters, "ROTATION", "USED")
    block = number(parameters, "ROTATION", "DATA_START")
    if not labels or not used or not block:
        return None
    start = (int(block) % 65536 - 1) * _BLOCK
    count = int(used) % 65536
    ratio = number(parameters, "ROTATION", "RATIO") or 1.0
    point_rate, notes = find_rate(header, parameters)
    rate = number(parameters, "ROTATION", "RATE") or (None if point_rate is None else point_rate * ratio)
    stated = ((header.last - header.first) % 65536 + 1) * ratio
    frames = min(stated, (size - start) // (4 * _VALUES * count)) if start > 0 else 0
    if frames < 1 or len(labels) < count:
        raise FormatError(f"{path}: its poses of {count} segments are damaged or truncated")
    check_memory(path, 1, int(frames), 6 * count)
    values = _read_floats(path, processor, start, int(frames), count)
    origins = mask_missing(_origins(values))
    unit = "".join(str(value) for value in parameters.get(("POINT", "UNITS"), ())[:1]) or None
    notes = (*processor_notes, *notes, *count_note("frames", stated, int(frames)))
    return Segments(labels[:count], origins, unit, rate, header.points > 0, notes)


def _labels(parameters: Parameters) -> list[str]:
    """Return the labels of segments; LABELS holds 255 of them, LABELS2 the next."""
    names = ["LABELS", *(f"LABELS{part}" for part in range(2, 10))]
    values = [value for name in names for value in parameters.get(("ROTATION", name), ()) if isinstance(value, str)]
    return [value[: -len(_SUFFIX)] if value.upper().endswith(_SUFFIX) else value for value in values]


def _read_floats(path: Path, processor: str, start: int, frames: int, count: int) -> NDArray[np.float64]:
    """Read ``(frames, segments, 17)`` floats."""
    kind = ">u4" if processor == ">" else "<u4"
    try:
        raw = np.memmap(path, dtype=kind, mode="r", offset=start, shape=(frames, count, _VALUES))
    except (OSError, ValueError) as error:
        raise FormatError(f"{path}: its poses of segments cannot be read: {error}") from error
    return decode_floats(np.array(raw), processor)


def _origins(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the origins of poses ``(frames, segments, 17)``; some programs store the matrix row by row."""
    by_column, by_row = values[..., [12, 13, 14]], values[..., [3, 7, 11]]
    is_by_row = (by_column == 0).all() and (by_row != 0).any()
    origins = np.where(is_by_row, by_row, by_column)
    unseen = ~(values[..., 16] >= 0) | ~np.isfinite(origins).all(axis=-1)
    origins[unseen] = np.nan
    return origins

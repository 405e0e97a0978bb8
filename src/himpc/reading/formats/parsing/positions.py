"""Positions of points: limits on their size and number, and marks of points that were not seen."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError

__all__ = [
    "MAX_COORDINATE",
    "MAX_JOINTS",
    "are_quaternions",
    "check_depth",
    "check_memory",
    "check_positions",
    "mask_incomplete",
    "mask_missing",
    "mask_origin",
    "scatter",
]

_Float = TypeVar("_Float", bound=np.floating)

MAX_JOINTS = 40_000_000
"""Joint positions (bodies x frames x joints) of the largest file that is read: 480 MB as float32."""

MAX_COORDINATE = 1e6
"""Distance from the origin, in metres or pixels, above which a coordinate is an error."""

_MIN_POINTS_OF_PLANE, _MAX_THICKNESS, _MIN_CHANGE = 4, 1e-4, 0.02
"""Number of points from which a plane is no chance; the thickness of a flat body, and the change of shape that is a
movement, relative to its size."""

_MAX_DEVIATION = 2e-3
"""Deviation of the square of a length from 1 below which four numbers are a quaternion."""

_MIN_SENTINEL = 999
"""Coordinate that is a mark of a missing point where all three axes have it."""


def are_quaternions(rows: NDArray[np.float64]) -> bool:
    """Return whether rows of four numbers ``(n, 4)`` have length 1, and so are no points with a confidence."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool((np.abs((rows**2).sum(axis=1) - 1) < _MAX_DEVIATION).all())


def check_memory(path: Path, bodies: int, frames: int, joints: int) -> None:
    """Check the number of joint positions before memory is allocated for them."""
    if bodies * frames * joints > MAX_JOINTS:
        raise FormatError(
            f"{path}: {bodies} bodies over {frames} frames of {joints} joints are too many for one file "
            f"(at most {MAX_JOINTS} positions)",
            hint="split it into shorter recordings",
        )


def check_positions(
    path: Path, lines: Iterable[int], positions: NDArray[np.floating], *, row_name: str = "line"
) -> None:
    """Check that no position ``(n, ...)``, read from n lines, is infinite or absurdly far; NaN passes.

    Parameters
    ----------
    lines : iterable of int
        The number of each row in the file, for errors.
    row_name : str
        What these numbers count: lines, or frames of files that are no tables.
    """
    far = (np.abs(positions) > MAX_COORDINATE).reshape(len(positions), -1)
    if far.any():
        row = int(far.any(axis=1).argmax())
        value = positions[row].reshape(-1)[far[row].argmax()]
        raise FormatError(
            f"{path}, {row_name} {list(lines)[row]}: a position of {value:.3g} is farther than {MAX_COORDINATE:g} from "
            "the origin"
        )


def check_depth(points: NDArray[np.floating], where: str) -> None:
    """Check that moving points ``(frames, P, 3)`` do not have the same coordinate on one axis, as 2D poses with z = 0.

    A body that stands still may be modelled flat.

    Raises
    ------
    FormatError
        If they have.
    """
    seen = np.isfinite(points).all(axis=2)
    often = seen.any(axis=0) & (seen.sum(axis=0) >= seen.sum(axis=0).max(initial=0) / 2)
    frames = points[seen[:, often].all(axis=1)][:, often]
    if len(frames) < 2 or frames.shape[1] < _MIN_POINTS_OF_PLANE:
        return
    extents = np.ptp(frames, axis=1).max(axis=0)
    if (extents > _MAX_THICKNESS * extents.max()).all():
        return
    shapes = frames - frames.mean(axis=1, keepdims=True)
    if np.ptp(shapes, axis=0).max() > _MIN_CHANGE * extents.max() > 0:
        axis = "xyz"[int(extents.argmin())]
        raise FormatError(
            f"{where}: is flat: in each frame {axis} is the same for all points, as in a 2D pose",
            hint="export positions in space; or leave out this axis, which gives a 2D pose",
        )


def mask_incomplete(points: NDArray[_Float]) -> NDArray[_Float]:
    """Return points ``(..., axes)`` with NaN in all axes where one axis is missing."""
    return np.where(np.isnan(points).any(axis=-1, keepdims=True), np.nan, points)


def mask_origin(points: NDArray[_Float]) -> NDArray[_Float]:
    """Return points ``(..., axes)`` with NaN for those at exactly the origin, or with one axis missing.

    Depth cameras write zeros, the position of the camera itself, for a joint or body that was not seen.
    """
    return mask_incomplete(np.where((points == 0).all(axis=-1, keepdims=True), np.nan, points))


def mask_missing(points: NDArray[_Float]) -> NDArray[_Float]:
    """Return points ``(..., 3)`` with NaN in all axes where a point was not seen.

    Programs write an empty cell, a word for a missing number, 0 0 0, or a large number such as 9999999 in all axes.
    """
    is_sentinel = (points == points[..., :1]).all(axis=-1, keepdims=True) & (np.abs(points[..., :1]) >= _MIN_SENTINEL)
    return mask_origin(np.where(is_sentinel, np.nan, points))


def scatter(values: NDArray[np.floating], frames: NDArray[np.integer], length: int) -> NDArray[np.float32]:
    """Return an array ``(length, ...)`` with the values at the given frames, and NaN at the others."""
    placed = np.full((length, *values.shape[1:]), np.nan, dtype=np.float32)
    placed[frames] = values
    return placed

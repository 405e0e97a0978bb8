"""From the unit and axes of a file to metres, y up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.axes import check_size, find_up, parse_unit, to_y_up
from himpc.reading.file_options import UNITS, FileOptions, Unit
from himpc.reading.formats.parsing.text import MAX_COORDINATE
from himpc.recordings import Origin, Quality, Recording
from himpc.skeleton import Layout

__all__ = ["numbered_origins", "to_metres_y_up", "to_recording"]


def numbered_origins(path: Path, bodies: int, group: str | None = None) -> list[Origin]:
    """Return the origin of each body of a file, numbered from 1 if there are several.

    A folder of frames may hold several groups of bodies; the name of the group is then part of the origin.
    """
    if bodies == 1:
        return [Origin(path, group)]
    return [Origin(path, body if group is None else f"{group}#{body}") for body in range(1, bodies + 1)]


def to_metres_y_up(
    bodies: Sequence[NDArray[np.floating]],
    layout: Layout,
    where: str,
    options: FileOptions,
    unit: str | None = None,
    up: str | None = None,
) -> tuple[list[NDArray[np.floating]], tuple[str, ...]]:
    """Convert the bodies of one file to metres and y up, and note how the axis was found.

    Parameters
    ----------
    bodies : sequence of arrays ``(frames, J, 3)``
        Joints as in the file; NaN where not seen.
    unit, up : str, optional
        What the file states, which wins. Otherwise the unit is the user's, and the axis is the one that the bodies
        stand along, or the user's where they do not show it.
    """
    scale = UNITS[parse_unit(unit or options.unit, where)]
    return _turn([joints * scale for joints in bodies], layout, where, options, up, "m")


def to_recording(
    joints: NDArray[np.floating],
    layout: Layout,
    options: FileOptions,
    origin: Origin,
    *,
    unit: Unit,
    up: str | None = None,
    fps: float | None = None,
    notes: tuple[str, ...] = (),
) -> Recording:
    """Make a recording of one body in metres, y up.

    Parameters
    ----------
    joints : array ``(frames, J, 3)``
        Joints in metres, in the axes of the file; NaN where not seen.
    unit : {"m", "cm", "mm", "in"}
        The unit of the file, for the error of a wrong unit.
    up : {"x", "y", "z", "-x", "-y", "-z"}, optional
        The axis that the file states to be up.
    fps : float, optional
        The frame rate that the file states; it is ignored unless it is above 0.
    notes : tuple of str
        What else a person should know.
    """
    if not len(joints):
        raise FormatError(f"{origin}: holds no frames")
    unseen = np.isnan(joints).any(axis=2)
    if (np.abs(joints) > MAX_COORDINATE).any():
        raise FormatError(
            f"{origin}: a joint is farther than {MAX_COORDINATE:g} m from the origin; the file is damaged"
        )
    (turned,), axis_notes = _turn([joints], layout, str(origin), options, up, unit)
    placed = turned.astype(np.float32)
    placed[unseen] = np.nan
    rate = fps if fps is not None and np.isfinite(fps) and fps > 0 else options.fps
    quality = Quality(frames_read=len(placed), notes=(*notes, *axis_notes))
    return Recording(placed, layout, fps=rate, origin=origin, quality=quality)


def _turn(
    bodies: list[NDArray[np.floating]], layout: Layout, where: str, options: FileOptions, up: str | None, unit: Unit
) -> tuple[list[NDArray[np.floating]], tuple[str, ...]]:
    all_frames = np.concatenate(bodies)
    axis, note = find_up(all_frames, layout, where, stated=up, fallback=options.up)
    check_size(all_frames, layout, where, unit)
    return [to_y_up(joints, axis) for joints in bodies], (note,)

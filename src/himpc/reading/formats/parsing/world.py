"""From the unit and axes of a file to metres, y up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.axes import find_up, is_mirrored, to_y_up
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.parsing.exchanged_sides import restore_sides
from himpc.reading.formats.parsing.handedness import leftward_of
from himpc.reading.formats.parsing.positions import MAX_COORDINATE, check_depth, mask_incomplete
from himpc.reading.formats.parsing.timeline import choose_rate
from himpc.reading.units import Scale, body_size, find_scale
from himpc.recordings import Origin, Quality, Recording
from himpc.skeleton import POINTS, Layout

__all__ = ["MIRRORED_NOTE", "numbered_origins", "to_metres_y_up", "to_recording"]

MIRRORED_NOTE = "the axes are left-handed, as the feet show, so one of them is reversed"


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
    unit: str | float | None = None,
    up: str | None = None,
    scale: Scale | None = None,
) -> tuple[list[NDArray[np.floating]], tuple[str, ...]]:
    """Convert the bodies of one file to metres and y up, and note what the file does not state or contradicts.

    Unit and axis are the user's, or those that the bodies show, or those of the file (see `himpc.reading.units` and
    `himpc.reading.axes`).

    Parameters
    ----------
    bodies : sequence of arrays ``(frames, J, 3)``
        Joints as in the file; NaN where not seen.
    unit : str or float, optional
        The unit of length that the file, or the definition of its format, states: its name, or its length in metres.
    up : str, optional
        The axis that they state to be up.
    scale : Scale, optional
        The unit, where it is known already.

    Raises
    ------
    FormatError
        If a moving body is flat, unit or axis cannot be found, or a joint is too far from the origin.
    """
    for joints in bodies:
        check_depth(joints, where)
    all_frames = np.concatenate(bodies)
    try:
        scale = scale or find_scale(body_size(all_frames, layout), layout, where, options, stated=unit)
        axis, notes = find_up(all_frames, layout, where, stated=up, user=options.up)
    except FormatError:
        if np.nan_to_num(all_frames).any():
            raise
        # A unit or an axis, which the error asks for, would not help.
        raise FormatError(f"{where}: no joint is seen in {len(all_frames)} frames, or all are at the origin") from None
    turned = [mask_incomplete(to_y_up(joints * scale.metres, axis)) for joints in bodies]
    if layout.name != POINTS:
        restored = [restore_sides(each, layout.pairs, layout.joints, leftward_of(each, layout)) for each in turned]
        turned = [joints for joints, _ in restored]
        notes += tuple(dict.fromkeys(note for _, own in restored for note in own))
    if any((np.abs(joints) > MAX_COORDINATE).any() for joints in turned):
        raise FormatError(f"{where}: a joint is farther than {MAX_COORDINATE:g} m from the origin; the file is damaged")
    if is_mirrored(np.concatenate(turned), layout):
        turned = [joints * (1, 1, -1) for joints in turned]
        notes += (MIRRORED_NOTE,)
    return turned, (*scale.notes, *notes)


def to_recording(
    joints: NDArray[np.floating],
    layout: Layout,
    options: FileOptions,
    origin: Origin,
    *,
    unit: str | float | None = None,
    up: str | None = None,
    scale: Scale | None = None,
    fps: float | None = None,
    person: str | None = None,
    notes: tuple[str, ...] = (),
) -> Recording:
    """Make a recording of one body (see `to_metres_y_up`).

    Parameters
    ----------
    joints : array ``(frames, J, 3)``
        Joints as in the file; NaN where not seen.
    unit : str or float, optional
        The unit of length that the file, or the definition of its format, states: its name, or its length in metres.
    up : str, optional
        The axis that they state to be up.
    scale : Scale, optional
        The unit, where it is known already.
    fps : float, optional
        The frame rate that the file shows; the user's wins.
    person : str, optional
        The name that the file states.
    notes : tuple of str
        Further notes for the user.
    """
    if not len(joints):
        raise FormatError(f"{origin}: holds no frames")
    (placed,), more = to_metres_y_up([joints], layout, str(origin), options, unit, up, scale)
    rate, rate_notes = choose_rate(options, stated=fps)
    quality = Quality(frames_read=len(placed), notes=(*notes, *more, *rate_notes))
    return Recording(placed.astype(np.float32), layout, fps=rate, origin=origin, person=person, quality=quality)

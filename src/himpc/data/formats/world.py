"""From a file's own unit and axes to metres, y up, for formats that may state them or not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.data.axes import UP_AXES, check_size, metres, recognise_up, to_y_up
from himpc.data.formats.base import ReadOptions, Up
from himpc.errors import FormatError
from himpc.skeleton import Layout

__all__ = ["metres_y_up"]


def metres_y_up(
    bodies: list[NDArray[np.floating]],
    layout: Layout,
    where: str,
    options: ReadOptions,
    unit: str | None = None,
    up: str | None = None,
) -> tuple[list[NDArray[np.floating]], tuple[str, ...]]:
    """Return the bodies of one file in metres and y up, and what a person should know about how that was found.

    Parameters
    ----------
    bodies : list of arrays ``(frames, J, 3)``
        Joints as the file holds them; NaN where not seen.
    unit, up : str, optional
        What the file states; it wins. Else the unit is the user's, and the axis is the one the bodies stand along, or
        the user's where they do not show it.

    Raises
    ------
    FormatError
        If the unit or the axis is not known, or the bodies are no person's size.
    """
    factor = metres(unit or options.unit, where)
    bodies = [joints * factor for joints in bodies]
    axis, note = _up(bodies, layout, where, options, up)
    check_size(np.concatenate(bodies), layout, where)
    return [to_y_up(joints, axis) for joints in bodies], note


def _up(
    bodies: list[NDArray[np.floating]], layout: Layout, where: str, options: ReadOptions, stated: str | None
) -> tuple[Up, tuple[str, ...]]:
    if stated is not None:
        axis = next((up for up in UP_AXES if up == stated), None)
        if axis is None:
            raise FormatError(f"{where}: unknown up axis {stated[:20]!r}, expected one of {', '.join(UP_AXES)}")
        return axis, (f"up is {axis}, as the file states",)
    seen = recognise_up(np.concatenate(bodies), layout)
    if seen is not None:
        return seen, (f"up is {seen}, as the body shows",)
    if options.up is None:
        raise FormatError(f"{where}: states no up axis and the body does not show it; pass --up {', '.join(UP_AXES)}")
    return options.up, (f"up is {options.up}, as the user says",)

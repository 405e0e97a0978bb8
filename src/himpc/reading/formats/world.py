"""From a file's own unit and axes to metres, y up, for formats that may state them or not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.reading.axes import check_size, find_up, metres, to_y_up
from himpc.reading.formats.base import FileOptions
from himpc.skeleton import Layout

__all__ = ["metres_y_up"]


def metres_y_up(
    bodies: list[NDArray[np.floating]],
    layout: Layout,
    where: str,
    options: FileOptions,
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
    everybody = np.concatenate(bodies)
    axis, note = find_up(everybody, layout, where, stated=up, said=options.up)
    check_size(everybody, layout, where)
    return [to_y_up(joints, axis) for joints in bodies], (note,)

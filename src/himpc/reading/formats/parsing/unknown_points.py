"""Named points that are of no known body: they are used as they are, and their layout is discovered later."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from himpc.reading.formats.parsing.named_points import Resolution
from himpc.skeleton import MIN_POINTS, find_body_points, points_layout

MAX_POINTS = 1000
"""Maximum number of points of a file that are compared with each other."""

_WITHOUT_NAME = re.compile(r"\*.*|(uname|unlabell?ed|unnamed|unidentified|unknown|ghost)[ _-]*\d*", re.IGNORECASE)


def use_points(
    labels: Sequence[str], points: Callable[[list[int]], NDArray[np.floating]], columns: Sequence[int]
) -> Resolution | None:
    """Return a resolution that keeps the points of the body by their names; None if there are too few.

    Points without a name, such as ``*12`` or ``uname7``, and points that do not move with the body are left out.

    Parameters
    ----------
    labels : sequence of str
        The names of the points of a person.
    points : callable
        Returns the points ``(frames, n, 3)`` of n columns; NaN where not seen.
    columns : sequence of int
        The column of each label.
    """
    named = [i for i, label in enumerate(labels) if not _WITHOUT_NAME.fullmatch(label.strip())][:MAX_POINTS]
    if len(named) < MIN_POINTS:
        return None
    positions = points([columns[i] for i in named])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # means of points that a frame does not show
        body = find_body_points(positions)
        if len(body) < MIN_POINTS:
            return None
        used = tuple(named[i] for i in body)
        layout = points_layout([labels[i] for i in used], positions[:, body])
    left_out = len(labels) - len(used)
    others = f"; {left_out} left out: without a name, rarely seen or not moving with them" if left_out else ""
    note = f"points of no known body, used as they are{others}"
    return Resolution(layout, used, lambda own: own, note)

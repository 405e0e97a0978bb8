"""People between whom the rows of a table alternate, although no column tells them apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["count_alternating_people"]

_MAX_ALTERNATING, _MIN_STEPS = 8, 6
_MIN_JUMP, _MAX_RETURN = 0.15, 0.35
"""Jump of the middle of a body, in its size, of rows of several people; and the share of it that one goes on by."""


def count_alternating_people(points: NDArray[np.floating]) -> int:
    """Return the number of people between whom rows ``(frames, P, axes)`` alternate; 1 if the body goes on.

    The middle of the body jumps from row to row, but is near that of some rows before.
    """
    with np.errstate(invalid="ignore"):
        seen = np.isfinite(points).all(axis=2)
        middle = np.where(seen[..., None], points, 0).sum(axis=1) / seen.sum(axis=1)[:, None]
    steps = [
        np.linalg.norm(middle[lag:] - middle[:-lag], axis=1) for lag in range(1, min(_MAX_ALTERNATING, len(points)))
    ]
    typical = [
        float(np.median(own)) if (own := step[np.isfinite(step)]).size >= _MIN_STEPS else np.inf for step in steps
    ]
    if len(typical) < 2:
        return 1
    size = float(
        np.median(np.nan_to_num(np.ptp(np.where(seen[..., None], points, middle[:, None]), axis=1)).max(axis=1))
    )
    nearest = int(np.argmin(typical))
    jumps = typical[0] > _MIN_JUMP * size and np.isfinite(typical[0])
    return nearest + 1 if jumps and typical[nearest] < _MAX_RETURN * typical[0] else 1

"""Detection of cuts between shots."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_GRID = 32
"""Approximate number of cells per side in which frames are compared."""

_MIN_CHANGE = 24.0
"""Smallest mean change of the cells, grey levels of 256. In the shared video, where people walk through the frame, the
largest change is below 10; between different scenes it is 30 and more."""

_MIN_RATIO = 3.0
"""Smallest ratio to the change between earlier frames: a pan changes all frames alike, a cut only one."""

_MIN_CELLS = 0.5
"""Smallest share of cells that change by more than half of `_MIN_CHANGE`; a passing person changes fewer."""


class CutDetector:
    """Detects cuts by the change between successive frames at low resolution.

    A frame starts a shot if it differs from the previous one nearly everywhere, and far more than earlier frames did. A
    flash counts as two cuts, since splitting a shot is the smaller mistake.
    """

    def __init__(self) -> None:
        self._previous: NDArray[np.float32] | None = None
        self._usual_change = 0.0

    def is_cut(self, image: NDArray[np.uint8]) -> bool:
        """Return whether a frame ``(height, width, 3)`` starts a new shot; False for the first frame."""
        cells = _cells(image)
        previous, self._previous = self._previous, cells
        if previous is None or previous.shape != cells.shape:
            return previous is not None
        change = np.abs(cells - previous)
        mean = float(change.mean())
        exceeds = mean > _MIN_CHANGE and mean > _MIN_RATIO * self._usual_change
        cut = exceeds and bool((change > _MIN_CHANGE / 2).mean() > _MIN_CELLS)
        self._usual_change = 0.0 if cut else 0.7 * self._usual_change + 0.3 * mean
        return cut


def _cells(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Downsample an image: each cell is the mean of 4 x 4 sampled pixels."""
    down, across = max(1, image.shape[0] // _GRID), max(1, image.shape[1] // _GRID)
    sampled = image[:: max(1, down // 4), :: max(1, across // 4)].astype(np.float32)
    rows, columns = sampled.shape[0] // 4 * 4, sampled.shape[1] // 4 * 4
    if not rows or not columns:
        return sampled
    blocks = sampled[:rows, :columns].reshape(rows // 4, 4, columns // 4, 4, 3)
    cells: NDArray[np.float32] = blocks.mean(axis=(1, 3))
    return cells

"""Where one shot ends and the next begins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["CutDetector"]

_GRID = 32
"""A picture is looked at in about so many cells a side."""

_LEAST = 24.0
"""Grey levels (of 256): cells must change by so much in the mean. In the shared video, where people walk through the
picture, the largest change is below 10; between unlike scenes it is 30 and more."""

_OTHERS = 3.0
"""Times as much as the cells changed in the pictures before: a pan changes every picture alike, a cut only one."""

_SHARE = 0.5
"""Share of the cells that must change by more than half of `_LEAST`: somebody who walks by changes fewer."""


class CutDetector:
    """Tells cuts between shots, picture by picture, by how much a coarse picture changes.

    A picture begins a shot when it differs from the one before all over, by far more than the pictures before it did.
    A flash of light is two such changes, and so two cuts: a split is the better mistake.
    """

    def __init__(self) -> None:
        self._last: NDArray[np.float32] | None = None
        self._usual = 0.0

    def is_cut(self, image: NDArray[np.uint8]) -> bool:
        """Tell whether a picture ``(height, width, 3)`` begins a shot; the first one does not."""
        cells = _cells(image)
        last, self._last = self._last, cells
        if last is None or last.shape != cells.shape:
            return last is not None
        change = np.abs(cells - last)
        mean = float(change.mean())
        cut = mean > _LEAST and mean > _OTHERS * self._usual and bool((change > _LEAST / 2).mean() > _SHARE)
        self._usual = 0.0 if cut else 0.7 * self._usual + 0.3 * mean
        return cut


def _cells(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return a coarse picture: every so many pixels, the mean of a few of them."""
    down, across = max(1, image.shape[0] // _GRID), max(1, image.shape[1] // _GRID)
    few = image[:: max(1, down // 4), :: max(1, across // 4)].astype(np.float32)
    rows, columns = few.shape[0] // 4 * 4, few.shape[1] // 4 * 4
    if not rows or not columns:
        return few
    cells: NDArray[np.float32] = few[:rows, :columns].reshape(rows // 4, 4, columns // 4, 4, 3).mean(axis=(1, 3))
    return cells

"""Random masking: in each epoch every window is seen without some of its frames (docs/method.md, section 9).

Source: Rao and Miao, "SimMC", IJCAI 2022: prototypes of, and contrast with, subsequences that are masked at random.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np
from numpy.typing import NDArray

from himpc.recordings.windows import Windows

__all__ = ["Masked", "frames_left", "mask"]

MASKING = 1
"""Tells the random numbers of the masks from those of the order of the windows."""

BLOCK_WINDOWS = 2**16
"""Masks drawn at once: with F = 40, some 30 MB."""


@dataclass(frozen=True, eq=False)
class Masked(Windows):
    """Windows of which each lacks some frames; `length` is the number of frames that each has left.

    Attributes
    ----------
    whole : Windows
        The windows as they were cut.
    left : int array ``(N, length)``
        Which of its F frames each window has left, in order, counted from 0.
    """

    whole: Windows = field(kw_only=True)
    left: NDArray[np.uint16] = field(kw_only=True)

    def frames_of(self, index: NDArray[np.integer] | slice | Sequence[int]) -> NDArray[np.int64]:
        """Return the frames of some windows, ``(n, length)``."""
        return self.starts[index][:, None] + self.left[index].astype(np.int64)

    def part(self, rows: slice) -> Masked:
        """Return some of the windows, over the same frames."""
        whole = self.whole.part(rows)
        return replace(self, starts=whole.starts, recording=whole.recording, whole=whole, left=self.left[rows])

    def blocks(self, frames: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]]:
        """Share all windows out into blocks; see `Windows.blocks`."""
        for windows, joints, index in self.whole.blocks(frames):
            yield windows, joints, np.take_along_axis(index, self.left[windows].astype(np.int64), axis=1)


def frames_left(length: int, share: float) -> int:
    """Return how many of F frames a mask of a share leaves: the share rounded, but one out and one left at the least.

    Examples
    --------
    >>> [frames_left(length, 0.25) for length in (1, 2, 6, 40)]
    [1, 1, 4, 30]
    """
    out = max(1, int(share * length + 0.5)) if share else 0
    return max(1, length - out)


def mask(windows: Windows, share: float, seed: int, epoch: int) -> Windows:
    """Return the windows, each without a share of its frames that is drawn at random.

    Parameters
    ----------
    windows : Windows
    share : float
        From 0, which returns the windows as they are, to below 1; see `frames_left`.
    seed, epoch : int
        The masks depend on these two and on the number and length of the windows only.
    """
    count = frames_left(windows.length, share)
    if count == windows.length:
        return windows
    rng = np.random.default_rng([seed, epoch, MASKING])
    left = np.empty((len(windows), count), dtype=np.uint16)
    for start in range(0, len(windows), BLOCK_WINDOWS):
        rows = left[start : start + BLOCK_WINDOWS]
        order = rng.random((len(rows), windows.length), dtype=np.float32).argsort(axis=1, kind="stable")
        rows[:] = np.sort(order[:, :count], axis=1)
    kept = {f.name: getattr(windows, f.name) for f in fields(Windows)} | {"length": count}
    return Masked(**kept, whole=windows, left=left)

"""Random masking: each epoch leaves out some frames of every window (docs/method.md, section 9).

Source: Rao and Miao, "SimMC", IJCAI 2022: prototypes of, and contrast with, subsequences that are masked at random.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np
from numpy.typing import NDArray

from himpc.recordings import Windows

__all__ = ["Masked", "frames_left", "mask"]

MASKING = 1
"""Separates the random numbers of masks from those that shuffle the windows."""

BLOCK_WINDOWS = 2**16
"""Number of masks drawn at once: 30 MB with F = 40."""


@dataclass(frozen=True, eq=False)
class Masked(Windows):
    """Windows without some of their frames; `length` is the number of frames that remain.

    Attributes
    ----------
    whole : Windows
        The windows as they were cut.
    left : int array ``(N, length)``
        The frames of each window that remain, in order, 0 to F - 1.
    """

    whole: Windows = field(kw_only=True)
    left: NDArray[np.uint16] = field(kw_only=True)

    def frames_of(self, index: NDArray[np.integer] | slice | Sequence[int]) -> NDArray[np.int64]:
        """Return the frame indices of some windows, ``(n, length)``."""
        return self.starts[index][:, None] + self.left[index].astype(np.int64)

    def part(self, rows: slice) -> Masked:
        """Return some of the windows, over the same frames."""
        whole = self.whole.part(rows)
        return replace(self, starts=whole.starts, recording=whole.recording, whole=whole, left=self.left[rows])

    def blocks(self, frames: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]]:
        """Split all windows into blocks; see `Windows.blocks`."""
        for windows, joints, index in self.whole.blocks(frames):
            yield windows, joints, np.take_along_axis(index, self.left[windows].astype(np.int64), axis=1)


def frames_left(length: int, share: float) -> int:
    """Return how many of F frames remain: the share is rounded, but at least one is left out and at least one remains.

    Examples
    --------
    >>> [frames_left(length, 0.25) for length in (1, 2, 6, 40)]
    [1, 1, 4, 30]
    """
    masked = max(1, int(share * length + 0.5)) if share else 0
    return max(1, length - masked)


def mask(windows: Windows, share: float, seed: int, epoch: int) -> Windows:
    """Leave out a random share of the frames of each window.

    Parameters
    ----------
    windows : Windows
    share : float
        From 0, which returns the windows unchanged, to below 1; see `frames_left`.
    seed, epoch : int
        The masks depend only on these two, and on the number and length of the windows.
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
    whole = {f.name: getattr(windows, f.name) for f in fields(Windows)} | {"length": count}
    return Masked(**whole, whole=windows, left=left)

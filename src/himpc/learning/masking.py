"""Random masking of frames: each epoch masks some frames of every window (docs/method.md, section 4).

Reference: Rao and Miao, "SimMC", IJCAI 2022, which contrasts randomly masked subsequences with their prototypes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np
from numpy.typing import NDArray

from himpc.recordings import Windows

MASK_STREAM = 1
"""Identifies the random stream of masks, so that it differs from the stream that shuffles windows."""

BLOCK_WINDOWS = 2**16
"""Number of masks drawn at once: 30 MB with F = 40."""


@dataclass(frozen=True, eq=False)
class MaskedWindows(Windows):
    """Windows with some frames masked; `length` is the number of visible frames."""

    unmasked: Windows = field(kw_only=True)
    """The windows with all frames."""
    visible: NDArray[np.uint16] = field(kw_only=True)
    """The visible frames of each window, ``(N, length)``, ascending, 0 to F - 1."""

    def frames_of(self, index: NDArray[np.integer] | slice | Sequence[int]) -> NDArray[np.int64]:
        """Return the frame indices of some windows, ``(n, length)``."""
        return self.starts[index][:, None] + self.visible[index].astype(np.int64)

    def part(self, rows: slice) -> MaskedWindows:
        """Return some of the windows, over the same frames."""
        unmasked = self.unmasked.part(rows)
        return replace(
            self, starts=unmasked.starts, recording=unmasked.recording, unmasked=unmasked, visible=self.visible[rows]
        )

    def blocks(self, frames: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]]:
        """Split all windows into blocks; see `Windows.blocks`."""
        for windows, joints, index in self.unmasked.blocks(frames):
            yield windows, joints, np.take_along_axis(index, self.visible[windows].astype(np.int64), axis=1)


def count_visible_frames(length: int, share: float) -> int:
    """Return the number of visible frames of F; the share is rounded, but at least one is masked and one is visible.

    Examples
    --------
    >>> [count_visible_frames(length, 0.25) for length in (1, 2, 6, 40)]
    [1, 1, 4, 30]
    """
    masked = max(1, int(share * length + 0.5)) if share else 0
    return max(1, length - masked)


def mask(windows: Windows, share: float, seed: int, epoch: int) -> Windows:
    """Mask a random share of the frames of each window.

    Parameters
    ----------
    windows : Windows
    share : float
        From 0, which returns the windows unchanged, to below 1; see `count_visible_frames`.
    seed, epoch : int
        The masks depend only on these two, and on the number and length of the windows.
    """
    count = count_visible_frames(windows.length, share)
    if count == windows.length:
        return windows
    rng = np.random.default_rng([seed, epoch, MASK_STREAM])
    visible = np.empty((len(windows), count), dtype=np.uint16)
    for start in range(0, len(windows), BLOCK_WINDOWS):
        rows = visible[start : start + BLOCK_WINDOWS]
        order = rng.random((len(rows), windows.length), dtype=np.float32).argsort(axis=1, kind="stable")
        rows[:] = np.sort(order[:, :count], axis=1)
    values = {f.name: getattr(windows, f.name) for f in fields(Windows)} | {"length": count}
    return MaskedWindows(**values, unmasked=windows, visible=visible)

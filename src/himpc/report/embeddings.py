"""Embeddings as a file that any program can read: NumPy arrays, no pickle."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.data import Recording, Windows
from himpc.writing import replacing

__all__ = ["save_embeddings"]


def save_embeddings(
    path: str | Path,
    vectors: NDArray[np.float32],
    pooled: NDArray[np.float32],
    windows: Windows,
    recordings: Sequence[Recording],
) -> None:
    """Write the embeddings of windows and of recordings to one ``.npz``.

    It holds ``windows`` (N, D), ``window_recording`` (N,) and ``window_start`` (N,), the first frame in its recording;
    ``recordings`` (R, D), NaN where one is shorter than a window; and ``source``, ``person``, ``session`` and
    ``camera`` (R,) as text, empty where not known.

    Raises
    ------
    RunError
        If the file cannot be written.
    """
    first = np.cumsum([0, *(len(r) for r in recordings)])
    known = {
        field: np.array([getattr(r, field) or "" for r in recordings], dtype=np.str_)
        for field in ("source", "person", "session", "camera")
    }
    with replacing(path) as beside, beside.open("wb") as file:
        np.savez(
            file,
            windows=vectors,
            window_recording=windows.recording,
            window_start=windows.starts - first[windows.recording],
            recordings=pooled,
            allow_pickle=False,
            **known,
        )

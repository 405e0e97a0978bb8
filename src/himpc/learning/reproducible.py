"""One seed, one result: order of windows, deterministic arithmetic, and the fingerprint of the data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from himpc.recordings.mapped_arrays import blocks
from himpc.recordings.windows import Windows

__all__ = ["deterministic", "fingerprint", "shuffled"]


def shuffled(items: NDArray[np.int64], seed: int, epoch: int) -> NDArray[np.int64]:
    """Return the items in an order that depends on the seed and the epoch only."""
    return np.random.default_rng([seed, epoch]).permutation(items)


@contextmanager
def deterministic(device: torch.device) -> Iterator[None]:
    """Allow torch on the CPU only operations that repeat to the bit; restore its settings at the end.

    torch would also fill each new tensor before it is written, against programs that read it unwritten; none here does.
    On CUDA nothing is asked of it: results may differ in the last bits from run to run.
    """
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    settings: Any = torch.utils.deterministic  # a module whose one setting torch gives no type
    filled = settings.fill_uninitialized_memory
    if device.type == "cpu":
        torch.use_deterministic_algorithms(True)
        settings.fill_uninitialized_memory = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
        settings.fill_uninitialized_memory = filled


def fingerprint(windows: Windows, known: NDArray[np.int64] | None = None) -> str:
    """Return a hash (SHA-256) of all that training sees: frames, starts, recordings, length, layout, known groups."""
    about = [windows.layout.to_dict(), windows.length, windows.dimensions, windows.frames.shape]
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    digest.update(np.ascontiguousarray(windows.starts).data)
    for block in blocks(windows.frames):
        digest.update(np.ascontiguousarray(block).data)
    digest.update(np.ascontiguousarray(windows.whole_recording).data)
    if known is not None:
        digest.update(known.data)
    return digest.hexdigest()

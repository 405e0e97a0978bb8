"""Reproducible training: the order of windows, deterministic arithmetic, and a fingerprint of the data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from himpc.recordings import Windows, iter_blocks

__all__ = ["deterministic_algorithms", "fingerprint", "shuffle"]


def shuffle(items: NDArray[np.int64], seed: int, epoch: int) -> NDArray[np.int64]:
    """Return the items in a random order that depends only on the seed and the epoch."""
    return np.random.default_rng([seed, epoch]).permutation(items)


@contextmanager
def deterministic_algorithms(device: torch.device) -> Iterator[None]:
    """Let torch on the CPU use only operations that repeat to the bit; restore its settings at the end.

    torch would also fill each new tensor, in case a program reads it before writing; no operation here does.
    On CUDA the settings stay: results may differ in the last bits between runs.
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
    """Return a SHA-256 hash of the inputs of training: frames, starts, recordings, length, layout, known labels."""
    about = [windows.layout.to_dict(), windows.length, windows.dimensions, windows.frames.shape]
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    digest.update(np.ascontiguousarray(windows.starts).data)
    for block in iter_blocks(windows.frames):
        digest.update(np.ascontiguousarray(block).data)
    digest.update(np.ascontiguousarray(windows.whole_recording).data)
    if known is not None:
        digest.update(known.data)
    return digest.hexdigest()

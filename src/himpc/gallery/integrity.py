"""Whether what is kept of recordings is what was enrolled: to find damage, and lies in a stranger's file."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

__all__ = ["find_mismatches", "fingerprint"]

_ROUNDING = 1e-5
"""How far a mean may be off, as a share of the largest number that it is of."""


def fingerprint(joints: NDArray[np.float32]) -> str:
    """Return a hash (SHA-256) of joints ``(frames, J, 3)``: copies of a recording have the same one."""
    return hashlib.sha256(f"{joints.shape}".encode() + joints.tobytes()).hexdigest()


def find_mismatches(
    pooled: NDArray[np.float32], windows: NDArray[np.float32], of: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the places of pooled vectors ``(R, D)`` that are not the mean of their windows ``(N, D)``.

    `of` says which recording each window belongs to, rising. One without windows is left out.
    """
    there, first, counts = np.unique(of, return_index=True, return_counts=True)
    if not len(there):
        return there
    with np.errstate(invalid="ignore", over="ignore"):
        means = np.add.reduceat(windows, first, axis=0, dtype=np.float64) / counts[:, None]
        largest = np.maximum.reduceat(np.abs(windows).max(axis=1), first).astype(np.float64)
        fits = (np.abs(means - pooled[there]) <= _ROUNDING * largest[:, None]).all(axis=1)
    found: NDArray[np.int64] = there[~fits]
    return found

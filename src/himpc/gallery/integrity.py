"""Integrity checks of stored or untrusted galleries: hashes of joints, and means of windows."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from himpc.model import pool_windows

__all__ = ["digest", "find_mismatches", "fingerprint"]

MEAN_TOLERANCE = 1e-5
"""The largest error of a mean, as a share of the largest absolute value that it was computed from."""


def fingerprint(joints: NDArray[np.float32]) -> str:
    """Compute a hash (SHA-256) of joints ``(frames, J, 3)``; copies of a recording have the same one."""
    return hashlib.sha256(f"{joints.shape}".encode() + joints.tobytes()).hexdigest()


def digest(*arrays: NDArray[np.float32] | NDArray[np.int64]) -> str:
    """Compute a short hash of vectors, which detects damage: 16 hexadecimal digits.

    Float vectors and int64 numbers are hashed in little-endian bytes, so that all machines agree.
    """
    hashing = hashlib.blake2b(digest_size=8)
    for array in arrays:
        hashing.update(array.astype("<f4" if array.dtype.kind == "f" else "<i8").tobytes())
    return hashing.hexdigest()


def find_mismatches(
    pooled: NDArray[np.float32],
    windows: NDArray[np.float32],
    of: NDArray[np.int64],
    pose_scale: NDArray[np.floating] | None = None,
) -> NDArray[np.int64]:
    """Return the indices of pooled vectors ``(R, D)`` that are not the mean of their windows ``(N, D)``.

    `of` is the index of each window's recording, ascending, and `pose_scale` that of the model. Recordings without
    windows are not checked.
    """
    indices, first = np.unique(of, return_index=True)
    if not len(indices):
        return indices
    with np.errstate(invalid="ignore", over="ignore"):
        means = pool_windows(windows, of, int(indices[-1]) + 1, pose_scale)[indices]
        largest = np.maximum.reduceat(np.abs(windows).max(axis=1), first).astype(np.float64)
        matches = (np.abs(means - pooled[indices]) <= MEAN_TOLERANCE * largest[:, None]).all(axis=1)
    mismatches: NDArray[np.int64] = indices[~matches]
    return mismatches

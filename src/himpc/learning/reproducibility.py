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

from himpc.learning.config import Precision
from himpc.recordings import Windows, iter_blocks


def shuffle(items: NDArray[np.int64], seed: int, epoch: int) -> NDArray[np.int64]:
    """Return the items in a random order that depends only on the seed and the epoch."""
    return np.random.default_rng([seed, epoch]).permutation(items)


@contextmanager
def deterministic_algorithms(device: torch.device) -> Iterator[None]:
    """Allow only bitwise reproducible operations of torch on the CPU; restore its settings at the end.

    In this mode torch also fills each uninitialised tensor. That is turned off: no operation here reads one.
    On CUDA the settings stay: results may differ in the last bits between runs.
    """
    previous = torch.get_deterministic_debug_mode()
    settings: Any = torch.utils.deterministic  # a module whose one setting torch gives no type
    fill_memory = settings.fill_uninitialized_memory
    if device.type == "cpu":
        torch.set_deterministic_debug_mode("error")  # `use_deterministic_algorithms` would import torch's compiler
        settings.fill_uninitialized_memory = False
    try:
        yield
    finally:
        torch.set_deterministic_debug_mode(previous)
        settings.fill_uninitialized_memory = fill_memory


@contextmanager
def matmul_precision(device: torch.device, precision: Precision) -> Iterator[None]:
    """Multiply float32 matrices on a GPU in a precision; restore the setting of torch at the end."""
    previous = torch.get_float32_matmul_precision()
    if device.type == "cuda":
        torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(previous)


def fingerprint(windows: Windows, external_labels: NDArray[np.int64] | None = None) -> str:
    """Return a SHA-256 hash of the inputs of training: frames, starts, recordings, pairs, length, layout, labels."""
    header = [windows.layout.to_dict(), windows.length, windows.dimensions, windows.frames.shape]
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    digest.update(np.ascontiguousarray(windows.starts).data)
    for block in iter_blocks(windows.frames):
        digest.update(np.ascontiguousarray(block).data)
    digest.update(np.ascontiguousarray(windows.whole_recording).data)
    if windows.cannot_link is not None:
        digest.update(np.ascontiguousarray(windows.cannot_link).data)
    if external_labels is not None:
        digest.update(external_labels.data)
    return digest.hexdigest()

"""Compile loops, and run them over blocks of rows on as many threads as torch uses."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numba
import numpy as np
import torch
from numpy.typing import NDArray

Function = TypeVar("Function", bound=Callable[..., Any])

BLOCKS_PER_THREAD = 4
"""More blocks than threads, so that no thread waits long for a slow block."""

# Without forceinline, a function calls separately compiled helpers in the process that compiles it, but helpers that
# were compiled with it in a process that loads it from the disk cache: sums then differ in the last bit.
_OPTIONS = {"nogil": True, "forceinline": True, "fastmath": {"reassoc", "contract", "nsz"}}


def compile_loop(function: Function) -> Function:
    """Compile a function on its first call, and cache the result on disk if a cache folder is writable."""
    try:
        compiled: Function = numba.njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:  # neither the folder of the package nor the cache folder of the user is writable
        compiled = numba.njit(**_OPTIONS)(function)
    return compiled


def map_row_blocks(function: Callable[..., tuple[NDArray[Any], ...]], rows: int, *arguments: Any) -> list[NDArray[Any]]:
    """Call ``function(*arguments, start, stop)`` for blocks of rows in parallel, and join each of its arrays in order.

    The rows must not depend on each other: then the result does not depend on the number of threads.
    """
    threads = torch.get_num_threads()
    edges = np.linspace(0, rows, min(rows, threads * BLOCKS_PER_THREAD) + 1).astype(np.int64)
    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(lambda a, b: function(*arguments, a, b), edges[:-1], edges[1:]))
    return [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]

"""Run independent computations, each on a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_on_threads(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Call the function for each item, in up to as many threads as torch has, and return the results in order.

    torch divides every single operation among its threads, and synchronises them after it. For operations of
    microseconds on a busy machine, that takes more time than the operation. Here threads are synchronised once. With
    more threads than items, the operations of each item are divided among its share of the threads.

    Gradients are not recorded. The results do not depend on the number of threads if those of the function do not.
    """
    threads = torch.get_num_threads()
    workers = min(threads, len(items))
    without_gradient = torch.no_grad()(function)
    if workers <= 1:
        return [without_gradient(item) for item in items]
    try:
        with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(threads // workers,)) as pool:
            return list(pool.map(without_gradient, items))
    finally:
        torch.set_num_threads(threads)  # torch also applies the setting of one thread to later threads


@contextmanager
def single_thread() -> Iterator[None]:
    """Run short operations of torch on the calling thread only.

    After each operation, the threads of torch spin for some milliseconds, and would occupy the processors that the
    threads of `map_on_threads` need.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)

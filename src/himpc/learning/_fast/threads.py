"""Independent pieces of work, each on its own thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

__all__ = ["map_on_threads", "single_thread"]

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_on_threads(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Call the function for each item, as many at once as torch has threads, and return the results in order.

    torch splits each single operation over its threads, which then wait for each other: for operations of
    microseconds, on a busy machine, they wait more than they work. Here the threads meet once. With more threads than
    items, the operations of each item are split over the threads left for it.

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
        torch.set_num_threads(threads)  # torch applies what a thread sets for itself to later threads, too


@contextmanager
def single_thread() -> Iterator[None]:
    """Run short operations of torch on the calling thread only.

    After each operation, the threads of torch wait busily for the next for some milliseconds. They would take the
    processors from the threads of `map_on_threads`.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)

"""Independent pieces of work, each on a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

__all__ = ["on_one_thread", "on_threads"]

Item = TypeVar("Item")
Result = TypeVar("Result")


def on_threads(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Return the function of each item, in order, as many at once as torch has threads.

    torch by itself shares out each single operation, and its threads wait for one another after every one: with
    operations of microseconds, on a machine that others use too, they wait more than they work. Here they meet once.
    With more threads than items, each item's operations are shared out among those left for it.

    The results do not depend on the number of threads where the function's do not. Gradients are recorded in none of
    the threads.
    """
    threads = torch.get_num_threads()
    workers = min(threads, len(items))
    quiet = torch.no_grad()(function)
    if workers <= 1:
        return [quiet(item) for item in items]
    try:
        with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(threads // workers,)) as pool:
            return list(pool.map(quiet, items))
    finally:
        torch.set_num_threads(threads)  # what a thread sets for itself, torch also takes for threads to come


@contextmanager
def on_one_thread() -> Iterator[None]:
    """Keep short operations on the thread that calls them.

    torch's other threads, once they had a share of an operation, wait busily for the next for some milliseconds: they
    would take the processors from what comes after on threads of its own (`on_threads`).
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)

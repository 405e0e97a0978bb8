"""The threads that do the work of requests, and the count of requests in progress."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from himpc.server.config import ServerConfig

P = ParamSpec("P")
T = TypeVar("T")


class Workers:
    """Thread pools by kind of work, and how many requests use or await them.

    The thread pool of the framework does not serve here: it forgets a thread whose request has timed out, though the
    thread works on (`test_request_times_out_and_counts_until_its_thread_ends`).

    Attributes
    ----------
    uploads : Executor
        Reads uploaded files and searches for them.
    reads : Executor
        Reads from the gallery.
    writes : Executor
        The only thread that changes the gallery.
    grouping : Executor
        The only thread for work that takes minutes.
    draining : bool
        Whether the server stops: new requests are rejected.
    rejected : int
        Requests rejected while draining.
    """

    def __init__(self, config: ServerConfig) -> None:
        self.draining, self.rejected = False, 0
        self.uploads = ThreadPoolExecutor(config.workers, "himpc-uploads")
        self.reads = ThreadPoolExecutor(2, "himpc-reads")
        self.writes = ThreadPoolExecutor(1, "himpc-writes")
        self.grouping = ThreadPoolExecutor(1, "himpc-grouping")
        self._workers, self._capacity = config.workers, config.workers + config.queue
        self._admitted = 0
        self._abandoned = 0

    @property
    def active(self) -> int:
        """The number of requests in progress, including those that timed out while their thread still works."""
        return self._admitted + self._abandoned

    @property
    def waiting(self) -> int:
        """The number of requests that wait for a thread."""
        return max(0, self.active - self._workers)

    def admit(self) -> bool:
        """Count one more request, unless the queue is full."""
        if self.active >= self._capacity:
            return False
        self._admitted += 1
        return True

    def release(self) -> None:
        """Count one request less."""
        self._admitted -= 1

    async def run(self, pool: Executor, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do work in a thread of a pool; on a timeout, work that has not begun is cancelled."""
        future = pool.submit(work, *args, **kwargs)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if not future.cancelled() and not future.done():
                self._abandon(future)
            raise

    def close(self) -> None:
        """Finish the accepted work; grouping that still waits is dropped, for no client could ask for its result."""
        self.grouping.shutdown(wait=False, cancel_futures=True)
        for pool in (self.writes, self.uploads, self.reads, self.grouping):
            pool.shutdown(wait=True)

    def _abandon(self, future: Future[T]) -> None:
        self._abandoned += 1
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._count_ended))

    def _count_ended(self) -> None:
        self._abandoned -= 1

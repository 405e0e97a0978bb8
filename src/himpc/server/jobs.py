"""Jobs: work that takes longer than a request."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from pydantic import BaseModel

from himpc.errors import HimpcError
from himpc.recordings import Progress
from himpc.server.problems import TooBusyError

MAX_ENDED_JOBS = 100
"""Ended jobs whose result can still be asked for."""

MAX_UNFINISHED_JOBS = 16
"""Jobs that may wait or run."""

T = TypeVar("T", bound=BaseModel)


@dataclass(eq=False)
class Job:
    """The state of some work."""

    id: str = field(default_factory=lambda: secrets.token_hex(16))
    state: Literal["waiting", "running", "done", "failed"] = "waiting"
    done: int = 0
    total: int = 0
    """`done`, `total`: steps; both 0 until the work reports their number."""
    result: BaseModel | None = None
    """The outcome, when done."""
    error: HimpcError | None = None
    """The reason of a failure."""

    def progress(self, items: Iterable[Any], total: int | None, what: str) -> Iterator[Any]:
        """Yield the items and count them (see `himpc.recordings.Progress`)."""
        self.done, self.total = 0, total or 0
        for item in items:
            yield item
            self.done += 1

    def run(self, work: Callable[[Progress], T]) -> T:
        """Do the work, and keep its result or error."""
        self.state = "running"
        try:
            result = work(self.progress)
        except BaseException as error:
            self.error = error if isinstance(error, HimpcError) else HimpcError("internal error of the server")
            self.state = "failed"
            raise
        self.result, self.state = result, "done"
        return result


class Jobs:
    """The jobs of a server; of those that ended, the last hundred."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def get(self, id: str) -> Job | None:
        """Return a job, or None if there is none or it ended too long ago."""
        return self._jobs.get(id)

    def start(self, pool: Executor, work: Callable[[Progress], T]) -> tuple[Job, Future[T]]:
        """Start a job in a thread pool.

        Raises
        ------
        TooBusyError
            If too many jobs are waiting or running.
        """
        job = Job()
        with self._lock:
            ended = [each.id for each in self._jobs.values() if each.state in ("done", "failed")]
            if len(self._jobs) - len(ended) >= MAX_UNFINISHED_JOBS:
                raise TooBusyError(f"{MAX_UNFINISHED_JOBS} jobs are waiting or running; try again when one has ended")
            for id in ended[: max(0, len(ended) - MAX_ENDED_JOBS)]:
                del self._jobs[id]
            self._jobs[job.id] = job
        return job, pool.submit(job.run, work)

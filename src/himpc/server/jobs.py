"""Work that takes longer than a request, and how far it is."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any, Literal

from himpc.errors import HimpcError, escape_unprintable
from himpc.recordings.progress import Progress
from himpc.server.problems import Busy

__all__ = ["Job", "Jobs"]

_KEPT = 100
"""Jobs that are remembered after they have ended."""

_WAITING = 16
"""Jobs that may wait or run."""

State = Literal["waiting", "running", "done", "failed"]


@dataclass(eq=False)
class Job:
    """A piece of work.

    Attributes
    ----------
    id : str
    state : {"waiting", "running", "done", "failed"}
    done, total : int
        Steps; both 0 until the work says how many there are.
    result : dict, optional
        What came out, when it is done.
    detail : str, optional
        Why it failed.
    """

    id: str = field(default_factory=lambda: secrets.token_hex(16))
    state: State = "waiting"
    done: int = 0
    total: int = 0
    result: dict[str, Any] | None = None
    detail: str | None = None

    def progress(self, items: Iterable[Any], total: int, what: str) -> Iterator[Any]:
        """Yield the items, and count them (`himpc.recordings.progress.Progress`)."""
        self.done, self.total = 0, total
        for item in items:
            yield item
            self.done += 1

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "job": self.id,
            "state": self.state,
            "done": self.done,
            "total": self.total,
            "result": self.result,
            "detail": self.detail,
        }


class Jobs:
    """The jobs of a server; of those that have ended, the last hundred."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, number: str) -> Job | None:
        """Return a job, None if there is none, or it ended too long ago."""
        return self._jobs.get(number)

    @property
    def unfinished(self) -> int:
        """How many jobs wait or run."""
        with self._lock:
            return sum(job.state in ("waiting", "running") for job in self._jobs.values())

    def start(
        self, threads: Executor, work: Callable[[Progress], dict[str, Any]]
    ) -> tuple[Job, Future[dict[str, Any]]]:
        """Let threads do work; what it returns is the result of the job, and what it raises its detail.

        Raises
        ------
        Busy
            If there are too many jobs that have not ended.
        """
        if self.unfinished >= _WAITING:
            raise Busy(f"{_WAITING} jobs are waiting or running: try again when one of them is done")
        job = Job()

        def do() -> dict[str, Any]:
            job.state = "running"
            try:
                job.result = work(job.progress)
            except HimpcError as error:
                job.detail, job.state = escape_unprintable(str(error)), "failed"
                raise
            except BaseException:
                job.detail, job.state = "a fault of the server", "failed"
                raise
            job.state = "done"
            return job.result

        with self._lock:
            self._jobs[job.id] = job
            ended = [each.id for each in self._jobs.values() if each.state in ("done", "failed")]
            for number in ended[: max(0, len(ended) - _KEPT)]:
                del self._jobs[number]
        return job, threads.submit(do)

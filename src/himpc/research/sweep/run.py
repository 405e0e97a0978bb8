"""Running a sweep: a process for each run, several at once, and nothing done twice."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import connection
from multiprocessing.context import ForkServerContext, ForkServerProcess, SpawnContext, SpawnProcess
from pathlib import Path

from himpc._files import make_folder
from himpc.errors import ConfigError
from himpc.model import resolve_device
from himpc.research.sweep.data import SweepData
from himpc.research.sweep.grid import Grid
from himpc.research.sweep.measure import Run, perform_in_process
from himpc.research.sweep.results import Row, SweepResult

__all__ = ["Plan", "cores", "run_sweep"]


_LOADED_ONCE = ["himpc.research.sweep.measure", "sklearn.cluster", "sklearn.metrics", "torch._dynamo"]
"""What each run would take seconds to load; a name that is not there is passed over."""


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Plan:
    """What a sweep would run, what is done already, and how many run at once.

    Parameters
    ----------
    grid : Grid
    data : SweepData
    out : path
        The folder of the sweep.
    jobs : int, optional
        Runs at once; if not given, as many as there are cores.
    threads : int, optional
        Threads of each run; if not given, its share of the cores. Another number may change the last bits of a result.
    device : str
        "auto", "cpu" or "cuda".

    Attributes
    ----------
    runs, waiting : list of Run
        All of them, and those to do: not there yet, or failed the last time.

    Raises
    ------
    ConfigError
        If `jobs` or `threads` is below 1, or the device is not there.
    RunFolderError
        If `out` cannot be written.
    """

    def __init__(
        self,
        grid: Grid,
        data: SweepData,
        out: str | Path,
        *,
        jobs: int | None = None,
        threads: int | None = None,
        device: str = "auto",
    ) -> None:
        for name, value in (("jobs", jobs), ("threads", threads)):
            if value is not None and value < 1:
                raise ConfigError(f"{name} must be 1 or more, found {value}")
        resolve_device(device)
        self.grid, self.data, self.out = grid, data, make_folder(out)
        self._folder = make_folder(self.out / "runs")
        self._fingerprint = data.fingerprint()
        self.runs = [Run.of(config, self._fingerprint, self._folder, device) for _, config in grid.runs]
        self._rows = {run.key: row for run in self.runs if (row := Row.load(self._folder, run.key))}
        self.waiting = [run for run in self.runs if run.key not in self._rows or self._rows[run.key].failed]
        self.jobs = max(1, min(jobs or cores(), len(self.waiting)))
        self.threads = threads or max(1, cores() // self.jobs)

    @property
    def result(self) -> SweepResult:
        """The rows that are there, in the order of the grid."""
        variants = {run.key: variant for run, (variant, _) in zip(self.runs, self.grid.runs, strict=True)}
        rows = {key: self._rows[key] for key in variants if key in self._rows}
        return SweepResult(self.grid, rows, variants, self._fingerprint)

    def take(self, run: Run, exitcode: int | None) -> Row:
        """Return and keep the row of a run whose process has ended; one that wrote none failed."""
        row = Row.load(self._folder, run.key)
        if exitcode != 0 or row is None:
            row = run.row(threads=self.threads, failed=_why(exitcode))
            row.save(self._folder)
        self._rows[run.key] = row
        self.result.write_table(self.out)
        return row


def run_sweep(plan: Plan, tell: Callable[[Row], None] | None = None) -> SweepResult:
    """Do what is missing of a sweep; the table is written after every run, the rest by `SweepResult.write`.

    Each run is a process of its own: one that dies is a row with its reason. A script that calls this must do so under
    ``if __name__ == "__main__":``, as with `multiprocessing` anywhere.

    Parameters
    ----------
    plan : Plan
    tell : callable, optional
        Given the row of each run when it has ended.

    Raises
    ------
    DataError
        If no run could be measured on the data.
    KeyboardInterrupt
        When stopped: the runs that are done are in the table, the others keep their checkpoints, and a new plan of the
        same folder goes on.
    """
    if plan.waiting:
        plan.data.check()
    context = _context()
    waiting, alive = list(reversed(plan.waiting)), dict[SpawnProcess | ForkServerProcess, Run]()
    try:
        while waiting or alive:
            while waiting and len(alive) < plan.jobs:
                run = waiting.pop()
                process = context.Process(target=perform_in_process, args=(run, plan.data, plan.threads), daemon=True)
                with _interrupt_later():
                    process.start()
                    alive[process] = run
            connection.wait([process.sentinel for process in alive])
            for process in [process for process in alive if not process.is_alive()]:
                row = plan.take(alive.pop(process), process.exitcode)
                if tell:
                    tell(row)
    finally:
        for process in alive:
            process.terminate()
        for process in alive:
            process.join()
    return plan.result


@contextmanager
def _interrupt_later() -> Iterator[None]:
    """Let Ctrl-C wait until a process is whole; what is started here is born deaf to it, where the system allows."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _context() -> SpawnContext | ForkServerContext:
    """Return a way to start processes without copying threads; where it can, one that loads packages only once."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_LOADED_ONCE)
    return context


def _why(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        return f"its process was ended by signal {-exitcode}; 9 mostly means too little memory: run fewer at once"
    return f"its process ended with code {exitcode} and left no result"

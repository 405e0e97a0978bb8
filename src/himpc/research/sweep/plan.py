"""Run a sweep: a process per run, several at once, and no run twice."""

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
from himpc.research.sweep.results import Row, SweepResult
from himpc.research.sweep.runs import Run, perform_in_process

_PRELOADED_MODULES = ["himpc.research.sweep.runs", "sklearn.cluster", "sklearn.metrics", "torch._dynamo"]
"""Modules that each run would need seconds to import; a name that does not exist is ignored."""


def count_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Plan:
    """The runs of a sweep: which are finished, which are pending, and how many to run at once.

    Parameters
    ----------
    grid : Grid
    data : SweepData
    out : path
        The folder of the sweep.
    jobs : int, optional
        Runs at once; default: the number of cores.
    threads : int, optional
        Threads per run; default: the cores divided by `jobs`. The number may change the last bits of a result.
    device : str
        "auto", "cpu" or "cuda".

    Attributes
    ----------
    runs, pending : list of Run
        All runs, and those that are missing or failed.

    Raises
    ------
    ConfigError
        If `jobs` or `threads` is below 1, or the device does not exist.
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
        self.pending = [run for run in self.runs if run.key not in self._rows or self._rows[run.key].failed]
        self.jobs = max(1, min(jobs or count_cores(), len(self.pending)))
        self.threads = threads or max(1, count_cores() // self.jobs)

    @property
    def result(self) -> SweepResult:
        """The existing rows, in the order of the grid."""
        choices = {run.key: choice for run, (choice, _) in zip(self.runs, self.grid.runs, strict=True)}
        rows = {key: self._rows[key] for key in choices if key in self._rows}
        return SweepResult(self.grid, rows, choices, self._fingerprint)

    def finish(self, run: Run, exitcode: int | None) -> Row:
        """Add the row of a run whose process has ended to the table; without a row, the run failed."""
        row = Row.load(self._folder, run.key)
        if exitcode != 0 or row is None:
            row = run.row(threads=self.threads, failed=_describe_exit(exitcode))
            row.save(self._folder)
        self._rows[run.key] = row
        self.result.write_table(self.out)
        return row


def run_sweep(plan: Plan, on_run: Callable[[Row], None] | None = None) -> SweepResult:
    """Perform the pending runs; the table is written after each, the other files by `SweepResult.write`.

    Each run is a process; if one dies, its row states the reason. A script must call this under
    ``if __name__ == "__main__":``, as `multiprocessing` requires.

    Parameters
    ----------
    plan : Plan
    on_run : callable, optional
        Called with the row of each run that has ended.

    Raises
    ------
    DataError
        If no run could be measured on the data.
    KeyboardInterrupt
        On Ctrl-C: finished runs are in the table, the others keep their checkpoints, and a new plan of the same folder
        continues.
    """
    if plan.pending:
        plan.data.check()
    context = _process_context()
    pending, running = list(reversed(plan.pending)), dict[SpawnProcess | ForkServerProcess, Run]()
    try:
        while pending or running:
            while pending and len(running) < plan.jobs:
                run = pending.pop()
                process = context.Process(target=perform_in_process, args=(run, plan.data, plan.threads), daemon=True)
                with _interrupts_blocked():
                    process.start()
                    running[process] = run
            connection.wait([process.sentinel for process in running])
            for process in [process for process in running if not process.is_alive()]:
                row = plan.finish(running.pop(process), process.exitcode)
                if on_run:
                    on_run(row)
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.join()
    return plan.result


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Block Ctrl-C until a process has started; the process inherits the block where the system supports it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _process_context() -> SpawnContext | ForkServerContext:
    """Return a context that starts processes without copying threads, if possible one that imports modules once."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED_MODULES)
    return context


def _describe_exit(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        return f"its process was ended by signal {-exitcode}; 9 mostly means too little memory: run fewer at once"
    return f"its process ended with code {exitcode} and left no result"

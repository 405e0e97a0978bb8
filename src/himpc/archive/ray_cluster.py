"""Tasks on a Ray cluster: that of the environment, or one on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from himpc._extras import require
from himpc.errors import RunFolderError
from himpc.reading import Problem

if TYPE_CHECKING:
    from himpc.archive.tasks import Outcome, Task
    from himpc.reading import Source

_PENDING_PER_CPU = 4
"""Tasks that are submitted at once per processor: none waits, and few outcomes are in memory."""


def run_on_ray(task: Task, sources: Sequence[Source]) -> Iterator[tuple[int, Outcome]]:
    """Run a task for each source on a Ray cluster (a `himpc.archive.tasks.Runner`).

    The cluster is that of the environment variable ``RAY_ADDRESS``; its machines must have the files at the same paths
    and the same version of himpc. Without the variable, a cluster is started on this machine. Usage reports of Ray are
    disabled. If a worker dies, its file has a problem.

    Raises
    ------
    DependencyError
        If the package ray is not installed.
    RunFolderError
        If the cluster cannot be reached.
    """
    if not sources:
        return
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_TQDM_PATCH_PRINT"] = "0"  # otherwise it replaces Python's print, which numba cannot compile
    ray = require("ray", "ray")
    start = not ray.is_initialized()
    if start:
        _start(ray)
    try:
        yield from _outcomes(ray, task, sources)
    finally:
        if start:
            ray.shutdown()


def _start(ray: Any) -> None:
    options = {"logging_level": "ERROR", "log_to_driver": False}
    try:
        if address := os.environ.get("RAY_ADDRESS"):
            ray.init(address=address, **options)
        else:
            ray.init(address="local", include_dashboard=False, object_store_memory=2**28, **options)
    except (ConnectionError, RuntimeError, ValueError) as error:
        where = os.environ.get("RAY_ADDRESS", "this machine")
        hint = "check the environment variable RAY_ADDRESS"
        raise RunFolderError(f"no Ray cluster could be reached at {where}: {error}", hint=hint) from error


def _outcomes(ray: Any, task: Task, sources: Sequence[Source]) -> Iterator[tuple[int, Outcome]]:
    shared = ray.put(task)
    remote = ray.remote(num_cpus=1, max_retries=1)(_run)
    limit = _PENDING_PER_CPU * max(1, int(ray.cluster_resources().get("CPU", 1)))
    pending: dict[Any, int] = {}
    for index, source in enumerate(sources):
        pending[remote.remote(shared, source)] = index
        if len(pending) >= limit:
            yield _next(ray, pending, sources)
    while pending:
        yield _next(ray, pending, sources)


def _run(task: Task, source: Source) -> Outcome:
    return task(source)


def _next(ray: Any, pending: dict[Any, int], sources: Sequence[Source]) -> tuple[int, Outcome]:
    """Wait for the next outcome; a failure of the worker is a problem of the file."""
    (done,), _ = ray.wait(list(pending), num_returns=1)
    index = pending.pop(done)
    try:
        outcome: Outcome = ray.get(done)
    except ray.exceptions.RayError as error:
        reason = str(error).strip().splitlines()[-1]
        outcome = None, [Problem(sources[index].path, f"the worker failed: {reason}")]
    return index, outcome

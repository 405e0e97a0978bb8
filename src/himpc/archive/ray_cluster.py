"""Tasks on a Ray cluster: the one that the environment names, or workers on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from himpc.errors import ConfigError, RunFolderError
from himpc.reading import Problem

if TYPE_CHECKING:
    from himpc.archive.tasks import Outcome, Task
    from himpc.reading import Source

__all__ = ["run_on_ray"]

_AHEAD = 4
"""Tasks given out for each processor, so that none waits and few outcomes are in memory."""


def run_on_ray(task: Task, sources: Sequence[Source]) -> Iterator[tuple[int, Outcome]]:
    """Do a task for each source on a Ray cluster, and give the outcomes as they come (a `himpc.archive.tasks.Runner`).

    The cluster is the one at the address in the environment variable ``RAY_ADDRESS``, whose machines must see the
    files at the same paths and have the same himpc; without it, one on this machine, for as long as the work takes.
    Ray's usage reports are switched off. A worker that dies with a file is a problem of that file.

    Raises
    ------
    ConfigError
        If the package ray is not there.
    RunFolderError
        If the cluster cannot be reached.
    """
    if not sources:
        return
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_TQDM_PATCH_PRINT"] = "0"  # else it replaces the print of Python, which numba then cannot compile
    try:
        import ray
    except ImportError as error:
        raise ConfigError("--ray needs the package ray: type  pip install 'himpc[ray]'") from error
    ours = not ray.is_initialized()
    if ours:
        _start(ray)
    try:
        yield from _outcomes(ray, task, sources)
    finally:
        if ours:
            ray.shutdown()


def _start(ray: Any) -> None:
    quiet = {"logging_level": "ERROR", "log_to_driver": False}
    try:
        if address := os.environ.get("RAY_ADDRESS"):
            ray.init(address=address, **quiet)
        else:
            ray.init(address="local", include_dashboard=False, object_store_memory=2**28, **quiet)
    except (ConnectionError, RuntimeError, ValueError) as error:
        where = os.environ.get("RAY_ADDRESS", "on this machine")
        raise RunFolderError(f"no Ray cluster {where}: {error}; look at RAY_ADDRESS, or leave out --ray") from error


def _outcomes(ray: Any, task: Task, sources: Sequence[Source]) -> Iterator[tuple[int, Outcome]]:
    shared = ray.put(task)
    remote = ray.remote(num_cpus=1, max_retries=1)(_do)
    ahead = _AHEAD * max(1, int(ray.cluster_resources().get("CPU", 1)))
    waiting: dict[Any, int] = {}
    for place, source in enumerate(sources):
        waiting[remote.remote(shared, source)] = place
        if len(waiting) >= ahead:
            yield _next(ray, waiting, sources)
    while waiting:
        yield _next(ray, waiting, sources)


def _do(task: Task, source: Source) -> Outcome:
    return task(source)


def _next(ray: Any, waiting: dict[Any, int], sources: Sequence[Source]) -> tuple[int, Outcome]:
    """Wait for the next outcome; what went wrong beside the file itself is a problem of the file."""
    (done,), _ = ray.wait(list(waiting), num_returns=1)
    place = waiting.pop(done)
    try:
        outcome: Outcome = ray.get(done)
    except ray.exceptions.RayError as error:
        reason = str(error).strip().splitlines()[-1]
        outcome = None, [Problem(sources[place].path, f"the worker failed: {reason}")]
    return place, outcome

"""Run a verb in several processes that a launcher such as ``torchrun`` started; without a launcher, in one process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from himpc.cli import FAILURE, INTERRUPTED
from himpc.cli.console import Console
from himpc.errors import ConfigError, Reference, count_noun

if TYPE_CHECKING:
    from himpc.learning import ProcessGroup
    from himpc.reading import Problem

TIMEOUT = timedelta(hours=12)
"""Maximum time that a process waits for the slowest one, which may read files or cluster a level."""


class SilentConsole(Console):
    """The console of every process but the first: it prints nothing."""

    def __init__(self) -> None:
        super().__init__(quiet=True)

    def problems(self, problems: Sequence[Problem], spell: Callable[[Reference], str] = str) -> None:
        """Print nothing; the first process reports skipped files."""


@contextmanager
def join_processes(device: str) -> Iterator[ProcessGroup]:
    """Join the other processes of a launcher, if there is one.

    If a process fails, only that process raises its error; the others raise `SystemExit` and print nothing.

    Parameters
    ----------
    device : str
        The device to compute on. On GPUs, each process of a machine uses its own.

    Raises
    ------
    ConfigError
        If there are fewer GPUs than processes, if one GPU is named for all, or if the processes cannot connect.
    """
    from himpc.learning import SINGLE_PROCESS

    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or "RANK" not in os.environ:
        yield SINGLE_PROCESS
        return
    import torch
    from torch.distributed.rendezvous import rendezvous

    try:
        store, rank, world_size = next(rendezvous("env://", timeout=TIMEOUT))
    except (ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(
            f"the processes cannot connect to each other ({reason})", hint="start them by torchrun"
        ) from error
    try:
        processes = _initialise(device, store, rank, world_size)
        yield processes
        processes.barrier()  # a launcher ends all processes as soon as one of them exits
    except BaseException as error:
        if _is_first_to_fail(store):
            raise
        raise SystemExit(INTERRUPTED if isinstance(error, KeyboardInterrupt) else FAILURE) from None
    torch.distributed.destroy_process_group()


def _initialise(device: str, store: Any, rank: int, world_size: int) -> ProcessGroup:
    import torch

    from himpc.learning import ProcessGroup
    from himpc.model import resolve_device

    backend = "gloo"
    if resolve_device(device).type == "cuda":
        local_rank, count = int(os.environ.get("LOCAL_RANK", rank)), torch.cuda.device_count()
        if ":" in device:
            raise ConfigError(f"device is {device!r}, but each process needs its own GPU", hint="pass {device=cuda}")
        if local_rank >= count:
            raise ConfigError(
                f"this machine has {count_noun(count, 'GPU')}, fewer than processes",
                hint=f"start {count_noun(count, 'process', 'processes')}, or pass {{device=cpu}}",
            )
        torch.cuda.set_device(local_rank)
        backend = "cpu:gloo,cuda:nccl"
    torch.distributed.init_process_group(backend, store=store, rank=rank, world_size=world_size, timeout=TIMEOUT)
    return ProcessGroup(rank, world_size)


def _is_first_to_fail(store: Any) -> bool:
    """Return True if no other process has reported a failure; False if the store is unreachable."""
    try:
        return bool(store.add("himpc/failed", 1) == 1)
    except RuntimeError:
        return False

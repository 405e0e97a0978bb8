"""One verb in several processes, where a launcher such as ``torchrun`` started them; without one, in one process."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from himpc.cli import FAILURE, INTERRUPTED
from himpc.cli.console import Console
from himpc.errors import ConfigError

if TYPE_CHECKING:
    from himpc.learning import Processes
    from himpc.reading import Problem

__all__ = ["Silent", "launched"]

PATIENCE = timedelta(hours=12)
"""How long a process waits for the others: as long as the slowest reads its files, or groups its level."""


class Silent(Console):
    """The voice of all processes but the first: none."""

    def __init__(self) -> None:
        super().__init__(quiet=True)

    def problems(self, problems: Sequence[Problem]) -> None:
        """Leave it to the first process."""


@contextmanager
def launched(device: str) -> Iterator[Processes]:
    """Join the other processes of a launcher, if there is one, and give what they are.

    Where one fails, it alone raises its error, and the others end without a word: SystemExit.

    Parameters
    ----------
    device : str
        As the user said. On GPUs, each process of a machine takes one of its own.

    Raises
    ------
    ConfigError
        If there are fewer GPUs than processes, one GPU is named for all, or the launcher leaves out what they need.
    """
    from himpc.learning import ALONE

    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or "RANK" not in os.environ:
        yield ALONE
        return
    import torch
    from torch.distributed.rendezvous import rendezvous

    try:
        store, rank, world = next(rendezvous("env://", timeout=PATIENCE))
    except (ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"the processes do not find one another ({reason}): start them by torchrun") from error
    try:
        processes = _joined(device, store, rank, world)
        yield processes
        processes.wait()  # a launcher would end those that are not done
    except BaseException as error:
        if _is_first_to_fail(store):
            raise
        raise SystemExit(INTERRUPTED if isinstance(error, KeyboardInterrupt) else FAILURE) from None
    torch.distributed.destroy_process_group()


def _joined(device: str, store: Any, rank: int, world: int) -> Processes:
    import torch

    from himpc.learning import Processes
    from himpc.model import resolve_device

    backend = "gloo"
    if resolve_device(device).type == "cuda":
        own, there = int(os.environ.get("LOCAL_RANK", rank)), torch.cuda.device_count()
        if ":" in device:
            raise ConfigError(f"device is {device!r}, but each process takes a GPU of its own: use auto, cuda or cpu")
        if own >= there:
            raise ConfigError(
                f"this machine has {there} GPUs, fewer than processes: start {there}, or say --device cpu"
            )
        torch.cuda.set_device(own)
        backend = "cpu:gloo,cuda:nccl"
    torch.distributed.init_process_group(backend, store=store, rank=rank, world_size=world, timeout=PATIENCE)
    return Processes(rank, world)


def _is_first_to_fail(store: Any) -> bool:
    """Return whether no process has said before that it failed; where nobody can be asked, the first one has."""
    try:
        return bool(store.add("himpc/failed", 1) == 1)
    except RuntimeError:
        return False

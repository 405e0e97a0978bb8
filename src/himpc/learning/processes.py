"""Several processes that train one model: who does what share, and how they exchange what they found.

Every process holds all windows, which are an index over mapped frames, and the whole state; the work is shared. They
exchange by torch.distributed: gloo between CPUs, nccl between GPUs. With one process nothing is exchanged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from himpc.errors import RunFolderError

__all__ = ["ALONE", "Processes"]


@dataclass(frozen=True)
class Processes:
    """One of `world` processes; all of them call the same methods in the same order, with tensors of the same shapes.

    With more than one, torch.distributed is to be ready (`himpc.cli.distributed` makes it so).

    Attributes
    ----------
    rank : int
        Which of them this one is, from 0.
    world : int
        How many there are.
    """

    rank: int = 0
    world: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the one that writes files and talks."""
        return self.rank == 0

    def share(self, n: int) -> slice:
        """Return which of n items are this process's: consecutive ones, and none where there are too few.

        Examples
        --------
        >>> [Processes(rank, 3).share(5) for rank in range(3)]
        [slice(0, 1, None), slice(1, 3, None), slice(3, 5, None)]
        """
        return slice(n * self.rank // self.world, n * (self.rank + 1) // self.world)

    def gather(self, part: Tensor, n: int) -> Tensor:
        """Return the rows of all n items, ``(n, ...)``, from each process's rows of its share.

        Raises
        ------
        RunFolderError
            Here and in all that follow: if another process has ended.
        """
        if self.world == 1:
            return part
        shares = [Processes(rank, self.world).share(n) for rank in range(self.world)]
        sizes = [share.stop - share.start for share in shares]
        padded = part.new_zeros((max(sizes), *part.shape[1:]))  # torch gathers tensors of one shape only
        padded[: len(part)] = part
        found = [torch.empty_like(padded) for _ in sizes]
        with _together():
            torch.distributed.all_gather(found, padded)
        return torch.cat([rows[:size] for rows, size in zip(found, sizes, strict=True)])

    def summed(self, tensor: Tensor) -> Tensor:
        """Return the sum over the processes, the same bits in each; it takes the tensor's place."""
        if self.world > 1:
            with _together():
                torch.distributed.all_reduce(tensor)
        return tensor

    def sum_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Give each parameter the sum of its gradients in the processes; a process without any adds zeros."""
        if self.world == 1:
            return
        parameters = list(parameters)
        mine = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        total = self.summed(torch.cat([gradient.flatten() for gradient in mine]))
        parts = torch.split(total, [parameter.numel() for parameter in parameters])
        for parameter, gradient in zip(parameters, parts, strict=True):
            parameter.grad = gradient.view_as(parameter)

    def broadcast(self, tensor: Tensor, source: int = 0) -> Tensor:
        """Return the tensor of one process; it takes the tensor's place."""
        if self.world > 1:
            with _together():
                torch.distributed.broadcast(tensor, source)
        return tensor

    def broadcast_text(self, text: str) -> str:
        """Return the first process's text."""
        if self.world == 1:
            return text
        written = torch.tensor(list(text.encode()), dtype=torch.uint8)
        size = int(self.broadcast(torch.tensor(len(written))))
        written = self.broadcast(written if self.first else torch.empty(size, dtype=torch.uint8))
        return bytes(written.tolist()).decode()

    def check_same(self, fingerprint: str) -> None:
        """Raise `RunFolderError` in every process unless all of them give one fingerprint, in hexadecimal digits."""
        mine = torch.tensor(list(bytes.fromhex(fingerprint)), dtype=torch.uint8)[None]
        every = self.gather(mine, self.world)
        different = (every != every[0]).any(dim=1).nonzero().flatten().tolist()
        if different:
            raise RunFolderError(
                f"process {different[0]} of {self.world}, counted from 0, has other recordings or settings than "
                "process 0: give every machine the same files, the same himpc and the same command"
            )

    def wait(self) -> None:
        """Return when all processes are here."""
        self.summed(torch.zeros(1))


ALONE = Processes()
"""One process."""


@contextmanager
def _together() -> Iterator[None]:
    """Say in our words what torch says in its own where another process has gone."""
    try:
        yield
    except RuntimeError as error:
        raise RunFolderError(
            "another process of this training has ended: see what it said, and go on with --resume"
        ) from error

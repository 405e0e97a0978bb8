"""Data-parallel training in several processes, over torch.distributed (gloo between CPUs, nccl between GPUs).

Every process has all windows, an index over memory-mapped frames, and the whole state; only the work is shared.
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
    """One process of a group; all call the same methods in the same order, with tensors of the same shapes.

    With more than one process, torch.distributed must be initialised.

    Attributes
    ----------
    rank : int
        Index of this process, from 0.
    world : int
        Number of processes.
    """

    rank: int = 0
    world: int = 1

    @property
    def is_first(self) -> bool:
        """True for the process that writes files and reports progress."""
        return self.rank == 0

    def share(self, n: int) -> slice:
        """Return the share of this process of n items: consecutive ones, or none if there are too few.

        Examples
        --------
        >>> [Processes(rank, 3).share(5) for rank in range(3)]
        [slice(0, 1, None), slice(1, 3, None), slice(3, 5, None)]
        """
        return slice(n * self.rank // self.world, n * (self.rank + 1) // self.world)

    def gather(self, part: Tensor, n: int) -> Tensor:
        """Return the rows of all n items, ``(n, ...)``, given the rows of the share of each process.

        Raises
        ------
        RunFolderError
            If another process has ended; so do all methods below.
        """
        if self.world == 1:
            return part
        shares = [Processes(rank, self.world).share(n) for rank in range(self.world)]
        sizes = [share.stop - share.start for share in shares]
        padded = part.new_zeros((max(sizes), *part.shape[1:]))  # torch gathers only tensors of one shape
        padded[: len(part)] = part
        found = [torch.empty_like(padded) for _ in sizes]
        with _translate_errors():
            torch.distributed.all_gather(found, padded)
        return torch.cat([rows[:size] for rows, size in zip(found, sizes, strict=True)])

    def sum(self, tensor: Tensor) -> Tensor:
        """Return the sum over the processes, the same bits in each; the tensor is overwritten."""
        if self.world > 1:
            with _translate_errors():
                torch.distributed.all_reduce(tensor)
        return tensor

    def sum_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Set the gradient of each parameter to its sum over the processes; no gradient counts as zeros."""
        if self.world == 1:
            return
        parameters = list(parameters)
        own = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        total = self.sum(torch.cat([gradient.flatten() for gradient in own]))
        parts = torch.split(total, [parameter.numel() for parameter in parameters])
        for parameter, gradient in zip(parameters, parts, strict=True):
            parameter.grad = gradient.view_as(parameter)

    def broadcast(self, tensor: Tensor, source: int = 0) -> Tensor:
        """Return the tensor of one process; the tensor is overwritten."""
        if self.world > 1:
            with _translate_errors():
                torch.distributed.broadcast(tensor, source)
        return tensor

    def broadcast_text(self, text: str) -> str:
        """Return the text of the first process."""
        if self.world == 1:
            return text
        encoded = torch.tensor(list(text.encode()), dtype=torch.uint8)
        size = int(self.broadcast(torch.tensor(len(encoded))))
        encoded = self.broadcast(encoded if self.is_first else torch.empty(size, dtype=torch.uint8))
        return bytes(encoded.tolist()).decode()

    def check_equal(self, fingerprint: str) -> None:
        """Raise `RunFolderError` in every process if their fingerprints (hexadecimal digits) differ."""
        own = torch.tensor(list(bytes.fromhex(fingerprint)), dtype=torch.uint8)[None]
        gathered = self.gather(own, self.world)
        different = (gathered != gathered[0]).any(dim=1).nonzero().flatten().tolist()
        if different:
            raise RunFolderError(
                f"process {different[0]} of {self.world}, counted from 0, has other recordings or settings than "
                "process 0",
                hint="give every machine the same files, the same version of himpc and the same command",
            )

    def wait(self) -> None:
        """Wait until all processes have called this method."""
        self.sum(torch.zeros(1))


ALONE = Processes()
"""A single process."""


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Raise `RunFolderError` in place of the error of torch if another process has ended."""
    try:
        yield
    except RuntimeError as error:
        raise RunFolderError(
            "another process of this training has ended", hint="read its error, then continue with {resume=True}"
        ) from error

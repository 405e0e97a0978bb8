"""Data-parallel training in several processes, by torch.distributed (gloo between CPUs, nccl between GPUs).

Every process holds all windows, which index memory-mapped frames, and the whole state. Only the work is divided.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from himpc.errors import RunFolderError


@dataclass(frozen=True)
class ProcessGroup:
    """A group of processes, as one of them sees it.

    All processes call the same methods in the same order, with tensors of the same shapes. With more than one process,
    torch.distributed must be initialised.
    """

    rank: int = 0
    """Index of this process in the group, from 0."""
    world_size: int = 1
    """Number of processes."""

    @property
    def is_first(self) -> bool:
        """True for the process that writes files and reports progress (rank 0)."""
        return self.rank == 0

    def share(self, n: int) -> slice:
        """Return the slice of n items that this process works on; empty if there are too few items.

        Examples
        --------
        >>> [ProcessGroup(rank, 3).share(5) for rank in range(3)]
        [slice(0, 1, None), slice(1, 3, None), slice(3, 5, None)]
        """
        return slice(n * self.rank // self.world_size, n * (self.rank + 1) // self.world_size)

    def gather(self, part: Tensor, n: int) -> Tensor:
        """Gather the rows of all n items, ``(n, ...)``, from the processes, each of which passes the rows of its share.

        Raises
        ------
        RunFolderError
            If another process has ended. All methods below raise it, too.
        """
        if self.world_size == 1:
            return part
        shares = [ProcessGroup(rank, self.world_size).share(n) for rank in range(self.world_size)]
        sizes = [share.stop - share.start for share in shares]
        padded = part.new_zeros((max(sizes), *part.shape[1:]))  # torch gathers only tensors of one shape
        padded[: len(part)] = part
        gathered = [torch.empty_like(padded) for _ in sizes]
        with _translate_errors():
            torch.distributed.all_gather(gathered, padded)
        return torch.cat([rows[:size] for rows, size in zip(gathered, sizes, strict=True)])

    def sum(self, tensor: Tensor) -> Tensor:
        """Sum a tensor in place over the processes, with the same bits in each, and return it."""
        if self.world_size > 1:
            with _translate_errors():
                torch.distributed.all_reduce(tensor)
        return tensor

    def sum_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Sum the gradient of each parameter over the processes; a missing gradient counts as zeros."""
        if self.world_size == 1:
            return
        parameters = list(parameters)
        local = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        total = self.sum(torch.cat([gradient.flatten() for gradient in local]))
        parts = torch.split(total, [parameter.numel() for parameter in parameters])
        for parameter, gradient in zip(parameters, parts, strict=True):
            parameter.grad = gradient.view_as(parameter)

    def broadcast(self, tensor: Tensor, source: int = 0) -> Tensor:
        """Copy a tensor from the process `source` into the tensor of each process, and return it."""
        if self.world_size > 1:
            with _translate_errors():
                torch.distributed.broadcast(tensor, source)
        return tensor

    def broadcast_text(self, text: str) -> str:
        """Send the text of the first process to all processes, and return it."""
        if self.world_size == 1:
            return text
        encoded = torch.tensor(list(text.encode()), dtype=torch.uint8)
        size = int(self.broadcast(torch.tensor(len(encoded))))
        encoded = self.broadcast(encoded if self.is_first else torch.empty(size, dtype=torch.uint8))
        return bytes(encoded.tolist()).decode()

    def check_equal(self, fingerprint: str) -> None:
        """Raise `RunFolderError` in every process if their fingerprints (hexadecimal digits) differ."""
        local = torch.tensor(list(bytes.fromhex(fingerprint)), dtype=torch.uint8)[None]
        gathered = self.gather(local, self.world_size)
        mismatches = (gathered != gathered[0]).any(dim=1).nonzero().flatten().tolist()
        if mismatches:
            raise RunFolderError(
                f"process {mismatches[0]} of {self.world_size}, counted from 0, has other recordings or settings than "
                "process 0",
                hint="give every machine the same files, the same version of himpc and the same command",
            )

    def barrier(self) -> None:
        """Wait until all processes have called this method."""
        self.sum(torch.zeros(1))


SINGLE_PROCESS = ProcessGroup()
"""A single process."""


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Translate an error of torch, which another process caused by ending, to `RunFolderError`."""
    try:
        yield
    except RuntimeError as error:
        raise RunFolderError(
            "another process of this training has ended", hint="read its error, then continue with {resume=True}"
        ) from error

"""Devices for computation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from himpc.errors import ConfigError, count_noun

if TYPE_CHECKING:
    import torch


def resolve_device(device: str | torch.device = "auto") -> torch.device:
    """Return the torch device for ``"auto"`` (a CUDA GPU where there is one), ``"cpu"``, ``"cuda"`` or ``"cuda:1"``.

    Raises
    ------
    ConfigError
        If the name is another one, or this machine has no such GPU.
    """
    import torch

    name = str(device)
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if not re.fullmatch(r"cpu|cuda(:\d+)?", name):
        raise ConfigError(f"device must be auto, cpu, cuda or cuda:N, found {name!r}")
    resolved = torch.device(name)
    count = torch.cuda.device_count() if resolved.type == "cuda" else 1
    if (resolved.index or 0) >= count:
        raise ConfigError(
            f"device is {name!r}, but this machine has {count_noun(count, 'CUDA GPU')}",
            hint="use {device=auto} or {device=cpu}",
        )
    return resolved

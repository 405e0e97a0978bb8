"""Where to compute: the user's word for a device, checked."""

from __future__ import annotations

import re

import torch

from himpc.errors import ConfigError

__all__ = ["resolve_device"]


def resolve_device(device: str | torch.device = "auto") -> torch.device:
    """Return the torch device for ``"auto"`` (a CUDA GPU where there is one), ``"cpu"``, ``"cuda"`` or ``"cuda:1"``.

    Raises
    ------
    ConfigError
        If the word is another one, or this machine has no such GPU.
    """
    name = str(device)
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if not re.fullmatch(r"cpu|cuda(:\d+)?", name):
        raise ConfigError(f"device must be auto, cpu, cuda or cuda:N, found {name!r}")
    wanted = torch.device(name)
    there = torch.cuda.device_count() if wanted.type == "cuda" else 1
    if (wanted.index or 0) >= there:
        raise ConfigError(f"device {name!r} was asked for, but this machine offers {there} CUDA GPUs: use auto or cpu")
    return wanted

"""How the trainer tells others what happens."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from himpc.learning.history import EpochRecord

__all__ = ["Callback", "tell", "warn"]


class Callback:
    """What the trainer calls; each method does nothing unless overridden.

    An object need not inherit from this class: it is told what it has a method for. An exception that a method raises
    stops the training, after the checkpoint of the epoch was written.
    """

    def on_batch(self, epoch: int, done: int, total: int) -> None:
        """Tell that `done` of `total` steps of an epoch (from 1) are made; 0 when its pseudo-labels are there."""

    def on_epoch(self, record: EpochRecord) -> None:
        """Tell that an epoch ended."""

    def on_warning(self, message: str) -> None:
        """Tell what a person should know, and try; each message once a run."""


def tell(callbacks: Sequence[object], event: str, *arguments: Any) -> bool:
    """Call the method `event` of each callback that has one; return whether any has."""
    methods = [method for callback in callbacks if (method := getattr(callback, event, None))]
    for method in methods:
        method(*arguments)
    return bool(methods)


def warn(callbacks: Sequence[object], message: str) -> None:
    """Tell a warning to the callbacks; with none to take it, to Python's warnings."""
    if not tell(callbacks, "on_warning", message):
        warnings.warn(message, UserWarning, stacklevel=4)

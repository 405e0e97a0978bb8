"""Callbacks, to which the trainer reports batches, epochs and warnings."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from himpc.learning.history import EpochRecord


class Callback:
    """Base class of callbacks. Each method does nothing unless it is overridden.

    A callback need not inherit from this class: the trainer calls those of its methods that an object has. An exception
    in a method stops the training. In `on_epoch`, the checkpoint of the epoch is already written; in `on_batch`, only
    that of the epoch before.
    """

    def on_batch(self, epoch: int, step: int, total: int) -> None:
        """Handle the end of step `step` of `total` in an epoch; step 0 means that the pseudo-labels are ready."""

    def on_epoch(self, record: EpochRecord) -> None:
        """Handle the end of an epoch."""

    def on_warning(self, message: str) -> None:
        """Handle a warning; each message is reported once per run."""


class IgnoreWarnings(Callback):
    """Ignore warnings, for many trainings in a row whose results say enough."""

    def on_warning(self, message: str) -> None:
        """Ignore the warning."""


def notify(callbacks: Sequence[object], event: str, *arguments: Any) -> bool:
    """Call the method `event` of each callback that has it; return True if there is one."""
    methods = [method for callback in callbacks if (method := getattr(callback, event, None))]
    for method in methods:
        method(*arguments)
    return bool(methods)


def warn(callbacks: Sequence[object], message: str) -> None:
    """Report a warning to the callbacks, or by Python's `warnings` if none has the method `on_warning`."""
    if not notify(callbacks, "on_warning", message):
        warnings.warn(message, UserWarning, stacklevel=4)

"""The records of epochs, and the criterion that stops training."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from himpc._schema import to_plain
from himpc.errors import count_noun
from himpc.learning.config import Config

MIN_IMPROVEMENT = 0.001
"""Minimum increase of the stability that counts as an improvement: smaller ones come from a few windows."""


@dataclass(frozen=True)
class EpochRecord:
    """The results of one epoch."""

    epoch: int
    """1 for the first."""
    loss: float | None
    """Mean over windows of the total loss; None if there was nothing to learn from."""
    losses: Mapping[str, float]
    """Mean loss of each level."""
    clusters: Mapping[str, int]
    """Number of clusters (pseudo-labels) of each level."""
    noise: Mapping[str, int]
    """Number of windows of each level that are in no cluster."""
    trained: int
    """Number of windows that were trained on: those in a cluster at every level."""
    stability: float | None
    """Similarity of the pseudo-labels to those of the epoch before (`himpc.learning.pseudo_labels.stability`); None in
    the first epoch."""
    seconds: float
    """Duration."""
    warnings: tuple[str, ...] = ()
    """Problems for the attention of the user, each with a remedy to try."""
    score: float | None = None
    """The score of the model, if one is given to choose the checkpoint."""


@dataclass
class History:
    """All epochs so far, and why training stopped ("" while it runs)."""

    epochs: list[EpochRecord] = field(default_factory=list)
    stopped: str = ""

    def __len__(self) -> int:
        """Return the number of epochs."""
        return len(self.epochs)

    @property
    def best(self) -> EpochRecord | None:
        """The first epoch with the highest score; None without scores."""
        scored = [record for record in self.epochs if record.score is not None]
        return max(scored, key=lambda record: record.score or 0.0, default=None)

    def to_lines(self) -> str:
        """Return one line of JSON per epoch."""
        return "".join(json.dumps(to_plain(record)) + "\n" for record in self.epochs)


def stop_reason(history: History, config: Config) -> str:
    """Return why training stops after the last epoch, or "" if it continues.

    Without scores, this depends on losses and pseudo-labels only.
    """
    last = history.epochs[-1]
    if last.loss is None:
        return "nothing to learn from: " + "; ".join(last.warnings)
    if last.epoch >= config.max_epochs:
        return f"reached max_epochs = {config.max_epochs}"
    if best_epoch := history.best:
        since = last.epoch - best_epoch.epoch
        return f"the score has not risen for {count_noun(since, 'epoch')}" if since >= config.patience else ""
    best, since = -np.inf, 0
    for record in history.epochs:
        stability = -np.inf if record.stability is None else record.stability
        best, since = (stability, 0) if stability > best + MIN_IMPROVEMENT else (best, since + 1)
    if since >= config.patience:
        return f"the stability of pseudo-labels has not risen for {count_noun(config.patience, 'epoch')}"
    return ""

"""What happened in each epoch, as plain data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from himpc.learning.config import Config

__all__ = ["EpochRecord", "History", "stop_reason"]

LEAST_GAIN = 0.001
"""How much the stability must rise to count as risen."""


@dataclass(frozen=True)
class EpochRecord:
    """One epoch.

    Attributes
    ----------
    epoch : int
        1 for the first.
    loss : float, optional
        Mean over windows of the total loss; None if nothing could be learned.
    losses : dict
        The same of each level.
    clusters : dict
        Groups of pseudo-labels at each level.
    noise : dict
        Windows without a group at each level.
    trained : int
        Windows that trained: those with a group at every level.
    stability : float, optional
        Mean over levels of the adjusted Rand index between the pseudo-labels of this epoch and the one before, noise
        counted as one group; None in the first epoch.
    seconds : float
        Time it took.
    score : float, optional
        What the outside score gave, where one chooses the checkpoint.
    warnings : tuple of str
        What a person should know, and try.
    """

    epoch: int
    loss: float | None
    losses: Mapping[str, float]
    clusters: Mapping[str, int]
    noise: Mapping[str, int]
    trained: int
    stability: float | None
    seconds: float
    warnings: tuple[str, ...] = ()
    score: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain data."""
        return {**asdict(self), "warnings": list(self.warnings)}

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> EpochRecord:
        """Return the record that `to_dict` gave."""
        return cls(**{**table, "warnings": tuple(table["warnings"])})


@dataclass
class History:
    """All epochs so far, and why training stopped ("" while it goes on)."""

    epochs: list[EpochRecord] = field(default_factory=list)
    stopped: str = ""

    def __len__(self) -> int:
        """Return the number of epochs."""
        return len(self.epochs)

    @property
    def best(self) -> EpochRecord | None:
        """The first epoch of the highest score; None where there is no score."""
        scored = [record for record in self.epochs if record.score is not None]
        return max(scored, key=lambda record: record.score or 0.0, default=None)

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> History:
        """Return the history that `dataclasses.asdict` turned into plain data."""
        return cls([EpochRecord.from_dict(record) for record in table["epochs"]], str(table["stopped"]))

    def to_lines(self) -> str:
        """Return JSON lines, one an epoch."""
        return "".join(json.dumps(record.to_dict()) + "\n" for record in self.epochs)


def stop_reason(history: History, config: Config) -> str:
    """Return why training ends after the last epoch, or "" if it goes on.

    No label is needed to tell, unless an outside score that needs some chooses the checkpoint.
    """
    last = history.epochs[-1]
    if last.loss is None:
        return "nothing could be learned: " + "; ".join(last.warnings)
    if last.epoch >= config.max_epochs:
        return f"that is max_epochs, {config.max_epochs}"
    if chosen := history.best:
        since = last.epoch - chosen.epoch
        return f"the score has not risen for {since} epochs" if since >= config.patience else ""
    best, since = -np.inf, 0
    for record in history.epochs:
        stability = -np.inf if record.stability is None else record.stability
        best, since = (stability, 0) if stability > best + LEAST_GAIN else (best, since + 1)
    if since >= config.patience:
        return f"the pseudo-labels have not become stabler for {config.patience} epochs"
    return ""

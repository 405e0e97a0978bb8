"""Callbacks that log a training to TensorBoard or MLflow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from himpc._extras import require
from himpc.learning.callbacks import Callback
from himpc.learning.history import EpochRecord

__all__ = ["MLflowLogger", "TensorBoardLogger", "metrics_of"]


def metrics_of(record: EpochRecord) -> dict[str, float]:
    """Return the numbers of an epoch by name, such as ``loss`` and ``losses/joint``, without those not measured."""
    single = {name: getattr(record, name) for name in ("loss", "stability", "score", "trained", "seconds")}
    levels = {
        f"{name}/{level}": value
        for name, values in (("losses", record.losses), ("clusters", record.clusters), ("noise", record.noise))
        for level, value in values.items()
    }
    return {name: float(value) for name, value in (single | levels).items() if value is not None}


class TensorBoardLogger(Callback):
    """Log the numbers of each epoch for TensorBoard.

    Parameters
    ----------
    folder : path
        The folder of the log, to show by ``tensorboard --logdir``.

    Raises
    ------
    DependencyError
        If TensorBoard is not installed (extra ``tensorboard``).

    Examples
    --------
    >>> learner = himpc.HiMPC(callbacks=[TensorBoardLogger("runs/log")])  # doctest: +SKIP
    """

    def __init__(self, folder: str | Path) -> None:
        require("tensorboard", "tensorboard")
        self._writer: Any = require("torch.utils.tensorboard", "tensorboard").SummaryWriter(str(folder))

    def on_epoch(self, record: EpochRecord) -> None:
        """Write the numbers of the epoch, so that TensorBoard shows them at once."""
        for name, value in metrics_of(record).items():
            self._writer.add_scalar(name, value, record.epoch)
        self._writer.flush()

    def on_warning(self, message: str) -> None:
        """Write a warning as text."""
        self._writer.add_text("warnings", message)
        self._writer.flush()


class MLflowLogger(Callback):
    """Log the numbers of each epoch to the active run of MLflow, or to a new one.

    MLflow chooses the place: a folder, unless the environment or ``mlflow.set_tracking_uri`` names a server.

    Raises
    ------
    DependencyError
        If MLflow is not installed (extra ``mlflow``).
    """

    def __init__(self) -> None:
        self._mlflow: Any = require("mlflow", "mlflow")

    def on_epoch(self, record: EpochRecord) -> None:
        """Write the numbers of the epoch."""
        self._mlflow.log_metrics(metrics_of(record), step=record.epoch)

    def on_warning(self, message: str) -> None:
        """Write a warning as a tag of the run."""
        self._mlflow.set_tag("himpc.warning", message[:500])

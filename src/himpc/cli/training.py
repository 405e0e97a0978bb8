"""Options and progress bar of the verbs that train a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import Parameter

from himpc._schema import settings_of, to_plain
from himpc.cli.console import Console
from himpc.cli.options import TRAINING, derive_options
from himpc.cli.whole_number import WholeNumber
from himpc.learning import Config

if TYPE_CHECKING:
    from himpc.estimator import HiMPC
    from himpc.learning import EpochRecord, History
    from himpc.model import Model
    from himpc.recordings import Recording


@dataclass(frozen=True)
class _PresetOptions:
    """The options that are listed before the settings."""

    preset: str | None = None
    """Preset to start from: tracklet for your own recordings; clean for the published method without labels."""
    device: str = "auto"
    """Device to compute on: auto, cpu or cuda."""


_Settings: Any = derive_options(Config, optional=True)


@Parameter(name="*", group=TRAINING)
@dataclass(frozen=True)
class TrainingOptions(_Settings, _PresetOptions):  # type: ignore[misc]
    """Settings of training; the preset determines those that are not set."""

    seed: WholeNumber = 0
    """Seed of all random numbers; on a CPU one seed gives one result."""

    @property
    def overrides(self) -> dict[str, Any]:
        """The settings that override the preset, by name, without the seed."""
        values = {setting.name: getattr(self, setting.name) for setting in settings_of(Config)}
        return {name: value for name, value in values.items() if value is not None and name != "seed"}

    def config(self, default_preset: str = "tracklet") -> Config:
        """Return all settings, over the preset `default_preset` unless another is given."""
        preset = self.preset or default_preset
        return Config.preset(preset).with_(seed=self.seed).with_(**self.overrides).without_labels(preset)

    def fit(self, recordings: Sequence[Recording], callbacks: Sequence[object], *, prefer_prior: bool = False) -> Model:
        """Train a model on recordings; unlike `learner`, this does not import scikit-learn."""
        from himpc.api import fit

        return fit(recordings, self.config(), device=self.device, callbacks=callbacks, prefer_prior=prefer_prior).model

    def learner(self, default_preset: str = "tracklet", **kwargs: Any) -> HiMPC:
        """Return an estimator with these settings, over the preset `default_preset` unless another is given."""
        from himpc.estimator import HiMPC

        return HiMPC(
            self.preset or default_preset, settings=self.overrides, seed=self.seed, device=self.device, **kwargs
        )


class EpochBar:
    """Show a progress bar of the epochs, with loss and number of pseudo-labels; a callback of the trainer."""

    def __init__(self, console: Console, settings: TrainingOptions, default_preset: str = "tracklet") -> None:
        self._console = console
        self._bar = console.bar()
        self._task = self._bar.add_task(
            "training", total=Config.preset(settings.preset or default_preset).with_(**settings.overrides).max_epochs
        )

    def __enter__(self) -> EpochBar:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def on_batch(self, epoch: int, step: int, total: int) -> None:
        """Advance the bar within an epoch."""
        self._bar.update(self._task, completed=epoch - 1 + step / max(total, 1))

    def on_epoch(self, record: EpochRecord) -> None:
        """Advance the bar to the end of an epoch."""
        labels = "/".join(str(n) for n in record.clusters.values())
        loss = "-" if record.loss is None else f"{record.loss:.3f}"
        text = f"training: loss {loss}, pseudo-labels {labels}"
        self._bar.update(self._task, completed=record.epoch, description=text)

    def on_warning(self, message: str) -> None:
        """Print a warning."""
        self._console.warn(message)


def draw_history(history: History, folder: Path, formats: Sequence[str] = ("png",)) -> list[Path]:
    """Draw loss and pseudo-labels over the epochs to files in a run folder, and return their paths."""
    from himpc.reporting import draw_training, save_figures

    return save_figures([draw_training([to_plain(record) for record in history.epochs])], folder / "training", formats)

"""Shared by the verbs that train: the settings as options, and a progress bar of the epochs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, dataclass_transform

from cyclopts import Parameter

from himpc._schema import settings_of
from himpc.cli.console import Console
from himpc.learning import Config

if TYPE_CHECKING:
    from himpc.estimator import HiMPC
    from himpc.learning import EpochRecord, History

__all__ = ["EpochBar", "Settings", "draw_history"]


T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def with_settings_of(config: type) -> Callable[[type[T]], type[T]]:
    """Make a class a frozen dataclass of options, with one more option for each setting of `config`.

    Its help, type and choices are the setting's. An option that is not given is None.
    """

    def add(cls: type[T]) -> type[T]:
        for setting in settings_of(config):
            if setting.name not in cls.__annotations__:
                switch = f" (--{setting.name.replace('_', '-')}=false turns it off)" if setting.default is True else ""
                help_text = Parameter(help=f"{setting.help.removesuffix('.')}{switch}.")
                cls.__annotations__[setting.name] = Annotated[setting.type | None, help_text]
                setattr(cls, setting.name, None)
        return dataclass(frozen=True)(cls)

    return add


@Parameter(name="*")
@with_settings_of(Config)
class Settings:
    """Settings of training; those that are not given are the preset's."""

    preset: str | None = None
    """Preset to start from: tracklet for your own recordings; clean for the published method without labels."""
    device: str = "auto"
    """Device to compute on: auto, cpu or cuda."""
    seed: int = 0
    """Seed of all random numbers; on a CPU one seed gives one result."""

    @classmethod
    def of(cls, **settings: Any) -> Settings:
        """Make the options in which some settings of `Config` are given."""
        return cls(**settings)

    @property
    def given(self) -> dict[str, Any]:
        """The settings that are given, by name; without the seed, which always is."""
        values = {setting.name: getattr(self, setting.name) for setting in settings_of(Config)}
        return {name: value for name, value in values.items() if value is not None and name != "seed"}

    def learner(self, start: str = "tracklet", **kwargs: Any) -> HiMPC:
        """Return an estimator with these settings, over the preset `start` unless another is given."""
        from himpc.estimator import HiMPC

        return HiMPC(self.preset or start, settings=self.given, seed=self.seed, device=self.device, **kwargs)


class EpochBar:
    """Show a progress bar of the epochs, with loss and number of pseudo-labels; a callback of the trainer."""

    def __init__(self, console: Console, settings: Settings, start: str = "tracklet") -> None:
        self._console = console
        self._bar = console.bar()
        self._task = self._bar.add_task("training", total=settings.learner(start).config.max_epochs)

    def __enter__(self) -> EpochBar:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def on_batch(self, epoch: int, done: int, total: int) -> None:
        """Advance the bar within an epoch."""
        self._bar.update(self._task, completed=epoch - 1 + done / max(total, 1))

    def on_epoch(self, record: EpochRecord) -> None:
        """Advance the bar to the end of an epoch."""
        labels = "/".join(str(n) for n in record.clusters.values())
        loss = "-" if record.loss is None else f"{record.loss:.3f}"
        text = f"training: loss {loss}, pseudo-labels {labels}"
        self._bar.update(self._task, completed=record.epoch, description=text)

    def on_warning(self, message: str) -> None:
        """Print a warning."""
        self._console.warn(message)


def draw_history(history: History, folder: Path) -> Path:
    """Write a picture of loss and pseudo-labels over the epochs to a run folder, and return its path."""
    from himpc.reporting import draw_training, save_figure

    path = folder / "training.png"
    save_figure(draw_training([record.to_dict() for record in history.epochs]), path)
    return path

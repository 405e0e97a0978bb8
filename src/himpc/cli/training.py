"""What `train`, `group` and `demo` share: the settings as options, and a bar that shows the epochs."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cyclopts import Parameter

from himpc.cli.console import Console

if TYPE_CHECKING:
    from himpc.estimator import HiMPC
    from himpc.learning import EpochRecord, History

__all__ = ["EpochBar", "Settings", "draw_history"]


@Parameter(name="*")
@dataclass(frozen=True)
class Settings:
    """Settings of training; what is not given is the preset's."""

    preset: str | None = None
    """The settings to start from: tracklet for your own recordings, clean for the published method without labels,
    where benchmark starts."""
    window_length: int | None = None
    """Frames a window."""
    stride: int | None = None
    """Frames between starts of training windows; 0 means half a window."""
    levels: tuple[Literal["joint", "component", "limb"], ...] | None = None
    """Which levels of the hierarchy are used."""
    hidden: int | None = None
    """Size of an embedding of one level."""
    heads: int | None = None
    """Meta-transformations a level; 0 for none."""
    grouped: Literal["windows", "recordings"] | None = None
    """What gets pseudo-labels: each window, as published, or each recording."""
    k1: int | None = None
    """Neighbours for reciprocal sets."""
    k2: int | None = None
    """Neighbours for query expansion."""
    neighbours: Literal["auto", "exact", "approximate"] | None = None
    """How neighbours are found; auto is exact on a GPU, and on a CPU up to 30,000 windows."""
    clustering: Literal["dbscan", "hdbscan"] | None = None
    """What groups windows by their Jaccard distance."""
    eps: float | None = None
    """DBSCAN's radius on the Jaccard distance, above 0 and at most 1."""
    min_samples: int | None = None
    """DBSCAN's neighbours that make a core window."""
    mining: Literal["hard", "off", "inverted"] | None = None
    """Hard skeleton mining as published, none, or easy frames first."""
    mining_gradient: bool | None = None
    """Whether gradients flow through the mining weights, as published; --mining-gradient=false for not."""
    contrast: Literal["frames", "windows"] | None = None
    """What is compared with the prototypes: each frame, as published, or whole windows."""
    temperature: float | None = None
    """Compare by cosine over this temperature; 0 for products over the root of hidden, as published."""
    mask: float | None = None
    """Share of a window's frames, drawn at random, that an epoch does not see; 0 as published."""
    normalise: bool | None = None
    """Divide the features of frames and windows by their length."""
    align: bool | None = None
    """Turn the body of every frame to face one way."""
    distances: bool | None = None
    """Give the encoders the distances between all nodes beside the nodes."""
    whiten: bool | None = None
    """Let the encoders start from features whitened by what changes while a person stays the same."""
    joint_weight: float | None = None
    """Weight of the joint level's loss."""
    learning_rate: float | None = None
    """Of Adam."""
    batch_size: int | None = None
    """Windows a step."""
    shuffle: Literal["epoch", "once"] | None = None
    """A new order of the windows every epoch, or one for all."""
    drop_last: bool | None = None
    """Leave out the last batch of an epoch where it is not full."""
    max_epochs: int | None = None
    """The most epochs to train."""
    patience: int | None = None
    """Stop after this many epochs in which the pseudo-labels did not become stabler."""
    seed: int = 0
    """One seed gives one result."""
    device: str = "auto"
    """auto, cpu or cuda."""

    def learner(self, start: str = "tracklet", **kwargs: Any) -> HiMPC:
        """Return the `HiMPC` with these settings, which start from a preset unless another is named."""
        from himpc.estimator import HiMPC

        changed = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("preset", "seed", "device")}
        settings = {name: value for name, value in changed.items() if value is not None}
        return HiMPC(self.preset or start, settings=settings, seed=self.seed, device=self.device, **kwargs)


class EpochBar:
    """A callback of the trainer that shows epochs, loss and pseudo-labels while they pass."""

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
        """Move the bar within an epoch."""
        self._bar.update(self._task, completed=epoch - 1 + done / max(total, 1))

    def on_epoch(self, record: EpochRecord) -> None:
        """Move the bar by one epoch."""
        labels = "/".join(str(n) for n in record.clusters.values())
        loss = "-" if record.loss is None else f"{record.loss:.3f}"
        text = f"training: loss {loss}, pseudo-labels {labels}"
        self._bar.update(self._task, completed=record.epoch, description=text)

    def on_warning(self, message: str) -> None:
        """Pass a warning on."""
        self._console.warn(message)


def draw_history(history: History, folder: Path) -> Path:
    """Draw loss and pseudo-labels over the epochs into a run folder and return the picture's path."""
    from himpc.reporting import draw_training, save_figure

    path = folder / "training.png"
    save_figure(draw_training([record.to_dict() for record in history.epochs]), path)
    return path

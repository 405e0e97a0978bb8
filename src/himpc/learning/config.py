"""Settings of a run: one frozen dataclass, presets as TOML in the package."""

from __future__ import annotations

import dataclasses
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal, get_args

from himpc.errors import ConfigError
from himpc.skeleton import LEVELS, Level

__all__ = [
    "Clustering",
    "Config",
    "Contrast",
    "Grouped",
    "Mining",
    "Neighbours",
    "Shuffle",
    "preset_names",
]

Contrast = Literal["frames", "windows"]
Grouped = Literal["windows", "recordings"]
Mining = Literal["hard", "off", "inverted"]
Clustering = Literal["dbscan", "hdbscan"]
Neighbours = Literal["auto", "exact", "approximate"]
Shuffle = Literal["epoch", "once"]

_CHOICES = {
    "grouped": get_args(Grouped),
    "contrast": get_args(Contrast),
    "mining": get_args(Mining),
    "neighbours": get_args(Neighbours),
    "clustering": get_args(Clustering),
    "shuffle": get_args(Shuffle),
}
_LEAST = {"stride": 0, "heads": 0} | dict.fromkeys(
    ("window_length", "hidden", "k1", "k2", "min_samples", "batch_size", "max_epochs", "patience"), 1
)
_MOST = {
    "hidden": 4096,  # with as many heads as may be, and all levels, some 50 GB
    "heads": 256,
    "k1": 1000,  # time grows faster than its square: 3,000 windows at 500 took 47 s on a core, at 20 0.3 s
    "k2": 1000,
} | dict.fromkeys(("window_length", "stride", "min_samples", "batch_size", "max_epochs", "patience"), 2**31 - 1)


@dataclass(frozen=True)
class Config:
    """Every setting of training; the numbers are those of docs/method.md, sections 2 to 6, which says where
    they are ours.

    Attributes
    ----------
    window_length : int
        F, frames a window.
    stride : int
        Frames between starts of training windows; 0 means F // 2.
    levels : tuple
        Which of joint, component and limb are used.
    hidden : int
        H, size of an embedding of one level.
    heads : int
        M, meta-transformations a level; 0 for none: features and prototypes are compared as they are.
    grouped : {"windows", "recordings"}
        What gets pseudo-labels: each window, as published, or each recording, whose windows all inherit its label.
        k1, k2, clustering, eps and min_samples are about windows only (see `himpc.learning.recording_labels`).
    k1, k2 : int
        Neighbours for reciprocal sets and for query expansion, at most 1000.
    neighbours : {"auto", "exact", "approximate"}
        How they are found (`himpc.learning.neighbours.nearest`); "auto" is exact on a GPU, and on a CPU up to 30,000
        windows.
    clustering : {"dbscan", "hdbscan"}
        What groups windows by their Jaccard distance; published is DBSCAN.
    eps, min_samples : float, int
        DBSCAN on the Jaccard distance; HDBSCAN has no eps. The published eps are 0.6, 0.75 and 0.8, by data set; at
        0.8 the first windows of simulated walkers all fall into one group, so it is 0.6 here.
    mining : {"hard", "off", "inverted"}
        Hard skeleton mining as published, none (all frames weigh the same), or easy frames first.
    mining_gradient : bool
        Whether gradients flow through the mining weights, as published.
    contrast : {"frames", "windows"}
        What is compared with the prototypes: each frame, as published, or the mean of a window's frames, which leaves
        mining no choice.
    temperature : float
        0, as published: products of features and prototypes over sqrt(H). Above 0: both are divided by their length,
        and their products by the temperature.
    mask : float
        Share of the frames of each window, 0 to below 1, that an epoch does not see: neither its pseudo-labels and
        prototypes nor its steps. Drawn anew for each window and epoch; one frame is left at the least. Published is 0.
    normalise : bool
        Divide the features of frames and windows by their length, in clustering, contrast and embeddings alike;
        published is not.
    align : bool
        Turn the body of every frame to face one way, in training and embedding alike; published is not.
    distances : bool
        Give the encoders the distances between all nodes beside the nodes; published is not.
    whiten : bool
        Let the encoders start from features that are whitened by what changes while a person stays the same
        (`himpc.learning.whitening`); published is not.
    joint_weight : float
        Weight of the joint level's loss; the released code has M.
    learning_rate : float
        Of Adam.
    batch_size : int
        Windows a step.
    shuffle : {"epoch", "once"}
        A new order of the windows every epoch, or one order for all epochs; the released code has "once".
    drop_last : bool
        Leave out the last batch of an epoch where it is not full, as the released code does.
    max_epochs : int
        The most epochs to train.
    patience : int
        Stop after this many epochs in which the pseudo-labels did not become stabler, or, where an outside score
        chooses the checkpoint, in which it did not rise (see `himpc.learning.trainer`).
    seed : int
        One seed gives one result.
    """

    window_length: int = 6
    stride: int = 0
    levels: tuple[Level, ...] = LEVELS
    hidden: int = 256
    heads: int = 8
    grouped: Grouped = "windows"
    k1: int = 20
    k2: int = 6
    neighbours: Neighbours = "auto"
    clustering: Clustering = "dbscan"
    eps: float = 0.6
    min_samples: int = 2
    mining: Mining = "hard"
    mining_gradient: bool = True
    contrast: Contrast = "frames"
    temperature: float = 0.0
    mask: float = 0.0
    normalise: bool = False
    align: bool = False
    distances: bool = False
    whiten: bool = False
    joint_weight: float = 1.0
    learning_rate: float = 3.5e-4
    batch_size: int = 256
    shuffle: Shuffle = "epoch"
    drop_last: bool = False
    max_epochs: int = 50
    patience: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", tuple(self.levels))
        for field in dataclasses.fields(self):
            _check_type(field.name, getattr(self, field.name), getattr(type(self), field.name))
        for name, least in _LEAST.items():
            if getattr(self, name) < least:
                raise ConfigError(f"{name} must be {least} or more, found {getattr(self, name)}")
        if not 0 < self.eps <= 1:
            raise ConfigError(f"eps must be above 0 and at most 1 (a Jaccard distance), found {self.eps}")
        if not 0 < self.learning_rate <= 1:
            raise ConfigError(f"learning_rate must be above 0 and at most 1, found {self.learning_rate}")
        if not (self.temperature == 0 or 1e-3 <= self.temperature <= 1e3):
            raise ConfigError(f"temperature must be 0, for none, or from 0.001 to 1000, found {self.temperature}")
        if not 0 <= self.mask < 1:
            raise ConfigError(f"mask must be 0 or more and below 1 (a share of frames), found {self.mask}")
        if not 0 <= self.joint_weight < math.inf:
            raise ConfigError(f"joint_weight must be 0 or more, found {self.joint_weight}")
        if not 0 <= self.seed < 2**63:
            raise ConfigError(f"seed must be from 0 to 2^63 - 1, found {self.seed}")
        for name, most in _MOST.items():
            if getattr(self, name) > most:
                raise ConfigError(f"{name} must be at most {most}, found {getattr(self, name)}")
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise ConfigError(f"{name} must be one of {', '.join(choices)}, found {getattr(self, name)!r}")
        if not self.levels or len(set(self.levels)) != len(self.levels) or not set(self.levels) <= set(LEVELS):
            raise ConfigError(f"levels must be some of {', '.join(LEVELS)}, each once, found {self.levels}")

    @property
    def training_stride(self) -> int:
        """Frames between starts of training windows: `stride`, or F // 2."""
        return self.stride or max(1, self.window_length // 2)

    def with_(self, **changes: Any) -> Config:
        """Return a copy with some settings changed, checked again; `None` leaves a setting as it is.

        Raises
        ------
        ConfigError
            If a setting is unknown or out of its range.
        """
        changes = {name: value for name, value in changes.items() if value is not None}
        known = [field.name for field in dataclasses.fields(self)]
        for name in changes:
            if name not in known:
                raise ConfigError(f"unknown setting {name!r}; the settings are {', '.join(known)}")
        return dataclasses.replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain data."""
        return {**dataclasses.asdict(self), "levels": list(self.levels)}

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> Config:
        """Return the settings in a table; those it does not name keep their defaults."""
        return cls().with_(**table)

    @classmethod
    def preset(cls, name: str) -> Config:
        """Return a preset that comes with himpc.

        Raises
        ------
        ConfigError
            If there is none of that name.
        """
        if name not in preset_names():
            raise ConfigError(f"unknown preset {name!r}: choose one of {', '.join(preset_names())}")
        return cls.from_dict(tomllib.loads((_presets() / f"{name}.toml").read_text(encoding="utf-8")))


def preset_names() -> tuple[str, ...]:
    """Return the names of the presets."""
    return tuple(sorted(f.name.removesuffix(".toml") for f in _presets().iterdir() if f.name.endswith(".toml")))


def _presets() -> Any:
    return files("himpc.learning") / "presets"


def _check_type(name: str, value: object, example: object) -> None:
    wanted: tuple[type, ...] = (int, float) if isinstance(example, float) else (type(example),)
    if isinstance(value, bool) is not isinstance(example, bool) or not isinstance(value, wanted):
        raise ConfigError(f"{name} must be {'a number' if float in wanted else wanted[0].__name__}, found {value!r}")

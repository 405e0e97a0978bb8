"""The settings of training and their presets.

Each setting is declared once, in `Config`: the command-line options, the validation of preset and sweep files, and the
table in docs/settings.md are derived from it.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from himpc._schema import OneOf, parse_toml, validated
from himpc.errors import ConfigError, suggest_name
from himpc.learning.losses import LOSSES
from himpc.skeleton import LEVELS, Level

Contrast = Literal["frames", "windows"]
ClusteringUnit = Literal["windows", "recordings"]
Mining = Literal["hard", "off", "inverted"]
Clustering = Literal["dbscan", "hdbscan"]
Neighbours = Literal["auto", "exact", "approximate"]
Shuffle = Literal["epoch", "once"]
Precision = Literal["float32", "tf32"]
Prior = Literal["auto", "identity", "segments", "none"]

_PRESETS = Path(__file__).parent / "presets"


def _check_levels(levels: tuple[Level, ...]) -> tuple[Level, ...]:
    if not levels or len(set(levels)) < len(levels):
        raise ValueError(f"must be one or more of {', '.join(LEVELS)}, without repetition, found {levels}")
    return levels


def _check_temperature(temperature: float) -> float:
    if not (temperature == 0 or 1e-3 <= temperature <= 1e3):
        raise ValueError(f"must be 0, for none, or from 0.001 to 1000, found {temperature}")
    return temperature


Levels = Annotated[tuple[Level, ...], Field(strict=False), AfterValidator(_check_levels)]
Count = Annotated[int, Field(ge=1, lt=2**31)]
NeighbourCount = Annotated[int, Field(ge=1, le=1000)]  # 3,000 windows at 500 took 47 s on a core, at 20 0.3 s
Share = Annotated[float, Field(gt=0, le=1)]


@validated
class Config:
    """All settings of training, validated on construction.

    The defaults equal the preset ``clean``: the published method without any labels (docs/method.md, sections 2 to 6).

    Raises
    ------
    ConfigError
        If a setting is unknown, of the wrong type, or out of its range.

    Examples
    --------
    >>> Config.preset("tracklet").with_(max_epochs=5).hidden
    64
    """

    window_length: Count = 6
    """Frames per window (F)."""
    stride: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Frames between starts of training windows; 0 means half a window."""
    levels: Levels = LEVELS
    """Levels of the skeleton hierarchy to use."""
    hidden: Annotated[int, Field(ge=1, le=4096)] = 256
    """Size of the embedding of one level (H)."""
    heads: Annotated[int, Field(ge=0, le=256)] = 8
    """Meta-transformations per level (M); 0 compares features and prototypes without any."""
    grouped: ClusteringUnit = "windows"
    """What is clustered: each window, as published, or each recording, whose windows then share one pseudo-label."""
    k1: NeighbourCount = 20
    """Neighbours of a window from which its reciprocal set is made."""
    k2: NeighbourCount = 6
    """Neighbours of a window over which query expansion averages."""
    neighbours: Neighbours = "auto"
    """Search for neighbours; auto is exact on a GPU, and on a CPU up to 30,000 windows."""
    clustering: Clustering = "dbscan"
    """Clustering of windows by Jaccard distance; published is DBSCAN."""
    eps: Share = 0.6
    """Radius of DBSCAN, a Jaccard distance; published are 0.6 to 0.8 by data set; HDBSCAN ignores it."""
    min_samples: Count = 2
    """Windows within the radius, the window itself included, that make a core window."""
    loss: Annotated[str, OneOf(LOSSES)] = "hi_mpc"
    """Loss that is minimised: a name of the table in himpc.learning.losses; hi_mpc as published."""
    mining: Mining = "hard"
    """Weights of frames: hard skeleton mining as published, off for equal weights, inverted for easy frames first."""
    mining_gradient: bool = True
    """Let gradients flow through the mining weights, as published."""
    contrast: Contrast = "frames"
    """What is compared with prototypes: each frame, as published, or the mean of a window, which leaves mining idle."""
    temperature: Annotated[float, AfterValidator(_check_temperature)] = 0.0
    """Compare by cosine divided by this temperature; 0, as published, compares by product over sqrt(H)."""
    mask: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the frames of each window that an epoch leaves out at random; published is 0."""
    normalise: bool = False
    """Scale the features of frames and windows to length 1, in clustering, contrast and embeddings."""
    align: bool = False
    """Rotate the body in every frame to face one direction, in training and embedding."""
    distances: bool = False
    """Give the encoders the distances between all nodes as extra inputs."""
    whiten: bool = False
    """Start the encoders from features whitened by what varies while the person stays the same."""
    prior: Prior = "none"
    """Start: identity adapts the identity prior to the recordings, and segments compares shapes of rigid segments, both
    without epochs; none trains from recordings alone; auto decides by the recordings."""
    joint_weight: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)] = 1.0
    """Weight of the loss of the joint level; the released code has M."""
    learning_rate: Share = 3.5e-4
    """Learning rate of Adam."""
    batch_size: Count = 256
    """Windows per step."""
    shuffle: Shuffle = "epoch"
    """Shuffle the windows every epoch, or once for all epochs as the released code does."""
    drop_last: bool = False
    """Leave out the last batch of an epoch if it is not full, as the released code does."""
    max_epochs: Count = 50
    """Maximum number of epochs."""
    patience: Count = 10
    """Stop after this many epochs without a rise of the stability of pseudo-labels (or of a score, if one is given)."""
    precision: Precision = "float32"
    """Arithmetic of matrix products on a GPU: tf32 rounds their factors to 11 bits, and took two thirds of the time of
    an epoch; on a CPU both are float32."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Seed of all random numbers; on a CPU one seed gives one result."""

    @property
    def training_stride(self) -> int:
        """Frames between starts of training windows: `stride`, or F // 2."""
        return self.stride or max(1, self.window_length // 2)

    def with_(self, **changes: Any) -> Config:
        """Return a copy with some settings changed; `None` leaves a setting as it is.

        Raises
        ------
        ConfigError
            If a setting is unknown or out of its range.
        """
        names = [field.name for field in dataclasses.fields(self)]
        if unknown := [name for name in changes if name not in names]:
            raise ConfigError(f"unknown setting {suggest_name(unknown[0], names)}; the settings are {', '.join(names)}")
        return dataclasses.replace(self, **{name: value for name, value in changes.items() if value is not None})

    def without_labels(self, preset: str) -> Config:
        """Return these settings, or raise `ConfigError` if they come from a preset that needs labels."""
        if preset == "paper":
            raise ConfigError(
                "preset 'paper' balances the training set by person and chooses the checkpoint by a labelled probe set",
                hint="use it in a benchmark, or set {joint_weight}, {shuffle} and {drop_last}, which need no labels",
            )
        return self

    @classmethod
    def preset(cls, name: str) -> Config:
        """Read a preset of the package; see `preset_names`.

        Raises
        ------
        ConfigError
            If there is no preset of that name.
        """
        if name not in preset_names():
            raise ConfigError(
                f"unknown preset {suggest_name(name, preset_names())}; the presets are {', '.join(preset_names())}"
            )
        return parse_toml(cls, _PRESETS / f"{name}.toml")


def preset_names() -> tuple[str, ...]:
    """Return the names of the presets."""
    return tuple(sorted(path.stem for path in _PRESETS.glob("*.toml")))

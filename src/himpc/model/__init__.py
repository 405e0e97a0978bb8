"""The encoder and its heads, the multi-level representation, and anthropometric baselines."""

from himpc.model.baselines import BASELINES, Baseline
from himpc.model.device import resolve_device
from himpc.model.encoder import LevelEncoder, Network, mean_over_frames
from himpc.model.model import Model, window_features

__all__ = [
    "BASELINES",
    "Baseline",
    "LevelEncoder",
    "Model",
    "Network",
    "mean_over_frames",
    "resolve_device",
    "window_features",
]

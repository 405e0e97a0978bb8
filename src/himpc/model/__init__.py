"""The encoder and its heads, the multi-level representation, and anthropometric baselines."""

from himpc.model.baselines import BASELINES, Baseline
from himpc.model.device import resolve_device
from himpc.model.encoder import LevelEncoder, Network, mean_over_frames
from himpc.model.export import export_onnx
from himpc.model.inference import Inference
from himpc.model.model import Model, window_features
from himpc.model.stream import Stream

__all__ = [
    "BASELINES",
    "Baseline",
    "Inference",
    "LevelEncoder",
    "Model",
    "Network",
    "Stream",
    "export_onnx",
    "mean_over_frames",
    "resolve_device",
    "window_features",
]

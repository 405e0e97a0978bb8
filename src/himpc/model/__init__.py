"""The encoder and its heads, trained models and their export, and anthropometric baselines."""

from himpc.model.baselines import BASELINES, Baseline
from himpc.model.card import CARD_FILE, WEIGHTS_FILE
from himpc.model.device import resolve_device
from himpc.model.encoder import LevelEncoder, Network, WhitenedEncoder, mean_over_frames, unit
from himpc.model.export import export_onnx
from himpc.model.fast_matmul import linear, matmul
from himpc.model.inference import Inference
from himpc.model.model import Model, window_features
from himpc.model.pooling import POSE_EXPONENT, pool_windows, pose_weights
from himpc.model.prior import IdentityPrior, load_prior
from himpc.model.scoring import CALIBRATION_SLOPE, NOISE_VARIANCE, IdentityScoring
from himpc.model.stream import Stream
from himpc.model.tensors import read_note, read_tensors, shapes_of, write_tensors

__all__ = [
    "BASELINES",
    "CALIBRATION_SLOPE",
    "CARD_FILE",
    "NOISE_VARIANCE",
    "POSE_EXPONENT",
    "WEIGHTS_FILE",
    "Baseline",
    "IdentityPrior",
    "IdentityScoring",
    "Inference",
    "LevelEncoder",
    "Model",
    "Network",
    "Stream",
    "WhitenedEncoder",
    "export_onnx",
    "linear",
    "load_prior",
    "matmul",
    "mean_over_frames",
    "pool_windows",
    "pose_weights",
    "read_note",
    "read_tensors",
    "resolve_device",
    "shapes_of",
    "unit",
    "window_features",
    "write_tensors",
]

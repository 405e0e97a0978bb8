"""The encoder and its heads, trained models and their export, and anthropometric baselines."""

from typing import TYPE_CHECKING

from himpc._extras import import_on_first_use

if TYPE_CHECKING:
    from himpc.model.baselines import BASELINES, Baseline
    from himpc.model.card import CARD_FILE, WEIGHTS_FILE, parse_card
    from himpc.model.device import resolve_device
    from himpc.model.encoder import LevelEncoder, Network, WhitenedEncoder, mean_over_frames, unit
    from himpc.model.export import export_onnx
    from himpc.model.fast_matmul import linear, matmul
    from himpc.model.inference import Inference, window_features
    from himpc.model.model import Model
    from himpc.model.pooling import POSE_EXPONENT, noise_and_still, pool_windows, pose_weights, relative_noise
    from himpc.model.prior import MIN_PRIOR_JOINTS, IdentityPrior, load_prior
    from himpc.model.scoring import (
        CALIBRATION_SLOPE,
        NOISE_VARIANCE,
        TYPICAL_NOISE_RATIO,
        IdentityScoring,
        RankingScoring,
    )
    from himpc.model.stream import Stream
    from himpc.model.tensors import read_note, read_tensors, shapes_of, write_tensors

__all__ = [
    "BASELINES",
    "CALIBRATION_SLOPE",
    "CARD_FILE",
    "MIN_PRIOR_JOINTS",
    "NOISE_VARIANCE",
    "POSE_EXPONENT",
    "TYPICAL_NOISE_RATIO",
    "WEIGHTS_FILE",
    "Baseline",
    "IdentityPrior",
    "IdentityScoring",
    "Inference",
    "LevelEncoder",
    "Model",
    "Network",
    "RankingScoring",
    "Stream",
    "WhitenedEncoder",
    "export_onnx",
    "linear",
    "load_prior",
    "matmul",
    "mean_over_frames",
    "noise_and_still",
    "parse_card",
    "pool_windows",
    "pose_weights",
    "read_note",
    "read_tensors",
    "relative_noise",
    "resolve_device",
    "shapes_of",
    "unit",
    "window_features",
    "write_tensors",
]

__getattr__ = import_on_first_use(
    __name__,
    {
        "baselines": "BASELINES Baseline",
        "card": "CARD_FILE WEIGHTS_FILE parse_card",
        "device": "resolve_device",
        "encoder": "LevelEncoder Network WhitenedEncoder mean_over_frames unit",
        "export": "export_onnx",
        "fast_matmul": "linear matmul",
        "inference": "Inference window_features",
        "model": "Model",
        "pooling": "POSE_EXPONENT noise_and_still pool_windows pose_weights relative_noise",
        "prior": "MIN_PRIOR_JOINTS IdentityPrior load_prior",
        "scoring": "CALIBRATION_SLOPE NOISE_VARIANCE TYPICAL_NOISE_RATIO IdentityScoring RankingScoring",
        "stream": "Stream",
        "tensors": "read_note read_tensors shapes_of write_tensors",
    },
)


def __dir__() -> list[str]:
    return __all__

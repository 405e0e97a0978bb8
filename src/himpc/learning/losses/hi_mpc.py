"""Hi-MPC: hierarchical skeleton meta-prototype contrast with hard skeleton mining, as published.

Reference: Rao, Leung, Miao: Hierarchical skeleton meta-prototype contrastive learning with hard skeleton mining for
unsupervised person re-identification. IJCV 2023, arXiv 2307.12917. docs/method.md, section 4, has the same symbols:
B windows, F frames per window, H features, M heads, K prototypes.

Training uses `himpc.learning._fast.hi_mpc`; tests/learning/losses/test_hi_mpc.py compares the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from himpc.learning.config import Config, Mining

SIGNS: dict[Mining, tuple[float, float]] = {"hard": (-1.0, 1.0), "inverted": (1.0, -1.0), "off": (0.0, 0.0)}
"""The sign s of mining, for a window whose prediction is right, and for one whose prediction is wrong."""


def hi_mpc(frames: Tensor, prototypes: Tensor, heads: Tensor, labels: Tensor, config: Config) -> Tensor:
    """Compute the Hi-MPC loss of one level: the mean over heads and windows.

    Parameters
    ----------
    frames : tensor ``(B, F, H)``
        h, the feature of each frame.
    prototypes : tensor ``(K, H)``
        c, the mean feature of each pseudo-label.
    heads : tensor ``(M, H, H)``
        W; without heads (M = 0) features and prototypes are compared untransformed.
    labels : int64 tensor ``(B,)``
        y, the pseudo-label of each window.
    config : Config
        ``mining`` and ``mining_gradient`` are used.
    """
    heads = heads if len(heads) else torch.eye(frames.shape[-1]).to(frames)[None]
    transformed = torch.einsum("bfh,mhd->mbfd", frames, heads)  # h_t W_m
    centres = torch.einsum("kh,mhd->mkd", prototypes, heads)  # c_k W_m
    logits = torch.einsum("mbfd,mkd->mbfk", transformed, centres) / frames.shape[-1] ** 0.5  # z
    weights = mining_weights(logits, labels, config.mining)  # w
    weights = weights if config.mining_gradient else weights.detach()
    targets = labels[None, :, None].expand(logits.shape[:3])
    cross_entropy = functional.cross_entropy(logits.movedim(-1, 1), targets, reduction="none")
    return (weights * cross_entropy).sum(dim=-1).mean()


def mining_weights(logits: Tensor, labels: Tensor, mining: Mining = "hard") -> Tensor:
    """Compute the weight of each frame in its window, ``(M, B, F)``; the weights of a window sum to 1.

    If a head already predicts the label of a window, the frames that agree least weigh most. If not, the frames that
    are most certain of the wrong prototype do.

    Parameters
    ----------
    logits : tensor ``(M, B, F, K)``
    labels : int64 tensor ``(B,)``
    mining : {"hard", "off", "inverted"}
        The published weights, equal weights, or the published weights with opposite signs.
    """
    predicted = predict(logits)
    right, wrong = SIGNS[mining]
    signs = torch.where(predicted == labels, right, wrong)[..., None].to(logits.dtype)
    at_predicted = logits.gather(-1, predicted[..., None, None].expand(*logits.shape[:3], 1)).squeeze(-1)
    return (signs * at_predicted).softmax(dim=-1)


def predict(logits: Tensor) -> Tensor:
    """Return the prototype that each head predicts for a window from its mean logits, int64 ``(M, B)``."""
    return logits.mean(dim=2).argmax(dim=-1)

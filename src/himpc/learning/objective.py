"""Skeleton meta-prototype contrast with hard skeleton mining (Hi-MPC, METHOD section 4).

Shapes: B windows, F frames a window, H the embedding size, M heads, K groups of the level.
"""

from __future__ import annotations

import torch
from torch import Tensor

from himpc.learning.config import Mining

__all__ = ["level_loss", "meta_logits", "mining_weights", "predictions", "window_losses"]


def meta_logits(frames: Tensor, prototypes: Tensor, heads: Tensor) -> Tensor:
    """Return ``z[b, t, m, k] = (h_bt W_m)·(c_k W_m) / sqrt(H)``.

    Parameters
    ----------
    frames : tensor ``(B, F, H)``
        Features of single frames.
    prototypes : tensor ``(K, H)``
        Constant during an epoch.
    heads : tensor ``(M, H, H)``
        The meta-transformations W.

    Returns
    -------
    tensor ``(B, F, M, K)``

    Notes
    -----
    As published, every frame meets every head: ``M H² (B F + K)`` multiply-adds, and ``M B F H K`` for the products.
    ``h W_m · c W_m = h · (c W_m W_m^T)``, so where there are fewer prototypes than frames the prototypes go through
    the heads twice and the frames not at all: ``2 M H² K``, and the same products, in one matrix product.
    """
    b, f, h = frames.shape
    m, k = len(heads), len(prototypes)
    logits: Tensor
    meta_prototypes = prototypes @ heads  # (M, K, H)
    if k <= b * f:
        targets = (meta_prototypes @ heads.mT).reshape(m * k, h)
        logits = (frames.reshape(b * f, h) @ (targets.T / h**0.5)).view(b, f, m, k)
    else:
        meta_frames = frames.reshape(b * f, h) @ heads  # (M, B F, H)
        logits = (meta_frames @ meta_prototypes.mT / h**0.5).view(m, b, f, k).permute(1, 2, 0, 3)
    return logits


def predictions(logits: Tensor) -> Tensor:
    """Return the group each head finds nearest to the mean frame of a window, int64 ``(B, M)``."""
    return logits.detach().mean(dim=1).argmax(dim=-1)


def mining_weights(logits: Tensor, labels: Tensor, mining: Mining = "hard") -> Tensor:
    """Return the weight of each frame in its window, ``(B, F, M)``, summing to 1 over frames.

    A window that a head already gets right looks at the frames that agree least; one that it gets wrong, at the frames
    that are most sure of the wrong group. Gradients flow through the weights.

    Parameters
    ----------
    logits : tensor ``(B, F, M, K)``
    labels : int64 tensor ``(B,)``
        Pseudo-labels, 0 to K - 1.
    mining : {"hard", "off", "inverted"}
        As published; all frames alike; the easy frames first.
    """
    b, f, m, _ = logits.shape
    if mining == "off":
        return logits.new_full((b, f, m), 1 / f)
    predicted = predictions(logits)
    right, wrong = (-1.0, 1.0) if mining == "hard" else (1.0, -1.0)
    sign = torch.where(predicted == labels[:, None], right, wrong).to(logits.dtype)
    chosen = logits.gather(-1, predicted[:, None, :, None].expand(b, f, m, 1)).squeeze(-1)
    return (sign[:, None] * chosen).softmax(dim=1)


def window_losses(logits: Tensor, labels: Tensor, mining: Mining = "hard") -> Tensor:
    """Return the loss of each window under each head, ``(B, M)``: cross-entropy of its frames, weighted by mining."""
    b, f, m, _ = logits.shape
    own = logits.gather(-1, labels[:, None, None, None].expand(b, f, m, 1)).squeeze(-1)
    cross_entropy = logits.logsumexp(dim=-1) - own
    return (mining_weights(logits, labels, mining) * cross_entropy).sum(dim=1)


def level_loss(
    frames: Tensor, prototypes: Tensor, heads: Tensor, labels: Tensor, mining: Mining = "hard", weight: float = 1.0
) -> Tensor:
    """Return the loss of one level: the mean over windows and heads, times the level's weight.

    The total of Hi-MPC is the mean over levels. The released code sums the heads of the joint level, which is
    ``weight = M`` there.

    Parameters
    ----------
    frames : tensor ``(B, F, H)``
        Frame features of the batch.
    prototypes : tensor ``(K, H)``
    heads : tensor ``(M, H, H)``
    labels : int64 tensor ``(B,)``
        Pseudo-labels of the windows, 0 to K - 1.
    mining : {"hard", "off", "inverted"}
        See `mining_weights`.
    weight : float
        Weight of the level.
    """
    return weight * window_losses(meta_logits(frames, prototypes, heads), labels, mining).mean()

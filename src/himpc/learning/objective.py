"""Skeleton meta-prototype contrast with hard skeleton mining (docs/method.md, section 4).

Shapes: B windows, F frames a window, H the embedding size, M heads, K groups of the level.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from himpc.learning.config import Mining

__all__ = ["level_loss", "meta_logits", "mining_weights", "predictions", "window_losses"]


def meta_logits(frames: Tensor, prototypes: Tensor, heads: Tensor) -> Tensor:
    """Return ``z[b, t, m, k] = (h_bt W_m)·(c_k W_m) / sqrt(H)``; without heads, ``h_bt·c_k / sqrt(H)`` as one head.

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
    tensor ``(B, F, max(M, 1), K)``

    Notes
    -----
    As published, every frame meets every head: ``M H² (B F + K)`` multiply-adds, and ``M B F H K`` for the products.
    ``h W_m · c W_m = h · (c W_m W_m^T)``, so where there are fewer prototypes than frames the prototypes go through
    the heads twice and the frames not at all: ``2 M H² K``, and the same products, in one matrix product.
    """
    b, f, h = frames.shape
    m, k = len(heads), len(prototypes)
    logits: Tensor
    if m == 0:
        logits = (frames.reshape(b * f, h) @ (prototypes.T / h**0.5)).view(b, f, 1, k)
        return logits
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
    that are most sure of the wrong group.

    Parameters
    ----------
    logits : tensor ``(B, F, M, K)``
    labels : int64 tensor ``(B,)``
        Pseudo-labels, 0 to K - 1.
    mining : {"hard", "off", "inverted"}
        As published; all frames alike; the easy frames first.
    """
    chosen, sign = _looked_at(logits, labels, mining)
    return (sign * logits.gather(-1, chosen).squeeze(-1)).softmax(dim=1)


def _looked_at(logits: Tensor, labels: Tensor, mining: Mining) -> tuple[Tensor, Tensor]:
    """Return the predicted group as an index of the logits, ``(B, F, M, 1)``, and the sign s, ``(B, 1, M)``."""
    b, f, m, _ = logits.shape
    predicted = predictions(logits)
    right, wrong = {"hard": (-1.0, 1.0), "inverted": (1.0, -1.0), "off": (0.0, 0.0)}[mining]
    sign = torch.where(predicted == labels[:, None], right, wrong).to(logits.dtype)
    return predicted[:, None, :, None].expand(b, f, m, 1), sign[:, None]


def window_losses(logits: Tensor, labels: Tensor, mining: Mining = "hard", mining_gradient: bool = True) -> Tensor:
    """Return the loss of each window under each head, ``(B, M)``: cross-entropy of its frames, weighted by mining.

    Gradients flow through the weights, as published, unless `mining_gradient` is False.
    """
    losses: Tensor = _MinedCrossEntropy.apply(logits, labels, mining, mining_gradient)  # type: ignore[no-untyped-call]
    return losses


class _MinedCrossEntropy(torch.autograd.Function):
    """``sum_t w_t CE_t`` with its gradient written out: a third of the passes over the logits that autograd makes.

    With ``p = softmax(z)`` and L the loss of the window and head, the gradient by z at frame t and group k is
    ``w_t (p_tk - [k = y]) + [k = guess] s w_t (CE_t - L)``; the second part flows through the weights.
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, labels: Tensor, mining: Mining, mining_gradient: bool) -> Tensor:
        b, f, m, _ = logits.shape
        own = labels[:, None, None, None].expand(b, f, m, 1)
        chosen, sign = _looked_at(logits, labels, mining)
        weights = (sign * logits.gather(-1, chosen).squeeze(-1)).softmax(dim=1)
        cross_entropy = -logits.log_softmax(dim=-1).gather(-1, own).squeeze(-1)
        losses = (weights * cross_entropy).sum(dim=1)
        ctx.mining_gradient = mining_gradient
        ctx.save_for_backward(logits, own, chosen, weights, sign * (cross_entropy - losses[:, None]))
        return losses

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        logits, own, chosen, weights, through_weights = ctx.saved_tensors
        scale = gradients[0][:, None] * weights
        by_logits = logits.softmax(dim=-1).mul_(scale[..., None])
        by_logits.scatter_add_(-1, own, -scale[..., None])
        if ctx.mining_gradient:
            by_logits.scatter_add_(-1, chosen, (scale * through_weights)[..., None])
        return by_logits, None, None, None


def level_loss(
    frames: Tensor,
    prototypes: Tensor,
    heads: Tensor,
    labels: Tensor,
    mining: Mining = "hard",
    weight: float = 1.0,
    mining_gradient: bool = True,
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
        With M = 0, frames and prototypes are compared as they are.
    labels : int64 tensor ``(B,)``
        Pseudo-labels of the windows, 0 to K - 1.
    mining : {"hard", "off", "inverted"}
        See `mining_weights`.
    weight : float
        Weight of the level.
    mining_gradient : bool
        Whether gradients flow through the mining weights.
    """
    logits = meta_logits(frames, prototypes, heads)
    return weight * window_losses(logits, labels, mining, mining_gradient).mean()

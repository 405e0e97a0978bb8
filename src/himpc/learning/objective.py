"""Skeleton meta-prototype contrast with hard skeleton mining (docs/method.md, section 4).

Shapes: B windows, F frames a window, H the embedding size, M heads, K groups of the level.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from himpc.learning.config import Mining
from himpc.learning.meta_products import meta_products
from himpc.learning.mined_rows import mine_rows
from himpc.learning.threads import on_one_thread, on_threads

__all__ = ["level_loss", "mined_cross_entropy", "mining_weights", "predictions"]

SIGNS: dict[Mining, tuple[float, float]] = {"hard": (-1.0, 1.0), "inverted": (1.0, -1.0), "off": (0.0, 0.0)}
"""What a frame's logit of the guess is multiplied by, where the guess is the label and where it is not."""

SMALLEST = -100.0
"""Shares below two to this power of the largest count as that: denormal numbers would be slow, and change nothing."""


def predictions(logits: Tensor) -> Tensor:
    """Return the group each head finds nearest to the mean frame of a window, int64 ``(M, B)``."""
    return logits.mean(dim=2).argmax(dim=-1)


def mining_weights(logits: Tensor, labels: Tensor, mining: Mining = "hard") -> Tensor:
    """Return the weight of each frame in its window, ``(M, B, F)``, summing to 1 over frames.

    A window that a head already gets right looks at the frames that agree least; one that it gets wrong, at the frames
    that are most sure of the wrong group.

    Parameters
    ----------
    logits : tensor ``(M, B, F, K)``
    labels : int64 tensor ``(B,)``
        Pseudo-labels, 0 to K - 1.
    mining : {"hard", "off", "inverted"}
        As published; all frames alike; the easy frames first.
    """
    guesses = predictions(logits)
    return _weights(logits, guesses, _signs(guesses, labels, mining))


def _signs(guesses: Tensor, labels: Tensor, mining: Mining) -> Tensor:
    """Return s: what a frame's logit of the guess is multiplied by, ``(M, B, 1)``."""
    right, wrong = SIGNS[mining]
    return torch.where(guesses == labels, right, wrong)[..., None]


def _weights(logits: Tensor, guesses: Tensor, signs: Tensor) -> Tensor:
    at_guess = logits.gather(-1, _each_frame(guesses, logits)).squeeze(-1)
    return (signs.to(logits.dtype) * at_guess).softmax(dim=-1)


def _each_frame(groups: Tensor, logits: Tensor) -> Tensor:
    """Return a window's group as an index of the logits of each of its frames, ``(M, B, F, 1)``."""
    return groups[..., None, None].expand(*logits.shape[:3], 1)


def mined_cross_entropy(
    logits: Tensor, labels: Tensor, mining: Mining = "hard", mining_gradient: bool = True
) -> tuple[Tensor, Tensor]:
    """Return the loss of each window under each head, ``(M, B)``, and the gradient of their sum by the logits.

    The loss is the cross-entropy of the window's frames, weighted by `mining_weights`. Gradients flow through the
    weights, as published, unless `mining_gradient` is False. The gradient is written over the logits.

    Notes
    -----
    With ``p = softmax(z)`` and L the loss of the window and head, the gradient by z at frame t and group k is
    ``w_t (p_tk - [k = y]) + [k = guess] s w_t (CE_t - L)``; the second part flows through the weights.
    """
    if logits.device.type == "cpu" and logits.dtype == torch.float32:
        losses = logits.new_empty(logits.shape[:2])
        mine_rows(logits.numpy(), labels.numpy(), *SIGNS[mining], mining_gradient, losses.numpy())
        return losses, logits
    return _by_tensors(logits, labels, mining, mining_gradient)


def _by_tensors(logits: Tensor, labels: Tensor, mining: Mining, mining_gradient: bool) -> tuple[Tensor, Tensor]:
    """The same for any device and precision."""
    guesses = predictions(logits)
    signs = _signs(guesses, labels, mining).to(logits.dtype)
    weights = _weights(logits, guesses, signs)
    own, guessed = _each_frame(labels.expand_as(guesses), logits), _each_frame(guesses, logits)
    top = logits.amax(dim=-1, keepdim=True)
    above_own = top - logits.gather(-1, own)
    powers = (
        logits.sub_(top).mul_(math.log2(math.e)).clamp_(min=SMALLEST).exp2_()
    )  # exp2 is 2 to 20 times faster than exp
    total = powers.sum(dim=-1)
    cross_entropy = above_own.squeeze(-1) + total.log()
    losses = (weights * cross_entropy).sum(dim=-1)
    by_logits = powers.mul_((weights / total)[..., None]).scatter_add_(-1, own, -weights[..., None])
    if mining_gradient:
        through_weights = signs * weights * (cross_entropy - losses[..., None])
        by_logits.scatter_add_(-1, guessed, through_weights[..., None])
    return losses, by_logits


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
        Constants: no gradient flows to them.
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
    wanted = torch.is_grad_enabled() and (frames.requires_grad or heads.requires_grad)
    loss: Tensor = _LevelLoss.apply(  # type: ignore[no-untyped-call]
        frames, prototypes, heads, labels, mining, mining_gradient, wanted
    )
    return weight * loss


class _LevelLoss(torch.autograd.Function):
    """The mean loss, with its gradients made in the same pass: what arrives backwards is one number, their scale."""

    @staticmethod
    def forward(
        ctx: Any,
        frames: Tensor,
        prototypes: Tensor,
        heads: Tensor,
        labels: Tensor,
        mining: Mining,
        mining_gradient: bool,
        wanted: bool,
    ) -> Tensor:
        b, f, h = frames.shape
        with on_one_thread():
            products = meta_products(frames.reshape(b * f, h), prototypes / h**0.5, len(heads))

        def of(some: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor] | None]:
            between = products.between(some)
            logits = products.logits(between).view(-1, b, f, len(prototypes))
            losses, by_logits = mined_cross_entropy(logits, labels, mining, mining_gradient)
            return losses.sum(), products.gradients(by_logits.flatten(1, 2), between, some) if wanted else None

        losses, gradients = zip(*on_threads(of, torch.split(heads, _heads_at_once(heads))), strict=True)
        ctx.count = max(len(heads), 1) * b
        if wanted:
            by_rows, by_heads = zip(*gradients, strict=True)
            with on_one_thread():
                ctx.save_for_backward(_total(by_rows).view_as(frames), torch.cat(by_heads))
        loss: Tensor = _total(losses) / ctx.count
        return loss

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        by_frames, by_heads = ctx.saved_tensors
        scale = gradients[0] / ctx.count
        with on_one_thread():
            return scale * by_frames, None, scale * by_heads, None, None, None, None


def _total(parts: Sequence[Tensor]) -> Tensor:
    return functools.reduce(torch.add, parts)


def _heads_at_once(heads: Tensor) -> int:
    """Return for how many heads a thread makes the logits at once: on a CPU one, to fit its cache; on CUDA all."""
    return 1 if heads.device.type == "cpu" else max(len(heads), 1)

"""The loss of `himpc.learning.losses.hi_mpc`, with its gradient computed in the same pass.

tests/learning/losses/test_hi_mpc.py compares the two. Shapes: B windows, F frames per window, H features, M heads,
K prototypes.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from himpc.learning._fast.meta_products import meta_products
from himpc.learning._fast.mining_loops import MIN_EXPONENT, write_mined_losses
from himpc.learning._fast.threads import map_on_threads, single_thread
from himpc.learning.config import Config, Mining
from himpc.learning.losses.hi_mpc import SIGNS, predict


def hi_mpc(frames: Tensor, prototypes: Tensor, heads: Tensor, labels: Tensor, config: Config) -> Tensor:
    """Compute what `himpc.learning.losses.hi_mpc.hi_mpc` does; no gradient flows to the prototypes."""
    with_gradient = torch.is_grad_enabled() and (frames.requires_grad or heads.requires_grad)
    loss: Tensor = _HiMPCLoss.apply(frames, prototypes, heads, labels, config, with_gradient)  # type: ignore[no-untyped-call]
    return loss


class _HiMPCLoss(torch.autograd.Function):
    """The mean loss; its gradients are computed in the forward pass, and only scaled in the backward pass."""

    @staticmethod
    def forward(
        ctx: Any, frames: Tensor, prototypes: Tensor, heads: Tensor, labels: Tensor, config: Config, with_gradient: bool
    ) -> Tensor:
        """Compute the loss, and its gradients if `with_gradient`, a few heads at a time on several threads."""
        b, f, h = frames.shape
        with single_thread():
            products = meta_products(frames.reshape(b * f, h), prototypes / h**0.5, len(heads))

        def compute_losses(head_block: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor] | None]:
            transform = products.transform(head_block)
            logits = products.logits(transform).view(-1, b, f, len(prototypes))
            losses, logit_gradients = mined_cross_entropy(logits, labels, config.mining, config.mining_gradient)
            if not with_gradient:
                return losses.sum(), None
            return losses.sum(), products.gradients(logit_gradients.flatten(1, 2), transform, head_block)

        results = map_on_threads(compute_losses, torch.split(heads, _heads_per_thread(heads)))
        losses, gradients = zip(*results, strict=True)
        ctx.count = max(len(heads), 1) * b
        if with_gradient:
            row_gradients, head_gradients = zip(*gradients, strict=True)
            with single_thread():
                ctx.save_for_backward(_total(row_gradients).view_as(frames), torch.cat(head_gradients))
        loss: Tensor = _total(losses) / ctx.count
        return loss

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        frame_gradients, head_gradients = ctx.saved_tensors
        scale = gradients[0] / ctx.count
        with single_thread():
            return scale * frame_gradients, None, scale * head_gradients, None, None, None


def mined_cross_entropy(
    logits: Tensor, labels: Tensor, mining: Mining = "hard", mining_gradient: bool = True
) -> tuple[Tensor, Tensor]:
    """Compute the loss of each window under each head, ``(M, B)``, and the gradient of their sum for the logits.

    The loss is the cross-entropy of the frames of a window, weighted by `himpc.learning.losses.hi_mpc.mining_weights`.
    The gradient overwrites the logits.

    Notes
    -----
    With ``p = softmax(z)`` and L the loss of the window and head, the gradient for z at frame t and prototype k is
    ``w_t (p_tk - [k = y]) + [k = predicted] s w_t (CE_t - L)``; the second part flows through the weights.
    """
    if logits.device.type == "cpu" and logits.dtype == torch.float32:
        losses = logits.new_empty(logits.shape[:2])
        write_mined_losses(logits.numpy(), labels.numpy(), *SIGNS[mining], mining_gradient, losses.numpy())
        return losses, logits
    return _mined_cross_entropy_of_tensors(logits, labels, mining, mining_gradient)


def _mined_cross_entropy_of_tensors(
    logits: Tensor, labels: Tensor, mining: Mining, mining_gradient: bool
) -> tuple[Tensor, Tensor]:
    """Compute the same on any device, in any precision."""
    predicted = predict(logits)
    right, wrong = SIGNS[mining]
    signs = torch.where(predicted == labels, right, wrong)[..., None].to(logits.dtype)
    at_label, at_predicted = _index_of_frames(labels.expand_as(predicted), logits), _index_of_frames(predicted, logits)
    weights = (signs * logits.gather(-1, at_predicted).squeeze(-1)).softmax(dim=-1)
    top = logits.amax(dim=-1, keepdim=True)
    below_top = top - logits.gather(-1, at_label)
    exponents = logits.sub_(top).mul_(math.log2(math.e)).clamp_(min=float(MIN_EXPONENT))
    powers = exponents.exp2_()  # exp2 is 2 to 20 times faster than exp
    total = powers.sum(dim=-1)
    cross_entropy = below_top.squeeze(-1) + total.log()
    losses = (weights * cross_entropy).sum(dim=-1)
    logit_gradients = powers.mul_((weights / total)[..., None]).scatter_add_(-1, at_label, -weights[..., None])
    if mining_gradient:
        through_weights = signs * weights * (cross_entropy - losses[..., None])
        logit_gradients.scatter_add_(-1, at_predicted, through_weights[..., None])
    return losses, logit_gradients


def _index_of_frames(groups: Tensor, logits: Tensor) -> Tensor:
    """Return the group of each window as an index into the logits of each of its frames, ``(M, B, F, 1)``."""
    return groups[..., None, None].expand(*logits.shape[:3], 1)


def _total(parts: Sequence[Tensor]) -> Tensor:
    return functools.reduce(torch.add, parts)


def _heads_per_thread(heads: Tensor) -> int:
    """Return how many heads a thread processes at once: on a CPU one, so that the logits fit its cache; on CUDA all."""
    return 1 if heads.device.type == "cpu" else max(len(heads), 1)

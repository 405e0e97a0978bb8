"""Embedding with the least arithmetic: what a network computes, in another order.

The second layer and the mean over the frames of a window are both linear, so the second layer is applied once a window,
to the mean of the activations. The mean of the heads is linear too, and one matrix with the second layer; so is
pooling, which is one with the first. A window of F frames takes ``F · 3J · L · H + L · H²`` multiply-adds for L
levels; frame by frame, the second layer alone takes ``F · L · H²``.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from himpc.model.encoder import Network, unit
from himpc.model.products import layer
from himpc.skeleton import Level

__all__ = ["Inference"]


class Inference:
    """The weights of a network as they are now, arranged for embedding; no gradient flows through it.

    Parameters
    ----------
    network : Network
        On any device.
    levels : sequence of level, optional
        Some of the network's levels, in the order of the result; all of them if not given.
    meta : bool
        Whether to apply the mean head, as the multi-level representation does (docs/method.md, section 5).
    """

    def __init__(self, network: Network, levels: Sequence[Level] | None = None, *, meta: bool = True) -> None:
        self.normalise = network.normalise
        self.hidden = network.hidden
        self.levels = network.levels if levels is None else tuple(levels)
        encoders = [network.encoder(level) for level in self.levels]
        with torch.no_grad():
            self.first = torch.cat([_first(network, level) for level in self.levels])
            self.first_bias = torch.cat([encoder.b1 for encoder in encoders])
            self.second = [(encoder.w2.T.contiguous(), encoder.b2.clone()) for encoder in encoders]
            heads = [_mean_head(encoder.heads) if meta else None for encoder in encoders]
            self.last = [
                _last(*second, head, normalise=self.normalise) for second, head in zip(self.second, heads, strict=True)
            ]

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.first.device

    @property
    def size(self) -> int:
        """Numbers of a frame, and of an embedding: levels times H."""
        return len(self.levels) * self.hidden

    def by_level(self, rows: Tensor) -> list[Tensor]:
        """Return the part of each level, ``(n, H)``, of rows ``(n, size)``."""
        return list(torch.split(rows, self.hidden, dim=1))

    def of_frames(self, joints: Tensor) -> Tensor:
        """Return of frames ``(n, J, 3)``, centred, in metres, what a window takes the mean of: ``(n, size)``.

        They are the activations of the first layer, or, where the network normalises, features of length 1.
        """
        activations = layer(joints.flatten(start_dim=1), self.first, self.first_bias, relu=True)
        if not self.normalise:
            return activations
        parts = self.by_level(activations)
        return torch.cat([unit(layer(x, *second)) for x, second in zip(parts, self.second, strict=True)], dim=1)

    def of_windows(self, means: Tensor) -> Tensor:
        """Return the embeddings ``(n, size)`` of windows from their mean over frames ``(n, size)``."""
        parts = self.by_level(means)
        if self.normalise:
            parts = [unit(part) for part in parts]
        return torch.cat([layer(x, *last) if last else x for x, last in zip(parts, self.last, strict=True)], dim=1)

    def of_index(self, joints: Tensor, index: Tensor) -> Tensor:
        """Return the embeddings ``(n, size)`` of windows ``(n, F)`` of frames ``(m, J, 3)`` that are stored once."""
        with torch.no_grad():
            means = nn.functional.embedding_bag(index, self.of_frames(joints), mode="mean")
            return self.of_windows(means)


def _first(network: Network, level: Level) -> Tensor:
    """Return the first layer's weights on joints, ``(H, 3 J)``: pooling is part of them."""
    weights = network.encoder(level).w1.detach()
    if level != "joint":
        pool = network.get_buffer(f"pool_{level}")
        weights = torch.einsum("vj,vdh->jdh", pool, weights.view(len(pool), 3, -1)).flatten(0, 1)
    return weights.T.contiguous()


def _mean_head(heads: Tensor) -> Tensor | None:
    return heads.detach().double().mean(dim=0).T if len(heads) else None


def _last(weights: Tensor, bias: Tensor, head: Tensor | None, *, normalise: bool) -> tuple[Tensor, Tensor] | None:
    """Return the matrix, transposed, and bias that turn a window's mean into its embedding; None where it is that."""
    if head is None:
        return None if normalise else (weights, bias)
    if normalise:
        return head.float(), torch.zeros_like(bias)
    return (head @ weights.double()).float(), (head @ bias.double()).float()

"""Embedding with the least arithmetic: what a network computes, in another order.

The second layer and the mean over the frames of a window are both linear, so the second layer is applied once a window,
to the mean of the activations. The mean of the heads is linear too, and one matrix with the second layer; so is
pooling, which is one with the first. A window of F frames takes ``F · 3J · L · H + L · H²`` multiply-adds for L
levels; frame by frame, the second layer alone takes ``F · L · H²``. Where features of frames get length 1 the second
layer is applied to each, and where an encoder is whitened its whitening is one matrix with the first.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from himpc.model.encoder import Network, WhitenedEncoder, node_distances, unit
from himpc.model.fast_matmul import linear
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
        self.by_frame = network.normalise or network.whiten
        """Whether a window is the mean of features, or of activations of the first layer."""
        encoders = [network.encoder(level) for level in self.levels]
        with torch.no_grad():
            self.pools = [network.pooling(level) for level in self.levels] if network.distances else []
            first = [_first(network, level) for level in self.levels]
            self.first, self.first_bias = _stacked(first, len(network.pooling("joint")))
            skipped = [_whitening(network, level) for level in self.levels] if network.whiten else []
            self.skip = _stacked(skipped, len(network.pooling("joint"))) if skipped else None
            self.second = [(encoder.w2.T.contiguous(), encoder.b2.clone()) for encoder in encoders]
            heads = [_mean_head(encoder.heads) if meta else None for encoder in encoders]
            self.last = [
                _last(*second, head, by_frame=self.by_frame) for second, head in zip(self.second, heads, strict=True)
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

        They are the activations of the first layer, or, where an encoder is whitened or normalises, features.
        """
        described = self.describe(joints)
        activations = linear(described, self.first, self.first_bias, relu=True)
        if not self.by_frame:
            return activations
        parts = torch.split(activations, activations.shape[1] // len(self.levels), dim=1)
        features = torch.cat([linear(x, *second) for x, second in zip(parts, self.second, strict=True)], dim=1)
        if self.skip is not None:
            features += linear(described, *self.skip)
        return torch.cat([unit(part) for part in self.by_level(features)], dim=1) if self.normalise else features

    def describe(self, joints: Tensor) -> Tensor:
        """Return what the first layers are given of frames ``(n, J, 3)``: the joints, then each level's distances."""
        flat = joints.flatten(start_dim=1)
        return torch.cat([flat, *(node_distances(pool @ joints) for pool in self.pools)], dim=1) if self.pools else flat

    def of_windows(self, means: Tensor) -> Tensor:
        """Return the embeddings ``(n, size)`` of windows from their mean over frames ``(n, size)``."""
        parts = self.by_level(means)
        if self.normalise:
            parts = [unit(part) for part in parts]
        return torch.cat([linear(x, *last) if last else x for x, last in zip(parts, self.last, strict=True)], dim=1)

    def of_index(self, joints: Tensor, index: Tensor) -> Tensor:
        """Return the embeddings ``(n, size)`` of windows ``(n, F)`` of frames ``(m, J, 3)`` that are stored once."""
        with torch.no_grad():
            means = nn.functional.embedding_bag(index, self.of_frames(joints), mode="mean")
            return self.of_windows(means)


def _first(network: Network, level: Level) -> tuple[Tensor, Tensor]:
    """Return the first layer's weights on joints and distances, ``(3 J + pairs, width)``, and its bias."""
    encoder = network.encoder(level)
    if not isinstance(encoder, WhitenedEncoder):
        return _on_joints(network, level, encoder.w1.detach()), encoder.b1
    axes, w1 = encoder.axes.double(), encoder.w1.detach().double()
    bias = encoder.b1 - encoder.offset.double() @ axes @ w1
    return _on_joints(network, level, (axes @ w1).float()), bias.float()


def _whitening(network: Network, level: Level) -> tuple[Tensor, Tensor]:
    """Return the matrix on joints and distances, ``(3 J + pairs, H)``, and the bias that whiten a frame."""
    encoder = network.encoder(level)
    assert isinstance(encoder, WhitenedEncoder)
    return _on_joints(network, level, encoder.axes), -(encoder.offset.double() @ encoder.axes.double()).float()


def _on_joints(network: Network, level: Level, weights: Tensor) -> Tensor:
    """Return the weights ``(D, width)`` of a level with pooling as part of them: ``(3 J + pairs, width)``."""
    if level == "joint":
        return weights
    pool = network.pooling(level)
    nodes = weights[: 3 * len(pool)].view(len(pool), 3, -1)
    return torch.cat([torch.einsum("vj,vdh->jdh", pool, nodes).flatten(0, 1), weights[3 * len(pool) :]])


def _stacked(layers: Sequence[tuple[Tensor, Tensor]], joints: int) -> tuple[Tensor, Tensor]:
    """Return one layer ``(widths, 3 J + pairs of all levels)`` and its bias: each level sees its own distances only."""
    on_joints = torch.cat([weights[: 3 * joints].T for weights, _ in layers])
    on_distances = torch.block_diag(*(weights[3 * joints :].T for weights, _ in layers))  # type: ignore[no-untyped-call]
    return torch.cat([on_joints, on_distances], dim=1).contiguous(), torch.cat([bias for _, bias in layers])


def _mean_head(heads: Tensor) -> Tensor | None:
    return heads.detach().double().mean(dim=0).T if len(heads) else None


def _last(weights: Tensor, bias: Tensor, head: Tensor | None, *, by_frame: bool) -> tuple[Tensor, Tensor] | None:
    """Return the matrix, transposed, and bias that turn a window's mean into its embedding; None where it is that."""
    if head is None:
        return None if by_frame else (weights, bias)
    if by_frame:
        return head.float(), torch.zeros_like(bias)
    return (head @ weights.double()).float(), (head @ bias.double()).float()

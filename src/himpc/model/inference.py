"""Embedding with few operations: the computation of a network in another order.

The second layer and the mean over the frames of a window are both linear, so the second layer is applied once per
window, to the mean of the activations. The mean of the heads is linear too and is merged into the second layer; pooling
is merged into the first. A window of F frames takes ``F · 3J · L · H + L · H²`` multiply-adds for L levels; frame by
frame, the second layer alone takes ``F · L · H²``. If the features of frames are normalised, the second layer is
applied to each frame. The whitening of an encoder is merged into its first layer.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from himpc.model.encoder import Network, WhitenedEncoder, node_distances, unit
from himpc.model.fast_matmul import linear
from himpc.model.pooling import POSE_EXPONENT
from himpc.skeleton import Level

MIN_SQUARE = 1e-6
"""Lower limit of the squared distance of a pose from the mean pose, which bounds weights."""


class Inference:
    """The present weights of a network, arranged for embedding without gradient.

    Parameters
    ----------
    network : Network
        On any device.
    levels : sequence of level, optional
        Some of the network's levels, in the order of the result; by default all.
    meta : bool
        Whether to apply the mean head, as the multi-level representation does (docs/method.md, section 5).
    """

    def __init__(self, network: Network, levels: Sequence[Level] | None = None, *, meta: bool = True) -> None:
        self.normalise = network.normalise
        self.hidden = network.hidden
        self.levels = network.levels if levels is None else tuple(levels)
        self.by_frame = network.normalise or network.whiten
        """Whether a window is the mean of features, or of activations of the first layer."""
        self.pose_scale = network.pose_scale if network.adapted else None
        """The scale that weights frames (`himpc.model.pool_windows`); encoded frames then end with their weight."""
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
        """The device of the weights."""
        return self.first.device

    @property
    def size(self) -> int:
        """Size of an embedding: levels times H."""
        return len(self.levels) * self.hidden

    @property
    def encoded_size(self) -> int:
        """Size of an encoded frame."""
        return self.size + (self.pose_scale is not None)

    def split_levels(self, rows: Tensor) -> list[Tensor]:
        """Split rows ``(n, size)`` into the parts of the levels, each ``(n, H)``."""
        return list(torch.split(rows, self.hidden, dim=1))

    def encode_frames(self, joints: Tensor) -> Tensor:
        """Encode centred frames ``(n, J, 3)``, in metres; windows are embedded from the means of encoded frames.

        The result ``(n, encoded_size)`` is the activations of the first layer, or the features if the encoder is
        whitened or normalised. In an adapted network the features are multiplied by the weight of the frame, which
        follows them, so that the quotient of the means is the weighted mean.
        """
        described = self.describe(joints)
        activations = linear(described, self.first, self.first_bias, relu=True)
        if not self.by_frame:
            return activations
        parts = torch.split(activations, activations.shape[1] // len(self.levels), dim=1)
        features = torch.cat([linear(x, *second) for x, second in zip(parts, self.second, strict=True)], dim=1)
        if self.skip is not None:
            features += linear(described, *self.skip)
        if self.pose_scale is not None:
            squares = (features * self.pose_scale).square().sum(dim=1, keepdim=True)
            weights = squares.clamp_min(MIN_SQUARE).pow(-POSE_EXPONENT / 2)
            return torch.cat([features * weights, weights], dim=1)
        return torch.cat([unit(part) for part in self.split_levels(features)], dim=1) if self.normalise else features

    def describe(self, joints: Tensor) -> Tensor:
        """Return the inputs of the first layers for frames ``(n, J, 3)``: the joints, then the distances by level."""
        flat = joints.flatten(start_dim=1)
        return torch.cat([flat, *(node_distances(pool @ joints) for pool in self.pools)], dim=1) if self.pools else flat

    def embed_means(self, means: Tensor) -> Tensor:
        """Compute the embeddings ``(n, size)`` of windows from the means of encoded frames ``(n, encoded_size)``."""
        if self.pose_scale is not None:
            means = means[:, :-1] / means[:, -1:]
        parts = self.split_levels(means)
        if self.normalise:
            parts = [unit(part) for part in parts]
        return torch.cat([linear(x, *last) if last else x for x, last in zip(parts, self.last, strict=True)], dim=1)

    def embed_windows(self, joints: Tensor, index: Tensor) -> Tensor:
        """Compute the embeddings ``(n, size)`` of windows, given as indices ``(n, F)`` of frames ``(m, J, 3)``."""
        with torch.no_grad():
            means = nn.functional.embedding_bag(index, self.encode_frames(joints), mode="mean")
            return self.embed_means(means)


def _first(network: Network, level: Level) -> tuple[Tensor, Tensor]:
    """Return the weights of the first layer for joints and distances, ``(3 J + pairs, width)``, and its bias."""
    encoder = network.encoder(level)
    if not isinstance(encoder, WhitenedEncoder):
        return _on_joints(network, level, encoder.w1.detach()), encoder.b1
    axes, w1 = encoder.axes.double(), encoder.w1.detach().double()
    bias = encoder.b1 - encoder.offset.double() @ axes @ w1
    return _on_joints(network, level, (axes @ w1).float()), bias.float()


def _whitening(network: Network, level: Level) -> tuple[Tensor, Tensor]:
    """Return the matrix for joints and distances, ``(3 J + pairs, H)``, and the bias that whiten a frame."""
    encoder = network.encoder(level)
    assert isinstance(encoder, WhitenedEncoder)
    return _on_joints(network, level, encoder.axes), -(encoder.offset.double() @ encoder.axes.double()).float()


def _on_joints(network: Network, level: Level, weights: Tensor) -> Tensor:
    """Merge the pooling of a level into weights ``(D, width)``; return ``(3 J + pairs, width)``."""
    if level == "joint":
        return weights
    pool = network.pooling(level)
    nodes = weights[: 3 * len(pool)].view(len(pool), 3, -1)
    return torch.cat([torch.einsum("vj,vdh->jdh", pool, nodes).flatten(0, 1), weights[3 * len(pool) :]])


def _stacked(layers: Sequence[tuple[Tensor, Tensor]], joints: int) -> tuple[Tensor, Tensor]:
    """Combine the layers of all levels into one, ``(widths, 3 J + pairs)``; each level uses its own distances only."""
    on_joints = torch.cat([weights[: 3 * joints].T for weights, _ in layers])
    on_distances = torch.block_diag(*(weights[3 * joints :].T for weights, _ in layers))  # type: ignore[no-untyped-call]
    return torch.cat([on_joints, on_distances], dim=1).contiguous(), torch.cat([bias for _, bias in layers])


def _mean_head(heads: Tensor) -> Tensor | None:
    return heads.detach().double().mean(dim=0).T if len(heads) else None


def _last(weights: Tensor, bias: Tensor, head: Tensor | None, *, by_frame: bool) -> tuple[Tensor, Tensor] | None:
    """Return the transposed matrix and the bias from the mean of a window to its embedding; None if they are equal."""
    if head is None:
        return None if by_frame else (weights, bias)
    if by_frame:
        return head.float(), torch.zeros_like(bias)
    return (head @ weights.double()).float(), (head @ bias.double()).float()

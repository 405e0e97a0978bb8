"""The network: one encoder a level, and its meta-transformation heads (docs/method.md, sections 2, 4 and 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from himpc.skeleton import Layout, Level, pooling_matrix

__all__ = ["LevelEncoder", "Network", "mean_over_frames"]


class LevelEncoder(nn.Module):
    """``W2 relu(W1 x + b1) + b2`` on one frame, and the M heads that turn its output into meta-representations.

    Parameters
    ----------
    nodes : int
        V, nodes of the level; a frame is its 3 V coordinates, node by node.
    hidden : int
        H, size of an embedding.
    heads : int
        M, meta-transformations: bias-free H x H matrices, applied as ``h @ W``. With none, features are used as they
        are.
    generator : torch.Generator, optional
        Where the first weights come from: Glorot-uniform, zero biases, heads standard normal.
    """

    def __init__(self, nodes: int, hidden: int, heads: int, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.w1 = nn.Parameter(nn.init.xavier_uniform_(torch.empty(3 * nodes, hidden), generator=generator))
        self.b1 = nn.Parameter(torch.zeros(hidden))
        self.w2 = nn.Parameter(nn.init.xavier_uniform_(torch.empty(hidden, hidden), generator=generator))
        self.b2 = nn.Parameter(torch.zeros(hidden))
        self.heads = nn.Parameter(nn.init.normal_(torch.empty(heads, hidden, hidden), generator=generator))

    def forward(self, nodes: Tensor) -> Tensor:
        """Return the features ``(n, H)`` of frames ``(n, V, 3)``, as the two layers give them."""
        frames = nodes.flatten(start_dim=1)
        activations = torch.addmm(self.b1, frames, self.w1).relu()
        return torch.addmm(self.b2, activations, self.w2)

    def meta(self, features: Tensor) -> Tensor:
        """Return the mean over heads of ``f @ W``, ``(n, H)``: one product with the mean head; f without heads."""
        return features @ self.heads.mean(dim=0) if len(self.heads) else features


class Network(nn.Module):
    """An encoder for each level; the levels share nothing.

    Parameters
    ----------
    layout : Layout
        The J joints and how they pool.
    levels : sequence of {"joint", "component", "limb"}
        The levels in use, in the order of the representation.
    hidden, heads : int
        H and M of each level.
    seed : int
        Seed of the first weights. The global random state is neither read nor changed.
    normalise : bool
        Divide the features of each frame, and their mean over a window, by their length.
    """

    def __init__(
        self,
        layout: Layout,
        levels: Sequence[Level],
        hidden: int,
        heads: int,
        seed: int = 0,
        *,
        normalise: bool = False,
    ) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.normalise = normalise
        self.levels = tuple(levels)
        self.hidden = hidden
        self.heads = heads
        self.encoders = nn.ModuleDict(
            {level: LevelEncoder(len(layout.level(level)), hidden, heads, generator) for level in levels}
        )
        for level in levels:
            self.register_buffer(f"pool_{level}", torch.tensor(pooling_matrix(layout, level)), persistent=False)

    def encoder(self, level: Level) -> LevelEncoder:
        """Return the encoder of a level."""
        encoder = self.encoders[level]
        assert isinstance(encoder, LevelEncoder)
        return encoder

    def pool(self, joints: Tensor, level: Level) -> Tensor:
        """Return the nodes ``(n, V, 3)`` of a level, each the mean of its joints; `joints` is ``(n, J, 3)``."""
        return joints if level == "joint" else self.get_buffer(f"pool_{level}") @ joints

    def encode(self, joints: Tensor, level: Level) -> Tensor:
        """Return one level's features ``(n, H)`` of centred frames ``(n, J, 3)``, in metres."""
        features: Tensor = self.encoder(level)(self.pool(joints, level))
        return unit(features) if self.normalise else features

    def forward(self, joints: Tensor) -> dict[Level, Tensor]:
        """Return each level's features ``(n, H)`` of centred frames ``(n, J, 3)``, in metres."""
        return {level: self.encode(joints, level) for level in self.levels}

    def over_frames(self, features: Tensor, index: Tensor) -> Tensor:
        """Return window features ``(windows, H)`` of frame features ``(n, H)``; see `mean_over_frames`."""
        means = mean_over_frames(features, index)
        return unit(means) if self.normalise else means

    def msmr(self, features: Mapping[Level, Tensor]) -> Tensor:
        """Return the multi-level skeleton meta-representation, ``(n, levels · H)`` (docs/method.md, section 5).

        Parameters
        ----------
        features : mapping of level to tensor ``(n, H)``
            Window features of each level.
        """
        return torch.cat([self.encoder(level).meta(features[level]) for level in self.levels], dim=1)


def unit(features: Tensor) -> Tensor:
    """Return the rows divided by their length; a row of zeros stays."""
    return nn.functional.normalize(features, dim=-1)


def mean_over_frames(features: Tensor, index: Tensor) -> Tensor:
    """Return window features: means of frame features that are stored once.

    Parameters
    ----------
    features : tensor ``(n, H)``
        Features of frames.
    index : int64 tensor ``(windows, F)``
        The frames of each window.

    Returns
    -------
    tensor ``(windows, H)``
        Summed frame by frame, so that the windows' frames are never copied out.
    """
    total = features[index[:, 0]]
    for frame in index.T[1:]:
        total = total + features[frame]
    return total / index.shape[1]

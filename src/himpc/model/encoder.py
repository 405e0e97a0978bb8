"""The network: one encoder per level, with meta-transformation heads (docs/method.md, sections 2, 4 and 5).

The preset ``tracklet`` uses an encoder of whitened features instead of that of the paper (docs/method.md, section 10).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from himpc.model.weights import WHITENED_WIDTH, Weights
from himpc.skeleton import Layout, Level, pooling_matrix

JOINT: Level = "joint"


class LevelEncoder(nn.Module):
    """``W2 relu(W1 x + b1) + b2`` on one frame, and the M heads that turn its output into meta-representations.

    Parameters
    ----------
    inputs : int
        Inputs per frame, D: the 3 V coordinates of the nodes, then the distances between nodes if they are used.
    hidden : int
        Size of an embedding, H.
    heads : int
        Number of meta-transformations, M: bias-free H x H matrices, applied as ``h @ W``. 0 for none.
    generator : torch.Generator, optional
        Source of the initial weights: Glorot-uniform, zero biases, heads standard normal.
    """

    def __init__(self, inputs: int, hidden: int, heads: int, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.w1 = nn.Parameter(nn.init.xavier_uniform_(torch.empty(inputs, hidden), generator=generator))
        self.b1 = nn.Parameter(torch.zeros(hidden))
        self.w2 = nn.Parameter(nn.init.xavier_uniform_(torch.empty(hidden, hidden), generator=generator))
        self.b2 = nn.Parameter(torch.zeros(hidden))
        self.heads = nn.Parameter(torch.empty(heads, hidden, hidden))
        if not self.heads.is_meta:  # for shapes only, torch would import its compiler, which takes seconds
            nn.init.normal_(self.heads, generator=generator)

    def forward(self, frames: Tensor) -> Tensor:
        """Compute the features ``(n, H)`` of frames ``(n, D)``."""
        return self.encode(self.preprocess(frames))

    def preprocess(self, frames: Tensor) -> Tensor:
        """Apply to frames ``(n, D)`` what is not trained; here nothing."""
        return frames

    def encode(self, inputs: Tensor) -> Tensor:
        """Compute the features ``(n, H)`` from the result of `preprocess`."""
        activations = torch.addmm(self.b1, inputs, self.w1).relu()
        return torch.addmm(self.b2, activations, self.w2)

    def meta(self, features: Tensor) -> Tensor:
        """Compute the mean over heads of ``f @ W``, ``(n, H)``; without heads, return f."""
        return features @ self.heads.mean(dim=0) if len(self.heads) else features


class WhitenedEncoder(LevelEncoder):
    """``z + W2 relu(W1 z + b1) + b2`` with whitened features ``z = (x - offset) axes``, which are not trained.

    W2 starts at zero, so an untrained encoder returns z, as fitted by `himpc.learning.whitening`. The hidden layer is
    four times as wide as the embedding.

    Parameters
    ----------
    inputs, hidden, heads, generator
        As in `LevelEncoder`.
    """

    offset: Tensor
    axes: Tensor

    def __init__(self, inputs: int, hidden: int, heads: int, generator: torch.Generator | None = None) -> None:
        super().__init__(inputs, hidden, heads, generator)
        self.register_buffer("offset", torch.zeros(inputs))
        # `torch.eye` would import torch's compiler on the meta device
        self.register_buffer("axes", torch.zeros(inputs, hidden).fill_diagonal_(1))
        width = WHITENED_WIDTH * hidden
        self.w1 = nn.Parameter(nn.init.xavier_uniform_(torch.empty(hidden, width), generator=generator))
        self.b1 = nn.Parameter(torch.zeros(width))
        self.w2 = nn.Parameter(torch.zeros(width, hidden))

    def preprocess(self, frames: Tensor) -> Tensor:
        """Whiten frames ``(n, D)``."""
        return (frames - self.offset) @ self.axes

    def encode(self, inputs: Tensor) -> Tensor:
        """Compute the features ``(n, H)`` of whitened frames."""
        return inputs + super().encode(inputs)


class Network(nn.Module):
    """An encoder per level; levels share no weights.

    Parameters
    ----------
    layout : Layout
        The J joints and their pooling.
    levels : sequence of {"joint", "component", "limb"}
        The levels, in the order of the representation.
    hidden, heads : int
        H and M of each level.
    seed : int
        Seed of the initial weights. The global random state is not used.
    normalise : bool
        Normalise the features of each frame, and of each window, to length 1.
    distances : bool
        Add the distances between all nodes of a level to the inputs of its encoder.
    whiten : bool
        Use the `WhitenedEncoder`.
    adapted : bool
        Make room for the variances of the adapted identity prior (`himpc.learning.adaptation`): ``between`` ``(H,)``,
        the variance of people along each axis in whitened units, ``pose_scale`` ``(H,)``, the whitened units per unit
        of the embedding, both 0 for unused axes, and ``noise``, the variance between recordings of one person.
    """

    pose_scale: Tensor
    between: Tensor
    noise: Tensor

    def __init__(
        self,
        layout: Layout,
        levels: Sequence[Level],
        hidden: int,
        heads: int,
        seed: int = 0,
        *,
        normalise: bool = False,
        distances: bool = False,
        whiten: bool = False,
        adapted: bool = False,
    ) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.normalise = normalise
        self.distances = distances
        self.whiten = whiten
        self.adapted = adapted
        self.levels = tuple(levels)
        self.hidden = hidden
        self.heads = heads
        kind = WhitenedEncoder if whiten else LevelEncoder
        self.encoders = nn.ModuleDict()
        for level in dict.fromkeys((*levels, JOINT)):
            self.register_buffer(f"pool_{level}", torch.tensor(pooling_matrix(layout, level)), persistent=False)
        for level in levels:
            nodes = len(layout.level(level))
            inputs = 3 * nodes + (nodes * (nodes - 1) // 2 if distances else 0)
            self.encoders[level] = kind(inputs, hidden, heads, generator)
        if adapted:
            self.register_buffer("pose_scale", torch.zeros(hidden))
            self.register_buffer("between", torch.zeros(hidden))
            self.register_buffer("noise", torch.zeros(()))

    def encoder(self, level: Level) -> LevelEncoder:
        """Return the encoder of a level."""
        encoder = self.encoders[level]
        assert isinstance(encoder, LevelEncoder)
        return encoder

    def pool(self, joints: Tensor, level: Level) -> Tensor:
        """Compute the nodes ``(n, V, 3)`` of a level, each the mean of its joints; `joints` is ``(n, J, 3)``."""
        return joints if level == "joint" else self.pooling(level) @ joints

    def pooling(self, level: Level) -> Tensor:
        """Return the matrix ``(V, J)`` from joints to the nodes of a level of this network, or of the level joint."""
        return self.get_buffer(f"pool_{level}")

    def describe(self, joints: Tensor, level: Level) -> Tensor:
        """Compute the inputs ``(n, D)`` of the encoder of a level for centred frames ``(n, J, 3)``, in metres."""
        nodes = self.pool(joints, level)
        flat = nodes.flatten(start_dim=1)
        return torch.cat([flat, node_distances(nodes)], dim=1) if self.distances else flat

    def encode(self, joints: Tensor, level: Level) -> Tensor:
        """Compute the features ``(n, H)`` of one level for centred frames ``(n, J, 3)``, in metres."""
        return self.encode_inputs(self.preprocess(joints, level), level)

    def preprocess(self, joints: Tensor, level: Level) -> Tensor:
        """Compute the inputs of the trained layers of a level, ``(n, input_size)``, for frames ``(n, J, 3)``."""
        return self.encoder(level).preprocess(self.describe(joints, level))

    def input_size(self, level: Level) -> int:
        """Return the size of the inputs of the trained layers of a level."""
        return len(self.encoder(level).w1)

    def encode_inputs(self, inputs: Tensor, level: Level) -> Tensor:
        """Compute the features ``(n, H)`` of one level from the result of `preprocess`."""
        features = self.encoder(level).encode(inputs)
        return unit(features) if self.normalise else features

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        return self.pooling("joint").device

    def weights(self) -> Weights:
        """Return the present weights as arrays, which on a CPU share memory with those of the network."""
        pools = {level: self.pooling(level).cpu().numpy() for level in dict.fromkeys((*self.levels, JOINT))}
        switches = {name: getattr(self, name) for name in ("normalise", "distances", "whiten", "adapted")}
        arrays = {name: tensor.detach().cpu().numpy() for name, tensor in self.state_dict().items()}
        return Weights(self.levels, self.hidden, self.heads, **switches, pools=pools, arrays=arrays)

    def forward(self, joints: Tensor) -> dict[Level, Tensor]:
        """Compute the features ``(n, H)`` of each level for centred frames ``(n, J, 3)``, in metres."""
        return {level: self.encode(joints, level) for level in self.levels}

    def over_frames(self, features: Tensor, index: Tensor) -> Tensor:
        """Compute window features ``(windows, H)`` from frame features ``(n, H)``; see `mean_over_frames`."""
        means = mean_over_frames(features, index)
        return unit(means) if self.normalise else means

    def msmr(self, features: Mapping[Level, Tensor]) -> Tensor:
        """Compute the multi-level skeleton meta-representation, ``(n, levels · H)`` (docs/method.md, section 5).

        Parameters
        ----------
        features : mapping of level to tensor ``(n, H)``
            Features of windows.
        """
        return torch.cat([self.encoder(level).meta(features[level]) for level in self.levels], dim=1)


def node_distances(nodes: Tensor) -> Tensor:
    """Compute the distances between V nodes ``(n, V, 3)``: ``(n, V (V - 1) / 2)``, pair (0, 1) first."""
    first, second = torch.triu_indices(nodes.shape[1], nodes.shape[1], offset=1, device=nodes.device)
    distances: Tensor = torch.linalg.vector_norm(nodes[:, first] - nodes[:, second], dim=2)
    return distances


def unit(features: Tensor) -> Tensor:
    """Normalise rows to length 1; a row of zeros stays."""
    return nn.functional.normalize(features, dim=-1)


def mean_over_frames(features: Tensor, index: Tensor) -> Tensor:
    """Compute window features as means of frame features.

    Parameters
    ----------
    features : tensor ``(n, H)``
        Features of frames.
    index : int64 tensor ``(windows, F)``
        The frames of each window.

    Returns
    -------
    tensor ``(windows, H)``
        Summed frame by frame, without a copy of the frames of all windows.
    """
    total = features[index[:, 0]]
    for frame in index.T[1:]:
        total = total + features[frame]
    return total / index.shape[1]

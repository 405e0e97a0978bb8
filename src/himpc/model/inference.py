"""Embedding by torch, on any device: the computation of a network in the order of `himpc.model.weights`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from himpc.model.array_inference import MIN_SQUARE, blocks_of
from himpc.model.encoder import Network, node_distances, unit
from himpc.model.fast_matmul import linear
from himpc.model.pooling import POSE_EXPONENT
from himpc.model.weights import Layer, arrange
from himpc.recordings import Windows
from himpc.skeleton import Level


class Inference:
    """The present weights of a network, arranged for embedding without gradient.

    Parameters
    ----------
    network : Network
        On any device, which is that of the results.
    levels, meta
        As in `himpc.model.weights.arrange`.
    """

    def __init__(self, network: Network, levels: Sequence[Level] | None = None, *, meta: bool = True) -> None:
        self.device = network.device
        self.layers = arrange(network.weights(), levels, meta=meta)
        self.size, self.levels = self.layers.size, self.layers.levels
        self.first = self._tensors(self.layers.first)
        self._skip = None if self.layers.skip is None else self._tensors(self.layers.skip)
        self._second = [self._tensors(layer) for layer in self.layers.second]
        self.last = [None if layer is None else self._tensors(layer) for layer in self.layers.last]
        self._pools = [torch.from_numpy(pool).to(self.device) for pool in self.layers.pools]
        scale = self.layers.pose_scale
        self._pose_scale = None if scale is None else torch.from_numpy(scale).to(self.device)

    def embed_windows(self, joints: Tensor, index: Tensor) -> Tensor:
        """Compute the embeddings ``(n, size)`` of windows, given as indices ``(n, F)`` of frames ``(m, J, 3)``."""
        with torch.no_grad():
            means = nn.functional.embedding_bag(index, self.encode_frames(joints), mode="mean")
            return self.embed_means(means)

    def embed_blocks(self, windows: Windows) -> Iterator[tuple[NDArray[np.int64], Tensor]]:
        """Yield row numbers and embeddings of windows block by block."""
        for rows, frames, index in blocks_of(windows, self.device.type):
            joints, where = (torch.from_numpy(array).to(self.device) for array in (frames, index))
            yield rows, self.embed_windows(joints, where)[: len(rows)]

    def split_levels(self, rows: Tensor) -> list[Tensor]:
        """Split rows ``(n, size)`` into the parts of the levels, each ``(n, H)``."""
        return list(torch.split(rows, self.layers.hidden, dim=1))

    def encode_frames(self, joints: Tensor) -> Tensor:
        """Encode frames ``(n, J, 3)``; see `ArrayInference.encode_frames`."""
        flat = joints.flatten(start_dim=1)
        described = torch.cat([flat, *(node_distances(pool @ joints) for pool in self._pools)], dim=1)
        if self._skip is not None and self.layers.is_linear:
            features = linear(described, *self._skip)
        else:
            activations = linear(described, *self.first, relu=True)
            if not self.layers.by_frame:
                return activations
            parts = torch.split(activations, activations.shape[1] // len(self.levels), dim=1)
            features = torch.cat([linear(x, *layer) for x, layer in zip(parts, self._second, strict=True)], dim=1)
            if self._skip is not None:
                features += linear(described, *self._skip)
        if self._pose_scale is not None:
            squares = (features * self._pose_scale).square().sum(dim=1, keepdim=True)
            weights = squares.clamp_min(MIN_SQUARE).pow(-POSE_EXPONENT / 2)
            return torch.cat([features * weights, weights], dim=1)
        if not self.layers.normalise:
            return features
        return torch.cat([unit(part) for part in self.split_levels(features)], dim=1)

    def embed_means(self, means: Tensor) -> Tensor:
        """Compute the embeddings ``(n, size)`` of windows from the means of encoded frames ``(n, encoded_size)``."""
        if self._pose_scale is not None:
            means = means[:, :-1] / means[:, -1:]
        parts = self.split_levels(means)
        if self.layers.normalise:
            parts = [unit(part) for part in parts]
        return torch.cat([linear(x, *last) if last else x for x, last in zip(parts, self.last, strict=True)], dim=1)

    def _tensors(self, layer: Layer) -> tuple[Tensor, Tensor]:
        matrix, bias = layer
        return torch.from_numpy(matrix).to(self.device), torch.from_numpy(bias).to(self.device)


def window_features(network: Network, windows: Windows) -> dict[Level, Tensor]:
    """Compute the features of all windows by level, each ``(N, H)`` on the network's device, without gradient.

    Windows are not aligned here.
    """
    inference = Inference(network, meta=False)
    out = {level: torch.empty(len(windows), network.hidden, device=inference.device) for level in network.levels}
    for rows, vectors in inference.embed_blocks(windows):
        where = torch.from_numpy(rows).to(inference.device)
        for level, block in zip(network.levels, inference.split_levels(vectors), strict=True):
            out[level][where] = block
    return out

"""Embedding by NumPy, on a CPU: the same computation as `himpc.model.inference`, tested to be equal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.model.pooling import POSE_EXPONENT
from himpc.model.weights import Arrangement, Layer
from himpc.recordings import Windows

__all__ = ["MIN_SQUARE", "ArrayInference", "blocks_of"]

Array = NDArray[np.float32]

BLOCK_FRAMES = {"cpu": 2**12, "cuda": 2**16}
"""Frames encoded at once: on a CPU their activations fit into its cache, on a GPU they keep it busy."""

BLOCK_ROWS = 256
"""Rows of a matrix product; frames and windows are padded with zeros to a multiple of it. Matrix libraries round
differently for other numbers of rows, and the embedding of a window must not depend on the windows beside it."""

MIN_SQUARE = 1e-6
"""Lower limit of the squared distance of a pose from the mean pose, which bounds weights."""

MIN_LENGTH = 1e-12
"""Lower limit of the length by which features are divided, as in `torch.nn.functional.normalize`."""

BLOCK_WINDOWS = 64
"""Windows whose frames are added together, so that the sums stay in the processor's cache."""


class ArrayInference:
    """Layers arranged for embedding.

    Parameters
    ----------
    layers : Arrangement
    """

    def __init__(self, layers: Arrangement) -> None:
        self.layers = layers
        self.size = layers.size

    def embed_windows(self, joints: Array, index: NDArray[np.int64]) -> Array:
        """Compute the embeddings ``(n, size)`` of windows, given as indices ``(n, F)`` of frames ``(m, J, 3)``."""
        encoded = self.encode_frames(joints)
        means = np.empty((len(index), encoded.shape[1]), dtype=np.float32)
        for start in range(0, len(index), BLOCK_WINDOWS):
            rows, block = index[start : start + BLOCK_WINDOWS], means[start : start + BLOCK_WINDOWS]
            np.take(encoded, rows[:, 0], axis=0, out=block)
            for frame in rows.T[1:]:
                block += encoded[frame]
        means /= index.shape[1]
        return self.embed_means(means)

    @np.errstate(over="ignore", invalid="ignore")
    def encode_frames(self, joints: Array) -> Array:
        """Encode centred frames ``(n, J, 3)``, in metres; windows are embedded from the means of encoded frames.

        The result ``(n, encoded_size)`` is the activations of the first layer, or the features if the encoder is
        whitened or normalised. In an adapted network the features are multiplied by the weight of the frame, which
        follows them, so that the quotient of the means is the weighted mean.
        """
        layers, flat = self.layers, joints.reshape(len(joints), -1)
        described = np.concatenate([flat, *(_node_distances(pool @ joints) for pool in layers.pools)], axis=1)
        if layers.skip is not None and layers.is_linear:
            features = _linear(described, layers.skip)
        else:
            activations = _linear(described, layers.first)
            np.maximum(activations, 0, out=activations)
            if not layers.by_frame:
                return activations
            parts = np.split(activations, len(layers.levels), axis=1)
            features = np.concatenate(
                [_linear(x, layer) for x, layer in zip(parts, layers.second, strict=True)], axis=1
            )
            if layers.skip is not None:
                features += _linear(described, layers.skip)
        if layers.pose_scale is not None:
            squares = np.square(features * layers.pose_scale).sum(axis=1, keepdims=True)
            weights = np.maximum(squares, MIN_SQUARE) ** np.float32(-POSE_EXPONENT / 2)
            return np.concatenate([features * weights, weights], axis=1)
        return np.concatenate([_unit(part) for part in self._split(features)], axis=1) if layers.normalise else features

    @np.errstate(over="ignore", invalid="ignore")
    def embed_means(self, means: Array) -> Array:
        """Compute the embeddings ``(n, size)`` of windows from the means of encoded frames ``(n, encoded_size)``."""
        if self.layers.pose_scale is not None:
            means = means[:, :-1] / means[:, -1:]
        parts = self._split(means)
        if self.layers.normalise:
            parts = [_unit(part) for part in parts]
        ends = zip(parts, self.layers.last, strict=True)
        return np.concatenate([_linear(part, last) if last else part for part, last in ends], axis=1)

    def _split(self, rows: Array) -> list[Array]:
        return np.split(rows, len(self.layers.levels), axis=1)


def blocks_of(windows: Windows, device: str) -> Iterator[tuple[NDArray[np.int64], Array, NDArray[np.int64]]]:
    """Yield row numbers, frames and frame indices of windows block by block, padded to a multiple of `BLOCK_ROWS`.

    Each frame of a block is in it once.
    """
    for rows, frames, index in windows.blocks(BLOCK_FRAMES["cpu" if device == "cpu" else "cuda"]):
        yield rows, _pad_rows(frames), _pad_rows(index)


def _pad_rows(array: NDArray[Any]) -> NDArray[Any]:
    padding = np.zeros((-len(array) % BLOCK_ROWS, *array.shape[1:]), array.dtype)
    return np.concatenate([array, padding]) if len(padding) else array


def _linear(rows: Array, layer: Layer) -> Array:
    """Apply a layer to rows, in blocks if they are padded."""
    matrix, bias = layer
    size = len(rows) if len(rows) % BLOCK_ROWS else BLOCK_ROWS
    result: Array = (rows.reshape(-1, size, rows.shape[1]) @ matrix.T).reshape(len(rows), -1)
    result += bias
    return result


def _node_distances(nodes: Array) -> Array:
    """Compute the distances between V nodes ``(n, V, 3)``: ``(n, V (V - 1) / 2)``, pair (0, 1) first."""
    first, second = np.triu_indices(nodes.shape[1], 1)
    squares = np.zeros((len(nodes), len(first)), dtype=np.float32)
    for coordinate in np.moveaxis(nodes, 2, 0):
        difference = np.take(coordinate, first, axis=1)
        difference -= np.take(coordinate, second, axis=1)
        difference *= difference
        squares += difference
    return np.sqrt(squares, out=squares)


def _unit(rows: Array) -> Array:
    """Normalise rows to length 1; a row of zeros stays."""
    normalised: Array = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), MIN_LENGTH)
    return normalised

"""The weights of a network as arrays, arranged for embedding; a saved model needs no torch to embed on a CPU.

The second layer and the mean over the frames of a window are both linear, so the second layer is applied once per
window, to the mean of the activations. The mean of the heads is linear too and is merged into the second layer; pooling
is merged into the first. A window of F frames takes ``F · 3J · L · H + L · H²`` multiply-adds for L levels; frame by
frame, the second layer alone takes ``F · L · H²``. If the features of frames are normalised, the second layer is
applied to each frame. The whitening of an encoder is merged into its first layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.skeleton import Level

__all__ = ["WHITENED_WIDTH", "Arrangement", "Layer", "Weights", "arrange"]

WHITENED_WIDTH = 4
"""Width of the hidden layer of a whitened encoder, relative to the embedding."""

Array = NDArray[np.float32]
Layer = tuple[Array, Array]
"""The transposed matrix of a linear layer, ``(outputs, inputs)``, and its bias."""


@dataclass(frozen=True, eq=False)
class Weights:
    """The weights of a network; see `himpc.model.Network` for the meaning of the fields.

    Attributes
    ----------
    pools : mapping of level to float32 array ``(V, J)``
        The matrix from joints to the nodes of each level, and of the level joint.
    arrays : mapping of str to array
        The tensors of the network, by the names of the file of a saved model.
    """

    levels: tuple[Level, ...]
    hidden: int
    heads: int
    normalise: bool
    distances: bool
    whiten: bool
    adapted: bool
    pools: Mapping[Level, Array]
    arrays: Mapping[str, NDArray[Any]]

    def of_level(self, level: Level, name: str) -> Array:
        """Return the array of the encoder of a level, such as ``"w1"``."""
        return self.arrays[f"encoders.{level}.{name}"]


@dataclass(frozen=True, eq=False)
class Arrangement:
    """The layers of a network, merged for embedding; copies of the weights.

    Attributes
    ----------
    levels : tuple of level
        In the order of the result.
    hidden : int
        H.
    normalise : bool
        Whether the features of each frame and window are normalised.
    by_frame : bool
        Whether a window is the mean of features, or of activations of the first layer.
    is_linear : bool
        Whether the second layers are zero, so that the features of a frame are `skip` alone.
    pose_scale : array ``(D,)`` or None
        The scale that weights frames (`himpc.model.pool_windows`); encoded frames then end with their weight.
    pools : list of array ``(V, J)``
        The nodes of each level, if distances are inputs.
    first : Layer
        The first layers of all levels, on joints and distances.
    skip : Layer or None
        What whitens the inputs, in a whitened network.
    second : list of Layer
        The second layer of each level, if it is applied to each frame.
    last : list of Layer or None
        By level, the layer from the mean of a window to its embedding; None if they are equal.
    """

    levels: tuple[Level, ...]
    hidden: int
    normalise: bool
    by_frame: bool
    is_linear: bool
    pose_scale: Array | None
    pools: list[Array]
    first: Layer
    skip: Layer | None
    second: list[Layer]
    last: list[Layer | None]

    @property
    def size(self) -> int:
        """Size of an embedding: levels times H."""
        return len(self.levels) * self.hidden

    @property
    def encoded_size(self) -> int:
        """Size of an encoded frame."""
        return self.size + (self.pose_scale is not None)


def arrange(weights: Weights, levels: Sequence[Level] | None = None, *, meta: bool = True) -> Arrangement:
    """Merge the layers of a network for embedding.

    Parameters
    ----------
    weights : Weights
    levels : sequence of level, optional
        Some of the network's levels, in the order of the result; by default all.
    meta : bool
        Whether to apply the mean head, as the multi-level representation does (docs/method.md, section 5).
    """
    used = weights.levels if levels is None else tuple(levels)
    by_frame = weights.normalise or weights.whiten
    joints = weights.pools["joint"].shape[1]
    second = [(weights.of_level(level, "w2").T.copy(), weights.of_level(level, "b2").copy()) for level in used]
    last = [
        _last(layer, weights.of_level(level, "heads") if meta else np.empty(0), by_frame=by_frame)
        for level, layer in zip(used, second, strict=True)
    ]
    return Arrangement(
        levels=used,
        hidden=weights.hidden,
        normalise=weights.normalise,
        by_frame=by_frame,
        is_linear=weights.whiten and not any(each.any() for layer in second for each in layer),
        pose_scale=weights.arrays["pose_scale"].copy() if weights.adapted else None,
        pools=[weights.pools[level].copy() for level in used] if weights.distances else [],
        first=_stack([_first(weights, level) for level in used], joints),
        skip=_stack([_whitening(weights, level) for level in used], joints) if weights.whiten else None,
        second=second if by_frame else [],
        last=last,
    )


def _first(weights: Weights, level: Level) -> Layer:
    """Return the weights of the first layer for joints and distances, ``(3 J + pairs, width)``, and its bias."""
    w1, bias = weights.of_level(level, "w1"), weights.of_level(level, "b1")
    if not weights.whiten:
        return _on_joints(weights, level, w1), bias
    axes = weights.of_level(level, "axes").astype(np.float64)
    offset = weights.of_level(level, "offset").astype(np.float64)
    merged = axes @ w1.astype(np.float64)
    return _on_joints(weights, level, merged.astype(np.float32)), (bias - offset @ merged).astype(np.float32)


def _whitening(weights: Weights, level: Level) -> Layer:
    """Return the matrix for joints and distances, ``(3 J + pairs, H)``, and the bias that whiten a frame."""
    axes, offset = weights.of_level(level, "axes"), weights.of_level(level, "offset")
    bias = -(offset.astype(np.float64) @ axes.astype(np.float64))
    return _on_joints(weights, level, axes), bias.astype(np.float32)


def _on_joints(weights: Weights, level: Level, matrix: Array) -> Array:
    """Merge the pooling of a level into a matrix ``(D, width)``; return ``(3 J + pairs, width)``."""
    if level == "joint":
        return matrix
    pool = weights.pools[level]
    nodes = matrix[: 3 * len(pool)].reshape(len(pool), 3, -1)
    on_joints = np.einsum("vj,vdh->jdh", pool, nodes).reshape(3 * pool.shape[1], -1)
    return np.concatenate([on_joints, matrix[3 * len(pool) :]])


def _stack(layers: Sequence[Layer], joints: int) -> Layer:
    """Combine the layers of all levels into one, ``(widths, 3 J + pairs)``; each level uses its own distances only."""
    pairs = [len(matrix) - 3 * joints for matrix, _ in layers]
    widths = [matrix.shape[1] for matrix, _ in layers]
    stacked = np.zeros((sum(widths), 3 * joints + sum(pairs)), dtype=np.float32)
    row, column = 0, 3 * joints
    for (matrix, _), width, count in zip(layers, widths, pairs, strict=True):
        stacked[row : row + width, : 3 * joints] = matrix[: 3 * joints].T
        stacked[row : row + width, column : column + count] = matrix[3 * joints :].T
        row, column = row + width, column + count
    return stacked, np.concatenate([bias for _, bias in layers])


def _last(second: Layer, heads: NDArray[Any], *, by_frame: bool) -> Layer | None:
    """Return the layer from the mean of a window to its embedding; None if they are equal."""
    matrix, bias = second
    if not len(heads):
        return None if by_frame else second
    head = heads.astype(np.float64).mean(axis=0).T
    if by_frame:
        return head.astype(np.float32), np.zeros_like(bias)
    return (head @ matrix.astype(np.float64)).astype(np.float32), (head @ bias.astype(np.float64)).astype(np.float32)

"""Inputs of the trained layers for all frames of a training, computed once: descriptions of bodies do not change."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from himpc.model import Network, mean_over_frames, unit, window_features
from himpc.recordings import Windows, iter_blocks
from himpc.skeleton import Level

__all__ = ["FrameInputs"]

MAX_BYTES = 2**30
"""Memory for the inputs of all frames; if they take more, each epoch and each batch computes its own."""

BLOCK_WINDOWS = 2**14
"""Windows whose features are averaged at once, which bounds memory."""


class FrameInputs:
    """Encode frames of windows from inputs that are computed once.

    Distances between joints and whitening take most of the operations of a frame, and only what follows is trained.

    Parameters
    ----------
    network : Network
    windows : Windows
        All windows of the training; masked ones of the same frames may be passed to the methods.
    """

    def __init__(self, network: Network, windows: Windows) -> None:
        self._network, self._frames = network, windows.frames
        sizes = [network.input_size(level) for level in network.levels]
        is_worthwhile = network.distances or network.whiten
        fits = 4 * len(windows.frames) * sum(sizes) <= MAX_BYTES
        self._inputs = self._compute(sizes) if is_worthwhile and fits else None

    def has_frames_of(self, windows: Windows) -> bool:
        """Return whether this object was made for the array of frames of these windows."""
        return self._frames is windows.frames

    def encode(self, windows: Windows, rows: NDArray[np.int64]) -> dict[Level, Tensor]:
        """Compute the features of the frames of some windows by level, ``(n, F, H)``, with gradients."""
        network = self._network
        shape = (len(rows), windows.length)
        if self._inputs is None:
            features = network(torch.from_numpy(windows[rows]).to(network.device).flatten(0, 1))
        else:
            index = torch.from_numpy(windows.frames_of(rows).ravel()).to(network.device)
            features = {level: network.encode_inputs(each[index], level) for level, each in self._inputs.items()}
        return {level: each.unflatten(0, shape) for level, each in features.items()}

    @torch.no_grad()
    def window_features(self, windows: Windows) -> dict[Level, Tensor]:
        """Compute the features of windows by level, ``(N, H)``, without gradient; each frame is encoded once."""
        network = self._network
        if self._inputs is None or not len(windows):
            return window_features(network, windows)
        features = {}
        for level, inputs in self._inputs.items():
            encoded = network.encode_inputs(inputs, level)
            means = [
                mean_over_frames(encoded, torch.from_numpy(windows.frames_of(rows)).to(network.device))
                for rows in (slice(start, start + BLOCK_WINDOWS) for start in range(0, len(windows), BLOCK_WINDOWS))
            ]
            features[level] = unit(torch.cat(means)) if network.normalise else torch.cat(means)
        return features

    @torch.no_grad()
    def _compute(self, sizes: list[int]) -> dict[Level, Tensor]:
        network = self._network
        inputs = {
            level: torch.empty(len(self._frames), size, device=network.device)
            for level, size in zip(network.levels, sizes, strict=True)
        }
        start = 0
        for block in iter_blocks(self._frames):
            joints = torch.from_numpy(np.ascontiguousarray(block)).to(network.device)
            for level, each in inputs.items():
                each[start : start + len(block)] = network.preprocess(joints, level)
            start += len(block)
        return inputs

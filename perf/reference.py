"""A reference implementation of docs/method.md by N x N matrices, loops and sets.

It is slow and needs much memory, but is short enough to be compared with the formulas. `make perf` compares himpc
with it, and tests/perf/test_reference.py checks that both give equal results.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.cluster import DBSCAN
from torch import Tensor

from himpc.model import Network
from himpc.recordings import Windows
from himpc.skeleton import Level

Array = NDArray[Any]


def features(network: Network, windows: Windows, level: Level, block: int = 1024) -> Tensor:
    """Return window features: each window is copied out, and all of its frames are encoded (section 2)."""
    with torch.no_grad():
        blocks = [torch.from_numpy(windows[start : start + block]) for start in range(0, len(windows), block)]
        return torch.cat([network.encode(b.flatten(0, 1), level).unflatten(0, b.shape[:2]).mean(1) for b in blocks])


def nearest(features: Array, k: int) -> Array:
    """Return the k nearest rows of each row, from all distances sorted (section 3, step 1)."""
    squares = (features**2).sum(axis=1)
    distances = squares[:, None] + squares - 2 * features @ features.T
    np.fill_diagonal(distances, -1)
    return np.argsort(distances, axis=1, kind="stable")[:, :k]


def jaccard(features: Array, ranks: Array, k2: int = 6) -> Array:
    """Return the N x N matrix of Jaccard distances (section 3, steps 2 to 6)."""
    n, k1 = ranks.shape

    def reciprocal(i: int, width: int) -> set[int]:
        return {c for c in ranks[i, :width] if i in ranks[c, :width]}

    weights = np.zeros((n, n), features.dtype)
    for i in range(n):
        own = reciprocal(i, k1)
        members = set(own)
        for c in own:
            half = reciprocal(c, min(k1, round(k1 / 2) + 1))
            if len(half & own) > 2 / 3 * len(half):
                members |= half
        columns = sorted(members)
        logits = -(2 - 2 * features[columns].astype(float) @ features[i].astype(float))
        powers = np.exp(logits - logits.max())
        weights[i, columns] = powers / powers.sum()
    weights = np.stack([weights[ranks[i, :k2]].mean(axis=0) for i in range(n)])
    distances = np.empty((n, n), features.dtype)
    for i in range(n):
        columns = np.flatnonzero(weights[i])
        overlap = np.minimum(weights[i, columns], weights[:, columns]).sum(axis=1)
        distances[i] = np.clip(1 - overlap / (2 - overlap), 0, None)
    return distances


def groups(distances: Array, eps: float, min_samples: int) -> Array:
    """Return the DBSCAN labels of a matrix of distances (section 3, step 7)."""
    results: Array = DBSCAN(eps=eps, min_samples=min_samples, metric="precomputed").fit_predict(distances)
    return results


def level_loss(frames: Tensor, prototypes: Tensor, heads: Tensor, labels: Tensor) -> Tensor:
    """Return one level's loss, hard mining included (section 4).

    Parameters
    ----------
    frames : float tensor ``(n, F, H)``
    prototypes : float tensor ``(K, H)``
    heads : float tensor ``(M, H, H)``
    labels : int64 tensor ``(n,)``
    """
    losses = []
    for head in heads:
        logits = (frames @ head) @ (prototypes @ head).T / frames.shape[2] ** 0.5
        predicted = logits.mean(dim=1).argmax(dim=1)
        sign = torch.where(predicted == labels, -1.0, 1.0)
        towards = logits[torch.arange(len(labels)), :, predicted]
        weights = (sign[:, None] * towards).softmax(dim=1)
        entropy = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), labels.repeat_interleave(frames.shape[1]), reduction="none"
        ).view_as(weights)
        losses.append((weights * entropy).sum(dim=1).mean())
    return torch.stack(losses).mean()

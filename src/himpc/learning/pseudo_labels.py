"""Pseudo-labels and prototypes: what stands in for the names that nobody gives (docs/method.md, section 3)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from torch import Tensor

from himpc.learning.jaccard import jaccard_distances
from himpc.learning.neighbours import nearest
from himpc.skeleton import Level

__all__ = ["NOISE", "group_distances", "prototypes", "pseudo_labels", "stability"]

NOISE = -1
"""The pseudo-label of a window that belongs to no group."""


def pseudo_labels(
    features: Tensor, *, k1: int = 20, k2: int = 6, eps: float = 0.6, min_samples: int = 2
) -> NDArray[np.int64]:
    """Return the group of each window, found from the features alone.

    Parameters
    ----------
    features : float tensor ``(N, H)``
        Window features of one level, not normalised, on any device.
    k1, k2 : int
        Neighbours for reciprocal sets and for query expansion; with fewer windows, all there are.
    eps, min_samples : float, int
        DBSCAN: the largest Jaccard distance between neighbours, and how many (itself included) make a core.

    Returns
    -------
    int64 array ``(N,)``
        0 to K - 1, and `NOISE` for windows without a group.
    """
    features = features.detach()
    ranks = nearest(features, k1).cpu().numpy()
    return group_distances(jaccard_distances(features.cpu().numpy(), ranks, k2), eps=eps, min_samples=min_samples)


def group_distances(distances: csr_matrix, *, eps: float, min_samples: int) -> NDArray[np.int64]:
    """Return the DBSCAN labels of a sparse graph of distances (`himpc.learning.jaccard.jaccard_distances`)."""
    from sklearn.cluster import DBSCAN
    from sklearn.neighbors import sort_graph_by_row_values

    graph = sort_graph_by_row_values(distances, warn_when_not_sorted=False)
    labels = DBSCAN(eps=eps, min_samples=min_samples, metric="precomputed").fit_predict(graph)
    return np.asarray(labels, dtype=np.int64)


def prototypes(features: Tensor, labels: Tensor) -> Tensor:
    """Return the mean feature of each group, ``(K, H)``, without gradient; noise belongs to none.

    Parameters
    ----------
    features : float tensor ``(N, H)``
    labels : int64 tensor ``(N,)``
        0 to K - 1, each at least once, or `NOISE`.
    """
    kept = labels >= 0
    labels, features = labels[kept], features.detach()[kept]
    sizes = torch.bincount(labels)
    sums = features.new_zeros((len(sizes), features.shape[1])).index_add_(0, labels, features)
    return sums / sizes[:, None]


def stability(labels: Mapping[Level, Tensor], before: Mapping[Level, Tensor]) -> float:
    """Return how alike two sets of pseudo-labels are, at most 1; about 0 by chance.

    The mean over levels of the adjusted Rand index (Hubert and Arabie 1985), with noise as one group. Unlike mutual
    information, its correction for chance takes linear time.

    Parameters
    ----------
    labels, before : mapping of level to int64 tensor ``(N,)``
    """
    from sklearn.metrics import adjusted_rand_score

    return float(np.mean([adjusted_rand_score(labels[level].cpu(), before[level].cpu()) for level in labels]))

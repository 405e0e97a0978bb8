"""Pseudo-labels of windows, as published, and their prototypes (docs/method.md, section 3)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from himpc.learning._fast.jaccard import jaccard_distances
from himpc.learning._fast.tensor_clustering import tensor_dbscan, tensor_jaccard_distances
from himpc.learning.clustering.constraints import Pairs, fewest_clusters, renumber_pairs, ward_tree
from himpc.learning.clustering.density import dbscan, hdbscan
from himpc.learning.clustering.neighbours import nearest_neighbours
from himpc.learning.clustering.number_of_people import cut_tree
from himpc.learning.config import Clustering, Neighbours


def cluster_windows(
    features: Tensor,
    *,
    k1: int = 20,
    k2: int = 6,
    eps: float = 0.6,
    min_samples: int = 2,
    clustering: Clustering = "dbscan",
    neighbours: Neighbours = "auto",
    ranks: Tensor | None = None,
) -> NDArray[np.int64]:
    """Compute the pseudo-label of each window from the features of one level.

    The k1 nearest windows of each give a Jaccard distance between windows, which is clustered.

    Parameters
    ----------
    features : float tensor ``(N, H)``
        Window features, not normalised, on any device. On a GPU all steps run there, except HDBSCAN.
    k1, k2 : int
        Neighbours for reciprocal sets and for query expansion; with fewer windows, all of them.
    eps, min_samples : float, int
        DBSCAN: the maximum Jaccard distance between neighbours, and how many (itself included) make a core window.
    clustering : {"dbscan", "hdbscan"}
        HDBSCAN ignores `eps`.
    neighbours : {"auto", "exact", "approximate"}
        See `nearest_neighbours`.
    ranks : int64 tensor ``(N, k1)``, optional
        The neighbours, if they were computed before.

    Returns
    -------
    int64 array ``(N,)``
        0 to K - 1, and `NOISE` for windows in no cluster.
    """
    features = features.detach()
    ranks = nearest_neighbours(features, k1, neighbours) if ranks is None else ranks
    if features.is_cuda and clustering == "dbscan":
        distances = tensor_jaccard_distances(features, ranks, k2, max_distance=eps)
        return tensor_dbscan(distances, len(features), eps=eps, min_samples=min_samples).cpu().numpy()
    on_cpu = features.cpu().numpy(), ranks.cpu().numpy()
    if clustering == "hdbscan":
        return hdbscan(jaccard_distances(*on_cpu, k2), min_samples=min_samples)
    return dbscan(jaccard_distances(*on_cpu, k2, max_distance=eps), eps=eps, min_samples=min_samples)


def split_clusters(
    labels: NDArray[np.int64],
    recording: NDArray[np.integer],
    pairs: Pairs | None,
    means_of: Callable[..., NDArray[np.float64]],
) -> NDArray[np.int64]:
    """Divide each cluster of windows that holds a pair of recordings, so that no cluster does.

    The mean features of its recordings are joined into Ward's tree, which is cut where clusters with a pair are joined.

    Parameters
    ----------
    labels : int64 array ``(N,)``
        0 to K - 1, or -1 for noise.
    recording : int array ``(N,)``
        The recording of each window.
    pairs : int64 array ``(P, 2)`` or None
        Pairs of recordings that show different people.
    means_of : callable
        Returns the mean features of the recordings, given the rows of windows and their recordings from 0.

    Returns
    -------
    int64 array ``(N,)``
        0 to K' - 1, or -1.
    """
    if pairs is None or not len(pairs):
        return labels
    divided, next_label = labels.copy(), int(labels.max(initial=-1)) + 1
    for label in range(next_label):
        rows = np.flatnonzero(labels == label)
        numbers, member = np.unique(recording[rows], return_inverse=True)
        if len(own := renumber_pairs(pairs, numbers)):
            tree = ward_tree(means_of(rows, member), own)
            parts = cut_tree(tree, fewest_clusters(tree))[member]
            divided[rows[parts > 0]] = next_label + parts[parts > 0] - 1
            next_label += int(parts.max())
    return divided


def prototypes(features: Tensor, labels: Tensor) -> Tensor:
    """Compute the mean feature of each cluster, ``(K, H)``, without gradient; noise is left out.

    Parameters
    ----------
    features : float tensor ``(N, H)``
    labels : int64 tensor ``(N,)``
        0 to K - 1, each at least once, or `NOISE`.
    """
    is_clustered = labels >= 0
    labels, features = labels[is_clustered], features.detach()[is_clustered]
    sizes = torch.bincount(labels)
    sums = features.new_zeros((len(sizes), features.shape[1])).index_add_(0, labels, features)
    return sums / sizes[:, None]

"""Pseudo-labels and prototypes: what stands in for the names that nobody gives (docs/method.md, section 3)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from torch import Tensor

from himpc.learning.clustering_tensors import density_labels, jaccard_entries
from himpc.learning.config import Clustering, Neighbours
from himpc.learning.jaccard import jaccard_distances
from himpc.learning.neighbours import nearest
from himpc.skeleton import Level

__all__ = ["NOISE", "density_groups", "group_distances", "prototypes", "pseudo_labels", "stability"]

NOISE = -1
"""The pseudo-label of a window that belongs to no group."""

SMALLEST = 1e-9
"""What stands for a distance of 0 where 0 would mean that there is none."""


def pseudo_labels(
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
    """Return the group of each window, found from the features alone.

    Parameters
    ----------
    features : float tensor ``(N, H)``
        Window features of one level, not normalised, on any device. On a GPU all steps run there, but HDBSCAN.
    k1, k2 : int
        Neighbours for reciprocal sets and for query expansion; with fewer windows, all there are.
    eps, min_samples : float, int
        DBSCAN: the largest Jaccard distance between neighbours, and how many (itself included) make a core.
    clustering : {"dbscan", "hdbscan"}
        With HDBSCAN, eps is not used; see `density_groups`.
    neighbours : {"auto", "exact", "approximate"}
        See `himpc.learning.neighbours.nearest`.
    ranks : int64 tensor ``(N, k1)``, optional
        The neighbours, where they are there already.

    Returns
    -------
    int64 array ``(N,)``
        0 to K - 1, and `NOISE` for windows without a group.
    """
    features = features.detach()
    ranks = nearest(features, k1, neighbours) if ranks is None else ranks
    if features.is_cuda and clustering == "dbscan":
        entries = jaccard_entries(features, ranks, k2, most=eps)
        return density_labels(entries, len(features), eps=eps, min_samples=min_samples).cpu().numpy()
    here, table = features.cpu().numpy(), ranks.cpu().numpy()
    if clustering == "hdbscan":
        return density_groups(jaccard_distances(here, table, k2), min_samples=min_samples)
    distances = jaccard_distances(here, table, k2, most=eps)
    return group_distances(distances, eps=eps, min_samples=min_samples)


def group_distances(distances: csr_matrix, *, eps: float, min_samples: int) -> NDArray[np.int64]:
    """Return the DBSCAN labels of a sparse graph of distances (`himpc.learning.jaccard.jaccard_distances`)."""
    from sklearn.cluster import DBSCAN
    from sklearn.neighbors import sort_graph_by_row_values

    graph = sort_graph_by_row_values(distances, warn_when_not_sorted=False)
    labels = DBSCAN(eps=eps, min_samples=min_samples, metric="precomputed").fit_predict(graph)
    return np.asarray(labels, dtype=np.int64)


def density_groups(distances: csr_matrix, *, min_samples: int) -> NDArray[np.int64]:
    """Return the HDBSCAN labels of a sparse graph of distances (Campello, Moulavi and Sander 2013).

    A group has at least `min_samples` windows, and two at the least. Windows that hang together, by mutual reachability
    below 1, with fewer than that are noise: at 1 all tie, and chance would put them into some group. No N x N matrix is
    made.
    """
    from scipy.sparse.csgraph import connected_components
    from sklearn.cluster import HDBSCAN

    least = max(2, min_samples)
    graph = _mutual_reachability(distances, min_samples)
    part = connected_components(graph, directed=False)[1]
    kept = np.flatnonzero(np.bincount(part)[part] >= least)
    labels = np.full(len(part), NOISE, dtype=np.int64)
    if len(kept):
        model = HDBSCAN(min_cluster_size=least, min_samples=1, metric="precomputed", copy=True)
        labels[kept] = model.fit_predict(_in_one_piece(graph[kept][:, kept]))
    return labels


def _mutual_reachability(distances: csr_matrix, min_samples: int) -> csr_matrix:
    """Return the mutual reachability below 1 in float64: the distance, or the larger core distance of its ends."""
    n, indptr, columns = distances.shape[0], distances.indptr, distances.indices
    rows = np.repeat(np.arange(n), np.diff(indptr))
    values = np.maximum(distances.data.astype(np.float64), SMALLEST)
    in_order = np.append(values[np.lexsort((values, rows))], 1.0)
    enough = np.diff(indptr) >= min_samples
    core = np.where(enough, in_order[np.where(enough, indptr[:-1] + min_samples - 1, -1)], 1.0)
    reach = np.maximum(values, np.where(rows == columns, 0, np.maximum(core[rows], core[columns])))
    near = reach < 1
    return csr_matrix((reach[near], (rows[near], columns[near])), shape=(n, n))


def _in_one_piece(graph: csr_matrix) -> csr_matrix:
    """Return the graph with each row linked to the next at 1, what is not stored: scikit-learn wants it connected."""
    n = graph.shape[0]
    here, after = np.arange(n - 1), np.arange(1, n)
    both = np.concatenate([here, after]), np.concatenate([after, here])
    chain = csr_matrix((np.ones(2 * (n - 1)), both), shape=(n, n))
    return (graph + chain - chain.multiply(graph > 0)).tocsr()


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

"""Density-based clustering of a sparse matrix of distances: DBSCAN, as published, and HDBSCAN."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

NOISE = -1
"""The label of a window that belongs to no cluster."""

MIN_DISTANCE = 1e-9
"""Replaces distances of 0, since operations of scipy may drop a stored 0."""


def dbscan(distances: csr_matrix, *, eps: float, min_samples: int) -> NDArray[np.int64]:
    """Compute DBSCAN labels of a sparse matrix of distances (see `himpc.learning.clustering.jaccard_distances`).

    `himpc.learning._fast.tensor_clustering` does the same on a GPU.
    """
    from sklearn.cluster import DBSCAN
    from sklearn.neighbors import sort_graph_by_row_values

    graph = sort_graph_by_row_values(distances, warn_when_not_sorted=False)
    labels = DBSCAN(eps=eps, min_samples=min_samples, metric="precomputed").fit_predict(graph)
    return np.asarray(labels, dtype=np.int64)


def hdbscan(distances: csr_matrix, *, min_samples: int) -> NDArray[np.int64]:
    """Compute HDBSCAN labels of a sparse matrix of distances, without an N x N matrix.

    A cluster has at least `min_samples` windows, and at least two. Connected components (by mutual reachability below
    1) with fewer windows are noise: at a distance of 1 all windows tie, and their clusters would be arbitrary.

    References
    ----------
    Campello, Moulavi, Sander: Density-based clustering based on hierarchical density estimates. PAKDD 2013.
    """
    from scipy.sparse.csgraph import connected_components
    from sklearn.cluster import HDBSCAN

    min_size = max(2, min_samples)
    graph = _mutual_reachability(distances, min_samples)
    component = connected_components(graph, directed=False)[1]
    clustered = np.flatnonzero(np.bincount(component)[component] >= min_size)
    labels = np.full(len(component), NOISE, dtype=np.int64)
    if len(clustered):
        model = HDBSCAN(min_cluster_size=min_size, min_samples=1, metric="precomputed", copy=True)
        labels[clustered] = model.fit_predict(_connect(graph[clustered][:, clustered]))
    return labels


def _mutual_reachability(distances: csr_matrix, min_samples: int) -> csr_matrix:
    """Return the mutual reachability below 1 in float64: the distance, or the larger core distance of its two ends."""
    n, indptr, columns = distances.shape[0], distances.indptr, distances.indices
    rows = np.repeat(np.arange(n), np.diff(indptr))
    values = np.maximum(distances.data.astype(np.float64), MIN_DISTANCE)
    ascending = np.append(values[np.lexsort((values, rows))], 1.0)
    is_core = np.diff(indptr) >= min_samples
    core_distance = np.where(is_core, ascending[np.where(is_core, indptr[:-1] + min_samples - 1, -1)], 1.0)
    core = np.maximum(core_distance[rows], core_distance[columns])
    reachability = np.maximum(values, np.where(rows == columns, 0, core))
    is_near = reachability < 1
    return csr_matrix((reachability[is_near], (rows[is_near], columns[is_near])), shape=(n, n))


def _connect(graph: csr_matrix) -> csr_matrix:
    """Link each row to the next at a distance of 1, as scikit-learn requires a connected graph."""
    n = graph.shape[0]
    current, following = np.arange(n - 1), np.arange(1, n)
    pairs = np.concatenate([current, following]), np.concatenate([following, current])
    chain = csr_matrix((np.ones(2 * (n - 1)), pairs), shape=(n, n))
    return (graph + chain - chain.multiply(graph > 0)).tocsr()

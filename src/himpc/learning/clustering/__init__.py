"""Pseudo-labels: clusters of windows or recordings that presumably show the same person, from features alone."""

from typing import TYPE_CHECKING

from himpc._extras import import_on_first_use

if TYPE_CHECKING:
    from himpc.learning._fast.jaccard import jaccard_distances
    from himpc.learning.clustering.constraints import assign_apart
    from himpc.learning.clustering.density import NOISE, dbscan, hdbscan
    from himpc.learning.clustering.neighbours import nearest_neighbours
    from himpc.learning.clustering.number_of_people import cluster_by_silhouette
    from himpc.learning.clustering.recordings import cluster_recordings
    from himpc.learning.clustering.windows import cluster_windows, prototypes

__all__ = [
    "NOISE",
    "assign_apart",
    "cluster_by_silhouette",
    "cluster_recordings",
    "cluster_windows",
    "dbscan",
    "hdbscan",
    "jaccard_distances",
    "nearest_neighbours",
    "prototypes",
]

__getattr__ = import_on_first_use(
    __name__,
    {
        "constraints": "assign_apart",
        "density": "NOISE dbscan hdbscan",
        "neighbours": "nearest_neighbours",
        "number_of_people": "cluster_by_silhouette",
        "recordings": "cluster_recordings",
        "windows": "cluster_windows jaccard_distances prototypes",
    },
)

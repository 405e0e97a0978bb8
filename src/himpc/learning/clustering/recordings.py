"""Pseudo-labels of recordings: all windows of a recording show the same person (docs/method.md, section 10)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError
from himpc.learning.clustering.constraints import Pairs, renumber_pairs
from himpc.learning.clustering.number_of_people import MAX_RECORDINGS, MIN_RECORDINGS, cluster_by_silhouette
from himpc.learning.statistics import shrunk_covariance, whitening_matrix
from himpc.model import pool_windows

FINER_SHARE = 0.9
"""A finer cut with this share of the best gain is preferred: joining two people does more harm than splitting one.
Chosen on simulated walkers."""

NUISANCE_SHARE = 0.05
"""Share of the variance between recordings that is attributed to other causes than the person, such as view, posture or
shoes. Chosen from 0, 0.05, 0.2 and 0.5 on simulated walkers."""


def cluster_recordings(
    vectors: NDArray[np.floating], whole_recording: NDArray[np.integer], cannot_link: Pairs | None = None
) -> NDArray[np.int64]:
    """Compute the pseudo-label of each window, ``(N,)``, 0 to K - 1, the same for all windows of a recording.

    The mean vectors of the recordings are clustered (see `cluster_by_silhouette`). With fewer than `MIN_RECORDINGS`
    each recording has its own label.

    Parameters
    ----------
    vectors : float array ``(N, D)``
        One embedding per window, compared by Euclidean distance.
    whole_recording : int array ``(N,)``
        The whole recording that each window was cut from.
    cannot_link : int64 array ``(P, 2)``, optional
        Pairs of whole recordings that never get one label.

    Raises
    ------
    DataError
        If there are more than `MAX_RECORDINGS` recordings.
    """
    recordings, recording = np.unique(whole_recording, return_inverse=True)
    if len(recordings) > MAX_RECORDINGS:
        raise DataError(
            f"found {len(recordings)} recordings, expected at most {MAX_RECORDINGS} to cluster at once",
            hint="train on some of them, or with {grouped=windows}",
        )
    if len(recordings) < MIN_RECORDINGS:
        clusters = np.arange(len(recordings))
    else:
        pairs = renumber_pairs(cannot_link, recordings)
        clusters = cluster_by_silhouette(means_by_label(vectors, recording), FINER_SHARE, pairs)
    labels: NDArray[np.int64] = clusters[recording]
    return labels


def means_by_label(vectors: NDArray[np.floating], labels: NDArray[np.integer]) -> NDArray[np.float64]:
    """Compute the mean vector of each label, ``(K, D)``; labels are 0 to K - 1, each at least once."""
    return pool_windows(vectors, labels, int(labels.max()) + 1)


def whitened_means(vectors: NDArray[np.float64], member: NDArray[np.integer]) -> NDArray[np.float64]:
    """Compute the mean of the windows of each recording, ``(R, D)``, whitened by the within-person variation."""
    means = means_by_label(vectors, member)
    within = vectors - means[member]
    if not within.any():
        return means
    between = means - means.mean(axis=0)
    covariance = shrunk_covariance(within) + NUISANCE_SHARE * shrunk_covariance(between)
    min_share = float(np.finfo(np.float64).eps) * len(covariance)
    whitened: NDArray[np.float64] = means @ whitening_matrix(covariance, min_share=min_share)
    return whitened

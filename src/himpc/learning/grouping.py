"""Grouping of recordings into people, without labels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError, DataError

__all__ = ["MAX_RECORDINGS", "NUISANCE", "Grouping", "group_recordings"]

MAX_RECORDINGS = 20_000
"""Above this, the distances between all pairs of recordings would take more than 3 GB."""

NUISANCE = 0.05
"""The share of the variance between recordings that is taken for something else than the person; chosen on simulated
walkers, from 0, 0.05, 0.2 and 0.5."""

_CANDIDATES = 64
"""How many numbers of people are tried, evenly spaced by ratio, before the best is looked at more closely."""


@dataclass(frozen=True, eq=False)
class Grouping:
    """Which recordings show the same person.

    Attributes
    ----------
    groups : int64 array ``(R,)``
        The group of each recording, numbered from 1 by falling size; 0 for one that is shorter than a window.
    confidence : float array ``(R,)``
        How much nearer a recording is to its own group than to the next, in [0, 1]: its silhouette, where a group of
        one counts as spread as the other groups are; NaN where the group is 0.
    vectors : float64 array ``(R, D)``
        The recordings as they were compared, whitened; NaN where the group is 0.
    chosen : bool
        True if the number of people was decided here, False if it was given.
    """

    groups: NDArray[np.int64]
    confidence: NDArray[np.float64]
    vectors: NDArray[np.float64]
    chosen: bool

    @property
    def people(self) -> int:
        """How many people there are."""
        return int(self.groups.max(initial=0))


def group_recordings(
    vectors: NDArray[np.floating],
    recording: NDArray[np.integer],
    n_recordings: int,
    people: int | None = None,
) -> Grouping:
    """Say which recordings show the same person.

    What varies within a recording is not who it shows: vectors are whitened by the covariance of the windows of a
    recording around their mean (within-class covariance normalisation, Hatch et al. 2006, with recordings as classes),
    plus a share of the covariance between recordings, `NUISANCE`, for what else may differ between recordings of one
    person: view, posture, shoes. Both are shrunk as Ledoit and Wolf (2004) say. The means of the recordings are then
    joined into Ward's tree (1963), which is cut where the mean silhouette (Rousseeuw 1987) is highest.

    Cuts into fewer groups than the square root of the number of recordings are not tried: there the silhouette finds
    what is coarser than a person, such as men and women, or two cameras. Of many recordings of very few people, say
    how many there are.

    Parameters
    ----------
    vectors : array ``(N, D)``
        One embedding a window.
    recording : int array ``(N,)``
        Which recording each window was cut from.
    n_recordings : int
        R; a recording without a window belongs to no group.
    people : int, optional
        How many groups to make; if not given, it is decided.

    Returns
    -------
    Grouping
        Groups, confidence, and the vectors that were compared.

    Raises
    ------
    DataError
        If fewer than two recordings have a window, or more than `MAX_RECORDINGS`, or an embedding is not finite.
    ConfigError
        If `people` is not between 1 and the number of recordings.

    References
    ----------
    Hatch, Kajarekar, Stolcke: Within-class covariance normalization for SVM-based speaker recognition. Interspeech
    2006. Ledoit, Wolf: A well-conditioned estimator for large-dimensional covariance matrices. J. Multivar. Anal. 88
    (2004). Ward: Hierarchical grouping to optimize an objective function. JASA 58 (1963). Rousseeuw: Silhouettes.
    J. Comput. Appl. Math. 20 (1987).
    """
    present, member = np.unique(recording, return_inverse=True)
    if len(present) < 2:
        raise DataError(f"grouping needs two recordings or more that are as long as a window, found {len(present)}")
    if len(present) > MAX_RECORDINGS:
        raise DataError(f"{len(present)} recordings are more than the {MAX_RECORDINGS} that can be grouped at once")
    if people is not None and not 1 <= people <= len(present):
        raise ConfigError(f"people must be from 1 to the number of recordings, {len(present)}, found {people}")
    if not np.isfinite(vectors).all():
        raise DataError("embeddings hold values that are not finite; was the model trained?")
    means = _whitened_means(vectors.astype(np.float64), member)
    labels, distances = _cut(means, people)
    groups = np.zeros(n_recordings, dtype=np.int64)
    confidence = np.full(n_recordings, np.nan)
    compared = np.full((n_recordings, means.shape[1]), np.nan)
    groups[present], confidence[present], compared[present] = (
        _number_by_size(labels),
        _confidence(distances, labels),
        means,
    )
    return Grouping(groups, confidence, compared, chosen=people is None)


def silhouettes(distances: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the silhouette of each item in [-1, 1] from an ``(R, R)`` distance matrix; 0 for one alone in its group.

    Examples
    --------
    >>> d = np.abs(np.subtract.outer([0.0, 1.0, 9.0], [0.0, 1.0, 9.0]))
    >>> silhouettes(d, np.array([0, 0, 1])).round(3).tolist()
    [0.889, 0.875, 0.0]
    """
    own, nearest = _own_and_nearest(distances, labels)
    widest = np.maximum(own, nearest)
    values = np.divide(nearest - own, widest, out=np.zeros_like(own), where=widest > 0)
    alone = np.bincount(labels)[labels] == 1
    return np.where(alone, 0.0, values)


def _whitened_means(vectors: NDArray[np.float64], member: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the mean of each recording's windows, ``(R, D)``, in units of what is taken not to be the person."""
    from sklearn.covariance import ledoit_wolf

    count = np.bincount(member)
    means = np.zeros((len(count), vectors.shape[1]))
    np.add.at(means, member, vectors)
    means /= count[:, None]
    within = vectors - means[member]
    if not within.any():
        return means
    between = means - means.mean(axis=0)
    covariance = ledoit_wolf(within, assume_centered=True)[0] + NUISANCE * ledoit_wolf(between, assume_centered=True)[0]
    variance, axes = np.linalg.eigh(covariance)
    variance = np.maximum(variance, variance[-1] * np.finfo(np.float64).eps * len(variance))
    whitened: NDArray[np.float64] = means @ (axes / np.sqrt(variance))
    return whitened


def _cut(vectors: NDArray[np.float64], people: int | None) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return labels from 0, and the distances."""
    from scipy.cluster.hierarchy import ward
    from scipy.spatial.distance import pdist, squareform

    condensed = pdist(vectors)
    distances: NDArray[np.float64] = squareform(condensed)
    tree = ward(condensed)

    def labels(count: int) -> NDArray[np.int64]:
        return _first_merges(tree, len(vectors) - count)

    if people is not None:
        return labels(people), distances
    least, most = max(2, math.ceil(math.sqrt(len(vectors)))), len(vectors) - 1
    if most < least:
        return np.zeros(len(vectors), dtype=np.int64), distances
    scores: dict[int, float] = {}
    coarse = np.unique(np.geomspace(least, most, _CANDIDATES).round().astype(int))
    for count in coarse:
        scores[int(count)] = float(silhouettes(distances, labels(int(count))).mean())
    best = max(scores, key=lambda count: scores[count])
    near = int(np.searchsorted(coarse, best))
    for count in range(int(coarse[max(near - 1, 0)]), int(coarse[min(near + 1, len(coarse) - 1)]) + 1):
        if count not in scores:
            scores[count] = float(silhouettes(distances, labels(count)).mean())
    return labels(max(scores, key=lambda count: scores[count])), distances


def _first_merges(tree: NDArray[np.float64], merges: int) -> NDArray[np.int64]:
    """Return the labels after the first merges of a linkage tree; ties never change how many groups there are."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    leaves = len(tree) + 1
    children = tree[:merges, :2].astype(np.int64).ravel()
    made = np.repeat(leaves + np.arange(merges), 2)
    edges = coo_array((np.ones(2 * merges), (children, made)), shape=(2 * leaves, 2 * leaves))
    labels: NDArray[np.int64] = connected_components(edges, directed=False)[1][:leaves].astype(np.int64)
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def _own_and_nearest(
    distances: NDArray[np.float64], labels: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean distance of each item to the others of its group, and to the nearest other group."""
    sizes = np.bincount(labels).astype(np.float64)
    member = np.zeros((len(labels), len(sizes)))
    member[np.arange(len(labels)), labels] = 1
    sums = distances @ member
    own = np.take_along_axis(sums, labels[:, None], axis=1)[:, 0] / np.maximum(sizes[labels] - 1, 1)
    means = sums / sizes
    means[np.arange(len(labels)), labels] = np.inf
    return own, means.min(axis=1)


def _confidence(distances: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    own, nearest = _own_and_nearest(distances, labels)
    alone = np.bincount(labels)[labels] == 1
    own = np.where(alone, np.median(own[~alone]) if (~alone).any() else 0.0, own)
    if labels.max() == 0:
        return np.ones(len(labels))
    widest = np.maximum(own, nearest)
    return np.clip(np.divide(nearest - own, widest, out=np.zeros_like(own), where=widest > 0), 0, 1)


def _number_by_size(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return labels from 1, the largest group first, ties by first appearance."""
    names, first, counts = np.unique(labels, return_index=True, return_counts=True)
    order = np.lexsort((first, -counts))
    number = np.empty(len(names), dtype=np.int64)
    number[order] = np.arange(1, len(names) + 1)
    return number[np.searchsorted(names, labels)]

"""Grouping of recordings into people, without labels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError, DataError

__all__ = ["MAX_RECORDINGS", "MIN_RECORDINGS", "NUISANCE", "Grouping", "group_recordings"]

MIN_RECORDINGS = 4
"""With fewer there is but one number of people to try."""

MAX_RECORDINGS = 10_000
"""Above this, the distances between all pairs of recordings and their sums would take more than 2 GB."""

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
    what is coarser than a person, such as men and women, or two cameras. Of many recordings of very few people, or of
    one, say how many there are.

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
        If fewer than two recordings have a window, or fewer than `MIN_RECORDINGS` where `people` is not given, or more
        than `MAX_RECORDINGS`, or an embedding is not finite.
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
    if people is None and len(present) < MIN_RECORDINGS:
        raise DataError(
            f"how many people there are cannot be told from {len(present)} recordings: give {MIN_RECORDINGS} or more, "
            "or say how many people (--people)"
        )
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


def silhouettes(distances: NDArray[np.float64], labels: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the silhouette of each item in [-1, 1] from an ``(R, R)`` distance matrix; 0 for one alone in its group.

    Examples
    --------
    >>> d = np.abs(np.subtract.outer([0.0, 1.0, 9.0], [0.0, 1.0, 9.0]))
    >>> silhouettes(d, np.array([0, 0, 1])).round(3).tolist()
    [0.889, 0.875, 0.0]
    """
    return _silhouettes(*_sums(distances, labels), labels)


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

    if people is not None:
        return _first_merges(tree, len(vectors) - people), distances
    least, most = max(2, math.ceil(math.sqrt(len(vectors)))), len(vectors) - 1
    coarse = np.unique(np.geomspace(least, most, _CANDIDATES).round().astype(int))
    scores = _scores(distances, tree, coarse)
    best = int(np.searchsorted(coarse, max(scores, key=lambda count: scores[count])))
    around = (coarse[max(best - 1, 0)], coarse[min(best + 1, len(coarse) - 1)])
    scores |= _scores(distances, tree, np.unique(np.linspace(*around, _CANDIDATES).round().astype(int)))
    return _first_merges(tree, len(vectors) - max(scores, key=lambda count: scores[count])), distances


def _scores(distances: NDArray[np.float64], tree: NDArray[np.float64], counts: NDArray[np.integer]) -> dict[int, float]:
    """Return the mean silhouette of the cuts of a tree into some numbers of groups, the largest number first.

    From one cut to the next the sums of distances to groups are merged as the groups are, in O(R) a merge.
    """
    leaves = len(distances)
    sums, sizes = distances.copy(), np.ones(leaves)
    row = np.concatenate([np.arange(leaves), np.full(len(tree), -1)])  # of `sums`, for each node of the tree
    member = np.arange(leaves)
    scores, merged = {}, 0
    for count in sorted(counts.tolist(), reverse=True):
        for step in range(merged, leaves - count):
            kept, gone = row[tree[step, :2].astype(np.int64)]
            sums[kept] += sums[gone]
            sizes[kept] += sizes[gone]
            sizes[gone] = 0
            member[member == gone] = kept
            row[leaves + step] = kept
        merged = leaves - count
        alive = np.flatnonzero(sizes)
        labels = np.searchsorted(alive, member)
        scores[count] = float(_silhouettes(sums[alive], sizes[alive], labels).mean())
    return scores


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


def _sums(
    distances: NDArray[np.float64], labels: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the sum of the distances from each group to each item, ``(K, R)``, and the size of each group."""
    order = np.argsort(labels, kind="stable")
    sizes = np.bincount(labels)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return np.add.reduceat(distances[order], starts, axis=0), sizes.astype(np.float64)


def _own_and_nearest(
    sums: NDArray[np.float64], sizes: NDArray[np.float64], labels: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean distance of each item to the others of its group, and to the nearest other group."""
    items = np.arange(len(labels))
    own = sums[labels, items] / np.maximum(sizes[labels] - 1, 1)
    means = sums / sizes[:, None]
    means[labels, items] = np.inf
    return own, means.min(axis=0)


def _silhouettes(
    sums: NDArray[np.float64], sizes: NDArray[np.float64], labels: NDArray[np.integer]
) -> NDArray[np.float64]:
    own, nearest = _own_and_nearest(sums, sizes, labels)
    return np.where(sizes[labels] == 1, 0.0, _margin(own, nearest))


def _margin(own: NDArray[np.float64], nearest: NDArray[np.float64]) -> NDArray[np.float64]:
    widest = np.maximum(own, nearest)
    margin: NDArray[np.float64] = np.divide(nearest - own, widest, out=np.zeros_like(own), where=widest > 0)
    return margin


def _confidence(distances: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    if labels.max() == 0:
        return np.ones(len(labels))
    sums, sizes = _sums(distances, labels)
    own, nearest = _own_and_nearest(sums, sizes, labels)
    alone = sizes[labels] == 1
    own = np.where(alone, np.median(own[~alone]) if (~alone).any() else 0.0, own)
    return np.clip(_margin(own, nearest), 0, 1)


def _number_by_size(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return labels from 1, the largest group first, ties by first appearance."""
    names, first, counts = np.unique(labels, return_index=True, return_counts=True)
    order = np.lexsort((first, -counts))
    number = np.empty(len(names), dtype=np.int64)
    number[order] = np.arange(1, len(names) + 1)
    return number[np.searchsorted(names, labels)]

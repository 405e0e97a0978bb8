"""Grouping of recordings into people, without labels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError, DataError
from himpc.learning.cuts import best_cut, cut_into, margin, own_and_nearest, sums_to_groups
from himpc.learning.whitening import means_of

__all__ = ["MAX_RECORDINGS", "MIN_RECORDINGS", "NUISANCE", "Grouping", "group_recordings"]

MIN_RECORDINGS = 4
"""With fewer there is but one number of people to try."""

MAX_RECORDINGS = 10_000
"""Above this, the distances between all pairs of recordings and their sums would take more than 2 GB."""

NUISANCE = 0.05
"""The share of the variance between recordings that is taken for something else than the person; chosen on simulated
walkers, from 0, 0.05, 0.2 and 0.5."""


@dataclass(frozen=True, eq=False)
class Grouping:
    """Which recordings show the same person.

    Attributes
    ----------
    groups : int64 array ``(R,)``
        The group of each recording, numbered from 1 by falling size; 0 for one that is shorter than a window.
    confidence : float array ``(R,)``
        How much nearer a recording is to its own group than to the next, in [0, 1]: its silhouette, where a group of
        one counts as spread as the other groups are; NaN where the group is 0, or where every group is of one.
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

    @property
    def doubt(self) -> str:
        """A sentence, where the number of people lies at an end of what was tried; else empty."""
        placed = int((self.groups > 0).sum())
        if not self.chosen:
            return ""
        if self.people == placed:
            return (
                f"no two of {placed} recordings were found to show the same person, so each is a group of its own: if "
                "that is wrong, say how many people there are (--people)"
            )
        if self.people <= math.ceil(math.sqrt(placed)):
            return (
                f"{self.people} people are the fewest that are tried for {placed} recordings: if there are fewer, say "
                "how many (--people)"
            )
        return ""


def group_recordings(
    vectors: NDArray[np.floating],
    recording: NDArray[np.integer],
    n_recordings: int,
    people: int | None = None,
    *,
    whiten: bool = True,
) -> Grouping:
    """Say which recordings show the same person.

    What varies within a recording is not who it shows: vectors are whitened by the covariance of the windows of a
    recording around their mean (within-class covariance normalisation, Hatch et al. 2006, with recordings as classes),
    plus a share of the covariance between recordings, `NUISANCE`, for what else may differ between recordings of one
    person: view, posture, shoes. Both are shrunk as Ledoit and Wolf (2004) say. The means of the recordings are then
    joined into Ward's tree (1963), which is cut where its groups exceed those of strangers the most, and not at all
    where they do not. Of many recordings of very few people, or of one, say how many there are.

    Parameters
    ----------
    vectors : array ``(N, D)``
        One embedding a window.
    recording : int array ``(N,)``
        Which recording each window was cut from.
    n_recordings : int
        R; a recording without a window belongs to no group.
    people : int, optional
        How many groups to make; if not given, it is decided (`himpc.learning.cuts.best_cut`).
    whiten : bool
        False for embeddings that are whitened already, such as those of the preset ``tracklet``.

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
    (2004). Ward: Hierarchical grouping to optimize an objective function. JASA 58 (1963).
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
    means = _whitened_means(vectors.astype(np.float64), member) if whiten else means_of(vectors, member)
    labels = _cut(means, people)
    groups = np.zeros(n_recordings, dtype=np.int64)
    confidence = np.full(n_recordings, np.nan)
    compared = np.full((n_recordings, means.shape[1]), np.nan)
    groups[present], confidence[present], compared[present] = (
        _number_by_size(labels),
        _confidence(means, labels),
        means,
    )
    return Grouping(groups, confidence, compared, chosen=people is None)


def _whitened_means(vectors: NDArray[np.float64], member: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the mean of each recording's windows, ``(R, D)``, in units of what is taken not to be the person."""
    from sklearn.covariance import ledoit_wolf

    means = means_of(vectors, member)
    within = vectors - means[member]
    if not within.any():
        return means
    between = means - means.mean(axis=0)
    covariance = ledoit_wolf(within, assume_centered=True)[0] + NUISANCE * ledoit_wolf(between, assume_centered=True)[0]
    variance, axes = np.linalg.eigh(covariance)
    variance = np.maximum(variance, variance[-1] * np.finfo(np.float64).eps * len(variance))
    whitened: NDArray[np.float64] = means @ (axes / np.sqrt(variance))
    return whitened


def _cut(vectors: NDArray[np.float64], people: int | None) -> NDArray[np.int64]:
    """Return labels from 0."""
    from scipy.cluster.hierarchy import ward
    from scipy.spatial.distance import pdist

    return best_cut(vectors) if people is None else cut_into(ward(pdist(vectors)), people)


def _confidence(vectors: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    from scipy.spatial.distance import pdist, squareform

    if labels.max() == 0:
        return np.ones(len(labels))
    distances = squareform(pdist(vectors))
    sums, sizes = sums_to_groups(distances, labels)
    own, nearest = own_and_nearest(sums, sizes, labels)
    alone = sizes[labels] == 1
    if alone.all():
        return np.full(len(labels), np.nan)
    own = np.where(alone, np.median(own[~alone]), own)
    return np.clip(margin(own, nearest), 0, 1)


def _number_by_size(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return labels from 1, the largest group first, ties by first appearance."""
    names, first, counts = np.unique(labels, return_index=True, return_counts=True)
    order = np.lexsort((first, -counts))
    number = np.empty(len(names), dtype=np.int64)
    number[order] = np.arange(1, len(names) + 1)
    return number[np.searchsorted(names, labels)]

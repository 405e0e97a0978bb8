"""Pseudo-labels of recordings: every window of a recording shows the same person (docs/method.md, section 10)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError
from himpc.learning.cuts import best_cut
from himpc.learning.grouping import MAX_RECORDINGS, MIN_RECORDINGS
from himpc.learning.whitening import means_of

__all__ = ["FINER", "recording_labels"]

FINER = 0.9
"""How good a finer cut must be, by what the best exceeds chance, to be taken for pseudo-labels: to join two people does
more harm than to split one. Chosen on simulated walkers."""


def recording_labels(vectors: NDArray[np.floating], take: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the pseudo-label of each window, ``(N,)``, 0 to K - 1, the same for all windows of a recording.

    Recordings whose means are as near as those of one person are given one label (`himpc.learning.cuts.best_cut`); with
    fewer than `MIN_RECORDINGS`, each is another.

    Parameters
    ----------
    vectors : float array ``(N, D)``
        One embedding a window, compared by Euclidean distance.
    take : int array ``(N,)``
        Which recording each window was cut from.

    Raises
    ------
    DataError
        If there are more than `MAX_RECORDINGS` recordings.
    """
    present, member = np.unique(take, return_inverse=True)
    if len(present) > MAX_RECORDINGS:
        raise DataError(
            f"{len(present)} recordings are more than the {MAX_RECORDINGS} that can be grouped at once: "
            "train on some of them, or with grouped = windows"
        )
    several = len(present) >= MIN_RECORDINGS
    groups = best_cut(means_of(vectors, member), FINER) if several else np.arange(len(present))
    labels: NDArray[np.int64] = groups[member]
    return labels

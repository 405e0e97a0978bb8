"""Embeddings of windows with the labels of their recordings, and their means over recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.model import IdentityScoring, RankingScoring, pool_windows
from himpc.recordings import Recording


@dataclass(frozen=True, eq=False)
class LabelledEmbeddings:
    """Embeddings of N windows, and the labels of the R recordings that they were cut from."""

    vectors: NDArray[np.floating]
    """One embedding per window, ``(N, D)``."""
    recording: NDArray[np.integer]
    """The recording of each window, ``(N,)``."""
    persons: Sequence[str | None]
    cameras: Sequence[str | None]
    sessions: Sequence[str | None]
    """`persons`, `cameras`, `sessions`: labels of each recording, ``(R,)``; None where unknown."""
    sources: Sequence[str] = ()
    """Name of each recording in messages, ``(R,)``; by default its number."""
    scoring: IdentityScoring | RankingScoring | None = None
    """That of an adapted model, by which the windows of a recording are weighted (`himpc.model.pool_windows`), and the
    gallery is ranked."""

    @classmethod
    def from_recordings(
        cls,
        vectors: NDArray[np.floating],
        recording: NDArray[np.integer],
        recordings: Sequence[Recording],
        scoring: IdentityScoring | RankingScoring | None = None,
    ) -> LabelledEmbeddings:
        """Combine the embeddings of windows with the labels of their recordings."""
        return cls(
            vectors=vectors,
            recording=recording,
            persons=tuple(r.person for r in recordings),
            cameras=tuple(r.camera for r in recordings),
            sessions=tuple(r.session for r in recordings),
            sources=tuple(r.source for r in recordings),
            scoring=scoring,
        )

    def source(self, recording: int) -> str:
        """Return the name of a recording."""
        return (self.sources[recording] if self.sources else "") or f"recording {recording}"


def pool_recordings(
    embeddings: NDArray[np.floating],
    recording: NDArray[np.integer],
    n_recordings: int,
    pose_scale: NDArray[np.floating] | None = None,
) -> NDArray[np.float32]:
    """Compute the mean embedding of the windows of each recording, as `himpc.model.pool_windows`, in float32.

    Examples
    --------
    >>> pool_recordings(np.array([[1.0], [3.0], [5.0]]), np.array([0, 0, 2]), n_recordings=3).ravel()
    array([ 2., nan,  5.], dtype=float32)
    """
    return pool_windows(embeddings, recording, n_recordings, pose_scale).astype(np.float32)

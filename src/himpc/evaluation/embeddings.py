"""Embeddings of windows with the labels of their recordings, and their means over recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError
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

    @classmethod
    def from_recordings(
        cls, vectors: NDArray[np.floating], recording: NDArray[np.integer], recordings: Sequence[Recording]
    ) -> LabelledEmbeddings:
        """Combine the embeddings of windows with the labels of their recordings."""
        return cls(
            vectors=vectors,
            recording=recording,
            persons=tuple(r.person for r in recordings),
            cameras=tuple(r.camera for r in recordings),
            sessions=tuple(r.session for r in recordings),
            sources=tuple(r.source for r in recordings),
        )

    def source(self, recording: int) -> str:
        """Return the name of a recording."""
        return (self.sources[recording] if self.sources else "") or f"recording {recording}"


def pool_recordings(
    embeddings: NDArray[np.floating], recording: NDArray[np.integer], n_recordings: int
) -> NDArray[np.float32]:
    """Compute the mean embedding of the windows of each recording.

    Parameters
    ----------
    embeddings : array ``(N, D)``
        One row per window.
    recording : int array ``(N,)``
        The recording of each window, in ``[0, n_recordings)``, in any order.
    n_recordings : int
        R.

    Returns
    -------
    float32 array ``(R, D)``
        Summed in float64. A recording without windows has a row of NaN.

    Raises
    ------
    DataError
        If the arrays do not fit each other or a recording is out of range.

    Examples
    --------
    >>> pool_recordings(np.array([[1.0], [3.0], [5.0]]), np.array([0, 0, 2]), n_recordings=3).ravel()
    array([ 2., nan,  5.], dtype=float32)
    """
    if embeddings.ndim != 2 or recording.shape != (len(embeddings),):
        raise DataError(
            f"embeddings have shape {embeddings.shape} and recording {recording.shape}, expected (N, D) and (N,)"
        )
    if len(recording) and not 0 <= recording.min() <= recording.max() < n_recordings:
        raise DataError(f"recording holds {recording.min()} to {recording.max()}, expected 0 to {n_recordings - 1}")
    pooled = np.full((n_recordings, embeddings.shape[1]), np.nan, dtype=np.float32)
    if (np.diff(recording) < 0).any():
        order = np.argsort(recording, kind="stable")
        embeddings, recording = embeddings[order], recording[order]
    present, starts, counts = np.unique(recording, return_index=True, return_counts=True)
    if len(present):
        pooled[present] = np.add.reduceat(embeddings, starts, axis=0, dtype=np.float64) / counts[:, None]
    return pooled

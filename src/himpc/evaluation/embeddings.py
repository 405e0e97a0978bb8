"""From windows to recordings: a recording shows one person, so all its windows speak together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError

__all__ = ["pool_recordings"]


def pool_recordings(
    embeddings: NDArray[np.floating], recording: NDArray[np.integer], n_recordings: int
) -> NDArray[np.float32]:
    """Return the mean embedding of each recording's windows.

    Parameters
    ----------
    embeddings : array ``(N, D)``
        One row a window.
    recording : int array ``(N,)``
        Which recording each window was cut from, in ``[0, n_recordings)``, in any order.
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
        raise DataError(
            f"recording holds {recording.min()} to {recording.max()}, expected 0 to {n_recordings - 1}: "
            "the place of a recording in the list"
        )
    pooled = np.full((n_recordings, embeddings.shape[1]), np.nan, dtype=np.float32)
    if (np.diff(recording) < 0).any():
        order = np.argsort(recording, kind="stable")
        embeddings, recording = embeddings[order], recording[order]
    present, starts, counts = np.unique(recording, return_index=True, return_counts=True)
    if len(present):
        pooled[present] = np.add.reduceat(embeddings, starts, axis=0, dtype=np.float64) / counts[:, None]
    return pooled

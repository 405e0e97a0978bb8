"""Pooling of the embeddings of windows into one embedding per recording, and how large its error is."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError

__all__ = ["POSE_EXPONENT", "noise_and_still", "pool_windows", "pose_weights", "relative_noise"]

POSE_EXPONENT = 4
"""The weight of a window falls with this power of the distance of its pose from the mean pose. On kinect-v1-daily it
gives a Rank-1 of 91 %, and 2 one of 84 %."""

NOISE_EXPONENT = 0.75
"""The variance of the error of a recording grows with this power of the squared distance of its poses from the mean
pose; 0.5 and 1 were a little worse (docs/lab-notebook.md, "Do all recordings say as much about a body?")."""

NOISE_RATIOS = (0.25, 16.0)
"""Limits of that variance, relative to the median recording, so that no recording has hardly any or nearly all of the
weight."""

STILL_SHARE = 0.1
"""A recording whose poses vary by less than this share of the median recording is still. Its one pose says less about
the body than the mean of a movement: the variance of its error grows with the reciprocal of the variance of its
poses."""

MAX_STILL_RATIO = 64.0
"""Limit of that growth, for recordings that do not move at all."""

BLOCK_WINDOWS = 2**16
"""Number of windows whose distances are computed at once, which bounds memory."""


def pool_windows(
    embeddings: NDArray[np.floating],
    recording: NDArray[np.integer],
    n_recordings: int,
    pose_scale: NDArray[np.floating] | None = None,
) -> NDArray[np.float64]:
    """Compute the mean embedding of the windows of each recording.

    With `pose_scale` the mean is weighted: a window whose pose is far from the mean pose of the recordings that the
    model was adapted to, such as one with raised arms, says less about the build. Its weight is
    ``|e * pose_scale| ** -POSE_EXPONENT``, where e is the embedding.

    Parameters
    ----------
    embeddings : array ``(N, D)``
        One row per window.
    recording : int array ``(N,)``
        The recording of each window, in ``[0, n_recordings)``, in any order.
    n_recordings : int
        R.
    pose_scale : array ``(D,)``, optional
        That of the model (`himpc.model.Model.pose_scale`); None for a mean with equal weights.

    Returns
    -------
    float64 array ``(R, D)``
        A recording without windows has a row of NaN.

    Raises
    ------
    DataError
        If the arrays do not fit each other or a recording is out of range.
    """
    if embeddings.ndim != 2 or recording.shape != (len(embeddings),):
        raise DataError(
            f"embeddings have shape {embeddings.shape} and recording {recording.shape}, expected (N, D) and (N,)"
        )
    if len(recording) and not 0 <= recording.min() <= recording.max() < n_recordings:
        raise DataError(f"recording holds {recording.min()} to {recording.max()}, expected 0 to {n_recordings - 1}")
    pooled = np.full((n_recordings, embeddings.shape[1]), np.nan)
    if not len(recording):
        return pooled
    if (np.diff(recording) < 0).any():
        order = np.argsort(recording, kind="stable")
        embeddings, recording = embeddings[order], recording[order]
    present, starts, counts = np.unique(recording, return_index=True, return_counts=True)
    if pose_scale is None:
        pooled[present] = np.add.reduceat(embeddings, starts, axis=0, dtype=np.float64) / counts[:, None]
        return pooled
    squares = ((embeddings.astype(np.float64) * pose_scale) ** 2).sum(axis=1)
    weights = pose_weights(squares, np.repeat(np.arange(len(present)), counts))
    pooled[present] = np.add.reduceat(embeddings * weights[:, None], starts, axis=0)
    return pooled


def pose_weights(squares: NDArray[np.floating], recording: NDArray[np.integer]) -> NDArray[np.float64]:
    """Compute the weights of windows or frames ``(N,)`` by their squared distances from the mean pose, `squares`.

    A weight is ``distance ** -POSE_EXPONENT``, divided by the sum over the recording. `recording` is the recording of
    each row, ascending from 0 without gaps.
    """
    starts = np.flatnonzero(np.diff(recording, prepend=-1))
    nearest = np.maximum(np.minimum.reduceat(squares, starts), np.finfo(np.float32).tiny)
    relative = np.maximum(squares / nearest[recording], 1)  # relative to the nearest, which cannot overflow
    weights = relative ** (-POSE_EXPONENT / 2)
    normalised: NDArray[np.float64] = weights / np.add.reduceat(weights, starts)[recording]
    return normalised


def relative_noise(
    embeddings: NDArray[np.floating],
    recording: NDArray[np.integer],
    pose_scale: NDArray[np.floating] | None = None,
) -> NDArray[np.float64]:
    """Compute the variance of the error of the embedding of each recording; the first result of `noise_and_still`."""
    return noise_and_still(embeddings, recording, pose_scale)[0]


def noise_and_still(
    embeddings: NDArray[np.floating],
    recording: NDArray[np.integer],
    pose_scale: NDArray[np.floating] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Compute the relative noise of recordings, and find those that are still.

    A recording whose poses are all far from the mean pose, or that shows one pose only, says less about the build.

    Parameters
    ----------
    embeddings : array ``(N, D)``
        One row per window or frame.
    recording : int array ``(N,)``
        The recording of each, ascending from 0 without gaps.
    pose_scale : array ``(D,)``, optional
        That of the model; None if rows are in units of the variation within people already.

    Returns
    -------
    noise : float64 array ``(R,)``
        The variance of the error of each recording, relative to the median recording; 1 for recordings of one row,
        which shows no movement.
    is_still : bool array ``(R,)``
        Whether the poses vary by less than `STILL_SHARE` of the median; recordings of one row are not known to be
        still.
    """
    counts = np.bincount(recording)
    distance, variance = _pose_moments(embeddings, recording, pose_scale)
    is_known = counts > 1
    noise, limit = np.ones(len(counts)), 0.0
    if is_known.any():
        of_known = distance[is_known]
        noise[is_known] = np.clip((of_known / np.median(of_known)) ** NOISE_EXPONENT, *NOISE_RATIOS)
        limit = STILL_SHARE * float(np.median(variance[is_known]))
        if limit > 0:
            noise[is_known] *= np.clip(limit / np.maximum(variance[is_known], limit / MAX_STILL_RATIO), 1, None)
    return noise, is_known & (variance < limit)


def _pose_moments(
    embeddings: NDArray[np.floating], recording: NDArray[np.integer], pose_scale: NDArray[np.floating] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute for each recording the mean of the squared distance from the mean pose, weighted, and the variance."""
    counts = np.bincount(recording)
    first = np.cumsum(counts) - counts
    edges = np.unique([*np.searchsorted(first, np.arange(0, len(recording), BLOCK_WINDOWS)), len(counts)])
    distance, variance = np.empty(len(counts)), np.empty(len(counts))
    for start, stop in itertools.pairwise(edges):
        rows = slice(first[start], first[stop] if stop < len(counts) else len(recording))
        block = embeddings[rows].astype(np.float64) * (1.0 if pose_scale is None else pose_scale)
        distance[start:stop], variance[start:stop] = _moments_of_block(block, recording[rows] - start)
    return distance, variance


def _moments_of_block(
    rows: NDArray[np.float64], recording: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute the moments of `_pose_moments` for recordings whose rows are in memory."""
    counts = np.bincount(recording)
    starts = np.cumsum(counts) - counts
    squares = (rows**2).sum(axis=1)
    distance = np.add.reduceat(pose_weights(squares, recording) * squares, starts)
    means = np.add.reduceat(rows, starts, axis=0) / counts[:, None]
    variance = np.add.reduceat(((rows - means[recording]) ** 2).sum(axis=1), starts) / counts
    return np.maximum(distance, np.finfo(np.float32).tiny), variance

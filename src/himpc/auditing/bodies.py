"""Features of bodies by which recordings of any layout are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError
from himpc.learning import Config, train, whitening_matrix
from himpc.model import NOISE_VARIANCE, pool_windows
from himpc.recordings import Recording, Windows, number_whole_recordings
from himpc.skeleton import get_layout, missing_joints

__all__ = ["Bodies", "compare_bodies"]

MAX_FRAMES = 200
"""Evenly spaced frames of a recording that distances are measured in."""

MAX_JOINTS = 24
"""Evenly spaced joints of a layout without known joints whose distances are measured."""

MAX_AXES = 64

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Bodies:
    """Vectors of whole recordings in axes along which their errors have one variance.

    Attributes
    ----------
    vectors : float64 array ``(W, D)``
        NaN for a recording that is too short.
    between : float64 array ``(D,)``
        Variance of people along each axis, estimated without labels.
    noise : float
        Variance of errors along each axis.
    method : str
        How they were made, in words.
    """

    vectors: Array
    between: Array
    noise: float
    method: str


def compare_bodies(recordings: Sequence[Recording]) -> Bodies:
    """Describe the bodies of recordings of one layout, without labels.

    The identity prior is adapted to the recordings where they have its joints. Else the distances between joints are
    whitened by their variation within recordings.

    Raises
    ------
    DataError
        If the recordings are 2D: they show neither the size of a body nor its shape from another side.
    """
    if recordings[0].dimensions != 3:
        raise DataError(
            "2D skeletons show neither the size of a body nor its shape from another side, so people cannot be compared"
        )
    if missing_joints(recordings[0].layout, get_layout("common-15")):
        return _by_distances(recordings)
    config = Config.preset("tracklet").with_(prior="identity")
    windows = Windows.cut(recordings, config.window_length)
    model = train(windows, config, device="cpu").model
    scoring = model.scoring
    assert scoring is not None
    whole = number_whole_recordings(recordings)
    pooled = pool_windows(model.embed(windows), whole[windows.recording], int(whole.max()) + 1, scoring.pose_scale)
    used = scoring.pose_scale > 0
    return Bodies(
        pooled[:, used] * scoring.pose_scale[used],
        scoring.between[used],
        scoring.noise,
        "by the identity prior, adapted without labels",
    )


def _by_distances(recordings: Sequence[Recording]) -> Bodies:
    """Describe bodies by the distances between their joints, whatever these are."""
    whole = number_whole_recordings(recordings)
    joints = np.unique(np.linspace(0, len(recordings[0].layout) - 1, MAX_JOINTS).round().astype(int))
    first, second = np.triu_indices(len(joints), 1)
    rows, owner = [], []
    for number, recording in zip(whole, recordings, strict=True):
        frames = np.unique(np.linspace(0, len(recording) - 1, min(len(recording), MAX_FRAMES)).round().astype(int))
        points = recording.joints[frames][:, joints].astype(np.float64)
        rows.append(np.linalg.norm(points[:, first] - points[:, second], axis=-1))
        owner.append(np.full(len(frames), number))
    features, member = np.concatenate(rows), np.concatenate(owner)
    count = np.bincount(member)
    means = np.stack([np.median(features[member == number], axis=0) for number in range(len(count))])
    residuals = (features - means[member]) / np.sqrt(count[member] * len(count))[:, None]
    covariance = residuals.T @ residuals
    floor = 0.05 * float(np.trace(covariance)) / len(covariance)
    whitened = (means - means.mean(axis=0)) @ whitening_matrix(covariance + floor * np.eye(len(covariance)))
    spread, axes = np.linalg.eigh(np.cov(whitened.T))
    kept = np.argsort(-spread)[: min(MAX_AXES, len(means) - 1)]
    between = np.maximum(spread[kept] - NOISE_VARIANCE, 1e-3)
    return Bodies(whitened @ axes[:, kept], between, NOISE_VARIANCE, "by the distances between their points")

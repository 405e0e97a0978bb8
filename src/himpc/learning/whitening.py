"""Whitening: scale features by what varies while the person stays the same (docs/method.md, section 10).

Three kinds of such variation need no labels. All windows of a recording show one person. A person and their mirror
image have the same build and gait. And a sensor, or the person, may tilt by a few degrees.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from himpc.errors import DataError
from himpc.learning.clustering.recordings import means_by_label
from himpc.model import Network, WhitenedEncoder
from himpc.recordings import Windows
from himpc.skeleton import Level, body_frame, mirror

__all__ = ["fit_whitening", "tilt", "whitening"]

TILT = 0.1
"""Standard deviation of the tilt, forwards and sideways, in radians. Chosen on simulated walkers."""

MAX_WINDOWS = 50_000
MAX_FRAMES = 4_000
"""Numbers of evenly spaced windows and frames from which covariances are estimated: more would not change them."""

Array = NDArray[np.float64]


def fit_whitening(network: Network, windows: Windows, *, align: bool = False, seed: int = 0) -> None:
    """Fit the whitening of the encoder of each level to windows whose recordings are known.

    Parameters
    ----------
    network : Network
        With `WhitenedEncoder`; their ``offset`` and ``axes`` are set.
    windows : Windows
        As the network receives them.
    align : bool
        True if the windows were aligned; tilted bodies are then aligned, too.
    seed : int
        Seed of the tilts.

    Raises
    ------
    DataError
        If there are fewer than two recordings.
    """
    chosen = np.linspace(0, len(windows) - 1, min(len(windows), MAX_WINDOWS)).astype(np.int64)
    take = np.unique(windows.whole_recording[chosen], return_inverse=True)[1]
    if take.max() < 1:
        raise DataError("found 1 recording as long as a window, expected at least two to train", hint="add recordings")
    used = np.unique(windows.frames_of(chosen))
    frames = windows.frames[used[np.linspace(0, len(used) - 1, min(len(used), MAX_FRAMES)).astype(np.int64)]]
    tilted = tilt(frames, np.random.default_rng(seed), dimensions=windows.dimensions)
    variants = [body_frame(tilted, windows.layout).astype(frames.dtype) if align else tilted]
    if windows.layout.pairs:  # without left and right joints there is no mirror image
        variants.append(mirror(frames, windows.layout))
    for level in network.levels:
        inputs = _inputs(network, frames, level)
        nuisance = sum(_second_moment(_inputs(network, other, level) - inputs) for other in variants)
        encoder = network.encoder(level)
        assert isinstance(encoder, WhitenedEncoder)
        offset, axes = whitening(_window_means(network, windows, chosen, level), take, nuisance, network.hidden)
        encoder.offset.copy_(torch.from_numpy(offset))
        encoder.axes.zero_()[:, : axes.shape[1]].copy_(torch.from_numpy(axes))


def whitening(vectors: Array, take: NDArray[np.integer], nuisance: Array | float, size: int) -> tuple[Array, Array]:
    """Compute the offset ``(D,)`` and the axes ``(D, at most size)`` that discriminate recordings best.

    Vectors are whitened by the covariance of windows around the mean of their recording (Hatch et al.; shrunk as by
    Ledoit and Wolf) plus `nuisance`. The axes are the whitened directions in which the means of recordings differ
    most: Fisher's linear discriminant with recordings as classes.

    Parameters
    ----------
    vectors : float64 array ``(N, D)``
    take : int array ``(N,)``
        The recording of each vector, 0 to R - 1.
    nuisance : array ``(D, D)`` or 0
        Covariance of variations of one person.
    size : int
        Maximum number of axes; there are fewer with fewer recordings or inputs.

    References
    ----------
    Hatch, Kajarekar, Stolcke: Within-class covariance normalization for SVM-based speaker recognition. Interspeech
    2006. Ledoit, Wolf: A well-conditioned estimator for large-dimensional covariance matrices. J. Multivar. Anal. 88
    (2004). Fisher: The use of multiple measurements in taxonomic problems. Annals of Eugenics 7 (1936).
    """
    from sklearn.covariance import ledoit_wolf

    means = means_by_label(vectors, take)
    within = ledoit_wolf(vectors - means[take], assume_centered=True)[0] + nuisance
    variance, directions = np.linalg.eigh(within)
    white = directions / np.sqrt(np.maximum(variance, max(variance[-1], np.finfo(float).tiny) * 1e-9))
    offset = means.mean(axis=0)
    _, spread, apart = np.linalg.svd((means - offset) @ white, full_matrices=False)
    kept = min(size, int((spread > spread[0] * 1e-6).sum()))
    return offset, white @ apart[:kept].T


def tilt(joints: NDArray[np.floating], rng: np.random.Generator, *, dimensions: int = 3) -> NDArray[np.floating]:
    """Tilt each frame ``(T, J, 3)`` sideways and, in 3D, forwards, by random angles of standard deviation `TILT`."""
    x, y, z = np.moveaxis(joints.astype(np.float64), -1, 0)
    sideways, forwards = rng.normal(0, TILT, (2, len(joints), 1))
    x, y = np.cos(sideways) * x - np.sin(sideways) * y, np.sin(sideways) * x + np.cos(sideways) * y
    if dimensions == 3:
        y, z = np.cos(forwards) * y - np.sin(forwards) * z, np.sin(forwards) * y + np.cos(forwards) * z
    return np.stack([x, y, z], axis=-1).astype(joints.dtype)


def _inputs(network: Network, frames: NDArray[np.floating], level: Level) -> Array:
    """Return the inputs of the encoder of a level for frames, ``(T, D)``."""
    device = next(network.parameters()).device
    inputs: Array = network.describe(torch.from_numpy(frames).to(device), level).cpu().numpy().astype(np.float64)
    return inputs


def _second_moment(differences: Array) -> Array:
    return differences.T @ differences / len(differences)


def _window_means(network: Network, windows: Windows, chosen: NDArray[np.int64], level: Level) -> Array:
    """Return the mean input of each chosen window, ``(n, D)``, in blocks of windows."""
    parts = []
    for rows in np.array_split(chosen, -(-len(chosen) // MAX_FRAMES)):
        frames, index = np.unique(windows.frames_of(rows), return_inverse=True)
        parts.append(_inputs(network, windows.frames[frames], level)[index.reshape(len(rows), -1)].mean(axis=1))
    return np.concatenate(parts)

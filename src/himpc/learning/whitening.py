"""Whitening: measure a body in units of what changes while the person stays the same (docs/method.md, section 10).

Three things come free of labels. A recording shows one person, so what varies within it is not who it shows. A person
and their mirror image have the same build and gait. And a sensor, or the person, may lean by a few degrees.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from himpc.errors import DataError
from himpc.model import Network, WhitenedEncoder
from himpc.recordings.windows import Windows
from himpc.skeleton import Layout, Level, body_frame, mirror

__all__ = ["fit_whitening", "means_of", "tilted", "whitening"]

TILT = 0.1
"""Standard deviation of a lean, forwards and sideways, in radians; chosen on simulated walkers."""

MOST_WINDOWS = 50_000
MOST_FRAMES = 4_000
"""From how many, evenly spread, the covariances are taken: more would not change them."""

Array = NDArray[np.float64]


def fit_whitening(network: Network, windows: Windows, *, align: bool = False, seed: int = 0) -> None:
    """Set the whitening of each level's encoder from windows whose recordings are known, and nobody's name.

    Parameters
    ----------
    network : Network
        With `WhitenedEncoder`s; their ``offset`` and ``axes`` are set.
    windows : Windows
        As the network is to see them.
    align : bool
        Whether they were turned to face one way; a leaning body is turned again.
    seed : int
        Of the leans.

    Raises
    ------
    DataError
        If there are not at least two recordings to tell apart.
    """
    chosen = np.linspace(0, len(windows) - 1, min(len(windows), MOST_WINDOWS)).astype(np.int64)
    take = np.unique(windows.whole_recording[chosen], return_inverse=True)[1]
    if take.max() < 1:
        raise DataError(
            "a model learns from two recordings or more that are as long as a window, found one: give more recordings"
        )
    seen = np.unique(windows.frames_of(chosen))
    frames = windows.frames[seen[np.linspace(0, len(seen) - 1, min(len(seen), MOST_FRAMES)).astype(np.int64)]]
    leaning = tilted(frames, np.random.default_rng(seed), dimensions=windows.dimensions)
    changed = [_turned(leaning, windows.layout) if align else leaning]
    if windows.layout.pairs:  # else left and right joints are not known, and there is no mirror image
        changed.append(mirror(frames, windows.layout))
    for level in network.levels:
        described = _described(network, frames, level)
        nuisance = sum(_second_moment(_described(network, other, level) - described) for other in changed)
        encoder = network.encoder(level)
        assert isinstance(encoder, WhitenedEncoder)
        offset, axes = whitening(_window_means(network, windows, chosen, level), take, nuisance, network.hidden)
        encoder.offset.copy_(torch.from_numpy(offset))
        encoder.axes.zero_()[:, : axes.shape[1]].copy_(torch.from_numpy(axes))


def whitening(vectors: Array, take: NDArray[np.integer], nuisance: Array | float, size: int) -> tuple[Array, Array]:
    """Return the offset ``(D,)`` and the axes ``(D, at most size)`` that tell recordings apart best.

    Vectors are whitened by the covariance of windows around the mean of their recording (Hatch et al. 2006; shrunk as
    Ledoit and Wolf 2004 say) plus `nuisance`. Of the whitened directions those are kept in which the means of the
    recordings differ most: Fisher's discriminant (1936) with recordings as classes.

    Parameters
    ----------
    vectors : float64 array ``(N, D)``
    take : int array ``(N,)``
        The recording of each, 0 to R - 1.
    nuisance : array ``(D, D)`` or 0
        Covariance of changes that leave a person who they are.
    size : int
        The most axes to keep; fewer are there with fewer recordings or inputs.

    References
    ----------
    Hatch, Kajarekar, Stolcke: Within-class covariance normalization for SVM-based speaker recognition. Interspeech
    2006. Ledoit, Wolf: A well-conditioned estimator for large-dimensional covariance matrices. J. Multivar. Anal. 88
    (2004). Fisher: The use of multiple measurements in taxonomic problems. Annals of Eugenics 7 (1936).
    """
    from sklearn.covariance import ledoit_wolf

    means = means_of(vectors, take)
    within = ledoit_wolf(vectors - means[take], assume_centered=True)[0] + nuisance
    variance, directions = np.linalg.eigh(within)
    white = directions / np.sqrt(np.maximum(variance, max(variance[-1], np.finfo(float).tiny) * 1e-9))
    offset = means.mean(axis=0)
    _, spread, apart = np.linalg.svd((means - offset) @ white, full_matrices=False)
    kept = min(size, int((spread > spread[0] * 1e-6).sum()))
    return offset, white @ apart[:kept].T


def means_of(vectors: NDArray[np.floating], labels: NDArray[np.integer]) -> Array:
    """Return the mean of the vectors of each label, ``(K, D)``; labels are 0 to K - 1, each at least once."""
    order = np.argsort(labels, kind="stable")
    sizes = np.bincount(labels)
    total: Array = np.add.reduceat(vectors[order], np.cumsum(sizes) - sizes, axis=0, dtype=np.float64)
    return total / sizes[:, None]


def tilted(joints: NDArray[np.floating], rng: np.random.Generator, *, dimensions: int = 3) -> NDArray[np.floating]:
    """Return each frame ``(T, J, 3)`` leaning sideways and, in 3D, forwards, by angles drawn with deviation `TILT`."""
    x, y, z = np.moveaxis(joints.astype(np.float64), -1, 0)
    sideways, forwards = rng.normal(0, TILT, (2, len(joints), 1))
    x, y = np.cos(sideways) * x - np.sin(sideways) * y, np.sin(sideways) * x + np.cos(sideways) * y
    if dimensions == 3:
        y, z = np.cos(forwards) * y - np.sin(forwards) * z, np.sin(forwards) * y + np.cos(forwards) * z
    return np.stack([x, y, z], axis=-1).astype(joints.dtype)


def _turned(frames: NDArray[np.floating], layout: Layout) -> NDArray[np.floating]:
    return body_frame(frames, layout).astype(frames.dtype)


def _described(network: Network, frames: NDArray[np.floating], level: Level) -> Array:
    """Return what the encoder of a level is given of frames, ``(T, D)``."""
    device = next(network.parameters()).device
    described: Array = network.describe(torch.from_numpy(frames).to(device), level).cpu().numpy().astype(np.float64)
    return described


def _second_moment(differences: Array) -> Array:
    return differences.T @ differences / len(differences)


def _window_means(network: Network, windows: Windows, chosen: NDArray[np.int64], level: Level) -> Array:
    """Return the mean description of each chosen window, ``(n, D)``, some thousand windows at a time."""
    parts = []
    for rows in np.array_split(chosen, -(-len(chosen) // MOST_FRAMES)):
        frames, index = np.unique(windows.frames_of(rows), return_inverse=True)
        parts.append(_described(network, windows.frames[frames], level)[index.reshape(len(rows), -1)].mean(axis=1))
    return np.concatenate(parts)

"""Whitening: scale features by their within-person variation (docs/method.md, section 10).

Three kinds of within-person variation can be estimated without labels: between the windows of a recording, which show
one person; between a body and its mirror image, which have the same build and gait; and under a tilt of the sensor or
the person by a few degrees.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from himpc.errors import DataError
from himpc.learning.clustering.recordings import means_by_label
from himpc.learning.statistics import evenly_spaced, second_moment, shrunk_covariance, whitening_matrix
from himpc.model import Network, WhitenedEncoder
from himpc.recordings import Windows
from himpc.skeleton import Layout, Level, body_frame, mirror

TILT_STD = 0.1
"""Standard deviation of the tilt, forwards and sideways, in radians. Chosen on simulated walkers."""

MAX_WINDOWS = 50_000
MAX_FRAMES = 4_000
"""Maximum numbers of evenly spaced windows and frames to estimate covariances from; more do not change the result."""

Array = NDArray[np.float64]


def fit_whitening(
    network: Network,
    windows: Windows,
    *,
    align: bool = False,
    ignore_heading: bool = False,
    within_segments: bool = False,
    seed: int = 0,
) -> None:
    """Fit the whitening of the encoder of each level to windows whose recordings are known.

    Parameters
    ----------
    network : Network
        With `WhitenedEncoder`; their ``offset`` and ``axes`` are set.
    windows : Windows
        Preprocessed as for the network.
    align : bool
        True if the windows are aligned; tilted bodies are then aligned, too.
    ignore_heading : bool
        Use only inputs that do not depend on the heading: heights, and the distances between nodes. For windows that
        cannot be aligned.
    within_segments : bool
        Use only the distances between points of one segment, which do not depend on the pose.
    seed : int
        Seed of the tilts.

    Raises
    ------
    DataError
        If there are fewer than two recordings.
    """
    sample = evenly_spaced(len(windows), MAX_WINDOWS)
    recording = np.unique(windows.whole_recording[sample], return_inverse=True)[1]
    if recording.max() < 1:
        raise DataError("found 1 recording as long as a window, expected at least two to train", hint="add recordings")
    frame_ids = np.unique(windows.frames_of(sample))
    frames = windows.frames[frame_ids[evenly_spaced(len(frame_ids), MAX_FRAMES)]]
    tilted = tilt(frames, np.random.default_rng(seed), dimensions=windows.dimensions)
    variants = [body_frame(tilted, windows.layout).astype(frames.dtype) if align else tilted]
    if windows.layout.pairs:  # without left and right joints there is no mirror image
        variants.append(mirror(frames, windows.layout))
    for level in network.levels:
        inputs = _inputs(network, frames, level)
        nuisance = np.add.reduce([second_moment(_inputs(network, other, level) - inputs) for other in variants])
        encoder = network.encoder(level)
        assert isinstance(encoder, WhitenedEncoder)
        if within_segments and level == "joint":
            used = 3 * len(windows.layout) + pairs_within_segments(windows.layout)
        else:
            used = _inputs_to_use(inputs.shape[1], len(windows.layout.level(level)), ignore_heading=ignore_heading)
        means = _window_means(network, windows, sample, level)
        offset, axes = discriminant_axes(means[:, used], recording, nuisance[np.ix_(used, used)], network.hidden)
        encoder.offset[used] = torch.from_numpy(offset).to(encoder.offset)
        encoder.axes.zero_()[used, : axes.shape[1]] = torch.from_numpy(axes).to(encoder.axes)


def discriminant_axes(
    vectors: Array, recording: NDArray[np.integer], nuisance: Array | float, size: int
) -> tuple[Array, Array]:
    """Compute the offset ``(D,)`` and the axes ``(D, at most size)`` that best discriminate recordings.

    Vectors are whitened by the covariance of windows around the mean of their recording (Hatch et al.; shrunk as by
    Ledoit and Wolf) plus `nuisance`. The axes are the whitened directions in which the means of recordings differ
    most: Fisher's linear discriminant with recordings as classes.

    Parameters
    ----------
    vectors : float64 array ``(N, D)``
    recording : int array ``(N,)``
        The recording of each vector, 0 to R - 1.
    nuisance : array ``(D, D)`` or 0
        Covariance of the within-person variations other than between windows.
    size : int
        Maximum number of axes; there are fewer with fewer recordings or inputs.

    References
    ----------
    Hatch, Kajarekar, Stolcke: Within-class covariance normalization for SVM-based speaker recognition. Interspeech
    2006. Ledoit, Wolf: A well-conditioned estimator for large-dimensional covariance matrices. J. Multivar. Anal. 88
    (2004). Fisher: The use of multiple measurements in taxonomic problems. Annals of Eugenics 7 (1936).
    """
    means = means_by_label(vectors, recording)
    white = whitening_matrix(shrunk_covariance(vectors - means[recording]) + nuisance)
    offset = means.mean(axis=0)
    _, spread, discriminants = np.linalg.svd((means - offset) @ white, full_matrices=False)
    n_axes = min(size, int((spread > spread[0] * 1e-6).sum()))
    return offset, white @ discriminants[:n_axes].T


def pairs_within_segments(layout: Layout) -> NDArray[np.intp]:
    """Find the pairs of points, numbered from (0, 1), that are of one segment.

    >>> from himpc.skeleton import get_layout
    >>> len(pairs_within_segments(get_layout("kinect-v1")))
    10
    """
    segment = np.empty(len(layout), np.intp)
    for number, points in enumerate(layout.components):
        segment[list(points)] = number
    first, second = np.triu_indices(len(layout), 1)
    return np.flatnonzero(segment[first] == segment[second])


def tilt(joints: NDArray[np.floating], rng: np.random.Generator, *, dimensions: int = 3) -> NDArray[np.floating]:
    """Tilt each frame ``(T, J, 3)`` sideways and, in 3D, forwards, by random angles with deviation `TILT_STD`."""
    x, y, z = np.moveaxis(joints.astype(np.float64), -1, 0)
    sideways, forwards = rng.normal(0, TILT_STD, (2, len(joints), 1))
    x, y = np.cos(sideways) * x - np.sin(sideways) * y, np.sin(sideways) * x + np.cos(sideways) * y
    if dimensions == 3:
        y, z = np.cos(forwards) * y - np.sin(forwards) * z, np.sin(forwards) * y + np.cos(forwards) * z
    return np.stack([x, y, z], axis=-1).astype(joints.dtype)


def _inputs(network: Network, frames: NDArray[np.floating], level: Level) -> Array:
    """Compute the inputs of the encoder of a level for frames, ``(T, D)``."""
    device = next(network.parameters()).device
    inputs: Array = network.describe(torch.from_numpy(frames).to(device), level).cpu().numpy().astype(np.float64)
    return inputs


def _inputs_to_use(count: int, nodes: int, *, ignore_heading: bool) -> NDArray[np.intp]:
    """Return the indices of the inputs to use: all, or the heights of nodes and the distances."""
    return np.r_[1 : 3 * nodes : 3, 3 * nodes : count] if ignore_heading else np.arange(count)


def _window_means(network: Network, windows: Windows, sample: NDArray[np.int64], level: Level) -> Array:
    """Return the mean input of each sample window, ``(n, D)``, in blocks of windows."""
    parts = []
    for rows in np.array_split(sample, -(-len(sample) // MAX_FRAMES)):
        frames, index = np.unique(windows.frames_of(rows), return_inverse=True)
        parts.append(_inputs(network, windows.frames[frames], level)[index.reshape(len(rows), -1)].mean(axis=1))
    return np.concatenate(parts)

"""Adaptation of the identity prior to recordings, without labels (docs/method.md, section 12)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from himpc.errors import DataError, count_noun
from himpc.learning.clustering.constraints import Pairs, renumber_pairs
from himpc.learning.clustering.evidence import ClusterMeans, cut_by_evidence
from himpc.learning.clustering.neighbour_tree import identity_tree
from himpc.learning.whitening import tilt
from himpc.model import (
    NOISE_VARIANCE,
    IdentityPrior,
    IdentityScoring,
    Network,
    WhitenedEncoder,
    pose_weights,
    relative_noise,
)
from himpc.recordings import Windows
from himpc.skeleton import body_frame, mirror

__all__ = ["adapt", "describe_frames", "equal_weights", "sample_frames"]

PRIOR_WEIGHT = 1.0
"""Trace of the prior's within-person covariance, relative to that of the recordings' own."""

OWN_SHARE = 0.5
"""Largest share of the recordings' own covariance, what they vary more than by noise, in that between people; the rest
is the prior's."""

OWN_SPREAD = (2.0, 8.0)
"""Variance between recordings, relative to that between halves, up to which the own covariance has no share, and from
which it has `OWN_SHARE`: recordings of one person, whose covariance says nothing of others, are at 0.7 to 4."""

OWN_RECORDINGS = 4
"""The share of the own covariance of R recordings is ``(R - 1) / (R - 1 + OWN_RECORDINGS)`` of that."""

MIN_VARIANCE = 1e-3
"""Axes along which people vary less, in whitened units, are left out."""

PASSES = 3
"""Number of times that the covariances are estimated; from the second on, the clusters of the one before are used."""

NOISE_RATIO = 5.5
"""Variance between recordings of one person, relative to that between the two halves of a recording, for probabilities.
Measured ratios are from 0.7, in walks from video, to 2.5, across activities; recordings are joined at 2.5, which is
`JOIN_NOISE` times this (docs/lab-notebook.md)."""

CLEAR_SPREAD = 10.0
"""Variance between recordings, relative to that between halves, from which people are clearly apart. The noise is then
larger, by the fourth root: that costs no wrong merges, and recordings of two sessions are less often divided."""

NOISE_LIMITS = (0.05, 1.0)
"""Smallest and largest variance between recordings of one person, in whitened units: that of frames is 1."""

MEDIAN_OF_SQUARE = 0.4549
"""Median of the square of a standard normal variable."""

MIN_FRAMES = 4
"""Number of frames from which a recording is divided into halves."""

MAX_FRAMES_PER_RECORDING = 200
MAX_FRAMES = 100_000
"""Maximum numbers of evenly spaced frames to estimate covariances from."""

POSSIBLE_SIZES = (0.2, 5.0)
"""Largest distance between two joints, in metres, of the smallest and the largest body that the prior is adapted to."""

Array = NDArray[np.float64]


def adapt(network: Network, windows: Windows, prior: IdentityPrior, *, seed: int = 0) -> None:
    """Fit an adapted network to recordings, starting from the prior.

    With x the features of a frame, and m_r their mean over a recording, weighted by the pose (`pool_windows`):

    1. ``W = cov(x - m_r) + cov(mirror(x) - x) + cov(tilt(x) - x) + trace(...) * prior.within``: what varies while the
       person stays the same. Weights and W are estimated in turn, twice.
    2. The features are whitened by W. There the variance between recordings of one person, s, is `NOISE_RATIO` times
       that between the first and the second half of a recording, along each axis; that of recording r is s times its
       relative noise (`himpc.model.relative_noise`), and from here on its weight is the reciprocal.
    3. ``B``, the covariance between people, is a weighted mean of the prior's and of what the m_r vary more than by
       noise (`OWN_SHARE`). Its eigenvectors are the axes, and its eigenvalues b the variances.
    4. Axes are scaled by ``sqrt(b / (2 s (b + s)))``, so that half the squared distance between two recordings is the
       part of the log-likelihood ratio of one person against two that depends on their difference.
    5. The recordings are clustered by evidence (`himpc.learning.clustering.evidence`), the covariance of the m_r within
       clusters is added to W, and all is repeated, twice.

    Parameters
    ----------
    network : Network
        With ``adapted``; its axes, offset and variances are set.
    windows : Windows
        Aligned, of the prior's layout.
    prior : IdentityPrior
    seed : int
        Seed of the tilts.

    Raises
    ------
    DataError
        If a joint is not finite, or a body has a size that no body has in metres.

    References
    ----------
    Prince, Elder: Probabilistic linear discriminant analysis for inferences about identity. ICCV 2007. Garcia-Romero
    et al.: Unsupervised domain adaptation for i-vector speaker recognition. Odyssey 2014.
    """
    joints, recording = sample_frames(windows)
    _check_sizes(joints, recording)
    features = describe_frames(network, joints)
    flipped = describe_frames(network, mirror(joints, windows.layout)) - features
    tilted = body_frame(tilt(joints, np.random.default_rng(seed)), windows.layout).astype(joints.dtype)
    nuisances = (flipped, describe_frames(network, tilted) - features)
    pairs = renumber_pairs(windows.cannot_link, np.unique(windows.whole_recording))
    weights = equal_weights(recording)
    within_clusters: Array | float = 0.0
    for number in range(PASSES):
        for _ in range(2):
            means = _weighted_means(features, recording, weights)
            within = sum(
                (_second_moment(each, weights) for each in nuisances),
                _second_moment(features - means[recording], weights),
            )
            within = within + PRIOR_WEIGHT * max(np.trace(within), np.finfo(float).tiny) * prior.within
            whitening = _whitening_of(within + within_clusters)
            weights = pose_weights((((features - means.mean(axis=0)) @ whitening) ** 2).sum(axis=1), recording)
        means = _weighted_means(features, recording, weights)
        whitened = features @ whitening
        relative = relative_noise(whitened - means.mean(axis=0) @ whitening, recording)
        noise, own_share = _estimate_noise(
            whitened, recording, weights, relative, whitening.T @ prior.between @ whitening
        )
        _set_axes(network, means, 1 / relative, whitening, prior, noise, own_share)
        if len(means) < 2 or number == PASSES - 1:
            break
        within_clusters = _covariance_within_clusters(network, means, relative, pairs)


def _estimate_noise(
    whitened: Array, recording: NDArray[np.int64], weights: Array, relative: Array, between: Array
) -> tuple[float, float]:
    """Estimate the variance between recordings of one person along axes on which people differ, by `between`.

    Halves of a recording show one person, so their difference is an error. Its variance is the median over recordings,
    as if normally distributed, so that a few recordings of two activities do not count. See `CLEAR_SPREAD`.

    Returns
    -------
    noise : float
        Of a recording of relative noise 1.
    own_share : float
        Share of the recordings' own covariance in that between people; see `OWN_SPREAD`.
    """
    counts = np.bincount(recording)
    position = np.arange(len(recording)) - (np.cumsum(counts) - counts)[recording]
    second_half = position >= (counts / 2)[recording]
    long_enough = (counts >= MIN_FRAMES)[recording]
    n_recordings = len(counts)
    certain = OWN_SHARE * (n_recordings - 1) / (n_recordings - 1 + OWN_RECORDINGS)
    if not long_enough.any():
        return NOISE_VARIANCE, certain
    variance, directions = np.linalg.eigh(between)
    frames = whitened[long_enough] @ directions[:, variance >= MIN_VARIANCE]
    half = np.unique((2 * recording + second_half)[long_enough], return_inverse=True)[1]
    total = np.bincount(half, weights[long_enough])
    means = _weighted_means(frames, half, weights[long_enough] / total[half])
    differences = (means[0::2] - means[1::2]) ** 2 / relative[counts >= MIN_FRAMES, None]
    error = max(float((np.median(differences, axis=0) / MEDIAN_OF_SQUARE).mean()) / 2, np.finfo(float).tiny)
    centres = (means[0::2] + means[1::2]) / 2
    deviations = (centres - np.median(centres, axis=0)) ** 2
    spread = float((np.median(deviations, axis=0) / MEDIAN_OF_SQUARE).mean()) / error
    margin = max(1.0, spread / CLEAR_SPREAD) ** 0.25
    clear = np.clip((spread - OWN_SPREAD[0]) / (OWN_SPREAD[1] - OWN_SPREAD[0]), 0, 1)
    return float(np.clip(NOISE_RATIO * error * margin, *NOISE_LIMITS)), float(certain * clear)


def _set_axes(
    network: Network,
    means: Array,
    weights: Array,
    whitening: Array,
    prior: IdentityPrior,
    noise: float,
    own_share: float,
) -> None:
    """Set the offset, the axes and the variances of the encoder from the means of recordings ``(R, D)``."""
    share = weights / weights.sum()
    offset = share @ means
    whitened = (means - offset) @ whitening
    freedom = max(1 - float((share**2).sum()), 1 / len(means))
    variance, directions = np.linalg.eigh((whitened * share[:, None]).T @ whitened / freedom)
    mean_noise = noise / weights.mean()
    excess = (directions * np.clip(variance - mean_noise, 0, None)) @ directions.T
    between = (1 - own_share) * whitening.T @ prior.between @ whitening + own_share * excess
    variance, directions = np.linalg.eigh(between)
    kept = np.flatnonzero(variance >= MIN_VARIANCE)[::-1][: network.hidden]
    between_people = variance[kept]
    scale = np.sqrt(between_people / (2 * noise * (between_people + noise)))
    encoder = network.encoder("joint")
    assert isinstance(encoder, WhitenedEncoder)
    axes = whitening @ directions[:, kept] * scale
    encoder.offset.copy_(torch.from_numpy(offset))
    encoder.axes.zero_()[:, : len(kept)].copy_(torch.from_numpy(axes))
    network.pose_scale.zero_()[: len(kept)].copy_(torch.from_numpy(1 / scale))
    network.between.zero_()[: len(kept)].copy_(torch.from_numpy(between_people))
    network.noise.fill_(noise)


def _covariance_within_clusters(network: Network, means: Array, relative: Array, pairs: Pairs) -> Array | float:
    """Cluster recordings by their means ``(R, D)`` and return the covariance within clusters; 0 if all are single.

    Recordings of two people, by `pairs`, are never in one cluster.
    """
    encoder = network.encoder("joint")
    assert isinstance(encoder, WhitenedEncoder)
    offset, axes, pose_scale, between = (
        each.cpu().numpy().astype(np.float64)
        for each in (encoder.offset, encoder.axes, network.pose_scale, network.between)
    )
    embedded = (means - offset) @ axes
    scoring = IdentityScoring(pose_scale, between, float(network.noise))
    tree = identity_tree(embedded, scoring, pairs, relative)
    labels = cut_by_evidence(tree, embedded, scoring, relative_noise=relative)
    weights = 1 / relative
    centres = ClusterMeans.from_labels(means, labels, weights).means
    residuals = means - centres[labels]
    freedom = len(means) - len(centres)
    return (residuals * (weights / weights.mean())[:, None]).T @ residuals / freedom if freedom else 0.0


def sample_frames(windows: Windows) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return evenly spaced frames of each recording, and their recordings, numbered from 0."""
    recording = np.unique(windows.whole_recording, return_inverse=True)[1]
    n_recordings = int(recording.max()) + 1
    limit = max(4, min(MAX_FRAMES_PER_RECORDING, MAX_FRAMES // n_recordings))
    order = np.argsort(recording, kind="stable")
    chosen, owner = [], []
    for number, rows in enumerate(np.split(order, np.cumsum(np.bincount(recording))[:-1])):
        frames = np.unique(windows.frames_of(rows))
        frames = frames[np.linspace(0, len(frames) - 1, min(len(frames), limit)).astype(np.int64)]
        chosen.append(frames)
        owner.append(np.full(len(frames), number))
    joints = windows.frames[np.concatenate(chosen)]
    if not np.isfinite(joints).all():
        raise DataError("joints contain values that are not finite", hint="clean the recordings first")
    return joints, np.concatenate(owner)


def _check_sizes(joints: NDArray[np.float32], recording: NDArray[np.int64]) -> None:
    extent = np.ptp(joints, axis=1).max(axis=1)
    sizes = np.array([np.median(each) for each in np.split(extent, np.flatnonzero(np.diff(recording)) + 1)])
    wrong = np.flatnonzero((sizes < POSSIBLE_SIZES[0]) | (sizes > POSSIBLE_SIZES[1]))
    if len(wrong):
        raise DataError(
            f"{len(wrong)} of {count_noun(len(sizes), 'recording')} cannot be in metres, which the identity prior "
            f"needs: recording {wrong[0] + 1} shows a body of {sizes[wrong[0]]:.3g} m",
            hint="convert the joints to metres, leave these recordings out, or set {prior=none}",
        )


def describe_frames(network: Network, joints: NDArray[np.floating]) -> Array:
    """Compute the features of the joint level of frames ``(T, V, 3)``: ``(T, D)``."""
    described: Array = network.describe(torch.from_numpy(joints), "joint").cpu().numpy().astype(np.float64)
    return described


def equal_weights(recording: NDArray[np.int64]) -> Array:
    """Compute weights of frames by which each recording counts the same; those of a recording have the sum 1."""
    weights: Array = 1 / np.bincount(recording)[recording]
    return weights


def _weighted_means(features: Array, recording: NDArray[np.int64], weights: Array) -> Array:
    starts = np.flatnonzero(np.diff(recording, prepend=-1))
    means: Array = np.add.reduceat(features * weights[:, None], starts, axis=0)
    return means


def _second_moment(differences: Array, weights: Array) -> Array:
    """Compute the mean over recordings of the weighted second moment of differences ``(T, D)``."""
    moment: Array = (differences * weights[:, None]).T @ differences / weights.sum()
    return moment


def _whitening_of(covariance: Array) -> Array:
    """Return the matrix ``(D, D)`` that maps a covariance to the identity."""
    variance, directions = np.linalg.eigh(covariance)
    floor = max(np.trace(covariance) / len(covariance), np.finfo(float).tiny) * 1e-6
    matrix: Array = directions / np.sqrt(np.maximum(variance, 0) + floor)
    return matrix

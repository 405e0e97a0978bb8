"""Adaptation of the identity prior to recordings, without labels (docs/method.md, section 12)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from himpc.errors import DataError, count_noun
from himpc.learning.clustering.constraints import Pairs, renumber_pairs
from himpc.learning.clustering.evidence import JOIN_NOISE, ClusterMeans, cut_by_evidence
from himpc.learning.clustering.neighbour_tree import identity_tree
from himpc.learning.statistics import evenly_spaced, second_moment, whitening_matrix
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
from himpc.skeleton import Layout, body_frame, mirror

__all__ = ["adapt", "describe_frames", "pose_variance", "robust_variances", "sample_frames"]

POSE_AXES = 3
"""Number of axes of the prior along which recordings of one person vary most: postures, such as raised arms or a seat.
"""

ACTIVITY_VARIANCE_RANGE = (0.15, 0.6)
"""Variance of frames along these axes, in square metres of features, up to which all recordings show one activity, such
as walking, and from which they show several: at most 0.15 in walking sets and simulated suites, at least 0.61 in sets
of several activities. Between the two, the pairs of numbers that follow are interpolated."""

PRIOR_WEIGHT = (0.1, 1.0)
"""Trace of the prior's covariance within people, relative to that of the recordings' own, with one and with several
activities. The prior adds what recordings do not show: recordings of one activity each show most of what varies. With
1.0, 20 simulated walkers before a poor sensor become 6 groups (docs/lab-notebook.md)."""

MAX_SAMPLE_SHARE = (0.9, 0.5)
"""Maximum weight of the sample covariance of recordings, less noise, in the covariance between people, with one and
with several activities, which make recordings of one person vary; the prior has the rest. With 0, 12 people of
kinect-v1-actions become 5 groups."""

SAMPLE_SHARE_RECORDINGS = (20.0, 4.0)
"""R recordings have ``(R - 1) / (R - 1 + SAMPLE_SHARE_RECORDINGS)`` of `MAX_SAMPLE_SHARE`, with one and with several
activities: few recordings hardly tell how people differ."""

TRUSTED_SPREAD = (2.0, 8.0)
"""Variance between recordings, relative to that between halves, up to which the sample covariance has no share, and
from which it has the full one. Recordings of one person, which do not show how people differ, are at 4 at most."""

TRUSTED_WEIGHTED_SPREAD = (5.0, 20.0)
"""The same, with each axis weighted by how much people differ along it by the prior; the larger share of both counts.
Before a poor sensor, people differ along few axes only: 16 to 75 there, at most 5 for one person with ten recordings.
"""

ALIKE_SPREAD, ALIKE_FACTOR = (0.02, 0.05), 0.1
"""Where sizes are assumed: the variance between recordings, less errors, relative to that between people by the prior,
up to which a pose estimator draws people alike, and from which it does not; and the factor of the prior's covariance
between people if it does. Real film has 0.005 to 0.03, simulated walkers, who are not drawn alike, at least 0.048. With
1, two recordings each of five people from film become two groups (docs/lab-notebook.md)."""

MIN_VARIANCE = 1e-3
"""Axes along which people vary less, in whitened units, are left out: frames of one person have a variance of 1."""

PASSES = 3
"""Number of times that the covariances are estimated. From the second on, the covariance within the clusters of the one
before is added, which raised the Rank-1 of kinect-v1-daily from 91 to 94 (docs/lab-notebook.md)."""

WEIGHT_PASSES = 2
"""Number of times in each pass that the weights of frames and the covariance within recordings are estimated in
turn."""

RIDGE = 1e-6
"""Variance that is added to each axis before whitening, relative to the mean axis: the coordinates of the root, and
distances within rigid parts, do not vary."""

NOISE_RATIO = 5.5
"""Variance between recordings of one person, relative to that between the two halves of a recording, for probabilities.
Measured ratios are from 0.7, in walks from video, to 2.5, across activities; recordings are joined at 2.5, which is
`JOIN_NOISE` times this (docs/lab-notebook.md)."""

MIN_CLEAR_SPREAD = 10.0
"""Variance between recordings, relative to that between halves, from which people are clearly apart. The noise is then
larger, by the fourth root: that costs no wrong merges, and recordings of two sessions are less often divided."""

NOISE_LIMITS = (0.05, 1.0)
"""Smallest and largest variance between recordings of one person, in whitened units. Halves of a few still recordings
may hardly differ by chance; and a mean of frames varies no more than a frame, by 1."""

CHI_SQUARE_MEDIAN = 0.4549
"""Median of the square of a standard normal variable: a median of squares divided by it estimates a variance."""

MIN_FRAMES = 4
"""Number of frames from which a recording is divided into halves, of two frames at least."""

MAX_RECORDINGS, BLOCK_RECORDINGS = 10_000, 50
"""Maximum number of recordings to estimate covariances from, and the size of the blocks of neighbouring ones that are
drawn from more: neighbours in an archive are often of one person, whose variation is to be seen."""

MAX_FRAMES_PER_RECORDING = 200
MAX_FRAMES = 100_000
"""Maximum numbers of evenly spaced frames to estimate covariances from: 120 MB of features."""

BODY_SIZE_RANGE = (0.2, 5.0)
"""Extent, in metres along its longest axis, of the smallest and the largest body that the prior is adapted to;
positions in centimetres, millimetres or pixels are outside."""

Array = NDArray[np.float64]


def adapt(network: Network, windows: Windows, prior: IdentityPrior, *, seed: int = 0) -> None:
    """Fit an adapted network to recordings, starting from the prior.

    With x the features of a frame, and m_r their mean over recording r, weighted by the pose (`pool_windows`):

    1. ``W = cov(x - m_r) + cov(mirror(x) - x) + cov(tilt(x) - x)`` is what varies while the person stays the same. The
       prior's covariance within people is added with the same trace, or with a tenth of it if all recordings show one
       activity (`PRIOR_WEIGHT`): C. Weights and C are estimated in turn, twice.
    2. The features are whitened by C. The variance s between recordings of one person, one number for all axes, is
       `NOISE_RATIO` times that between the two halves of a recording. That of recording r is ``s v_r``, with its
       relative noise v_r (`himpc.model.relative_noise`); from here on the recording has the weight ``1 / v_r``.
    3. B, the covariance between people, is a weighted mean of the prior's and of what the m_r vary more than by noise
       (`MAX_SAMPLE_SHARE`, `TRUSTED_SPREAD`). The prior's is reduced where a pose estimator draws people alike
       (`ALIKE_SPREAD`). The eigenvectors of B are the axes, and its eigenvalues b the variances.
    4. Axes are scaled by ``sqrt(b / (2 s (b + s)))``, so that half the squared distance between two recordings is the
       part of the log-likelihood ratio of one person against two that depends on their difference.
    5. The recordings are clustered by evidence (`himpc.learning.clustering.evidence`), the covariance of the m_r within
       clusters is added to C, and all is repeated, twice.

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
        If a joint is not finite, or a body has a size that is impossible in metres.

    References
    ----------
    Prince, Elder: Probabilistic linear discriminant analysis for inferences about identity. ICCV 2007. Garcia-Romero
    et al.: Unsupervised domain adaptation for i-vector speaker recognition. Odyssey 2014.
    """
    joints, recording = sample_frames(windows)
    sample = _sample_recordings(windows)
    _check_sizes(joints, recording, sample)
    features = describe_frames(network, joints)
    nuisances = _nuisances(network, joints, features, windows.layout, seed)
    pairs = renumber_pairs(windows.cannot_link, sample)
    weights = equal_weights(recording)
    activities = float(np.interp(pose_variance(features, recording, prior), ACTIVITY_VARIANCE_RANGE, (0, 1)))
    within = np.interp(activities, (0, 1), PRIOR_WEIGHT) * prior.within
    within_clusters: Array | float = 0.0
    for completed in range(1, PASSES + 1):
        for _ in range(WEIGHT_PASSES):
            means = _weighted_means(features, recording, weights)
            whitening = _whitening((features - means[recording], *nuisances), weights, within, within_clusters)
            whitened = features @ whitening
            weights = pose_weights(((whitened - means.mean(axis=0) @ whitening) ** 2).sum(axis=1), recording)
        means = _weighted_means(features, recording, weights)
        relative = relative_noise(whitened - means.mean(axis=0) @ whitening, recording)
        between = whitening.T @ prior.between @ whitening
        noise, share_factor, spread = _estimate_noise(whitened, recording, weights, relative, between)
        if windows.body_size == "assumed":
            alike = np.interp(np.log(spread), np.log(ALIKE_SPREAD), (1, 0))
            between = between * ALIKE_FACTOR**alike
        sample_share = share_factor * _max_sample_share(len(means), activities)
        _set_axes(network, means, 1 / relative, whitening, between, noise, sample_share)
        if len(means) < 2 or completed == PASSES:
            break
        within_clusters = _covariance_within_clusters(network, means, relative, pairs)


def _nuisances(
    network: Network, joints: NDArray[np.float32], features: Array, layout: Layout, seed: int
) -> tuple[Array, Array]:
    """Compute the changes of the features of frames, ``(T, D)``, by mirroring and by tilting the body."""
    tilted = body_frame(tilt(joints, np.random.default_rng(seed)), layout).astype(joints.dtype)
    flipped = describe_frames(network, mirror(joints, layout)) - features
    return flipped, describe_frames(network, tilted) - features


def pose_variance(features: Array, recording: NDArray[np.int64], prior: IdentityPrior) -> float:
    """Compute the variance of the features of frames, ``(T, D)``, along the postural axes of the prior (`POSE_AXES`).

    Each recording counts the same; `recording` is that of each frame, ascending from 0 without gaps.
    """
    poses = features @ np.linalg.eigh(prior.within)[1][:, -POSE_AXES:]
    weights = equal_weights(recording)
    mean = weights @ poses / weights.sum()
    return float(weights @ ((poses - mean) ** 2).sum(axis=1) / weights.sum())


def _whitening(
    differences: tuple[Array, ...], weights: Array, prior_within: Array, within_clusters: Array | float
) -> Array:
    """Compute the matrix ``(D, D)`` that whitens C of `adapt`, from the differences ``(T, D)`` whose moments form W."""
    within = np.add.reduce([second_moment(each, weights) for each in differences])
    within = within + max(np.trace(within), np.finfo(float).tiny) * prior_within
    covariance = within + within_clusters
    ridge = RIDGE * max(np.trace(covariance) / len(covariance), np.finfo(float).tiny)
    return whitening_matrix(covariance + ridge * np.eye(len(covariance)))


def _max_sample_share(n_recordings: int, activities: float) -> float:
    """Compute the largest share of the own covariance of recordings; 0 `activities` are one, 1 are several."""
    share, half = (float(np.interp(activities, (0, 1), pair)) for pair in (MAX_SAMPLE_SHARE, SAMPLE_SHARE_RECORDINGS))
    return share * (n_recordings - 1) / (n_recordings - 1 + half)


def _estimate_noise(
    whitened: Array, recording: NDArray[np.int64], weights: Array, relative: Array, between: Array
) -> tuple[float, float, float]:
    """Estimate how much recordings of one person differ, and how far their sample covariance can be trusted.

    Halves of a recording show one person, so their difference is an error. Its variance is estimated from the median
    over recordings, so that a few recordings of two activities do not count, and averaged over the axes along which
    people differ by the prior.

    Parameters
    ----------
    whitened : array ``(T, D)``
        Features of frames.
    recording : int array ``(T,)``
        The recording of each, ascending from 0 without gaps.
    weights : array ``(T,)``
        Those of a recording have the sum 1.
    relative : array ``(R,)``
        Relative noise of each recording.
    between : array ``(D, D)``
        The prior's covariance between people, whitened.

    Returns
    -------
    noise : float
        Variance between recordings of one person whose relative noise is 1; see `NOISE_RATIO` and `MIN_CLEAR_SPREAD`.
    share_factor : float
        How far the sample covariance can be trusted, from 0 to 1; see `TRUSTED_SPREAD` and `TRUSTED_WEIGHTED_SPREAD`.
    spread : float
        Variance between recordings, less that of errors, relative to the prior's between people; see `ALIKE_SPREAD`.
    """
    counts = np.bincount(recording)
    position = np.arange(len(recording)) - (np.cumsum(counts) - counts)[recording]
    second_half = position >= (counts / 2)[recording]
    long_enough = (counts >= MIN_FRAMES)[recording]
    if not long_enough.any():
        return NOISE_VARIANCE, 1.0, 1.0
    variance, directions = np.linalg.eigh(between)
    used = variance >= MIN_VARIANCE
    frames = whitened[long_enough] @ directions[:, used]
    half = np.unique((2 * recording + second_half)[long_enough], return_inverse=True)[1]
    total = np.bincount(half, weights[long_enough])
    means = _weighted_means(frames, half, weights[long_enough] / total[half])
    differences = (means[0::2] - means[1::2]) ** 2 / relative[counts >= MIN_FRAMES, None]
    errors = np.maximum(robust_variances(differences) / 2, np.finfo(float).tiny)
    centres = (means[0::2] + means[1::2]) / 2
    variances = robust_variances((centres - np.median(centres, axis=0)) ** 2)
    spread = variances.mean() / errors.mean()
    weighted_spread = max((variance[used] @ variances) / (variance[used] @ errors), np.finfo(float).tiny)
    margin = max(1.0, spread / MIN_CLEAR_SPREAD) ** 0.25
    share_factor = max(
        np.interp(spread, TRUSTED_SPREAD, (0, 1)),
        np.interp(np.log(weighted_spread), np.log(TRUSTED_WEIGHTED_SPREAD), (0, 1)),
    )
    excess = np.clip(variances - JOIN_NOISE * NOISE_RATIO * errors, np.finfo(float).tiny, None)
    relative_spread = excess.sum() / variance[used].sum()
    noise = np.clip(NOISE_RATIO * errors.mean() * margin, *NOISE_LIMITS)
    return float(noise), float(share_factor), float(relative_spread)


def robust_variances(squares: Array) -> Array:
    """Estimate the variance along each axis from squared deviations ``(n, D)``: from their median, ``(D,)``."""
    variances: Array = np.median(squares, axis=0) / CHI_SQUARE_MEDIAN
    return variances


def _set_axes(
    network: Network,
    means: Array,
    weights: Array,
    whitening: Array,
    prior_between: Array,
    noise: float,
    sample_share: float,
) -> None:
    """Set the offset, the axes and the variances of the encoder from the means of recordings ``(R, D)``.

    `prior_between` is the prior's covariance between people, whitened.
    """
    shares = weights / weights.sum()
    offset = shares @ means
    whitened = (means - offset) @ whitening
    unbiased = max(1 - float((shares**2).sum()), 1 / len(means))  # 1 - 1 / R for equal weights
    variance, directions = np.linalg.eigh(second_moment(whitened, weights) / unbiased)
    mean_noise = noise / weights.mean()  # weights are 1 / v: s times the harmonic mean of v
    excess = (directions * np.clip(variance - mean_noise, 0, None)) @ directions.T
    variance, directions = np.linalg.eigh((1 - sample_share) * prior_between + sample_share * excess)
    used = np.flatnonzero(variance >= MIN_VARIANCE)[::-1][: network.hidden]
    between = variance[used]
    scale = np.sqrt(between / (2 * noise * (between + noise)))
    encoder = network.encoder("joint")
    assert isinstance(encoder, WhitenedEncoder)
    axes = whitening @ directions[:, used] * scale
    encoder.offset.copy_(torch.from_numpy(offset))
    encoder.axes.zero_()[:, : len(used)].copy_(torch.from_numpy(axes))
    network.pose_scale.zero_()[: len(used)].copy_(torch.from_numpy(1 / scale))
    network.between.zero_()[: len(used)].copy_(torch.from_numpy(between))
    network.noise.fill_(noise)


def _covariance_within_clusters(network: Network, means: Array, relative: Array, pairs: Pairs) -> Array | float:
    """Cluster recordings by their means ``(R, D)``, and compute the covariance within clusters ``(D, D)``.

    It is 0 if each recording is a cluster. No cluster holds a pair of `pairs`.
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
    return second_moment(residuals, weights) * (len(means) / freedom) if freedom else 0.0


def _sample_recordings(windows: Windows) -> NDArray[np.integer]:
    """Return the numbers of the whole recordings from which covariances are estimated, ascending: usually all."""
    numbers = np.unique(windows.whole_recording)
    if len(numbers) <= MAX_RECORDINGS:
        return numbers
    blocks = evenly_spaced(len(numbers) // BLOCK_RECORDINGS, MAX_RECORDINGS // BLOCK_RECORDINGS)
    sample: NDArray[np.integer] = numbers[(blocks[:, None] * BLOCK_RECORDINGS + np.arange(BLOCK_RECORDINGS)).ravel()]
    return sample


def sample_frames(windows: Windows) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return evenly spaced frames of each recording, and the recording of each, ascending from 0 without gaps.

    Of more than `MAX_RECORDINGS` recordings, evenly spaced blocks are used.

    Raises
    ------
    DataError
        If a joint is not finite.
    """
    sample = _sample_recordings(windows)
    of_sample = np.flatnonzero(np.isin(windows.whole_recording, sample))
    recording = np.searchsorted(sample, windows.whole_recording[of_sample])
    limit = max(MIN_FRAMES, min(MAX_FRAMES_PER_RECORDING, MAX_FRAMES // len(sample)))
    order = of_sample[np.argsort(recording, kind="stable")]
    chosen, owner = [], []
    for number, rows in enumerate(np.split(order, np.cumsum(np.bincount(recording))[:-1])):
        frames = np.unique(windows.frames_of(rows))
        frames = frames[evenly_spaced(len(frames), limit)]
        chosen.append(frames)
        owner.append(np.full(len(frames), number))
    joints = windows.frames[np.concatenate(chosen)]
    if not np.isfinite(joints).all():
        raise DataError("joints contain values that are not finite", hint="clean the recordings first")
    return joints, np.concatenate(owner)


def _check_sizes(joints: NDArray[np.float32], recording: NDArray[np.int64], sample: NDArray[np.integer]) -> None:
    """Check that bodies have possible sizes in metres; `sample` are the numbers of the recordings."""
    extent = np.ptp(joints, axis=1).max(axis=1)
    sizes = np.array([np.median(each) for each in np.split(extent, np.flatnonzero(np.diff(recording)) + 1)])
    wrong = np.flatnonzero((sizes < BODY_SIZE_RANGE[0]) | (sizes > BODY_SIZE_RANGE[1]))
    if len(wrong):
        raise DataError(
            f"{len(wrong)} of {count_noun(len(sizes), 'recording')} cannot be in metres, which the identity prior "
            f"needs: recording {sample[wrong[0]] + 1} shows a body of {sizes[wrong[0]]:.3g} m",
            hint="convert the joints to metres, leave these recordings out, or set {prior=none}",
        )


def describe_frames(network: Network, joints: NDArray[np.floating]) -> Array:
    """Compute the features of the joint level of frames ``(T, V, 3)``: ``(T, D)``."""
    described: Array = network.describe(torch.from_numpy(joints), "joint").cpu().numpy().astype(np.float64)
    return described


def equal_weights(recording: NDArray[np.int64]) -> Array:
    """Compute weights of frames, equal within a recording and of sum 1, so that each recording counts the same."""
    weights: Array = 1 / np.bincount(recording)[recording]
    return weights


def _weighted_means(features: Array, recording: NDArray[np.int64], weights: Array) -> Array:
    starts = np.flatnonzero(np.diff(recording, prepend=-1))
    means: Array = np.add.reduceat(features * weights[:, None], starts, axis=0)
    return means

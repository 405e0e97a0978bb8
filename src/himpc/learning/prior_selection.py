"""Whether a model is fitted to recordings without epochs, or a network trained on them (docs/method.md, section 12)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.errors import ConfigError
from himpc.learning.adaptation import describe_frames, pose_variance, robust_variances, sample_frames
from himpc.learning.clustering.number_of_people import MAX_RECORDINGS
from himpc.learning.config import Config
from himpc.learning.statistics import evenly_spaced
from himpc.learning.whitening import pairs_within_segments
from himpc.model import MIN_PRIOR_JOINTS, Network, load_prior
from himpc.recordings import Windows
from himpc.skeleton import COMMON_LAYOUT, DISCOVERED, Layout, body_frame, centre, convert, get_layout, missing_joints

__all__ = ["resolve_prior", "suits_training"]

MAX_ONE_ACTIVITY_VARIANCE = 0.3
"""`himpc.learning.adaptation.pose_variance`, in square metres, below which all recordings show one activity: at most
0.15 in walking sets and simulated suites, at least 0.61 in sets of several activities."""

MIN_TRAINING_RECORDINGS = 12
"""Number of recordings of one activity from which a network is trained."""

MAX_POSE_RATIO = 0.8
"""Variance of the poses between recordings of a discovered layout, relative to that within them, above which they show
several activities: 0.3 to 0.4 in walks, 1.7 in walks and standing."""

MAX_STILL_MOVEMENT, MAX_STILL_SHARE = 0.25, 0.05
"""Movement below which a person stands still, relative to the median recording, and the share of such recordings above
which there are several activities."""

MIN_SEGMENT_POINTS, MIN_SEGMENT_SHARE = 3, 0.5
"""Number of points from which a segment has a shape, and the share of the points in such segments from which shapes are
compared."""

_MAX_RECORDINGS, _MAX_FRAMES = 200, 20
"""Maximum numbers of evenly spaced recordings, and of frames of each, whose poses are compared, which bounds time."""

_SHARED_SETTINGS = ("prior", "window_length", "stride", "precision", "seed")
"""Settings shared by adaptation and training."""


def resolve_prior(config: Config, windows: Windows, *, prefer_prior: bool = False) -> Config:
    """Decide whether the identity prior is adapted, segments are compared, or a network is trained.

    Parameters
    ----------
    config : Config
    windows : Windows
    prefer_prior : bool
        With ``prior="auto"``, adapt the prior to many recordings of one activity, too, instead of training, as groups
        and galleries do: the prior groups these better, and gives likelihood ratios (docs/lab-notebook.md).

    Returns
    -------
    Config
        With ``prior`` "identity" or "segments" and the settings of that network, or with ``prior`` "none".

    Raises
    ------
    ConfigError
        If ``prior`` is "identity" and the recordings do not give its joints in 3D, if it is "segments" and they have
        none in 3D, or with either if a setting of training is changed, which would have no effect.
    """
    if config.prior == "none":
        return config
    tracklet = Config.preset("tracklet")
    shared = {name: getattr(config, name) for name in _SHARED_SETTINGS}
    adapted = tracklet.with_(**shared).with_(prior="identity", levels=("joint",), normalise=False)
    segments = tracklet.with_(**shared).with_(prior="segments", levels=("joint",), align=False)
    if config in (adapted, segments):  # the settings of a saved model
        config = tracklet.with_(**shared)
    of_training = [name for name in vars(tracklet) if name not in _SHARED_SETTINGS]
    changed = [name for name in of_training if getattr(config, name) != getattr(tracklet, name)]
    problem = _describe_problem(windows.layout, windows.dimensions)
    if config.prior == "identity" and problem:
        raise ConfigError(f"the identity prior cannot be used: {problem}", hint="set {prior=none}")
    if config.prior == "segments" and (windows.dimensions != 3 or not len(pairs_within_segments(windows.layout))):
        raise ConfigError(f"{windows.layout.name} has no segments in 3D to compare", hint="set {prior=none}")
    if config.prior in ("identity", "segments") and changed:
        start = "the identity prior, which is adapted" if config.prior == "identity" else "segments, which are compared"
        raise ConfigError(
            f"{changed[0]} has no effect with {start} without epochs of training",
            hint=f"set {{prior=none}}, or leave out {{{changed[0]}}}",
        )
    if config.prior == "segments" or (config.prior == "auto" and not changed and _suits_segments(windows)):
        return segments
    can_train = len(np.unique(windows.whole_recording)) <= MAX_RECORDINGS  # which clusters them by all pairs
    can_adapt = not (problem or changed)
    prefers_training = (
        can_adapt and config.prior == "auto" and not prefer_prior and can_train and suits_training(windows)
    )
    return adapted if can_adapt and not prefers_training else config.with_(prior="none")


def suits_training(windows: Windows) -> bool:
    """Return whether there are at least `MIN_TRAINING_RECORDINGS`, and all show much the same poses, such as walking.

    What varies between recordings of one person then varies within each recording, too, from which training learns.
    """
    if len(np.unique(windows.whole_recording)) < MIN_TRAINING_RECORDINGS:
        return False
    prior = load_prior().for_layout(windows.layout)
    assert prior is not None  # `resolve_prior` checks it
    joints, recording = sample_frames(windows)
    joints = centre(convert(joints, windows.layout, prior.layout), prior.layout)
    network = Network(prior.layout, ("joint",), 1, 0, distances=True)
    frames = body_frame(joints, prior.layout).astype(np.float32)
    return pose_variance(describe_frames(network, frames), recording, prior) < MAX_ONE_ACTIVITY_VARIANCE


def _suits_segments(windows: Windows) -> bool:
    """Return whether points of a discovered layout form rigid segments, and recordings show several activities.

    Poses then differ more between recordings of one person than within a recording, from which training would learn
    what a pose changes. Shapes of rigid segments do not depend on the pose.
    """
    layout = windows.layout
    if layout.name != DISCOVERED or windows.dimensions != 3 or len(layout.components) == 1:
        return False
    in_segments = sum(len(points) for points in layout.components if len(points) >= MIN_SEGMENT_POINTS)
    if in_segments < MIN_SEGMENT_SHARE * len(layout):
        return False
    joints, recording = sample_frames(windows)
    frames = np.split(joints, np.flatnonzero(np.diff(recording)) + 1)
    poses = [_distances_between_segments(frames[i], layout) for i in evenly_spaced(len(frames), _MAX_RECORDINGS)]
    within = np.array([each.var(axis=0).mean() for each in poses])
    means = np.array([each.mean(axis=0) for each in poses])
    between = robust_variances((means - np.median(means, axis=0)) ** 2).mean()  # a swapped label does not matter
    is_still = within < MAX_STILL_MOVEMENT**2 * np.median(within)
    return bool(between > MAX_POSE_RATIO * np.median(within) or is_still.mean() > MAX_STILL_SHARE)


def _distances_between_segments(joints: NDArray[np.float32], layout: Layout) -> NDArray[np.float64]:
    """Compute the distances between points of different segments, relative to their median, in T frames: ``(T, n)``."""
    first, second = np.triu_indices(len(layout), 1)
    others = np.setdiff1d(np.arange(len(first)), pairs_within_segments(layout))
    frames = joints[evenly_spaced(len(joints), _MAX_FRAMES)].astype(np.float64)
    distances: NDArray[np.float64] = np.linalg.norm(frames[:, first[others]] - frames[:, second[others]], axis=2)
    return distances / max(float(np.median(distances)), np.finfo(float).tiny)


def _describe_problem(layout: Layout, dimensions: int) -> str:
    """Return why recordings of a layout do not suit the prior, or an empty text."""
    if dimensions != 3:
        return "the skeletons are 2D"
    if load_prior().for_layout(layout) is not None:
        return ""
    missing = ", ".join(missing_joints(layout, get_layout(COMMON_LAYOUT)))
    needed = f"at least {MIN_PRIOR_JOINTS} of its joints, with both hips or both shoulders"
    return f"it needs {needed}; no joint of {layout.name} gives {missing}"

"""Whether the identity prior is adapted to recordings, or a network is trained on them (docs/method.md, section 12)."""

from __future__ import annotations

import numpy as np

from himpc.errors import ConfigError
from himpc.learning.adaptation import describe_frames, equal_weights, sample_frames
from himpc.learning.clustering.number_of_people import MAX_RECORDINGS
from himpc.learning.config import Config
from himpc.model import Network, load_prior
from himpc.recordings import Windows
from himpc.skeleton import Layout, body_frame, centre, convert, get_layout, missing_joints

__all__ = ["resolve_prior", "shows_one_activity"]

POSE_AXES = 3
"""Axes of the prior along which recordings of one person vary most: postures, such as raised arms or a seat."""

MIN_POSE_VARIANCE = 0.3
"""Variance of frames along these axes, in square metres of features, below which all recordings show one activity: at
most 0.13 in walking sets and simulated suites, at least 0.66 in sets of several activities."""

MIN_TRAINING_RECORDINGS = 12
"""Number of recordings of one activity from which training separates people better than the prior."""

_FREE_SETTINGS = ("prior", "window_length", "stride", "precision", "seed")
"""Settings that the adaptation uses, too; all others belong to training."""


def resolve_prior(config: Config, windows: Windows, *, to_group: bool = False) -> Config:
    """Decide whether the identity prior is adapted to windows, and return the settings of that network.

    Parameters
    ----------
    config : Config
    windows : Windows
    to_group : bool
        Adapt it to many recordings of one activity, too. Training ranks these better, and groups them no better.

    Returns
    -------
    Config
        With ``prior`` "identity" and the settings of an adapted network, or with ``prior`` "none".

    Raises
    ------
    ConfigError
        If ``prior`` is "identity", and the recordings lack its joints, or a setting of training is changed, which would
        have no effect.
    """
    if config.prior == "none":
        return config
    tracklet = Config.preset("tracklet")
    free = {name: getattr(config, name) for name in _FREE_SETTINGS}
    adapted = tracklet.with_(**free).with_(prior="identity", levels=("joint",), normalise=False)
    if config == adapted:  # the settings of a saved model
        config = tracklet.with_(**free)
    changed = [name for name in vars(tracklet) if getattr(config, name) != getattr(tracklet, name)]
    changed = [name for name in changed if name not in _FREE_SETTINGS]
    problem = _find_problem(windows.layout, windows.dimensions)
    if config.prior == "identity" and problem:
        raise ConfigError(f"the identity prior cannot be used: {problem}", hint="set {prior=none}")
    if config.prior == "identity" and changed:
        raise ConfigError(
            f"{changed[0]} has no effect with the identity prior, which is adapted without epochs of training",
            hint=f"set {{prior=none}}, or leave out {{{changed[0]}}}",
        )
    can_train = len(np.unique(windows.whole_recording)) <= MAX_RECORDINGS  # which clusters them by all pairs
    prefers_training = config.prior == "auto" and not to_group and can_train and shows_one_activity(windows)
    if problem or changed or prefers_training:
        return config.with_(prior="none")
    return adapted


def shows_one_activity(windows: Windows) -> bool:
    """Return whether there are many recordings, and all show much the same poses, such as walking.

    Training without the prior then separates people better: what varies between recordings of one person varies within
    each recording, too.
    """
    if len(np.unique(windows.whole_recording)) < MIN_TRAINING_RECORDINGS:
        return False
    prior = load_prior()
    joints, recording = sample_frames(windows)
    joints = centre(convert(joints, windows.layout, prior.layout), prior.layout)
    network = Network(prior.layout, ("joint",), 1, 0, distances=True)
    axes = np.linalg.eigh(prior.within)[1][:, -POSE_AXES:]
    poses = describe_frames(network, body_frame(joints, prior.layout).astype(np.float32)) @ axes
    weights = equal_weights(recording)
    mean = weights @ poses / weights.sum()
    return float(weights @ ((poses - mean) ** 2).sum(axis=1) / weights.sum()) < MIN_POSE_VARIANCE


def _find_problem(layout: Layout, dimensions: int) -> str:
    """Return why recordings of a layout do not suit the prior, or an empty text."""
    if dimensions != 3:
        return "the skeletons are 2D"
    missing = missing_joints(layout, get_layout("common-15"))
    return f"no joint of {layout.name} gives {', '.join(missing)}" if missing else ""

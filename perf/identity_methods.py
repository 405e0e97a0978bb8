"""The methods that perf/identity.py compares: what ships, baselines, the supervised upper bound, and ablations."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

import himpc
import himpc.learning.adaptation as adaptation
import himpc.learning.prior_selection as prior_selection
import himpc.learning.trainer as trainer
import himpc.model.pooling as pooling
import identity_prior
from himpc import api
from himpc.api import Embedder
from himpc.learning import Config, train
from himpc.model import BASELINES, IdentityPrior
from himpc.recordings import Recording, Windows
from himpc.research.benchmark.variants import Variant
from measurement import IgnoreWarnings

SHIPPED = "shipped"
"""The method that `himpc.HiMPC()` and `himpc.group(recordings)` use."""

UPPER_BOUND = "supervised upper bound"
BOUND_PRESET = "tracklet"
BASELINE_KEYS = ("raw", "bones")
ADAPTED = "the prior, adapted"

UNUSED = ("cli", "server", "video", "reporting", "archive", "diagnostics.py")
"""Packages and files of himpc that no measurement here depends on."""


@dataclass(frozen=True)
class Ablation:
    """A change to the adaptation of the prior.

    Attributes
    ----------
    changes : tuple of (module, str, value)
        Attributes of modules, and the values that replace them.
    bodies : int
        Synthetic bodies per person in the prior.
    settings : mapping
    """

    changes: tuple[tuple[Any, str, Any], ...] = ()
    bodies: int = identity_prior.BODIES
    settings: Mapping[str, Any] = field(default_factory=lambda: {"prior": "identity"})


SAMPLE_ONLY = (
    (adaptation, "MAX_SAMPLE_SHARE", (1.0, 1.0)),
    (adaptation, "SAMPLE_SHARE_RECORDINGS", (0.0, 0.0)),
    (adaptation, "TRUSTED_SPREAD", (0.0, 1e-9)),
)
"""Changes by which the covariance between people is that of the recordings alone."""

ABLATIONS = {
    ADAPTED: Ablation(),
    "no retargeted bodies": Ablation(bodies=0),
    "no prior of what varies within people": Ablation(((adaptation, "PRIOR_WEIGHT", (0.0, 0.0)),)),
    "full prior of what varies within people": Ablation(((adaptation, "PRIOR_WEIGHT", (1.0, 1.0)),)),
    "no prior of how people differ": Ablation(SAMPLE_ONLY),
    "how people differ by the prior alone": Ablation(((adaptation, "MAX_SAMPLE_SHARE", (0.0, 0.0)),)),
    "neither of the two": Ablation(((adaptation, "PRIOR_WEIGHT", (0.0, 0.0)), *SAMPLE_ONLY)),
    "no mirrored or tilted bodies": Ablation(
        ((adaptation, "mirror", lambda joints, layout: joints), (adaptation, "tilt", lambda joints, rng: joints))
    ),
    "no clusters of recordings": Ablation(((adaptation, "PASSES", 1),)),
    "equal noise of recordings": Ablation(((pooling, "NOISE_RATIOS", (1.0, 1.0)), (pooling, "STILL_SHARE", 0.0))),
    "equal weights of frames": Ablation(((pooling, "POSE_EXPONENT", 0),)),
    "no prior: trained on the recordings (`prior = none`)": Ablation(settings={"prior": "none"}),
}


def method_names() -> tuple[str, ...]:
    """Return the names of all methods; a preset with settings, as in recipes, is a method as well."""
    return (SHIPPED, UPPER_BOUND, *BASELINE_KEYS, *ABLATIONS)


def fit(method: str, walks: Sequence[Recording], seed: int, *, prefer_prior: bool = False) -> Embedder:
    """Fit a method to recordings; only the upper bound uses the names of people. Call it within `apply_changes`.

    With `prefer_prior`, what ships adapts the prior as groups and galleries do.
    """
    if method in BASELINE_KEYS:
        return BASELINES[method]
    if method == UPPER_BOUND:
        return _train_upper_bound(walks, seed)
    preset, settings = "tracklet", {}
    if method in ABLATIONS:
        settings = dict(ABLATIONS[method].settings)
    elif method != SHIPPED:
        variant = Variant.parse(method)
        preset, settings = variant.preset, dict(variant.settings)
    if prefer_prior and method == SHIPPED:
        return api.fit(walks, Config.preset(preset).with_(seed=seed), device="cpu", prefer_prior=True).model
    learner = himpc.HiMPC(preset, settings=settings, seed=seed, device="cpu", callbacks=[IgnoreWarnings()])
    return learner.fit(walks).model_


def package_hash() -> str:
    """Return a hash of what measurements depend on in the package."""
    package = Path(himpc.__file__).parent
    content = hashlib.sha256()
    for file in sorted(each for each in package.rglob("*") if each.suffix in (".py", ".toml", ".safetensors")):
        if not any(part in UNUSED for part in file.relative_to(package).parts):
            content.update(file.read_bytes())
    return content.hexdigest()[:12]


@contextmanager
def apply_changes(method: str, set_name: str, data: Path) -> Iterator[None]:
    """Apply the changes of a method, and use a prior that was trained without the set, until the context ends."""
    ablation = ABLATIONS.get(method, Ablation())
    with ExitStack() as stack:
        for module, name, value in ablation.changes:
            stack.enter_context(mock.patch.object(module, name, value))
        left_out = set_name if set_name in identity_prior.SETS else ""
        if left_out or ablation.bodies != identity_prior.BODIES:
            prior = train_prior(data, left_out, ablation.bodies)
            for module in (trainer, prior_selection):
                stack.enter_context(mock.patch.object(module, "load_prior", return_value=prior))
        yield


@cache
def train_prior(data: Path, left_out: str, bodies: int) -> IdentityPrior:
    """Train the prior without a set, with a number of synthetic bodies per person."""
    with mock.patch.object(identity_prior, "BODIES", bodies):
        return identity_prior.train_prior(data, [left_out] if left_out else [])


def _train_upper_bound(walks: Sequence[Recording], seed: int) -> Embedder:
    """Train the encoder of the preset `tracklet` with the true people for pseudo-labels."""
    config = Config.preset(BOUND_PRESET).with_(seed=seed)
    windows = Windows.cut(walks, config.window_length, config.training_stride)
    persons = np.array([str(walk.person) for walk in walks])[windows.recording]
    labels = np.unique(persons, return_inverse=True)[1].astype(np.int64)
    return train(windows, config, device="cpu", callbacks=[IgnoreWarnings()], external_labels=labels).model

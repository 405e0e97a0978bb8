"""The table of pose estimators; each is one module and is imported when it is used."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from himpc._extras import require
from himpc.errors import ConfigError
from himpc.video.detection import PoseEstimator

__all__ = ["ESTIMATORS", "EstimatorEntry", "open_estimator"]


@dataclass(frozen=True)
class EstimatorEntry:
    """One row of the table of estimators."""

    target: str
    """``module:class``; the class is a `PoseEstimator`. The parameters of its constructor are its options."""
    summary: str
    """What it detects, in one line."""
    extra: str = "video"
    """The extra of himpc that installs the packages it needs."""

    def load(self) -> type[PoseEstimator]:
        """Import the class.

        Raises
        ------
        DependencyError
            If the module imports a package that is not installed.
        """
        module, _, name = self.target.partition(":")
        return cast(type[PoseEstimator], getattr(require(module, self.extra), name))


ESTIMATORS: dict[str, EstimatorEntry] = {
    "mediapipe": EstimatorEntry(f"{__name__}.mediapipe:MediaPipe", "33 joints in 3D; its model is included"),
    "rtmlib": EstimatorEntry(f"{__name__}.rtmlib:RtmLib", "17 joints, 2D (RTMPose) or 3D (RTMW3D), local weights"),
}
"""The pose estimators by name."""


def open_estimator(name: str = "mediapipe", weights: Sequence[str | Path] = (), **options: Any) -> PoseEstimator:
    """Open a pose estimator; nothing is downloaded.

    Parameters
    ----------
    name : str
        A key of `ESTIMATORS`.
    weights : sequence of paths, optional
        Local files of the model.
    **options
        Further parameters of the constructor of its class, such as ``people`` (the most people in a frame) or
        ``tiles``. An option that the estimator lacks may be given if it is empty (None, 0, or no items).

    Raises
    ------
    ConfigError
        If the estimator or an option is unknown, a value is out of range, or weights are missing.
    DependencyError
        If an optional package is not installed.
    ModelError
        If a file of weights cannot be used.

    Examples
    --------
    ::

        estimator = open_estimator("mediapipe", people=4)
    """
    if name not in ESTIMATORS:
        raise ConfigError(f"unknown estimator {name!r}", hint=f"choose one of {', '.join(ESTIMATORS)}")
    cls = ESTIMATORS[name].load()
    return cls(**_accepted_options(name, inspect.signature(cls).parameters, {"weights": weights, **options}))


def _accepted_options(name: str, parameters: Mapping[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    unknown = [option for option, value in options.items() if option not in parameters and value]
    if unknown:
        raise ConfigError(f"{name} has no option {unknown[0]!r}, expected some of {', '.join(parameters)}")
    return {option: value for option, value in options.items() if option in parameters}

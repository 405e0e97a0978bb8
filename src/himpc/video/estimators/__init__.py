"""Back-ends that find people in pictures, behind one interface."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from himpc.errors import ConfigError
from himpc.video.detection import Estimator

__all__ = ["ESTIMATORS", "open_estimator"]

ESTIMATORS = ("mediapipe", "rtmlib")


def open_estimator(
    name: str = "mediapipe", weights: Sequence[str | Path] = (), *, people: int = 10, tiles: int = 0
) -> Estimator:
    """Return what finds people in pictures; nothing is downloaded.

    Parameters
    ----------
    name : {"mediapipe", "rtmlib"}
        ``mediapipe`` finds 33 joints in 3D and carries its model; ``rtmlib`` finds 17 joints with the weights that it
        is given, in 2D by RTMPose or in 3D by RTMW3D.
    weights : sequence of paths
        Local files. For ``mediapipe`` none, or one ``.task`` file; for ``rtmlib`` a detector and a pose model, both
        ``.onnx``.
    people : int
        The most people in a picture, or in a tile of it.
    tiles : int
        How many rows of overlapping square tiles a picture is looked at in, beside the whole: with ``tiles=2`` people
        are found that are half as high. It takes the longer the more there are.

    Raises
    ------
    ConfigError
        If there is no such back-end, a number is out of its range, a package or the weights are missing.
    ModelError
        If a file is not what it should be.
    """
    if not 1 <= people <= 100:
        raise ConfigError(f"people is {people}, expected 1 to 100 in a picture")
    if not 0 <= tiles <= 8:
        raise ConfigError(f"tiles is {tiles}, expected 0 (the whole picture only) to 8 rows")
    files = [Path(path) for path in weights]
    if name == "mediapipe":
        from himpc.video.estimators.mediapipe import MediaPipe

        return MediaPipe(files, people=people, tiles=tiles)
    if name == "rtmlib":
        from himpc.video.estimators.rtmlib import RtmLib

        if tiles:
            raise ConfigError("tiles are for mediapipe: rtmlib finds small people without them")
        return RtmLib(files, people=people)
    raise ConfigError(f"unknown estimator {name!r}: choose one of {', '.join(ESTIMATORS)}")

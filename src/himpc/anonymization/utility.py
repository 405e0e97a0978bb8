"""Utility: how much of the motion a transformation keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields

import numpy as np
from numpy.typing import NDArray

from himpc.anonymization.gait import measure_gait
from himpc.anonymization.perturbation import sample_frames
from himpc.recordings import Recording
from himpc.skeleton import Layout, centre, convert, missing_joints

__all__ = ["Utility", "joint_angles", "measure_utility"]

Array = NDArray[np.float64]

_MAX_FRAMES = 200
"""Maximum number of frames in which two recordings are compared, evenly spaced over their durations."""


@dataclass(frozen=True)
class Utility:
    """Differences between recordings and their transformed versions; means over recordings, NaN where not measurable.

    Attributes
    ----------
    position_error : float
        Mean distance of the joints, relative to the root, millimetres.
    angle_error : float
        Mean absolute difference of the joint angles, degrees.
    range_error : float
        Mean absolute difference of the ranges of motion (5 to 95 % of the frames) of the joint angles, degrees.
    stride_error, cadence_error, speed_error : float
        Mean absolute difference as a share of the original.
    """

    position_error: float
    angle_error: float
    range_error: float
    stride_error: float
    cadence_error: float
    speed_error: float

    def to_dict(self) -> dict[str, float | None]:
        """Return the numbers as plain data for JSON; None where not measurable."""
        return {name: None if np.isnan(value) else value for name, value in vars(self).items()}


def measure_utility(originals: Sequence[Recording], transformed: Sequence[Recording]) -> Utility:
    """Compare recordings with their transformed versions, in the same order."""
    pairs = list(zip(originals, transformed, strict=True))
    if not pairs:
        return Utility(*[float("nan")] * len(fields(Utility)))
    rows = list(map(_compare, pairs))
    return Utility(*(_mean([row[i] for row in rows]) for i in range(len(fields(Utility)))))


def joint_angles(joints: NDArray[np.floating], layout: Layout) -> Array:
    """Compute the angle at each joint between its parent and each of its children, ``(frames, angles)``, degrees."""
    triples = [(layout.parents[j], j, child) for child, j in layout.bones if layout.parents[j] >= 0]
    if not triples:
        return np.zeros((len(joints), 0))
    above, at, below = np.array(triples).T
    points = joints.astype(np.float64)
    first, second = points[:, above] - points[:, at], points[:, below] - points[:, at]
    sizes = np.linalg.norm(first, axis=-1) * np.linalg.norm(second, axis=-1)
    cosine = np.einsum("tja,tja->tj", first, second) / np.where(sizes > 0, sizes, np.nan)
    angles: Array = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    return angles


def _compare(pair: tuple[Recording, Recording]) -> tuple[float, ...]:
    original, changed = pair
    gaits = [np.array(astuple(measure_gait(each))) for each in pair]
    cadence, stride, speed = np.abs(gaits[1] - gaits[0]) / gaits[0]
    layout = changed.layout
    if missing_joints(original.layout, layout):
        return (*[float("nan")] * 3, stride, cadence, speed)
    count = min(_MAX_FRAMES, max(len(original), len(changed)))
    before = centre(convert(_sample(original, count), original.layout, layout), layout)
    after = centre(_sample(changed, count), layout)
    angles = [joint_angles(each, layout) for each in (before, after)]
    scale = 1000 if original.dimensions == 3 else np.nan
    return (
        _mean(np.linalg.norm(after - before, axis=-1)) * scale,
        _mean(np.abs(angles[1] - angles[0])),
        _mean(np.abs(_range(angles[1]) - _range(angles[0]))),
        float(stride),
        float(cadence),
        float(speed),
    )


def _sample(recording: Recording, count: int) -> NDArray[np.float32]:
    return sample_frames(recording.joints, np.linspace(0, len(recording) - 1, count))


def _range(angles: Array) -> Array:
    if not angles.shape[1] or np.isnan(angles).all():
        return np.full(1, np.nan)
    known = angles[:, ~np.isnan(angles).any(axis=0)]
    low, high = np.quantile(known, [0.05, 0.95], axis=0)
    span: Array = high - low
    return span


def _mean(values: NDArray[np.floating] | Sequence[float]) -> float:
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    return float(known.mean()) if known.size else float("nan")

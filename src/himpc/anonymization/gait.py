"""Gait: cadence, stride and speed of walking, and their normalisation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from himpc.anonymization.bodies import (
    bone_lengths,
    require_complete,
    require_metres,
    root_path,
    set_bone_lengths,
    standard_walk,
)
from himpc.anonymization.perturbation import sample_frames
from himpc.errors import DataError
from himpc.recordings import Recording
from himpc.skeleton import Layout, body_frame, centre, get_layout, has_side_lines

__all__ = ["Gait", "measure_gait", "normalise_gait"]

Array = NDArray[np.float64]

_FEET = ("ankle", "foot", "heel", "knee")
_STRIDE_RATES = np.linspace(0.5, 1.6, 221)
"""Strides a second among which the rate of a walk is sought: 60 to 192 steps a minute."""

_MIN_FIT = 0.5
"""Share of the variance of the distance between the feet that a walk's sinusoid explains."""

_MIN_SWING = 0.05
"""Metres; a smaller amplitude of that distance is no walk."""

_MIN_SPEED = 0.2
"""Metres a second; slower walks are in place, and have no stride."""


@dataclass(frozen=True)
class Gait:
    """The gait of a recording; NaN where it shows no walking, or its frame rate is unknown.

    Attributes
    ----------
    cadence : float
        Steps a minute.
    stride : float
        Distance of two steps, metres; NaN for walking in place.
    speed : float
        Metres a second.
    """

    cadence: float
    stride: float
    speed: float


_NO_GAIT = Gait(math.nan, math.nan, math.nan)


def measure_gait(recording: Recording) -> Gait:
    """Measure cadence, stride and speed of a walk.

    A sinusoid is fitted to the distance of the feet along the heading; its frequency is the rate of strides. The speed
    is the length of the path of the root, smoothed over a step, by time.
    """
    layout = recording.layout
    feet = next((name for name in _FEET if layout.has(f"left_{name}", f"right_{name}")), None)
    if recording.dimensions != 3 or recording.fps is None or not feet or not has_side_lines(layout):
        return _NO_GAIT
    if not recording.complete or len(recording) < 4:
        return _NO_GAIT
    joints = recording.joints.astype(np.float64)
    turned = body_frame(centre(joints, layout), layout)
    apart = turned[:, layout.index(f"left_{feet}"), 2] - turned[:, layout.index(f"right_{feet}"), 2]
    rate, explained, amplitude = _fit_sinusoid(apart, float(recording.fps))
    if explained < _MIN_FIT or amplitude < _MIN_SWING or len(recording) < 0.9 * recording.fps / rate:
        return _NO_GAIT
    path = _smooth_path(root_path(joints, layout)[:, ::2], round(recording.fps / (2 * rate)))
    speed = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum() * recording.fps / max(len(path) - 1, 1))
    return Gait(120 * rate, speed / rate if speed >= _MIN_SPEED else math.nan, speed)


def normalise_gait(recording: Recording, strength: float, rng: np.random.Generator) -> Recording:
    """Change cadence and stride by a share `strength` of the way to those of the standard walk.

    Time is stretched for the cadence. For the stride, the path of the root and the swing of the joints along the
    heading are scaled; bones keep their lengths.

    Raises
    ------
    DataError
        If the recording shows no walking, or walking in place.
    """
    require_metres(recording, "normalising the gait")
    require_complete(recording, "normalising the gait")
    gait, standard = measure_gait(recording), _standard_gait()
    if math.isnan(gait.cadence) or math.isnan(gait.stride):
        raise DataError(
            f"{recording.source or 'recording'}: shows no walking along a path whose gait could be normalised",
            hint="leave it out, or leave out the method gait; if the frame rate is not known, state {fps}",
        )
    if strength == 0:
        return recording
    cadence = (1 - strength) * gait.cadence + strength * standard.cadence
    stride = (1 - strength) * gait.stride + strength * standard.stride
    joints = _scale_stride(recording.joints.astype(np.float64), recording.layout, stride / gait.stride)
    count = max(2, round((len(joints) - 1) * gait.cadence / cadence) + 1)
    frames = np.minimum(np.arange(count) * cadence / gait.cadence, len(joints) - 1)
    return recording.with_(joints=sample_frames(joints, frames), confidence=None)


@cache
def _standard_gait() -> Gait:
    walks = [measure_gait(walk) for walk in standard_walk(get_layout("kinect-v1"))]
    return Gait(*(float(np.mean([getattr(walk, name) for walk in walks])) for name in ("cadence", "stride", "speed")))


def _scale_stride(joints: Array, layout: Layout, factor: float) -> Array:
    """Scale the path and the swing of all joints along the heading by a factor; bones keep their lengths."""
    path = root_path(joints, layout)
    body = centre(joints, layout).astype(np.float64)
    turned = body_frame(body, layout).astype(np.float64)
    cosine, sine = _turns(body, turned)
    swing = turned[:, :, 2] - turned[:, :, 2].mean(axis=0)
    turned = turned.copy()
    turned[:, :, 2] += (factor - 1) * swing
    back = turned.copy()
    back[:, :, 0] = cosine * turned[:, :, 0] - sine * turned[:, :, 2]
    back[:, :, 2] = sine * turned[:, :, 0] + cosine * turned[:, :, 2]
    back = set_bone_lengths(back, layout, bone_lengths(joints, layout))
    moved = path[0] + (path - path[0]) * [factor, 1.0, factor]
    result: Array = back + (moved - root_path(back, layout))[:, None]
    return result


def _turns(body: Array, turned: Array) -> tuple[Array, Array]:
    """Return the cosine and sine ``(frames, 1)`` of the turn of each frame by `body_frame`."""
    flat, after = (each[:, :, 0] + 1j * each[:, :, 2] for each in (body, turned))
    turn = (flat * after.conj()).sum(axis=1, keepdims=True)
    turn = np.where(np.abs(turn) > 0, turn, 1) / np.where(np.abs(turn) > 0, np.abs(turn), 1)
    return turn.real, turn.imag


def _fit_sinusoid(values: Array, fps: float) -> tuple[float, float, float]:
    """Fit a sinusoid; return its rate a second, the share of the variance that it explains, and its amplitude."""
    step = max(1, int(fps / 25))
    values = values[::step]
    values = values - values.mean()
    phase = 2 * np.pi * _STRIDE_RATES[:, None] * np.arange(len(values)) * step / fps
    basis = np.stack([np.cos(phase), np.sin(phase)], axis=1)
    basis -= basis.mean(axis=2, keepdims=True)
    gram = basis @ basis.transpose(0, 2, 1) + 1e-9 * np.eye(2)
    products = basis @ values
    weights = np.linalg.solve(gram, products[:, :, None])[:, :, 0]
    explained = (weights * products).sum(axis=1) / max(float(values @ values), 1e-12)
    best = int(explained.argmax())
    return float(_STRIDE_RATES[best]), float(explained[best]), float(np.hypot(*weights[best]))


def _smooth_path(path: Array, width: int) -> Array:
    """Return the moving mean ``(n - width + 1, 2)`` of a path over `width` frames."""
    width = max(1, min(width, len(path) - 1))
    total = np.concatenate([np.zeros((1, path.shape[1])), np.cumsum(path, axis=0)])
    smoothed: Array = (total[width:] - total[:-width]) / width
    return smoothed

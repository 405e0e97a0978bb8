"""Perturbation of coordinates, smoothing, resampling, and dropping of joints."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from himpc.anonymization.bodies import require_complete, require_metres
from himpc.errors import ConfigError, DataError, LayoutError
from himpc.recordings import Recording
from himpc.skeleton import MIN_SHARED_JOINTS

__all__ = ["add_noise", "add_offset", "drop_joints", "resample", "sample_frames", "smooth"]

Array = NDArray[np.float64]

_BLUR_PER_FRAME = 0.4
"""Standard deviation of the low-pass filter before resampling, in new frames."""


def add_noise(recording: Recording, strength: float, rng: np.random.Generator) -> Recording:
    """Add Gaussian noise to each coordinate of each joint in each frame, with a standard deviation in mm."""
    require_metres(recording, "noise in millimetres")
    return _displace(recording, rng.normal(0.0, strength / 1000, recording.joints.shape))


def add_offset(recording: Recording, strength: float, rng: np.random.Generator) -> Recording:
    """Displace each joint by one Gaussian vector for the whole recording; `strength` is its standard deviation, mm.

    Unlike noise, an offset does not average out over frames.
    """
    require_metres(recording, "an offset in millimetres")
    return _displace(recording, rng.normal(0.0, strength / 1000, (1, *recording.joints.shape[1:])))


def smooth(recording: Recording, strength: float, rng: np.random.Generator) -> Recording:
    """Smooth over time by a Gaussian; `strength` is its standard deviation in seconds."""
    require_complete(recording, "smoothing")
    return recording.with_(joints=_blur(recording, strength * _require_fps(recording, "smoothing")))


def resample(recording: Recording, strength: float, rng: np.random.Generator) -> Recording:
    """Reduce the frame rate to `strength` frames a second; 0, or a rate that is not lower, changes nothing."""
    if strength == 0:
        return recording
    require_complete(recording, "resampling")
    fps = _require_fps(recording, "resampling")
    if strength >= fps:
        return recording
    count = int((len(recording) - 1) * strength / fps) + 1
    blurred = _blur(recording, _BLUR_PER_FRAME * fps / strength)
    joints = sample_frames(blurred, np.arange(count, dtype=np.float64) * (fps / strength))
    return recording.with_(joints=joints, fps=float(strength), confidence=None)


def drop_joints(recording: Recording, names: Sequence[str]) -> Recording:
    """Drop joints, or the joints of limbs and components, by name.

    Raises
    ------
    ConfigError
        If the layout has neither a joint nor a part of a name.
    LayoutError
        If too few joints stay.
    """
    layout = recording.layout
    dropped: set[int] = set()
    for name in names:
        members = (layout.index(name),) if layout.has(name) else layout.part(name)
        if not members:
            raise ConfigError(
                f"{recording.source or 'recording'}: layout {layout.name!r} has no joint and no part {name!r}; its "
                f"parts are {', '.join(layout.limb_names)}, and its joints {', '.join(layout.joints)}"
            )
        dropped.update(members)
    kept = [joint for number, joint in enumerate(layout.joints) if number not in dropped]
    if len(kept) < MIN_SHARED_JOINTS:
        raise LayoutError(
            f"{recording.source or 'recording'}: {len(kept)} joints are left, expected {MIN_SHARED_JOINTS} or more",
            hint="drop fewer joints",
        )
    return recording.to(layout.subset(kept, f"{layout.name}-{len(kept)}"))


def sample_frames(joints: NDArray[np.floating], frames: Array) -> NDArray[np.float32]:
    """Interpolate joints ``(n, J, 3)`` linearly at positions between frames ``(m,)``, within ``[0, n - 1]``."""
    before = np.minimum(frames.astype(np.intp), len(joints) - 1)
    after = np.minimum(before + 1, len(joints) - 1)
    share = (frames - before)[:, None, None]
    between: NDArray[np.float32] = ((1 - share) * joints[before] + share * joints[after]).astype(np.float32)
    return between


def _displace(recording: Recording, shift: Array) -> Recording:
    return recording.with_(joints=(recording.joints + shift).astype(np.float32))


def _blur(recording: Recording, deviation: float) -> NDArray[np.float32]:
    from scipy.ndimage import gaussian_filter1d

    if deviation == 0:
        return recording.joints
    joints = recording.joints.astype(np.float64)
    blurred: Array = gaussian_filter1d(joints, deviation, axis=0, mode="nearest")
    return np.asarray(blurred, dtype=np.float32)


def _require_fps(recording: Recording, what: str) -> float:
    if recording.fps is None:
        raise DataError(
            f"{recording.source or 'recording'}: {what} needs the frame rate, which is not known", hint="state {fps}"
        )
    return float(recording.fps)

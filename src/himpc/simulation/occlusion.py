"""Who stands before whom: bodies as capsules, lines of sight as segments.

The distance of two segments is found by clamping the nearest points of their lines, as in Ericson, "Real-Time Collision
Detection", 2005, section 5.1.9.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["SOLID", "behind"]

Array = NDArray[np.float64]

_LIMBS = (
    ("hip", "knee", 0.075),
    ("knee", "ankle", 0.055),
    ("ankle", "toe", 0.045),
    ("shoulder", "elbow", 0.05),
    ("elbow", "hand", 0.04),
)
# From joint, to joint, radius in metres: of an adult in light clothes, our own estimate.
_CAPSULES = (
    ("pelvis", "neck", 0.15),
    ("left_shoulder", "right_shoulder", 0.08),
    ("head_base", "head", 0.11),
    *((f"{side}_{start}", f"{side}_{end}", radius) for side in ("left", "right") for start, end, radius in _LIMBS),
)

SOLID: tuple[str, ...] = tuple(dict.fromkeys(name for start, end, _ in _CAPSULES for name in (start, end)))
"""The S joints that `behind` makes a body of."""

_STARTS = np.array([SOLID.index(start) for start, _, _ in _CAPSULES])
_ENDS = np.array([SOLID.index(end) for _, end, _ in _CAPSULES])
_RADII = np.array([radius for _, _, radius in _CAPSULES])
_SPAN = float(_RADII.max())


def behind(joints: Array, body: Array) -> NDArray[np.bool_]:
    """Tell which joints somebody else's body hides from the camera.

    Parameters
    ----------
    joints : float64 array ``(frames, J, 3)``
        In camera axes, metres; NaN where absent.
    body : float64 array ``(frames, S, 3)``
        The other's `SOLID` joints at the same time.

    Returns
    -------
    bool array ``(frames, J)``
    """
    hidden = np.zeros(joints.shape[:2], dtype=bool)
    at = _near(joints, body)
    if len(at):
        starts, ends = body[at][:, None, _STARTS], body[at][:, None, _ENDS]
        hidden[at] = (_gap(joints[at][:, :, None], starts, ends) < _RADII).any(axis=2)
    return hidden


def _near(joints: Array, body: Array) -> NDArray[np.intp]:
    """Return the frames in which the two overlap as seen from the camera, the other not wholly farther away."""
    with np.errstate(divide="ignore", invalid="ignore"):
        one, other = joints[..., :2] / joints[..., 2:], body[..., :2] / body[..., 2:]
        margin = _SPAN / body[..., 2].min(axis=1)[:, None]
        apart = (one.min(axis=1) > other.max(axis=1) + margin) | (one.max(axis=1) < other.min(axis=1) - margin)
        near = ~apart.any(axis=1) & (body[..., 2].min(axis=1) < joints[..., 2].max(axis=1) + _SPAN)
    return np.flatnonzero(near)


def _gap(sight: Array, start: Array, end: Array) -> Array:
    """Return how far lines of sight from the camera to `sight` pass by the segments from `start` to `end`."""
    bone = end - start
    a, e = (sight * sight).sum(axis=-1), (bone * bone).sum(axis=-1)
    b, c, f = (sight * bone).sum(axis=-1), -(sight * start).sum(axis=-1), -(bone * start).sum(axis=-1)
    parallel = np.maximum(a * e - b * b, 1e-12)
    along = np.clip((b * f - c * e) / parallel, 0.0, 1.0)
    across = np.clip((b * along + f) / e, 0.0, 1.0)
    along = np.clip((b * across - c) / a, 0.0, 1.0)
    gap: Array = np.linalg.norm(along[..., None] * sight - (start + across[..., None] * bone), axis=-1)
    return gap

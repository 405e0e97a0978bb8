"""Occlusion of one person by another: bodies are capsules, lines of sight are segments.

The distance of two segments is found by clamping the closest points of their lines, as in Ericson, "Real-Time Collision
Detection", 2005, section 5.1.9.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_LIMBS = (
    ("hip", "knee", 0.075),
    ("knee", "ankle", 0.055),
    ("ankle", "toe", 0.045),
    ("shoulder", "elbow", 0.05),
    ("elbow", "hand", 0.04),
)
# From joint, to joint, radius in metres: estimates for an adult in light clothes.
_CAPSULES = (
    ("pelvis", "neck", 0.15),
    ("left_shoulder", "right_shoulder", 0.08),
    ("head_base", "head", 0.11),
    *((f"{side}_{start}", f"{side}_{end}", radius) for side in ("left", "right") for start, end, radius in _LIMBS),
)

BODY_JOINTS: tuple[str, ...] = tuple(dict.fromkeys(name for start, end, _ in _CAPSULES for name in (start, end)))
"""The B joints at the ends of the capsules of a body."""

_STARTS = np.array([BODY_JOINTS.index(start) for start, _, _ in _CAPSULES])
_ENDS = np.array([BODY_JOINTS.index(end) for _, end, _ in _CAPSULES])
_RADII = np.array([radius for _, _, radius in _CAPSULES])
_MAX_RADIUS = float(_RADII.max())


def occluded_by(joints: Array, body: Array) -> NDArray[np.bool_]:
    """Return which joints the body of another person hides from the camera.

    Parameters
    ----------
    joints : float64 array ``(frames, J, 3)``
        Positions in camera axes, metres; NaN where absent.
    body : float64 array ``(frames, B, 3)``
        The `BODY_JOINTS` of the other person in the same frames.

    Returns
    -------
    bool array ``(frames, J)``
    """
    occluded = np.zeros(joints.shape[:2], dtype=bool)
    frames = _overlapping_frames(joints, body)
    if len(frames):
        starts, ends = body[frames][:, None, _STARTS], body[frames][:, None, _ENDS]
        occluded[frames] = (_distance_to_sight(joints[frames][:, :, None], starts, ends) < _RADII).any(axis=2)
    return occluded


def _overlapping_frames(joints: Array, body: Array) -> NDArray[np.intp]:
    """Return the frames in which the two overlap in the image and the body is not entirely behind the joints."""
    with np.errstate(divide="ignore", invalid="ignore"):
        one, other = joints[..., :2] / joints[..., 2:], body[..., :2] / body[..., 2:]
        margin = _MAX_RADIUS / body[..., 2].min(axis=1)[:, None]
        apart = (one.min(axis=1) > other.max(axis=1) + margin) | (one.max(axis=1) < other.min(axis=1) - margin)
        near = ~apart.any(axis=1) & (body[..., 2].min(axis=1) < joints[..., 2].max(axis=1) + _MAX_RADIUS)
    return np.flatnonzero(near)


def _distance_to_sight(sight: Array, start: Array, end: Array) -> Array:
    """Return the distances between lines of sight, from the camera to `sight`, and segments from `start` to `end`."""
    bone = end - start
    a, e = (sight * sight).sum(axis=-1), (bone * bone).sum(axis=-1)
    b, c, f = (sight * bone).sum(axis=-1), -(sight * start).sum(axis=-1), -(bone * start).sum(axis=-1)
    determinant = np.maximum(a * e - b * b, 1e-12)
    along = np.clip((b * f - c * e) / determinant, 0.0, 1.0)
    across = np.clip((b * along + f) / e, 0.0, 1.0)
    along = np.clip((b * across - c) / a, 0.0, 1.0)
    distance: Array = np.linalg.norm(along[..., None] * sight - (start + across[..., None] * bone), axis=-1)
    return distance

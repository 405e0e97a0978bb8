"""Upward axes: which one it is, turning it to y, and left-handed axes.

What the user states wins; then what the body shows; then what the file states. Notes record what contradicted it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.file_options import Up
from himpc.skeleton import Layout

__all__ = ["UP_AXES", "find_up", "recognise_up", "to_y_up"]

UP_AXES: tuple[Up, ...] = get_args(Up)

_UPRIGHT_COSINE = np.cos(np.pi / 4)
_UPRIGHT_SHARE = 0.8

_MIN_TRAVEL, _TRAVEL_SHARE = 0.5, 0.3
"""Travel along an axis, in extents of the body and of the farthest travel, that shows that the axis is level."""

_TOP = ("head", "nose", "neck")
_HIPS = ("left_hip", "right_hip", "pelvis")
_FEET, _ANKLES = ("left_foot", "right_foot"), ("left_ankle", "right_ankle")
_MIRRORED_SINE, _MIRRORED_SHARE, _MIN_MIRRORED = 0.3, 0.9, 10
_LEGS = ("left_ankle", "right_ankle", "left_foot", "right_foot")
_HEAD, _SHOULDERS = ("head", "head_top", "nose"), ("left_shoulder", "right_shoulder", "spine")

# Rows are the new x, y, z. Each is a proper rotation that leaves x alone where it can: a quarter or half turn about x
# for the y and z axes, a quarter turn about z for the x axis.
_TURNS: dict[Up, tuple[tuple[int, int, int], ...]] = {
    "y": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "-y": ((1, 0, 0), (0, -1, 0), (0, 0, -1)),
    "z": ((1, 0, 0), (0, 0, 1), (0, -1, 0)),
    "-z": ((1, 0, 0), (0, 0, -1), (0, 1, 0)),
    "x": ((0, -1, 0), (1, 0, 0), (0, 0, 1)),
    "-x": ((0, 1, 0), (-1, 0, 0), (0, 0, 1)),
}


def to_y_up(joints: NDArray[np.floating], up: Up) -> NDArray[np.floating]:
    """Return ``(..., 3)`` positions turned so that the axis `up` becomes +y; a rotation, never a mirror image.

    The other axes go here: for ``z`` the new axes are (x, z, -y), for ``-z`` (x, -z, y), for ``-y`` (x, -y, -z), for
    ``x`` (-y, x, z) and for ``-x`` (y, -x, z).

    Raises
    ------
    FormatError
        If `up` is not an axis.
    """
    if up not in _TURNS:
        raise FormatError(f"unknown up axis {up!r}, expected one of {', '.join(UP_AXES)}")
    turned = np.empty_like(joints)
    for new, row in enumerate(_TURNS[up]):
        old = next(axis for axis, sign in enumerate(row) if sign)
        turned[..., new] = row[old] * joints[..., old]
    return turned


def recognise_up(joints: NDArray[np.floating], layout: Layout) -> Up | None:
    """Return the axis that the body stands along, or None if the body does not show it.

    The body stands along an axis in a frame when the line from the hips and feet to the head and neck is within 45
    degrees of it; for legs alone, the line from the feet to the hips, and for an upper body alone, from the shoulders
    and the spine to the head. It must do so in 80 % of the frames in which both ends are seen.

    Parameters
    ----------
    joints : array ``(frames, J, 3)``
        Joints in any unit; NaN where not seen.
    """
    upward = _mean_seen(joints, layout, _TOP) - _mean_seen(joints, layout, (*_LEGS, *_HIPS))
    for above, below in ((_HIPS, _LEGS), (_HEAD, _SHOULDERS)):
        if np.isnan(upward).any(axis=1).all():
            upward = _mean_seen(joints, layout, above) - _mean_seen(joints, layout, below)
    length = np.linalg.norm(upward, axis=1)
    seen = np.isfinite(length) & (length > 0)
    if not seen.any():
        return None
    cosine = upward[seen] / length[seen, None]
    for axis, name in enumerate("xyz"):
        for sign in ("", "-"):
            along = -cosine[:, axis] if sign else cosine[:, axis]
            if (along > _UPRIGHT_COSINE).mean() >= _UPRIGHT_SHARE:
                return next(up for up in UP_AXES if up == sign + name)
    return None


def is_mirrored(joints: NDArray[np.floating], layout: Layout) -> bool:
    """Return whether the axes are left-handed, so that left and right of a body are exchanged.

    The cross product of the direction from ankles to feet and that from the right to the left hip points up along the
    body. It must point down in 90 % of the frames, and in at least 10. It never does in 2,574 recordings of Kinect,
    markers and video.

    Parameters
    ----------
    joints : array ``(frames, J, 3)``
        Joints in any unit and axes; NaN where not seen.
    """
    upward = _mean_seen(joints, layout, (*_TOP, *_HIPS)) - _mean_seen(joints, layout, _ANKLES)
    forward = _mean_seen(joints, layout, _FEET) - _mean_seen(joints, layout, _ANKLES)
    left = _mean_seen(joints, layout, _HIPS[:1]) - _mean_seen(joints, layout, _HIPS[1:2])
    volume = (np.cross(forward, left) * upward).sum(axis=1)
    size = np.prod([np.linalg.norm(each, axis=1) for each in (upward, forward, left)], axis=0)
    seen = np.isfinite(volume) & (size > 0)
    if seen.sum() < _MIN_MIRRORED:
        return False
    return bool((volume[seen] < -_MIRRORED_SINE * size[seen]).mean() >= _MIRRORED_SHARE)


def find_up(
    joints: NDArray[np.floating], layout: Layout, where: str, *, stated: str | None, user: Up | None
) -> tuple[Up, tuple[str, ...]]:
    """Return the axis that points up, and notes: the user's, else the one that the body stands along, else the file's.

    Parameters
    ----------
    joints : array ``(frames, J, 3)``
        Joints in any unit; NaN where not seen.
    where : str
        The file, for the error.
    stated, user : str, optional
        The axis that the file states, and the one that the user states.

    Raises
    ------
    FormatError
        If none of them shows it.
    """
    shown = recognise_up(joints, layout)
    if user is not None:
        contradicted = f"; the body stands along {shown}" if shown not in (None, user) else ""
        return user, (f"up is {user}, as the user states{contradicted}",)
    if shown is not None:
        contradicted = "" if stated is None else f", not {stated[:20]} as stated"
        return shown, () if shown == stated else (f"up is {shown}, as the body shows{contradicted}",)
    axis = next((up for up in UP_AXES if up == stated), None)
    if axis is None and not any(map(layout.has, (*_TOP, *_HIPS, *_LEGS))):
        return up_by_movement(joints)
    if axis is None:
        found = "states no up axis" if stated is None else f"states an unknown up axis, {stated[:20]!r},"
        raise FormatError(
            f"{where}: {found} and the body does not show it",
            hint=f"state the axis that points up ({', '.join(UP_AXES)}): {{up=z}}",
        )
    return axis, (f"up is {axis}, as the file states",)


def up_by_movement(points: NDArray[np.floating]) -> tuple[Up, tuple[str, ...]]:
    """Return the axis that is most likely to point up for points of an unknown body, and a note.

    A body that travels does so along the ground. Of the axes along which it does not travel, the vertical one is that
    of the largest extent. At its lower end, points stand still while the body moves on.

    Parameters
    ----------
    points : array ``(frames, P, 3)``
        In any unit; NaN where not seen.
    """
    middle, low, high = (_over_seen(function, points) for function in (np.median, np.min, np.max))
    extents = np.median(high - low, axis=0) if len(middle) else np.ones(3)
    travel = np.ptp(middle, axis=0) if len(middle) else np.zeros(3)
    level = travel > max(_MIN_TRAVEL * extents.max(), _TRAVEL_SHARE * travel.max())
    if not level.any():
        axis = int(extents.argmax())
        return UP_AXES[axis], (f"up is taken to be {UP_AXES[axis]}: neither the file nor the movement shows it",)
    axis = int(np.where(level, -1, extents).argmax()) if not level.all() else int(travel.argmin())
    sign = 3 if _stands_at_its_upper_end(points, axis) else 0
    return UP_AXES[axis + sign], (f"up is {UP_AXES[axis + sign]}, as the movement shows",)


def _over_seen(function: Callable[..., Any], points: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return a function of the points that are seen in each frame, for frames with any: ``(n, 3)``."""
    seen = np.isfinite(points).all(axis=2)
    values = [function(frame[shown], axis=0) for frame, shown in zip(points, seen, strict=True) if shown.any()]
    return np.array(values, dtype=np.float64).reshape(-1, 3)


def _stands_at_its_upper_end(points: NDArray[np.floating], axis: int) -> bool:
    """Return whether the points that stand still while the body travels are at the upper end of an axis."""
    if len(points) < 2:
        return False
    place = np.nan_to_num(np.median(points[..., axis], axis=0))
    ends = place < np.quantile(place, 1 / 3), place > np.quantile(place, 2 / 3)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=2)
    steps[np.isnan(steps)] = np.inf
    lower, upper = (np.median(steps[:, end].min(axis=1, initial=np.inf)) for end in ends)
    return bool(upper < lower / 2)


def _mean_seen(joints: NDArray[np.floating], layout: Layout, names: tuple[str, ...]) -> NDArray[np.floating]:
    """Return the mean ``(frames, 3)`` of those of the joints that were seen; NaN where none was."""
    part = joints[:, [layout.index(name) for name in names if layout.has(name)]].astype(np.float64)
    seen = np.isfinite(part).all(axis=2, keepdims=True)
    count = seen.sum(axis=1)
    total = np.where(seen, part, 0).sum(axis=1)
    mean: NDArray[np.floating] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return mean

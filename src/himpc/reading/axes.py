"""Units of length and upward axes: from the coordinates of a file to metres, y up.

What the file states wins; then what the body shows; then what the user states. Notes record which of them it was.
"""

from __future__ import annotations

from typing import get_args

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.file_options import UNITS, Unit, Up
from himpc.skeleton import Layout

__all__ = ["UP_AXES", "body_size", "check_size", "find_up", "parse_unit", "recognise_up", "to_y_up"]

UP_AXES: tuple[Up, ...] = get_args(Up)

# Between a small child on hands and knees and the tallest adult, whatever the joints at the ends of the chain.
_MIN_BODY, _TYPICAL_BODY, _MAX_BODY = 0.3, 1.6, 3.0
_UPRIGHT_COSINE = np.cos(np.pi / 4)
_UPRIGHT_SHARE = 0.8

_TOP = ("head", "nose", "neck")
_BOTTOM = ("left_ankle", "right_ankle")
_ABOVE = ("head", "nose", "neck")
_BELOW = ("left_ankle", "right_ankle", "left_foot", "right_foot", "left_hip", "right_hip", "pelvis")

_SPELLINGS: dict[Unit, tuple[str, ...]] = {
    "m": ("m", "metre", "metres", "meter", "meters"),
    "cm": ("cm", "centimetre", "centimetres", "centimeter", "centimeters"),
    "mm": ("mm", "millimetre", "millimetres", "millimeter", "millimeters"),
    "in": ("in", "inch", "inches"),
}

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


def parse_unit(stated: str | None, where: str, body: float | None = None) -> Unit:
    """Return the unit of length that a file or a user states.

    Parameters
    ----------
    stated : str or None
        ``m``, ``cm``, ``mm``, ``in`` or the word in full, in any case; None where neither file nor user states it.
    where : str
        The file, for the error.
    body : float, optional
        The size of the body in the file's unit (see `body_size`), to suggest a unit in the error.

    Raises
    ------
    FormatError
        If the unit is None or not one of these.

    Examples
    --------
    >>> parse_unit("millimetres", "walk.c3d"), UNITS["mm"]
    ('mm', 0.001)
    """
    if stated is None:
        suggestion, hint = _suggest_unit(body)
        raise FormatError(f"{where}: states no unit of length{suggestion}", hint=hint)
    for name, spellings in _SPELLINGS.items():
        if stated.strip().lower() in spellings:
            return name
    raise FormatError(f"{where}: unknown unit of length {stated[:20]!r}, expected one of {', '.join(UNITS)}")


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
    degrees of it. It must do so in 80 % of the frames in which both ends are seen.

    Parameters
    ----------
    joints : array ``(frames, J, 3)``
        Joints in any unit; NaN where not seen.
    """
    upward = _mean_seen(joints, layout, _ABOVE) - _mean_seen(joints, layout, _BELOW)
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


def find_up(
    joints: NDArray[np.floating], layout: Layout, where: str, *, stated: str | None, fallback: Up | None
) -> tuple[Up, str]:
    """Return the axis that points up, and a note on its source: the file, else the body, else the user.

    Parameters
    ----------
    joints : array ``(frames, J, 3)``
        Joints in any unit; NaN where not seen.
    where : str
        The file, for the error.
    stated, fallback : str, optional
        The axis that the file states, and the one that the user states.

    Raises
    ------
    FormatError
        If none of them shows it, or the file states something that is no axis.
    """
    if stated is not None:
        axis = next((up for up in UP_AXES if up == stated), None)
        if axis is None:
            raise FormatError(f"{where}: unknown up axis {stated[:20]!r}, expected one of {', '.join(UP_AXES)}")
        return axis, f"up is {axis}, as the file states"
    if shown := recognise_up(joints, layout):
        return shown, f"up is {shown}, as the body shows"
    if fallback is None:
        raise FormatError(
            f"{where}: states no up axis and the body does not show it",
            hint=f"state the axis that points up ({', '.join(UP_AXES)}): {{up=z}}",
        )
    return fallback, f"up is {fallback}, as the user states"


def body_size(joints: NDArray[np.floating], layout: Layout) -> float | None:
    """Compute the length of the body from head to ankle, along its bones, in the unit of the joints.

    Each bone counts with its median length over the frames, so the pose does not matter. A layout without these joints
    is measured by the median diagonal of the box around all joints. None where no joint was seen.

    Parameters
    ----------
    joints : array ``(frames, J, 3)``
        Joints; NaN where not seen.
    """
    top = next((name for name in _TOP if layout.has(name)), None)
    chains = [_path(layout, top, ankle) for ankle in _BOTTOM if top and layout.has(ankle)]
    bones = [[_median(np.linalg.norm(joints[:, a] - joints[:, b], axis=1)) for a, b in chain] for chain in chains]
    sizes = [sum(lengths) for lengths in bones if np.isfinite(lengths).all()]
    if not sizes:
        complete = joints[np.isfinite(joints).all(axis=(1, 2))]
        diagonal = _median(np.linalg.norm(np.ptp(complete, axis=1), axis=1))
        sizes = [diagonal] if np.isfinite(diagonal) else []
    return float(np.mean(sizes)) if sizes else None


def check_size(joints: NDArray[np.floating], layout: Layout, where: str, unit: Unit = "m") -> None:
    """Check that joints in metres have the size of a person; if not, the unit is wrong.

    Parameters
    ----------
    joints : array ``(frames, J, 3)``
        Joints in metres.
    where : str
        The file, for the error.
    unit : {"m", "cm", "mm", "in"}
        The unit of the file, from which the joints were converted to metres.

    Raises
    ------
    FormatError
        If the body is smaller than 0.3 m or taller than 3 m; the message says which unit would be plausible.
    """
    size = body_size(joints, layout)
    if size is None or _MIN_BODY <= size <= _MAX_BODY:
        return
    suggestion, hint = _suggest_unit(size / UNITS[unit])
    raise FormatError(f"{where}: read in {unit!r}, the body is {size:.3g} m tall{suggestion}", hint=hint)


def _suggest_unit(size: float | None) -> tuple[str, str | None]:
    """Return the end of an error about a body of this size in a file's unit, and a hint that names the likely unit."""
    if size is None:
        return "", f"state the unit ({', '.join(UNITS)}): {{unit=mm}}"
    plausible = [unit for unit in _SPELLINGS if _MIN_BODY <= size * UNITS[unit] <= _MAX_BODY]
    if not plausible:
        return f"; it is the size of a person in no known unit ({', '.join(UNITS)})", None
    unit = min(plausible, key=lambda unit: abs(np.log(size * UNITS[unit] / _TYPICAL_BODY)))
    return f"; in {unit!r} it would be {size * UNITS[unit]:.2f} m tall", f"state the unit: {{unit={unit}}}"


def _mean_seen(joints: NDArray[np.floating], layout: Layout, names: tuple[str, ...]) -> NDArray[np.floating]:
    """Return the mean ``(frames, 3)`` of those of the joints that were seen; NaN where none was."""
    part = joints[:, [layout.index(name) for name in names if layout.has(name)]].astype(np.float64)
    seen = np.isfinite(part).all(axis=2, keepdims=True)
    count = seen.sum(axis=1)
    total = np.where(seen, part, 0).sum(axis=1)
    mean: NDArray[np.floating] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return mean


def _median(values: NDArray[np.floating]) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else float("nan")


def _path(layout: Layout, start: str, end: str) -> list[tuple[int, int]]:
    """Return the bones of the tree between two joints."""

    def upwards(joint: int) -> list[int]:
        line = [joint]
        while layout.parents[line[-1]] >= 0:
            line.append(layout.parents[line[-1]])
        return line

    up, down = upwards(layout.index(start)), upwards(layout.index(end))
    shared = set(up) & set(down)
    return [(joint, layout.parents[joint]) for line in (up, down) for joint in line if joint not in shared]

"""Units of length: the metres in one unit of a file.

What the user states wins; then what the size of the body shows; then what the file states.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.file_options import UNITS, FileOptions, Unit
from himpc.skeleton import Layout

__all__ = ["Scale", "body_size", "find_scale", "parse_unit"]


@dataclass(frozen=True)
class _Sizes:
    """Ranges of a body's size in metres (see `body_size`).

    Attributes
    ----------
    possible : (float, float)
        A size outside of this range refutes a statement of the unit.
    likely, usual : (float, float)
        Where no statement holds, a unit is accepted if it is the only one that gives a usual size, or the only one that
        gives a likely size.
    """

    possible: tuple[float, float]
    likely: tuple[float, float]
    usual: tuple[float, float]


# From head to ankle: between a small child on hands and knees and the tallest adult, whatever the joints at the ends of
# the chain; from a toddler to the tallest adult; and from a child of eight years to a tall adult.
_HEIGHT = _Sizes(possible=(0.3, 3.0), likely=(0.5, 2.1), usual=(1.2, 1.95))
# The box around the joints of a part of a body, such as an arm, or around a body of unknown kind.
_BOX = _Sizes(possible=(0.05, 5.0), likely=(0.15, 2.6), usual=(0.4, 2.1))
_TYPICAL_BODY = 1.6

_CMU_UNIT = {"units of 0.0254 / 0.45 m, as those of CMU": 0.0254 / 0.45}
"""Metres in one unit of the Carnegie Mellon motion capture data base, which the BVH copies of it keep."""

_FEET = {"feet": 0.3048}
"""Too rare to be taken without a word of the user: scales of animation programs are arbitrary."""

_TOP = ("head", "nose", "neck")
_BOTTOM = ("left_ankle", "right_ankle")

_SPELLINGS: dict[Unit, tuple[str, ...]] = {
    "m": ("m", "metre", "metres", "meter", "meters"),
    "cm": ("cm", "centimetre", "centimetres", "centimeter", "centimeters"),
    "mm": ("mm", "millimetre", "millimetres", "millimeter", "millimeters"),
    "in": ("in", "inch", "inches"),
}


@dataclass(frozen=True)
class Scale:
    """The metres in one unit of length of a file, and notes on how it was found."""

    metres: float
    notes: tuple[str, ...] = ()


def parse_unit(stated: str) -> Unit | None:
    """Return the unit of length that a file or a user states, or None if it is unknown.

    ``m``, ``cm``, ``mm``, ``in``, or a word of which at least three letters are there, in any case: C3D files of some
    programs cut it off after four.

    Examples
    --------
    >>> parse_unit("Millimetres"), parse_unit("mete"), parse_unit("furlong")
    ('mm', 'm', None)
    """
    word = stated.strip().strip("[]().").lower()
    for name, spellings in _SPELLINGS.items():
        if word in spellings or (len(word) >= 3 and any(spelling.startswith(word) for spelling in spellings)):
            return name
    return None


def find_scale(
    size: float | None, layout: Layout, where: str, options: FileOptions, *, stated: str | float | None
) -> Scale:
    """Return the metres in one unit of length of a file: the user's, or that of the file if the body agrees with it.

    Where the file states no unit, an unknown one, or one in which the body is too small or too large for a person, it
    is the unit in which the body has the size of a person.

    Parameters
    ----------
    size : float or None
        The size of the body in the file's unit (see `body_size`); None if it was not seen.
    layout : Layout
        The joints of the body.
    where : str
        The file, for the error.
    options : FileOptions
        The unit or scale that the user states.
    stated : str or float, optional
        The unit that the file states: its name, or its length in metres.

    Raises
    ------
    FormatError
        If no unit, or several, give the size of a person, or the unit that the user states does not.
    """
    sizes = _HEIGHT if _chains(layout) else _BOX
    if options.scale is not None:
        notes = () if _fits(size, options.scale, sizes.possible) else (f"{_describe(size, options.scale)} by that",)
        return Scale(options.scale, (f"one unit is {options.scale:g} m, as the user states", *notes))
    claim = _Claim.of(stated)
    if options.unit is not None:
        metres = UNITS[options.unit]
        if not _fits(size, metres, sizes.possible):
            raise _unit_error(where, f"read in {options.unit!r}, {_describe(size, metres)}", size, sizes)
        differs = stated is not None and claim.metres != metres
        notes = (f"the unit is {options.unit}, as the user states; the file states {claim.text}",) if differs else ()
        return Scale(metres, notes)
    candidate = _unit_of(size, sizes)
    if claim.metres is not None and _fits(size, claim.metres, sizes.possible):
        is_other = candidate is not None and candidate[1] != claim.metres
        doubtful = is_other and not _fits(size, claim.metres, sizes.usual)
        notes = (f"{_describe(size, claim.metres)} in {claim.text}, as the file states",) if doubtful else ()
        return Scale(claim.metres, notes)
    if candidate is None:
        tall = "" if claim.metres is None else f", in which {_describe(size, claim.metres)}"
        raise _unit_error(where, f"states {claim.text}{tall}", size, sizes)
    name, metres = candidate
    return Scale(metres, (f"the file states {claim.text}; read in {name}, as the size of the body shows",))


@dataclass(frozen=True)
class _Claim:
    """What a file states about its unit of length, in words, and the metres in one unit if that is known."""

    text: str
    metres: float | None = None

    @classmethod
    def of(cls, stated: str | float | None) -> _Claim:
        """Make a claim of what a file states: a name, metres in one unit, or nothing."""
        if stated is None:
            return cls("no unit of length")
        if not isinstance(stated, str):
            return cls(f"units of {stated:.3g} m", stated)
        unit = parse_unit(stated)
        if unit is None:
            return cls(f"an unknown unit of length, {stated[:20]!r}")
        return cls(f"the unit {unit!r}", UNITS[unit])


def body_size(joints: NDArray[np.floating], layout: Layout) -> float | None:
    """Compute the length of the body from head to ankle, along its bones, in the unit of the joints.

    Each bone counts with its median length over the frames, so the pose does not matter. A layout without these joints
    is measured by the median diagonal of the box around its joints, in the frames that show the most of them. None
    where no joint was seen, or all are in one place.

    Parameters
    ----------
    joints : array ``(frames, J, 3)``
        Joints; NaN where not seen.
    """
    bones = [
        [_median(np.linalg.norm(joints[:, a] - joints[:, b], axis=1)) for a, b in chain] for chain in _chains(layout)
    ]
    sizes = [sum(lengths) for lengths in bones if np.isfinite(lengths).all()]
    if not sizes:
        seen = np.isfinite(joints).all(axis=2)
        fullest = joints[seen.sum(axis=1) == max(seen.sum(axis=1).max(initial=0), 1)]
        diagonal = _median(np.linalg.norm(np.nanmax(fullest, axis=1) - np.nanmin(fullest, axis=1), axis=1))
        sizes = [diagonal] if np.isfinite(diagonal) else []
    return float(np.mean(sizes)) or None if sizes else None


def _chains(layout: Layout) -> list[list[tuple[int, int]]]:
    """Return the bones from head to each ankle; none for a layout without these joints."""
    top = next((name for name in _TOP if layout.has(name)), None)
    return [_path(layout, top, ankle) for ankle in _BOTTOM if top and layout.has(ankle)]


def _fits(size: float | None, metres: float, limits: tuple[float, float]) -> bool:
    """Return whether a size is within limits; one that is unknown contradicts nothing."""
    return size is None or limits[0] <= size * metres <= limits[1]


def _unit_of(size: float | None, sizes: _Sizes, others: dict[str, float] = _CMU_UNIT) -> tuple[str, float] | None:
    """Return the name and metres of the only unit in which a body is of a usual, or else a likely, size."""
    if size is None:
        return None
    for limits in (sizes.usual, sizes.likely):
        fitting = [(name, metres) for name, metres in UNITS.items() if _fits(size, metres, limits)]
        if sizes is _HEIGHT and limits is sizes.usual:
            fitting += [(name, metres) for name, metres in others.items() if _fits(size, metres, limits)]
        if fitting:
            return fitting[0] if len(fitting) == 1 else None
    return None


def _unit_error(where: str, found: str, size: float | None, sizes: _Sizes) -> FormatError:
    """Return the error about a unit that is missing or wrong, with advice that works."""
    if size is None:
        return FormatError(f"{where}: {found}", hint=f"state the unit ({', '.join(UNITS)}): {{unit=mm}}")
    candidate = _unit_of(size, sizes, _CMU_UNIT | _FEET)
    if candidate is not None and candidate[0] not in UNITS:
        name, metres = candidate
        return FormatError(
            f"{where}: {found}; it may be in {name}", hint=f"state the metres in one: {{scale={metres:.4g}}}"
        )
    fitting = [unit for unit in UNITS if _fits(size, UNITS[unit], sizes.likely)]
    if not fitting:
        scale = np.format_float_positional(_TYPICAL_BODY / size, precision=3, fractional=False, trim="-")
        return FormatError(
            f"{where}: {found}; it has the size of a person in no unit ({', '.join(UNITS)})",
            hint=f"state how many metres one unit is; for a body of {_TYPICAL_BODY:g} m: {{scale={scale}}}",
        )
    options = " or ".join(f"{unit!r} ({size * UNITS[unit]:.2f} m tall)" for unit in fitting)
    nearest = min(fitting, key=lambda unit: abs(np.log(size * UNITS[unit] / _TYPICAL_BODY)))
    return FormatError(f"{where}: {found}; it may be in {options}", hint=f"state the unit: {{unit={nearest}}}")


def _describe(size: float | None, metres: float) -> str:
    return f"the body is {'of unknown size' if size is None else f'{size * metres:.4g} m tall'}"


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

"""ASF, the skeleton of an AMC motion: its units, root, bones and their tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import pi
from pathlib import Path

from himpc.errors import FormatError
from himpc.reading.formats._common.text import read_lines

__all__ = ["Bone", "Skeleton", "parse_floats", "read_asf"]

_MAX_BONES = 1000
_MAX_VALUE = 1e9
_SECTIONS = (":version", ":name", ":units", ":documentation", ":root", ":bonedata", ":hierarchy", ":skin")
_ROTATIONS = {"rx", "ry", "rz"}
_TRANSLATIONS = {"tx", "ty", "tz"}

Line = tuple[int, list[str]]
Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Bone:
    """A bone, or the root, which is a bone without length.

    Attributes
    ----------
    name : str
        Name of the bone.
    parent : int
        Index of its parent among the bones; -1 for the root.
    offset : tuple of 3 floats
        Its far end minus its near end in the axes of the rest pose, in the file's unit; for the root, its position.
    axis, axis_order : tuple of 3 floats, str
        Angles of its own axes, in the file's unit of angle, and the order of rotation: ``"xyz"`` is x first.
    dof : tuple of str
        Degrees of freedom in the order of the motion's values: ``rx``, ``ry``, ``rz``, for the root also ``tx`` ...
    """

    name: str
    parent: int = -1
    offset: Triple = (0.0, 0.0, 0.0)
    axis: Triple = (0.0, 0.0, 0.0)
    axis_order: str = "xyz"
    dof: tuple[str, ...] = ()


@dataclass(frozen=True)
class Skeleton:
    """Bones, each after its parent; one inch is `length` file units, and one unit of angle `radians` radians."""

    bones: tuple[Bone, ...]
    length: float
    radians: float


def read_asf(path: Path) -> Skeleton:
    """Read an ASF skeleton.

    Raises
    ------
    FormatError
        If the file is not an ASF skeleton, a section is missing, or the bones do not form a tree.
    """
    sections = _split(path)
    length, radians = _parse_units(path, sections[":units"])
    root = _parse_root(path, sections[":root"])
    bones = {bone.name: bone for bone in _parse_bones(path, sections[":bonedata"])}
    return Skeleton(_sort_bones(path, root, bones, sections[":hierarchy"]), length, radians)


def _split(path: Path) -> dict[str, list[Line]]:
    """Return the lines of each section, as words, without comments."""
    sections: dict[str, list[Line]] = {}
    current: list[Line] = []
    for number, line in read_lines(path):
        words = line.split()
        if words[0].startswith("#"):
            continue
        if words[0].lower() in _SECTIONS:
            current = sections.setdefault(words[0].lower(), [])
        else:
            current.append((number, words))
    for name in (":units", ":root", ":bonedata", ":hierarchy"):
        if name not in sections:
            raise FormatError(f"{path}: has no section {name}; it is not an ASF skeleton, or truncated")
    return sections


def _parse_units(path: Path, lines: list[Line]) -> tuple[float, float]:
    length, radians = 1.0, pi / 180
    for number, words in lines:
        where = f"{path}, line {number}"
        if words[0].lower() == "length":
            length = parse_floats(words[1:], 1, where)[0]
            if not length > 0:
                raise FormatError(f"{where}: the unit of length is {length:g}, expected a number above 0")
        elif words[0].lower() == "angle":
            if words[1:2] not in (["deg"], ["rad"]):
                raise FormatError(f"{where}: the unit of angle is {' '.join(words[1:])[:20]!r}, expected deg or rad")
            radians = pi / 180 if words[1] == "deg" else 1.0
    return length, radians


def _parse_root(path: Path, lines: list[Line]) -> Bone:
    root = Bone("root")
    for number, words in lines:
        where = f"{path}, line {number}"
        key, rest = words[0].lower(), words[1:]
        if key == "order":
            root = replace(root, dof=_dof(rest, _ROTATIONS | _TRANSLATIONS, where))
        elif key == "axis":
            root = replace(root, axis_order=_axis_order(rest, where))
        elif key == "position":
            root = replace(root, offset=_triple(rest, where))
        elif key == "orientation":
            root = replace(root, axis=_triple(rest, where))
    if not root.dof:
        raise FormatError(f"{path}: the section :root has no order, expected TX TY TZ RX RY RZ in some order")
    return root


def _parse_bones(path: Path, lines: list[Line]) -> Iterator[Bone]:
    bone, direction, length, count = Bone(""), (0.0, 0.0, 0.0), 0.0, 0
    for number, words in lines:
        where = f"{path}, line {number}"
        key, rest = words[0].lower(), words[1:]
        if key == "begin":
            bone, direction, length = Bone(""), (0.0, 0.0, 0.0), 0.0
        elif key == "name":
            bone = replace(bone, name=" ".join(rest))
        elif key == "direction":
            direction = _triple(rest, where)
        elif key == "length":
            length = parse_floats(rest, 1, where)[0]
        elif key == "axis":
            bone = replace(bone, axis=_triple(rest[:3], where), axis_order=_axis_order(rest[3:], where))
        elif key == "dof":
            bone = replace(bone, dof=_dof(rest, _ROTATIONS, where))
        elif key == "end":
            count += 1
            if not bone.name or count > _MAX_BONES:
                raise FormatError(f"{where}: {'the bone has no name' if not bone.name else 'too many bones'}")
            x, y, z = (length * part for part in direction)
            yield replace(bone, offset=(x, y, z))


def _sort_bones(path: Path, root: Bone, bones: dict[str, Bone], lines: list[Line]) -> tuple[Bone, ...]:
    """Return the root and the bones below it, each after its parent."""
    index_of = {"root": 0}
    ordered = [root]
    waiting = [(number, words[0], child) for number, words in lines for child in words[1:] if len(words) > 1]
    if len(waiting) > _MAX_BONES:
        raise FormatError(f"{path}: the section :hierarchy names more than {_MAX_BONES} bones")
    while waiting:
        remaining = []
        for number, parent, child in waiting:
            if child not in bones or child in index_of:
                what = "is twice in" if child in index_of else "is no bone of"
                raise FormatError(f"{path}, line {number}: {child[:30]!r} {what} the skeleton")
            if parent in index_of:
                index_of[child] = len(ordered)
                ordered.append(replace(bones[child], parent=index_of[parent]))
            else:
                remaining.append((number, parent, child))
        if len(remaining) == len(waiting):
            raise FormatError(f"{path}, line {remaining[0][0]}: {remaining[0][1][:30]!r} is not connected to the root")
        waiting = remaining
    return tuple(ordered)


def parse_floats(cells: list[str], count: int, where: str) -> list[float]:
    """Parse exactly `count` numbers of a plausible size."""
    try:
        values = [float(cell) for cell in cells]
    except ValueError:
        values = []
    if len(values) != count:
        raise FormatError(f"{where}: found {' '.join(cells)[:40]!r}, expected {count} numbers")
    if not all(abs(value) <= _MAX_VALUE for value in values):
        raise FormatError(f"{where}: a value is not finite or beyond {_MAX_VALUE:g}")
    return values


def _triple(cells: list[str], where: str) -> Triple:
    x, y, z = parse_floats(cells, 3, where)
    return x, y, z


def _axis_order(cells: list[str], where: str) -> str:
    order = "".join(cells).lower()
    if sorted(order) != ["x", "y", "z"]:
        raise FormatError(f"{where}: the order of the axes is {order[:10]!r}, expected XYZ in some order")
    return order


def _dof(cells: list[str], allowed: set[str], where: str) -> tuple[str, ...]:
    dof = tuple(cell.lower() for cell in cells)
    if not set(dof) <= allowed or len(set(dof)) != len(dof):
        raise FormatError(f"{where}: found {' '.join(cells)[:40]!r}, expected some of {' '.join(sorted(allowed))}")
    return dof

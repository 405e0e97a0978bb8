"""ASF, the skeleton of an AMC motion: its units, root, bones and their tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import hypot, pi
from pathlib import Path

from himpc.errors import FormatError
from himpc.reading.formats.parsing.text import read_lines

__all__ = ["Bone", "Skeleton", "parse_floats", "read_asf"]

_MAX_BONES = 1000
_MAX_VALUE = 1e9
_SECTIONS = (":version", ":name", ":units", ":documentation", ":root", ":bonedata", ":hierarchy", ":skin")
_MAX_DEVIATION = 0.01
"""Deviation of a direction from length 1 above which the stated length of the bone counts."""

_ROTATIONS = {"rx", "ry", "rz"}
_TRANSLATIONS = {"tx", "ty", "tz"}

Line = tuple[str, list[str]]
"""The place of a line, for errors, and its words."""

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
    """Read an ASF skeleton; raise `FormatError` if a section is missing or the bones do not form a tree."""
    sections = _split(path)
    units = _last(sections.get(":units", []))
    bones = {bone.name: bone for bone in _parse_bones(sections[":bonedata"])}
    return Skeleton(
        _sort_bones(path, _parse_root(path, sections[":root"]), bones, sections[":hierarchy"]),
        _parse_length(units),
        _parse_angle(units),
    )


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


def _split(path: Path) -> dict[str, list[Line]]:
    """Return the lines of each section, without comments."""
    sections: dict[str, list[Line]] = {}
    current: list[Line] = []
    for number, line in read_lines(path):
        words = line.split()
        if words[0].lower() in _SECTIONS:
            current = sections.setdefault(words[0].lower(), [])
        elif not words[0].startswith("#"):
            current.append((f"{path}, line {number}", words))
    for name in (":root", ":bonedata", ":hierarchy"):
        if name not in sections:
            raise FormatError(f"{path}: has no section {name}; it is not an ASF skeleton, or truncated")
    return sections


def _last(lines: list[Line]) -> dict[str, Line]:
    """Return the place and values of each keyword; the last line counts where one is repeated."""
    return {words[0].lower(): (where, words[1:]) for where, words in lines}


def _parse_length(units: Mapping[str, Line]) -> float:
    where, cells = units.get("length", ("", ["1"]))
    (length,) = parse_floats(cells, 1, where)
    if not length > 0:
        raise FormatError(f"{where}: the unit of length is {length:g}, expected a number above 0")
    return length


def _parse_angle(units: Mapping[str, Line]) -> float:
    where, cells = units.get("angle", ("", ["deg"]))
    word = " ".join(cells[:1]).lower()
    if not word.startswith(("deg", "rad")):
        raise FormatError(f"{where}: the unit of angle is {' '.join(cells)[:20]!r}, expected deg or rad")
    return pi / 180 if word.startswith("deg") else 1.0


def _parse_root(path: Path, lines: list[Line]) -> Bone:
    root = _last(lines)
    if not root.get("order", ("", []))[1]:
        raise FormatError(f"{path}: the section :root has no order, expected TX TY TZ RX RY RZ in some order")
    return Bone(
        "root",
        offset=_triple(root, "position"),
        axis=_triple(root, "orientation"),
        axis_order=_axis_order(*root.get("axis", ("", ["XYZ"]))),
        dof=_dof(*root["order"], _ROTATIONS | _TRANSLATIONS),
    )


def _parse_bones(lines: list[Line]) -> Iterator[Bone]:
    start = count = 0
    for i, (where, words) in enumerate(lines):
        if words[0].lower() == "begin":
            start = i
        elif words[0].lower() == "end":
            count += 1
            bone = _last(lines[start:i])
            name = " ".join(bone.get("name", ("", []))[1])
            if not name or count > _MAX_BONES:
                raise FormatError(f"{where}: {'too many bones' if name else 'the bone has no name'}")
            length_where, length_cells = bone.get("length", ("", ["0"]))
            (length,) = parse_floats(length_cells, 1, length_where)
            direction = _triple(bone, "direction")
            norm = hypot(*direction)
            scale = length / norm if abs(norm - 1) > _MAX_DEVIATION and norm > 0 else length
            x, y, z = (scale * part for part in direction)
            axis_where, axis = bone.get("axis", ("", ["0", "0", "0", "XYZ"]))
            turn_x, turn_y, turn_z = parse_floats(axis[:3], 3, axis_where)
            dof = _dof(*bone.get("dof", ("", [])), _ROTATIONS | _TRANSLATIONS | {"l"})
            yield Bone(name, -1, (x, y, z), (turn_x, turn_y, turn_z), _axis_order(axis_where, axis[3:]), dof)


def _sort_bones(path: Path, root: Bone, bones: dict[str, Bone], lines: list[Line]) -> tuple[Bone, ...]:
    """Return the root and the bones below it, each after its parent."""
    index_of = {"root": 0}
    ordered = [root]
    rows = [(where, "root" if words[0].lower() == "root" else words[0], words[1:]) for where, words in lines]
    waiting = [(where, parent, child) for where, parent, children in rows for child in children]
    if len(waiting) > _MAX_BONES:
        raise FormatError(f"{path}: the section :hierarchy names more than {_MAX_BONES} bones")
    while waiting:
        remaining = []
        for where, parent, child in waiting:
            if child not in bones or child in index_of:
                what = "is twice in" if child in index_of else "is no bone of"
                raise FormatError(f"{where}: {child[:30]!r} {what} the skeleton")
            if parent in index_of:
                index_of[child] = len(ordered)
                ordered.append(replace(bones[child], parent=index_of[parent]))
            else:
                remaining.append((where, parent, child))
        if len(remaining) == len(waiting):
            raise FormatError(f"{remaining[0][0]}: {remaining[0][1][:30]!r} is not connected to the root")
        waiting = remaining
    return tuple(ordered)


def _triple(values: Mapping[str, Line], key: str) -> Triple:
    where, cells = values.get(key, ("", ["0"] * 3))
    x, y, z = parse_floats(cells, 3, where)
    return x, y, z


def _axis_order(where: str, cells: list[str]) -> str:
    order = "".join(cells).lower()
    if sorted(order) != ["x", "y", "z"]:
        raise FormatError(f"{where}: the order of the axes is {order[:10]!r}, expected XYZ in some order")
    return order


def _dof(where: str, cells: list[str], allowed: set[str]) -> tuple[str, ...]:
    dof = tuple(cell.lower() for cell in cells)
    if not set(dof) <= allowed or len(set(dof)) != len(dof):
        raise FormatError(f"{where}: found {' '.join(cells)[:40]!r}, expected some of {' '.join(sorted(allowed))}")
    return dof

"""The TOML table of a layout: its keys, their checks, and the table of a part of a layout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from himpc._schema import validated
from himpc.errors import LayoutError

__all__ = ["COMPONENTS", "LIMBS", "LayoutTable", "resolve", "subset_table"]

# The parts of a whole body, in the order of docs/method.md, section 1, which every layout that has them follows. A
# layout may have fewer, or others.
COMPONENTS = (
    *("left_thigh", "left_shank", "right_thigh", "right_shank", "torso", "head"),
    *("left_upper_arm", "left_forearm", "right_upper_arm", "right_forearm"),
)
LIMBS = ("left_leg", "right_leg", "torso_and_head", "left_arm", "right_arm")

_Names = Annotated[tuple[str, ...], Field(strict=False), BeforeValidator(lambda v: (v,) if isinstance(v, str) else v)]


@validated
class LayoutTable:
    """The keys of a layout's TOML table."""

    name: Annotated[str, Field(min_length=1)]
    root: Annotated[_Names, Field(min_length=1)]
    joints: Annotated[_Names, Field(min_length=1)]
    parents: dict[str, str]
    components: dict[str, _Names]
    limbs: dict[str, _Names]
    title: str = ""
    source: str = "declared by the user"
    pairs: tuple[tuple[str, str], ...] = ()
    sideways: tuple[tuple[str, str], ...] = ()
    aliases: _Names = ()
    file_names: dict[str, _Names] = field(default_factory=dict)


def resolve(table: LayoutTable, where: str) -> dict[str, Any]:
    """Check what a layout's table says; return the fields of the `Layout`, in which joints are indices.

    Raises
    ------
    LayoutError
        If a joint is not declared, the parents form no tree, the components do not partition the joints, or the limbs
        the components. `where` names the table.
    """
    joints = table.joints
    if len(set(joints)) != len(joints):
        raise LayoutError(f"{where}: 'joints' must name each joint once, found {len(joints)} names")

    def indices(names: Iterable[str], key: str) -> tuple[int, ...]:
        if undeclared := [name for name in names if name not in joints]:
            raise LayoutError(f"{where}: {key!r} names {undeclared[0]!r}, which is not among its joints")
        return tuple(joints.index(name) for name in names)

    def lines(key: str, named: Sequence[tuple[str, str]]) -> tuple[tuple[int, int], ...]:
        flat = indices([name for line in named for name in line], key)
        return tuple(zip(flat[::2], flat[1::2], strict=True))

    pairs, sideways = lines("pairs", table.pairs), lines("sideways", table.sideways)
    if len({joint for pair in pairs for joint in pair}) != 2 * len(pairs):
        raise LayoutError(f"{where}: a joint is in more than one of 'pairs'")
    if any(left == right for left, right in sideways):
        raise LayoutError(f"{where}: a line of 'sideways' must have two different joints")
    parent_of = dict(zip(indices(table.parents, "parents"), indices(table.parents.values(), "parents"), strict=True))
    parents = tuple(parent_of.get(i, -1) for i in range(len(joints)))
    _check_tree(parents, joints, where)
    component_names, limb_names = _in_order(table.components, COMPONENTS), _in_order(table.limbs, LIMBS)
    components = _partition(table.components, component_names, joints, where, "components")
    limbs = _partition(table.limbs, limb_names, component_names, where, "limbs")
    indices(table.file_names, "file_names")
    return {
        "name": table.name,
        "title": table.title or table.name,
        "source": table.source,
        "joints": joints,
        "parents": parents,
        "root": indices(table.root, "root"),
        "pairs": pairs,
        "components": components,
        "limbs": tuple(tuple(sorted(joint for part in limb for joint in components[part])) for limb in limbs),
        "component_names": component_names,
        "limb_names": limb_names,
        "sideways": sideways,
        "aliases": table.aliases,
        "file_names": tuple((joint, other) for joint, others in table.file_names.items() for other in others),
    }


def subset_table(table: Mapping[str, Any], kept: Sequence[str]) -> dict[str, Any]:
    """Return the table of those joints of a layout's table that are kept; see `Layout.subset`."""
    has, parent_of = set(kept).issuperset, dict[str, str](table["parents"])

    def above(joint: str) -> str | None:
        parent = parent_of.get(joint)
        while parent is not None and parent not in kept:
            parent = parent_of.get(parent)
        return parent

    parents = {joint: above(joint) for joint in kept}
    # Where the joint that held parts of the tree together is left out, they hang from the first of their tops.
    top = next(joint for joint in kept if parents[joint] is None)
    parts = {part: [joint for joint in joints if joint in kept] for part, joints in table["components"].items()}
    components = {part: joints for part, joints in parts.items() if joints}
    limbs = {limb: [part for part in members if part in components] for limb, members in table["limbs"].items()}
    middles = (table["root"], ["left_hip", "right_hip"], ["left_shoulder", "right_shoulder"], [top])
    return {
        "name": table["name"],
        "source": table["source"],
        "root": next(filter(has, middles)),
        "joints": list(kept),
        "pairs": list(filter(has, table["pairs"])),
        "sideways": list(filter(has, table.get("sideways", []))),
        "parents": {joint: parent or top for joint, parent in parents.items() if joint != top},
        "components": components,
        "limbs": {limb: members for limb, members in limbs.items() if members},
    }


def _check_tree(parents: Sequence[int], joints: Sequence[str], where: str) -> None:
    tops = [joint for joint, parent in zip(joints, parents, strict=True) if parent < 0]
    if len(tops) != 1:
        without = f"{len(tops)}: {', '.join(tops[:5])}"
        raise LayoutError(f"{where}: 'parents' must leave exactly one joint without a parent, found {without}")
    for start in range(len(joints)):
        joint, steps = start, 0
        while parents[joint] >= 0:
            joint, steps = parents[joint], steps + 1
            if steps > len(joints):
                raise LayoutError(f"{where}: 'parents' forms a cycle through {joints[start]!r}")


def _in_order(table: Mapping[str, Any], first: Sequence[str]) -> tuple[str, ...]:
    """Return the keys of a table: the known ones in their order, then the others in that of the file."""
    return (*(name for name in first if name in table), *(name for name in table if name not in first))


def _partition(
    table: Mapping[str, tuple[str, ...]], groups: Sequence[str], members: Sequence[str], where: str, key: str
) -> tuple[tuple[int, ...], ...]:
    """Return the members of each group by index; every member must be in exactly one group."""
    named = [name for group in groups for name in table[group]]
    if sorted(named) != sorted(members) or not all(table.values()):
        odd = sorted((set(named) ^ set(members)) | {name for name in named if named.count(name) > 1})
        raise LayoutError(
            f"{where}: {key!r} must put each of the {'joints' if key == 'components' else 'components'} into exactly "
            f"one group and leave none empty; check {', '.join(odd) or 'the empty group'}"
        )
    return tuple(tuple(members.index(name) for name in table[group]) for group in groups)

"""The table that declares a layout: what it must hold, and its names turned into indices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from himpc.errors import LayoutError

__all__ = ["COMPONENTS", "LIMBS", "parse_layout"]

# The order of docs/method.md, section 1; the same in every layout, so that levels compare across layouts.
COMPONENTS = (
    *("left_thigh", "left_shank", "right_thigh", "right_shank", "torso", "head"),
    *("left_upper_arm", "left_forearm", "right_upper_arm", "right_forearm"),
)
LIMBS = ("left_leg", "right_leg", "torso_and_head", "left_arm", "right_arm")

_REQUIRED = ("name", "root", "joints", "parents", "components", "limbs")
_KEYS = {*_REQUIRED, "title", "source", "aliases", "pairs", "file_names"}


def parse_layout(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Check a layout's table and return the fields of a `Layout`, joints as indices.

    Raises
    ------
    LayoutError
        If anything in the table is wrong; see `Layout.from_dict`.
    """
    if unknown := sorted(set(table) - _KEYS):
        raise LayoutError(f"{where}: unknown key {unknown[0]!r}; a layout has {', '.join(sorted(_KEYS))}")
    if missing := [key for key in _REQUIRED if key not in table]:
        raise LayoutError(f"{where}: a layout needs the key {missing[0]!r}")
    joints = _strings(table["joints"], where, "joints")
    if not isinstance(table["name"], str) or not table["name"]:
        raise LayoutError(f"{where}: 'name' must be a text, found {table['name']!r}")
    if not joints or len(set(joints)) != len(joints):
        raise LayoutError(f"{where}: 'joints' must name each joint once, found {len(joints)} names")

    def index(name: object, key: str) -> int:
        if name not in joints:
            raise LayoutError(f"{where}: {key!r} names {name!r}, which is not among its joints")
        return joints.index(str(name))

    parent_of = {
        index(j, "parents"): index(p, "parents") for j, p in _table(table["parents"], where, "parents").items()
    }
    parents = tuple(parent_of.get(i, -1) for i in range(len(joints)))
    _check_tree(parents, joints, where)
    pairs = tuple(
        (index(left, "pairs"), index(right, "pairs")) for left, right in _pairs(table.get("pairs", ()), where)
    )
    if len({j for pair in pairs for j in pair}) != 2 * len(pairs):
        raise LayoutError(f"{where}: a joint stands in more than one of 'pairs'")
    components = _share_out(table["components"], COMPONENTS, joints, where, "components")
    parts = _share_out(table["limbs"], LIMBS, COMPONENTS, where, "limbs")
    file_names = _table(table.get("file_names", {}), where, "file_names")
    root = tuple(index(j, "root") for j in _strings(table["root"], where, "root"))
    if not root:
        raise LayoutError(f"{where}: 'root' must name at least one joint")
    return {
        "name": str(table["name"]),
        "title": str(table.get("title", table["name"])),
        "source": str(table.get("source", "declared by the user")),
        "joints": joints,
        "parents": parents,
        "root": root,
        "pairs": pairs,
        "components": components,
        "limbs": tuple(tuple(sorted(j for part in limb for j in components[part])) for limb in parts),
        "aliases": _strings(table.get("aliases", ()), where, "aliases"),
        "file_names": tuple(
            (joints[index(j, "file_names")], other)
            for j, others in file_names.items()
            for other in _strings(others, where, "file_names")
        ),
    }


def _strings(value: object, where: str, key: str) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    names = tuple(value) if isinstance(value, Iterable) else (value,)
    if not all(isinstance(name, str) for name in names):
        raise LayoutError(f"{where}: {key!r} must be a list of names, found {value!r}")
    return names


def _table(value: object, where: str, key: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise LayoutError(f"{where}: {key!r} must be a table, found {value!r}")
    return value


def _pairs(value: object, where: str) -> list[tuple[str, str]]:
    if not isinstance(value, list | tuple):
        raise LayoutError(f"{where}: 'pairs' must be a list of pairs, found {value!r}")
    pairs = [_strings(pair, where, "pairs") for pair in value]
    if odd := [pair for pair in pairs if len(pair) != 2]:
        raise LayoutError(f"{where}: each of 'pairs' must name a left and a right joint, found {odd[0]!r}")
    return [(left, right) for left, right in pairs]


def _check_tree(parents: tuple[int, ...], joints: tuple[str, ...], where: str) -> None:
    tops = [joint for joint, parent in zip(joints, parents, strict=True) if parent < 0]
    if len(tops) != 1:
        raise LayoutError(f"{where}: 'parents' must leave exactly one joint without a parent, found {tops or 'none'}")
    for start in range(len(joints)):
        joint, steps = start, 0
        while parents[joint] >= 0:
            joint, steps = parents[joint], steps + 1
            if steps > len(joints):
                raise LayoutError(f"{where}: 'parents' runs in a circle through {joints[start]!r}")


def _share_out(
    value: object, groups: tuple[str, ...], members: tuple[str, ...], where: str, key: str
) -> tuple[tuple[int, ...], ...]:
    """Return the members of each group by index; every member must stand in exactly one group."""
    table = _table(value, where, key)
    if set(table) != set(groups):
        odd = sorted(set(table) ^ set(groups))
        raise LayoutError(f"{where}: {key!r} must hold exactly {', '.join(groups)}; look at {', '.join(odd)}")
    shares = [_strings(table[group], where, f"{key}.{group}") for group in groups]
    named = [name for share in shares for name in share]
    if sorted(named) != sorted(members) or not all(shares):
        odd = sorted((set(named) ^ set(members)) | {name for name in named if named.count(name) > 1})
        raise LayoutError(
            f"{where}: {key!r} must share out {'all joints' if key == 'components' else 'the ten components'}, "
            f"each to one group and none empty; look at {', '.join(odd) or 'the empty group'}"
        )
    return tuple(tuple(members.index(name) for name in share) for share in shares)

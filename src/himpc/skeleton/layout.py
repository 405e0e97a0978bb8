"""Joint layouts as data: which joints a skeleton has and how they form components and limbs.

A layout is one TOML table (``himpc/skeleton/layouts/*.toml`` or a user's own file), parsed once into an
immutable :class:`Layout` that everything else asks.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from himpc.errors import LayoutError

__all__ = ["COMPONENTS", "LEVELS", "LIMBS", "Layout", "Level", "get_layout", "joint_key", "layout_names"]

Level = Literal["joint", "component", "limb"]
LEVELS: tuple[Level, ...] = get_args(Level)

# METHOD section 1: the order of components and limbs is the same in every layout, so levels compare across layouts.
COMPONENTS = (
    *("left_thigh", "left_shank", "right_thigh", "right_shank", "torso", "head"),
    *("left_upper_arm", "left_forearm", "right_upper_arm", "right_forearm"),
)
LIMBS = ("left_leg", "right_leg", "torso_and_head", "left_arm", "right_arm")

_KEYS = {
    "name",
    "title",
    "source",
    "aliases",
    "root",
    "joints",
    "pairs",
    "parents",
    "components",
    "limbs",
    "file_names",
}
_REQUIRED = ("name", "root", "joints", "parents", "components", "limbs")


@dataclass(frozen=True)
class Layout:
    """The joints of a skeleton, in file order, and their hierarchy.

    Parameters
    ----------
    name, title, source : str
        Short name, one line for people, and where the joint order comes from.
    joints : tuple of str
        J joint names. The same joint has the same name in every layout.
    parents : tuple of int
        Index of each joint's parent, -1 for the top of the tree; the bones are drawn and measured along it.
    root : tuple of int
        The joints whose mean is the origin of a centred skeleton (one joint, or the two hips).
    pairs : tuple of (int, int)
        Left and right joint of each symmetric pair.
    components, limbs : tuple of tuple of int
        The joints of the ten components and five limbs, ordered as `COMPONENTS` and `LIMBS`.

    Examples
    --------
    >>> kinect = get_layout("kinect-v1")
    >>> len(kinect), kinect.joints[:2], [kinect.joints[i] for i in kinect.components[0]]
    (20, ('pelvis', 'spine'), ['left_hip', 'left_knee'])
    """

    name: str
    title: str
    source: str
    joints: tuple[str, ...]
    parents: tuple[int, ...]
    root: tuple[int, ...]
    pairs: tuple[tuple[int, int], ...]
    components: tuple[tuple[int, ...], ...]
    limbs: tuple[tuple[int, ...], ...]
    aliases: tuple[str, ...] = field(default=(), compare=False)
    file_names: tuple[tuple[str, str], ...] = field(default=(), compare=False, repr=False)

    def __len__(self) -> int:
        """Return the number of joints J."""
        return len(self.joints)

    def index(self, joint: str) -> int:
        """Return the index of a joint by its name.

        Raises
        ------
        LayoutError
            If the layout has no such joint.
        """
        try:
            return self.joints.index(joint)
        except ValueError:
            raise LayoutError(
                f"layout {self.name!r} has no joint {joint!r}; its joints are {', '.join(self.joints)}"
            ) from None

    def has(self, *joints: str) -> bool:
        """Tell whether the layout has all these joints."""
        return set(joints) <= set(self.joints)

    def level(self, level: Level) -> tuple[tuple[int, ...], ...]:
        """Return, for each node of a level, the joints whose mean it is (METHOD section 1)."""
        if level == "joint":
            return tuple((i,) for i in range(len(self)))
        return self.components if level == "component" else self.limbs

    @property
    def bones(self) -> tuple[tuple[int, int], ...]:
        """The (joint, parent) pairs of the tree."""
        return tuple((i, p) for i, p in enumerate(self.parents) if p >= 0)

    @property
    def mirror_order(self) -> NDArray[np.intp]:
        """The joint order with left and right exchanged; applying it twice changes nothing."""
        order = np.arange(len(self))
        for left, right in self.pairs:
            order[left], order[right] = right, left
        return order

    def find(self, name: str) -> int | None:
        """Return the index of a joint by what a file calls it (``HipLeft``, ``LHip``, ``left hip``), or None."""
        return _file_index(self).get(joint_key(name))

    def to_dict(self) -> dict[str, Any]:
        """Return the layout as plain data, the same shape as its TOML table."""
        names = self.joints
        components = [[names[i] for i in c] for c in self.components]
        return {
            "name": self.name,
            "title": self.title,
            "source": self.source,
            "root": [names[i] for i in self.root],
            "joints": list(names),
            "pairs": [[names[a], names[b]] for a, b in self.pairs],
            "parents": {names[i]: names[p] for i, p in self.bones},
            "components": dict(zip(COMPONENTS, components, strict=True)),
            "limbs": {
                limb: [c for c, part in zip(COMPONENTS, self.components, strict=True) if set(part) <= set(joints)]
                for limb, joints in zip(LIMBS, self.limbs, strict=True)
            },
        }

    @classmethod
    def from_dict(cls, table: Mapping[str, Any], where: str = "layout") -> Layout:
        """Make a layout from plain data (a TOML table), checking all of it.

        Parameters
        ----------
        table : mapping
            Keys ``name``, ``root``, ``joints``, ``parents``, ``components``, ``limbs``, and if wished ``title``,
            ``source``, ``pairs``, ``aliases``, ``file_names``.
        where : str
            What to call the table in an error: a file name, say.

        Raises
        ------
        LayoutError
            If a key is missing or unknown, a joint is not declared, the parents form no tree, the components do not
            share out the joints, or the limbs do not share out the components.
        """
        return _parse(table, where)

    @classmethod
    def from_toml(cls, path: str | Path) -> Layout:
        """Read a layout from a TOML file; see `from_dict` for its keys and errors."""
        try:
            table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise LayoutError(f"{path}: cannot be read as a layout: {error}") from error
        except tomllib.TOMLDecodeError as error:
            raise LayoutError(f"{path}: is not valid TOML: {error}") from error
        return cls.from_dict(table, where=str(path))


def layout_names() -> tuple[str, ...]:
    """Return the names of the layouts that come with himpc."""
    return tuple(sorted(_built_in()))


def get_layout(name: str | Path | Layout) -> Layout:
    """Return a layout by name or alias, or read it from a ``.toml`` file.

    Raises
    ------
    LayoutError
        If there is no such layout, or the file is not one.
    """
    if isinstance(name, Layout):
        return name
    if str(name).endswith(".toml"):
        return Layout.from_toml(name)
    for known in _built_in().values():
        if str(name).lower() in (known.name, *known.aliases):
            return known
    raise LayoutError(
        f"unknown layout {str(name)!r}: choose one of {', '.join(layout_names())}, or declare it in a .toml file"
    )


def joint_key(name: str) -> str:
    """Return a joint name reduced to what files agree on: side, then words, without case or separators.

    >>> joint_key("HipLeft") == joint_key("left hip") == joint_key("LHip") == joint_key("l_hip") == "left hip"
    True
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name.strip())
    words = re.sub(r"[^a-z0-9]+", " ", spaced.lower()).split()
    words = [{"l": "left", "r": "right"}.get(word, word) for word in words]
    side = [word for word in words if word in ("left", "right")]
    return " ".join(side[:1] + [word for word in words if word not in ("left", "right")])


@cache
def _built_in() -> dict[str, Layout]:
    tables = sorted((f for f in files("himpc.skeleton.layouts").iterdir() if f.name.endswith(".toml")), key=str)
    parsed = [Layout.from_dict(tomllib.loads(f.read_text(encoding="utf-8")), where=f.name) for f in tables]
    return {layout.name: layout for layout in parsed}


@cache
def _file_index(layout: Layout) -> dict[str, int]:
    index = {joint_key(name): i for i, name in enumerate(layout.joints)}
    for joint, other in layout.file_names:
        index.setdefault(joint_key(other), layout.joints.index(joint))
    return index


def _parse(table: Mapping[str, Any], where: str) -> Layout:
    """Check a layout's table and turn its names into indices."""
    if unknown := sorted(set(table) - _KEYS):
        raise LayoutError(f"{where}: unknown key {unknown[0]!r}; a layout has {', '.join(sorted(_KEYS))}")
    if missing := [key for key in _REQUIRED if key not in table]:
        raise LayoutError(f"{where}: a layout needs the key {missing[0]!r}")
    joints = _strings(table["joints"], where, "joints")
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
    pairs = tuple(_pair([index(j, "pairs") for j in pair], where) for pair in table.get("pairs", ()))
    if len({j for pair in pairs for j in pair}) != 2 * len(pairs):
        raise LayoutError(f"{where}: a joint stands in more than one of 'pairs'")
    components = _share_out(table["components"], COMPONENTS, joints, where, "components")
    parts = _share_out(table["limbs"], LIMBS, COMPONENTS, where, "limbs")
    file_names = _table(table.get("file_names", {}), where, "file_names")
    root = tuple(index(j, "root") for j in _strings(table["root"], where, "root"))
    if not root:
        raise LayoutError(f"{where}: 'root' must name at least one joint")
    return Layout(
        name=str(table["name"]),
        title=str(table.get("title", table["name"])),
        source=str(table.get("source", "declared by the user")),
        joints=joints,
        parents=parents,
        root=root,
        pairs=pairs,
        components=components,
        limbs=tuple(tuple(sorted(j for part in limb for j in components[part])) for limb in parts),
        aliases=_strings(table.get("aliases", ()), where, "aliases"),
        file_names=tuple((joints[index(j, "file_names")], other) for j, names in file_names.items() for other in names),
    )


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


def _pair(pair: list[int], where: str) -> tuple[int, int]:
    if len(pair) != 2:
        raise LayoutError(f"{where}: each of 'pairs' must name a left and a right joint, found {len(pair)} names")
    return pair[0], pair[1]


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

"""Joint layouts as data: which joints a skeleton has and how they form components and limbs.

A layout is one TOML table: ``himpc/skeleton/layouts/*.toml``, or a user's own file. docs/layouts.md describes its keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from himpc._schema import parse, parse_toml, validated
from himpc.errors import LayoutError

__all__ = ["COMPONENTS", "LEVELS", "LIMBS", "Layout", "Level", "get_layout", "layout_names"]

Level = Literal["joint", "component", "limb"]
LEVELS: tuple[Level, ...] = get_args(Level)

# The order of docs/method.md, section 1; the same in every layout, so that levels compare across layouts.
COMPONENTS = (
    *("left_thigh", "left_shank", "right_thigh", "right_shank", "torso", "head"),
    *("left_upper_arm", "left_forearm", "right_upper_arm", "right_forearm"),
)
LIMBS = ("left_leg", "right_leg", "torso_and_head", "left_arm", "right_arm")

LAYOUTS_FOLDER = Path(__file__).with_name("layouts")
"""The folder of the layouts that come with himpc, one TOML file each."""

_Names = Annotated[tuple[str, ...], Field(strict=False), BeforeValidator(lambda v: (v,) if isinstance(v, str) else v)]


@validated
class _Table:
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
    aliases: _Names = ()
    file_names: dict[str, _Names] = field(default_factory=dict)


@dataclass(frozen=True)
class Layout:
    """The joints of a skeleton, in file order, and their hierarchy.

    Two layouts are equal if their joints and hierarchy are, whatever they are called.

    Parameters
    ----------
    name, title, source : str
        Short name, one line for people, and the reference for the joint order.
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
    aliases : tuple of str
        Other names of the layout that `get_layout` accepts.
    file_names : tuple of (str, str)
        Joint names and how files spell them, where they differ.

    Examples
    --------
    >>> kinect = get_layout("kinect-v1")
    >>> len(kinect), kinect.joints[:2], [kinect.joints[i] for i in kinect.components[0]]
    (20, ('pelvis', 'spine'), ['left_hip', 'left_knee'])
    """

    name: str = field(compare=False)
    title: str = field(compare=False)
    source: str = field(compare=False)
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
        """Return whether the layout has all these joints."""
        return set(joints) <= set(self.joints)

    def level(self, level: Level) -> tuple[tuple[int, ...], ...]:
        """Return, for each node of a level, the joints whose mean it is (docs/method.md, section 1)."""
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
        """Return the index of a joint by its name in a file (``HipLeft``, ``LHip``, ``left hip``), or None."""
        return self._index_of_name.get(_name_key(name))

    @cached_property
    def _index_of_name(self) -> dict[str, int]:
        index = {_name_key(name): i for i, name in enumerate(self.joints)}
        for joint, other in self.file_names:
            index.setdefault(_name_key(other), self.joints.index(joint))
        return index

    def to_dict(self) -> dict[str, Any]:
        """Return the layout as plain data, with the keys of its TOML table."""
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
        """Make a layout from plain data with the keys of its TOML table; `where` names it in an error.

        Raises
        ------
        LayoutError
            If a key is missing or unknown, a joint is not declared, the parents form no tree, the components do not
            partition the joints, or the limbs the components.
        """
        return _resolve(parse(_Table, table, source=where, error=LayoutError), where)

    @classmethod
    def from_toml(cls, path: str | Path) -> Layout:
        """Read a layout from a TOML file; see `from_dict` for its keys and errors."""
        return _resolve(parse_toml(_Table, Path(path), error=LayoutError), str(path))


def layout_names(*, aliases: bool = False) -> tuple[str, ...]:
    """Return the names of the layouts that come with himpc, and optionally their aliases."""
    others = [alias for layout in _built_in().values() for alias in layout.aliases if aliases]
    return tuple(sorted([*_built_in(), *others]))


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
        f"unknown layout {str(name)!r}, expected one of {', '.join(layout_names())}",
        hint="name one of them, or declare a layout in a TOML file: {layout=mine.toml}",
    )


@cache
def _built_in() -> dict[str, Layout]:
    layouts = [Layout.from_toml(path) for path in sorted(LAYOUTS_FOLDER.glob("*.toml"))]
    return {layout.name: layout for layout in layouts}


def _name_key(name: str) -> str:
    """Normalise a joint name: side, then words, without case or separators.

    >>> _name_key("HipLeft") == _name_key("left hip") == _name_key("LHip") == _name_key("l_hip") == "left hip"
    True
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name.strip())
    words = re.sub(r"[^a-z0-9]+", " ", spaced.lower()).split()
    words = [{"l": "left", "r": "right"}.get(word, word) for word in words]
    side = [word for word in words if word in ("left", "right")]
    return " ".join(side[:1] + [word for word in words if word not in ("left", "right")])


def _resolve(table: _Table, where: str) -> Layout:
    """Check what a layout's table says, and turn its names into indices."""
    joints = table.joints
    if len(set(joints)) != len(joints):
        raise LayoutError(f"{where}: 'joints' must name each joint once, found {len(joints)} names")

    def indices(names: Iterable[str], key: str) -> tuple[int, ...]:
        if undeclared := [name for name in names if name not in joints]:
            raise LayoutError(f"{where}: {key!r} names {undeclared[0]!r}, which is not among its joints")
        return tuple(joints.index(name) for name in names)

    pairs = indices([name for pair in table.pairs for name in pair], "pairs")
    if len(set(pairs)) != len(pairs):
        raise LayoutError(f"{where}: a joint is in more than one of 'pairs'")
    parent_of = dict(zip(indices(table.parents, "parents"), indices(table.parents.values(), "parents"), strict=True))
    parents = tuple(parent_of.get(i, -1) for i in range(len(joints)))
    _check_tree(parents, joints, where)
    components = _partition(table.components, COMPONENTS, joints, where, "components")
    limbs = _partition(table.limbs, LIMBS, COMPONENTS, where, "limbs")
    indices(table.file_names, "file_names")
    return Layout(
        name=table.name,
        title=table.title or table.name,
        source=table.source,
        joints=joints,
        parents=parents,
        root=indices(table.root, "root"),
        pairs=tuple(zip(pairs[::2], pairs[1::2], strict=True)),
        components=components,
        limbs=tuple(tuple(sorted(joint for part in limb for joint in components[part])) for limb in limbs),
        aliases=table.aliases,
        file_names=tuple((joint, other) for joint, others in table.file_names.items() for other in others),
    )


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


def _partition(
    table: Mapping[str, tuple[str, ...]], groups: Sequence[str], members: Sequence[str], where: str, key: str
) -> tuple[tuple[int, ...], ...]:
    """Return the members of each group by index; every member must be in exactly one group."""
    if set(table) != set(groups):
        odd = sorted(set(table) ^ set(groups))
        raise LayoutError(f"{where}: {key!r} must have exactly the keys {', '.join(groups)}; check {', '.join(odd)}")
    named = [name for group in groups for name in table[group]]
    if sorted(named) != sorted(members) or not all(table.values()):
        odd = sorted((set(named) ^ set(members)) | {name for name in named if named.count(name) > 1})
        raise LayoutError(
            f"{where}: {key!r} must put each of {'the joints' if key == 'components' else 'the ten components'} into "
            f"exactly one group and leave none empty; check {', '.join(odd) or 'the empty group'}"
        )
    return tuple(tuple(members.index(name) for name in table[group]) for group in groups)

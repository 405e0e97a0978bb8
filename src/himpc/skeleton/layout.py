"""Joint layouts as data: which joints a skeleton has and how they form components and limbs.

A layout is one TOML table: ``himpc/skeleton/layouts/*.toml``, or a user's own file. docs/layouts.md describes its keys.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from himpc._schema import parse, parse_toml
from himpc.errors import LayoutError, suggest_name
from himpc.skeleton.layout_table import COMPONENTS, LIMBS, LayoutTable, resolve, subset_table

__all__ = ["COMPONENTS", "LEVELS", "LIMBS", "Layout", "Level", "get_layout", "layout_names"]

Level = Literal["joint", "component", "limb"]
LEVELS: tuple[Level, ...] = get_args(Level)

PARTS: dict[str, tuple[str, ...]] = {
    "lower-body": ("left_leg", "right_leg"),
    "upper-body": ("torso_and_head", "left_arm", "right_arm"),
    **{limb.replace("_", "-"): (limb,) for limb in ("left_leg", "right_leg", "left_arm", "right_arm")},
}
"""The limbs of each part of the body that counts as a layout, such as ``kinect-v1-lower-body``."""

LAYOUTS_FOLDER = Path(__file__).with_name("layouts")
"""The folder of the layouts that come with himpc, one TOML file each."""


@dataclass(frozen=True)
class Layout:
    """The joints of a skeleton, in file order, and their hierarchy.

    A joint is any named point, and components and limbs are any groups of them, so legs alone, or an animal, have a
    layout, too. Two layouts are equal if their joints and hierarchy are, whatever they are called.

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
        The joints of each component and of each limb; both partition the joints.
    component_names, limb_names : tuple of str
        Their names. Those of a whole body are `COMPONENTS` and `LIMBS`, in this order; others follow.
    sideways : tuple of (int, int)
        Pairs of joints whose lines from the second to the first show where left is, and so the heading. Empty if the
        layout declares none; `side_lines` then takes hips and shoulders, or all pairs.
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
    component_names: tuple[str, ...] = field(default=COMPONENTS, compare=False)
    limb_names: tuple[str, ...] = field(default=LIMBS, compare=False)
    sideways: tuple[tuple[int, int], ...] = ()
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

    def part(self, name: str) -> tuple[int, ...]:
        """Return the joints of a component or limb by its name; none if the layout does not have it."""
        parts = zip((*self.limb_names, *self.component_names), (*self.limbs, *self.components), strict=True)
        return next((joints for part, joints in parts if part == name), ())

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
        parts = dict(zip(self.component_names, self.components, strict=True))
        table: dict[str, Any] = {
            "name": self.name,
            "title": self.title,
            "source": self.source,
            "root": [names[i] for i in self.root],
            "joints": list(names),
            "pairs": [[names[a], names[b]] for a, b in self.pairs],
            "parents": {names[i]: names[p] for i, p in self.bones},
            "components": {part: [names[i] for i in joints] for part, joints in parts.items()},
            "limbs": {
                limb: [part for part, members in parts.items() if set(members) <= set(joints)]
                for limb, joints in zip(self.limb_names, self.limbs, strict=True)
            },
        }
        # The fingerprint of a saved model is made of this table, so an empty key is not written.
        if self.sideways:
            table["sideways"] = [[names[a], names[b]] for a, b in self.sideways]
        return table

    def to_toml(self) -> str:
        """Return the text of the layout's TOML file, which `from_toml` reads."""
        table = self.to_dict()
        plain = {key: value for key, value in table.items() if not isinstance(value, dict)}
        lines = [f"{key} = {_to_toml(value)}" for key, value in plain.items()]
        for section in (key for key in table if key not in plain):
            lines += [
                "",
                f"[{section}]",
                *(f"{_to_toml(key)} = {_to_toml(own)}" for key, own in table[section].items()),
            ]
        return "\n".join(lines) + "\n"

    def subset(self, joints: Iterable[str], name: str, title: str = "") -> Layout:
        """Return the layout of some of its joints, in its order.

        A joint whose parent is left out hangs from the next joint above; components and limbs lose joints, and vanish
        when they are empty. Where the joints of the root are left out, the root is the middle of the hips, else of the
        shoulders, else the top of the tree.

        Raises
        ------
        LayoutError
            If the layout does not have one of them, or there are none.
        """
        kept = [self.joints[i] for i in sorted({self.index(joint) for joint in joints})]
        if not kept:
            raise LayoutError(f"a part of layout {self.name!r} needs at least one joint")
        table = subset_table(self.to_dict(), kept) | {"name": name, "title": title or f"{name}, {len(kept)} joints"}
        part = Layout.from_dict(table, where=f"part {name!r} of layout {self.name!r}")
        return replace(part, file_names=tuple((joint, other) for joint, other in self.file_names if joint in kept))

    @classmethod
    def from_dict(cls, table: Mapping[str, Any], where: str = "layout") -> Layout:
        """Make a layout from plain data with the keys of its TOML table; `where` names it in an error.

        Raises
        ------
        LayoutError
            If a key is missing or unknown, a joint is not declared, the parents form no tree, the components do not
            partition the joints, or the limbs the components.
        """
        return cls(**resolve(parse(LayoutTable, table, source=where, error=LayoutError), where))

    @classmethod
    def from_toml(cls, path: str | Path) -> Layout:
        """Read a layout from a TOML file; see `from_dict` for its keys and errors."""
        return cls(**resolve(parse_toml(LayoutTable, Path(path), error=LayoutError), str(path)))


def layout_names(*, aliases: bool = False) -> tuple[str, ...]:
    """Return the names of the layouts that come with himpc, and optionally their aliases."""
    others = [alias for layout in _built_in().values() for alias in layout.aliases if aliases]
    return tuple(sorted([*_built_in(), *others]))


def get_layout(name: str | Path | Layout) -> Layout:
    """Return a layout by name or alias, a part of one (``kinect-v1-lower-body``), or read it from a ``.toml`` file.

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
        if (part := str(name).lower().removeprefix(f"{known.name}-")) in PARTS:
            return _part(known, part)
    raise LayoutError(
        f"unknown layout {suggest_name(name, layout_names())}, expected one of {', '.join(layout_names())}",
        hint="name one of them, or declare a layout in a TOML file: {layout=mine.toml}",
    )


@cache
def _part(layout: Layout, part: str) -> Layout:
    joints = {layout.joints[joint] for limb in PARTS[part] for joint in layout.part(limb)} - {"pelvis"}
    if part == "lower-body" and layout.has("pelvis"):  # which pooling counts as torso
        joints.add("pelvis")
    return layout.subset(joints, f"{layout.name}-{part}", f"{layout.title}: {part.replace('-', ' ')}")


@cache
def _built_in() -> dict[str, Layout]:
    layouts = [Layout.from_toml(path) for path in sorted(LAYOUTS_FOLDER.glob("*.toml"))]
    return {layout.name: layout for layout in layouts}


def _to_toml(value: str | list[Any]) -> str:
    """Return a string, or a nested list of strings, in TOML, whose basic strings are those of JSON."""
    return json.dumps(value, ensure_ascii=False)


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

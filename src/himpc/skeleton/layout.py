"""Joint layouts as data: which joints a skeleton has and how they form components and limbs.

A layout is one TOML table (``himpc/skeleton/layouts/*.toml`` or a user's own file), parsed once into an
immutable :class:`Layout` that everything else asks. `himpc.skeleton.layout_table` checks the table.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from himpc.errors import LayoutError
from himpc.skeleton.layout_table import COMPONENTS, LIMBS, parse_layout

__all__ = ["COMPONENTS", "LEVELS", "LIMBS", "Layout", "Level", "get_layout", "joint_key", "layout_names"]

Level = Literal["joint", "component", "limb"]
LEVELS: tuple[Level, ...] = get_args(Level)


@dataclass(frozen=True)
class Layout:
    """The joints of a skeleton, in file order, and their hierarchy.

    Parameters
    ----------
    name, title, source : str
        Short name, one line for people, and where the joint order comes from. Words alone make no other layout.
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
        """Tell whether the layout has all these joints."""
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
        return cls(**parse_layout(table, where))

    @classmethod
    def from_toml(cls, path: str | Path) -> Layout:
        """Read a layout from a TOML file; see `from_dict` for its keys and errors."""
        try:
            table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, RecursionError) as error:
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

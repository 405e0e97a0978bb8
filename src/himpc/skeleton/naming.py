"""Joints by their names in files: conventions as data, and the layout of the joints that a file names.

The conventions are ``himpc/skeleton/naming_conventions.toml`` and the layouts themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from himpc._schema import parse_toml, validated
from himpc.errors import LayoutError
from himpc.skeleton.conversion import find_rule
from himpc.skeleton.layout import PARTS, Layout, get_layout, layout_names
from himpc.skeleton.names import Name, is_joint_centre, marker_names, mirror_joint, parse_name

Part = Literal["legs", "arms", "trunk"]

_COST_OF_MISSING = 0.4
"""Joints of the file that one joint which the file lacks outweighs, when layouts are compared."""

CACHE_SIZE = 64
"""Number of lists of labels whose joints are cached: most files of an archive have the same labels."""

_LEG, _ARM = ("hip", "knee", "ankle"), ("shoulder", "elbow", "wrist")

CORES: dict[str, frozenset[str]] = {
    "lower-body": frozenset(f"{side}_{joint}" for side in ("left", "right") for joint in _LEG),
    "upper-body": frozenset(f"{side}_{joint}" for side in ("left", "right") for joint in _ARM),
    "left-leg": frozenset(f"left_{joint}" for joint in _LEG),
    "right-leg": frozenset(f"right_{joint}" for joint in _LEG),
    "left-arm": frozenset(f"left_{joint}" for joint in _ARM),
    "right-arm": frozenset(f"right_{joint}" for joint in _ARM),
}
"""The joints by which a part of the body is recognised."""

_CORE = CORES["lower-body"] | CORES["upper-body"] | {"pelvis", "spine", "neck", "head", "head_top"}

_EXPLICIT = {f"{side}_{joint}": f"{side} {joint}" for side in ("left", "right") for joint in ("wrist", "ankle")}

_BONES_OF_JOINT: tuple[tuple[tuple[str, ...], frozenset[tuple[str, ...]], frozenset[tuple[str, ...]]], ...] = (
    (
        ("knee",),
        frozenset({("shank",), ("shin",), ("calf",), ("tibia",), ("low", "leg"), ("leg",)}),
        frozenset({("thigh",), ("femur",), ("up", "leg")}),
    ),
    (("elbow",), frozenset({("fore", "arm"), ("low", "arm")}), frozenset({("up", "arm"), ("humerus",), ("arm",)})),
)
"""A joint, the bones that begin at it, and those that end at it."""

_Names = Annotated[tuple[str, ...], Field(strict=False), BeforeValidator(lambda v: (v,) if isinstance(v, str) else v)]


@validated
class Convention:
    """How a program or data set names joints.

    Parameters
    ----------
    name, title, source : str
        Short name, one line for people, and the reference.
    joints : dict of str to tuple of str
        The names of each joint, tried in order. A joint of the left side stands for both sides unless the right one is
        given. Each name of a file is used for the first joint that takes it.
    unless : tuple of str
        Names that show that the file means other things by its names, which are then not of this convention.
    """

    name: str
    title: str
    source: str
    joints: dict[str, _Names]
    unless: _Names = ()

    @cached_property
    def alternatives(self) -> dict[str, tuple[Name, ...]]:
        """The names of each joint of both sides, in the order in which joints take them."""
        found: dict[str, tuple[Name, ...]] = {}
        for joint, names in self.joints.items():
            found[joint] = tuple(map(parse_name, names))
            mirrored = mirror_joint(joint)
            if mirrored not in self.joints:
                found[mirrored] = tuple(name.mirrored for name in found[joint])
        return found

    def find(self, index_of: Mapping[Name, int]) -> dict[str, int]:
        """Return the index of each joint that has one of its names."""
        found: dict[str, int] = {}
        used: set[int] = set()
        if any(name in index_of for name in map(parse_name, self.unless)):
            return {}
        for joint, names in self.alternatives.items():
            index = next((index_of[n] for n in names if n in index_of and index_of[n] not in used), None)
            if index is not None:
                found[joint] = index
                used.add(index)
        return found


@validated
class _Table:
    conventions: tuple[Convention, ...]


@dataclass(frozen=True)
class NamedJoints:
    """The joints that a file names.

    Attributes
    ----------
    columns : dict of str to int
        The index of the name of each joint.
    conventions : tuple of str
        The titles of the conventions by which arms, legs and trunk were found.
    """

    columns: dict[str, int]
    conventions: tuple[str, ...]


@cache
def naming_conventions() -> tuple[Convention, ...]:
    """Return the conventions that come with himpc; the general ones come last."""
    path = Path(__file__).with_name("naming_conventions.toml")
    return parse_toml(_Table, path, error=LayoutError).conventions


def find_joints(labels: Sequence[str]) -> NamedJoints:
    """Find the joints that labels name.

    Arms, legs and trunk may follow different conventions. For each, the convention counts that gives the most of the
    joints by which bodies are recognised (`CORES`, pelvis, spine, neck and head); among equals, the one that gives the
    most of them for the whole body. The joints that a layout has beyond these are added from one that agrees.

    Examples
    --------
    >>> find_joints(["Hips", "LeftUpLeg", "LeftLeg", "LeftFoot"]).columns
    {'left_hip': 1, 'left_knee': 2, 'left_ankle': 3, 'pelvis': 0}
    """
    return _find_joints(tuple(labels))


@lru_cache(maxsize=CACHE_SIZE)
def _find_joints(labels: tuple[str, ...]) -> NamedJoints:
    index_of = _index_names(labels)
    *programs, joints, bones, mixed = naming_conventions()
    groups: tuple[Sequence[Convention], ...] = (programs, _layouts_as_conventions(), (joints, bones, mixed))
    of_group = [[(each.title, each.find(index_of)) for each in group] for group in groups]
    # Sorting is stable: programs come before layouts, and these before the words in use.
    ranked = [pair for group in of_group for pair in sorted(group, key=lambda pair: -len(pair[1]))]
    ranked.sort(key=lambda pair: -len(_CORE & pair[1].keys()))
    columns: dict[str, int] = {}
    titles: list[str] = []
    for part in ("legs", "arms", "trunk"):
        of_part = [(title, {j: c for j, c in found.items() if _part_of().get(j) == part}) for title, found in ranked]
        # Of equals, a mixture of joints and bones comes last: with joints, a bone may be a marker in its middle.
        title, best = max(of_part, key=lambda pair: (len(_CORE & pair[1].keys()), pair[0] != mixed.title))
        columns |= {joint: column for joint, column in best.items() if column not in columns.values()}
        titles += [title] if best else []
    for joint, words in _EXPLICIT.items():
        # A bone may stand for the joint at which it begins, unless the joint has a name of its own.
        explicit = index_of.get(parse_name(words), -1)
        if joint in columns and explicit not in (-1, *columns.values()):
            columns[joint] = explicit
    agreeing = [found for _, found in of_group[1] if _agree(found, columns)]
    more = max(agreeing, key=len, default={})
    columns |= {joint: column for joint, column in more.items() if column not in columns.values()}
    for side in ("left", "right"):
        # A tree of bones may end at the ankle, below which it has only an end.
        ankle = columns.get(f"{side}_ankle")
        end = None if ankle is None else index_of.get(parse_name(f"{labels[ankle]}_end"))
        if end is not None:
            columns.setdefault(f"{side}_foot", end)
    return NamedJoints(columns, tuple(dict.fromkeys(titles)))


def _index_names(labels: Sequence[str]) -> dict[Name, int]:
    """Return the index of each name; that of a joint centre rather than of a marker on the joint.

    ``L3`` is a vertebra, unless there is an ``R3`` as well. Left out are markers on bones between joints.
    """
    index_of: dict[Name, int] = {}
    own = {label.strip().upper() for label in labels}
    for i in sorted(range(len(labels)), key=lambda i: (not is_joint_centre(labels[i]), len(labels[i]))):
        text = labels[i].strip().upper()
        if not (text[:1] == "L" and text[1:].isdecimal() and f"R{text[1:]}" in own):
            for name in (parse_name(labels[i]), *marker_names(labels[i])[1:]):
                index_of.setdefault(name, i)
    _drop_markers_on_bones(index_of)
    return index_of


def _drop_markers_on_bones(index_of: dict[Name, int]) -> None:
    """Drop bones beside joints: with an elbow and a forearm, the forearm is a marker in its middle."""
    for side in ("left", "right"):
        names = {name.words for name in index_of if name.side == side}
        for joint, bones, upper_bones in _BONES_OF_JOINT:
            if joint in names and not names.isdisjoint(bones):
                for words in bones | upper_bones:
                    index_of.pop(Name(side, words), None)


def _agree(some: Mapping[str, int], others: Mapping[str, int]) -> bool:
    """Return whether the joints that both have are the same points."""
    return all(others[joint] == column for joint, column in some.items() if joint in others)


def covered_parts(joints: Collection[str]) -> tuple[str, ...]:
    """Return the parts of the body that joints cover, such as ``lower-body``, without those within a larger one."""
    parts = [part for part, core in CORES.items() if core <= set(joints)]
    return tuple(part for part in parts if not any(CORES[part] < CORES[other] for other in parts))


def choose_layout(joints: Collection[str], prefer: Layout | None = None) -> Layout:
    """Return the layout that fits the joints that a file gives.

    Parameters
    ----------
    joints : collection of str
        The joints of the file, such as those of `find_joints`.
    prefer : Layout, optional
        The layout if the joints give all of it, by name or by a rule of conversion.

    Returns
    -------
    Layout
        The layout that comes with himpc which has the most of the joints and lacks the fewest, or the part of it that
        the joints give.
    """

    def key(layout: Layout) -> tuple[bool, float, int]:
        own = {joint for joint in layout.joints if joint in joints}
        limbs = [{layout.joints[i] for i in limb} for limb in layout.limbs]
        # Limbs that the joints do not reach do not count against a layout.
        missing = sum(not find_rule(joints, joint) for limb in limbs if limb & own for joint in limb)
        is_complete = all(find_rule(joints, joint) for joint in layout.joints)
        return layout == prefer and is_complete, len(own) - _COST_OF_MISSING * missing, -len(layout)

    layouts = [get_layout(name) for name in layout_names()]
    best = max([*layouts, *([prefer] if prefer else [])], key=key)
    if all(find_rule(joints, joint) for joint in best.joints):
        return best
    return part_layout(best, joints)


def part_layout(layout: Layout, joints: Collection[str]) -> Layout:
    """Return the part of a layout that has these of its joints: a known layout or part of one, if it is equal."""
    kept = [joint for joint in layout.joints if joint in joints]
    part = layout.subset(kept, f"{layout.name}-{len(kept)}", f"{layout.title}: {len(kept)} of them")
    parts = (f"{layout.name}-{name}" for name in PARTS if layout.name in layout_names())
    return next((known for known in map(get_layout, (*layout_names(), *parts)) if known == part), part)


@cache
def _layouts_as_conventions() -> tuple[Convention, ...]:
    """Return a convention for each layout: its joints, by their other names in files and then their own."""
    own = set(_part_of())
    conventions = []
    for layout in map(get_layout, layout_names()):
        names: dict[str, list[str]] = {joint: [] for joint in layout.joints}
        for joint, other in layout.file_names:
            # A layout without a head may call the nose so, but what another layout has as a joint is that joint.
            if other not in own:
                names[joint].append(other)
        joints = {joint: (*others, joint) for joint, others in names.items()}
        conventions.append(Convention(layout.name, layout.title, layout.source, joints))
    return tuple(conventions)


@cache
def _part_of() -> dict[str, Part]:
    """Return the part of the body of each joint that a layout has."""
    part_of: dict[str, Part] = {}
    of_limb: dict[str, Part] = {"left_leg": "legs", "right_leg": "legs", "left_arm": "arms", "right_arm": "arms"}
    for layout in map(get_layout, layout_names()):
        for limb, joints in zip(layout.limb_names, layout.limbs, strict=True):
            part_of |= {layout.joints[joint]: of_limb.get(limb, "trunk") for joint in joints}
    return part_of

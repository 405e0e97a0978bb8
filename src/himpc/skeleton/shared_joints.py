"""The layout of the joints that several layouts share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from himpc.errors import LayoutError, count_noun
from himpc.skeleton.conversion import find_rule
from himpc.skeleton.layout import Layout, get_layout, layout_names

__all__ = ["COMMON_LAYOUT", "MIN_SHARED_JOINTS", "shared_layout"]

COMMON_LAYOUT = "common-15"
"""The layout that almost every system of whole bodies converts to."""

MIN_SHARED_JOINTS = 3
"""Fewer joints have no shape: two have one distance, which hardly differs between people."""


def shared_layout(layouts: Iterable[Layout]) -> Layout:
    """Return the layout of the joints that all layouts share, by name or by a rule of conversion.

    A joint that some layout gives only as a mean of joints which all have is left out, such as a pelvis between the
    hips: it would add nothing there, and tell the system instead of the person elsewhere. Parts of one body may be
    shared: legs, an arm. The hierarchy is that of the layout which keeps the most joints, and the most by name:
    ``common-15`` or one of those given.

    Parameters
    ----------
    layouts : iterable of Layout
        At least one; equal layouts count once, and their order does not matter.

    Returns
    -------
    Layout
        A layout that comes with himpc if one has these joints and this hierarchy.

    Raises
    ------
    LayoutError
        If they share fewer than `MIN_SHARED_JOINTS` joints; the message names the joints.

    Examples
    --------
    >>> shared = shared_layout(map(get_layout, ("kinect-v1", "coco-17")))
    >>> len(shared), shared.has("head", "left_wrist"), shared.has("left_foot")
    (13, True, False)
    """
    given = sorted(set(layouts), key=lambda layout: (layout.name, layout.joints))
    if len(given) == 1:
        return given[0]
    bases = [get_layout(COMMON_LAYOUT), *given]
    shared = [_independent_joints(base, given) for base in bases]

    def preference(choice: tuple[Layout, list[str]]) -> tuple[int, int, bool]:
        base, joints = choice
        return (
            len(joints),
            sum(all(layout.has(joint) for layout in given) for joint in joints),
            len(joints) == len(base),
        )

    base, joints = max(zip(bases, shared, strict=True), key=preference)
    if len(joints) < MIN_SHARED_JOINTS:
        names = ", ".join(layout.name for layout in given)
        raise LayoutError(
            f"layouts {names} share {', '.join(joints) or 'no joint'}, expected at least {MIN_SHARED_JOINTS} joints",
            hint="keep recordings of these systems apart",
        )
    if len(joints) == len(base):
        return base
    part = base.subset(joints, f"shared-{len(joints)}", f"{count_noun(len(joints), 'joint')} of {base.name}")
    return next((known for known in map(get_layout, layout_names()) if known == part), part)


def independent_part(source: Layout, target: Layout) -> Layout:
    """Return the target without the joints that the source makes of other joints of the target.

    What follows from this part alone agrees between systems, of which one may measure a joint that another computes.
    """
    joints = _independent_joints(target, [source])
    return target if len(joints) == len(target) else target.subset(joints, f"shared-{len(joints)}")


def _independent_joints(base: Layout, layouts: Sequence[Layout]) -> list[str]:
    """Return the joints of a layout that all layouts give, none of them from another one of these joints."""
    rules = {joint: {find_rule(layout.joints, joint) for layout in layouts} for joint in base.joints}
    own = {joint for joint, found in rules.items() if found == {(joint,)}}

    def is_independent(joint: str) -> bool:
        return all(rule and own.isdisjoint(rule) for rule in rules[joint] if rule != (joint,))

    return [joint for joint in base.joints if is_independent(joint)]

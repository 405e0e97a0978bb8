"""The layout of a table, by the names of its joints."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from himpc.errors import FormatError, LayoutError, count_noun
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.parsing.joint_order import JointOrder
from himpc.reading.formats.parsing.named_points import exact_layouts, fits_exactly
from himpc.skeleton import Layout, get_layout, layout_names

__all__ = ["joint_layout"]

_BODY_OF_HOLISTIC = 33
"""Joints of the body of MediaPipe Holistic, which come before those of face and hands."""


def joint_layout(
    names: Sequence[str],
    where: Sequence[str],
    stated: str | None,
    options: FileOptions,
    find_by_shape: Callable[[list[int]], JointOrder | None],
) -> tuple[Layout, dict[str, int]] | None:
    """Return the layout of a table, and the joint index of each name; None if no layout has exactly these joints.

    Parameters
    ----------
    names : sequence of str
        The joint names in the file, each once; or the numbers of joints, from 0 or 1.
    where : sequence of str
        The ``path, line`` of each name, for errors.
    stated : str, optional
        The built-in layout that the file names.
    options : FileOptions
        The user's layout, if these are its joints, and the one to prefer if the joints fit several.
    find_by_shape : callable
        Returns the order of numbered points, in the order of the columns that it is given, that makes a person.

    Raises
    ------
    FormatError
        If the names are not those of the stated layout, or fit several ones.
    """
    layout = None if stated is None else _get_stated(stated, where[0])
    if (numbered := _numbered(names)) is not None:
        order = None
        if layout is None:
            by_number = sorted(range(len(names)), key=lambda column: numbered[names[column]])
            body = len(names) if len(names) <= _BODY_OF_HOLISTIC else _BODY_OF_HOLISTIC
            order = find_by_shape(by_number[:body])
        if order is not None:
            joint_of = {point: joint for joint, point in enumerate(order.points)}
            return order.layout, {name: joint_of[number] for name, number in numbered.items() if number in joint_of}
        return _layout_of_count(len(names), where[0], options.layout or layout), numbered
    if options.layout is not None and fits_exactly(options.layout, names):
        layout = options.layout
    layout = layout or _recognise_layout(names, where[0], options.preferred_layout)
    if layout is None:
        return None
    joints: dict[str, int] = {}
    for name, place in zip(names, where, strict=True):
        joint = layout.find(name)
        if joint is None:
            raise FormatError(f"{place}: {name[:40]!r} is no joint of layout {layout.name!r}")
        if joint in joints.values():
            raise FormatError(f"{place}: {name[:40]!r} is the joint {layout.joints[joint]!r}, as another name is")
        joints[name] = joint
    return layout, joints


def _numbered(names: Sequence[str]) -> dict[str, int] | None:
    """Return the index of each joint that is named by its number, from 0 or 1; None for other names."""
    if not all(name.isascii() and name.isdecimal() and len(name) < 5 for name in names):
        return None
    numbers = [int(name) for name in names]
    first = min(numbers)
    is_complete = sorted(numbers) == list(range(first, first + len(numbers))) and first in (0, 1)
    return {name: number - first for name, number in zip(names, numbers, strict=True)} if is_complete else None


def _layout_of_count(count: int, where: str, layout: Layout | None) -> Layout:
    """Return the layout of joints that have numbers: the stated one, or the only one with as many joints."""
    fitting = [known for known in map(get_layout, layout_names()) if len(known) == count]
    if layout is None and len(fitting) == 1:
        return fitting[0]
    if layout is not None and len(layout) == count:
        return layout
    found = f"{where}: has {count_noun(count, 'joint')} by number"
    if layout is not None:
        raise FormatError(f"{found}, the layout {layout.name!r} has {len(layout)}")
    names = [known.name for known in fitting] or ["mine.toml"]
    raise FormatError(found, hint=f"state their layout, {' or '.join(names)}: {{layout={names[0]}}}")


def _get_stated(name: str, where: str) -> Layout:
    """Return a built-in layout; a file must not make himpc open another file."""
    if name.endswith(".toml"):
        raise FormatError(
            f"{where}: states the layout {name[:40]!r}, expected a built-in one",
            hint=f"state a layout file yourself: {{layout={re.sub('[{}]', '', name[:40])}}}",
        )
    try:
        return get_layout(name)
    except LayoutError as error:
        raise FormatError(f"{where}: {error.message}", hint=error.hint) from error


def _recognise_layout(names: Sequence[str], where: str, preferred: Layout | None) -> Layout | None:
    """Return the one layout with exactly these joints, of several the preferred one; None if there is none."""
    fitting = exact_layouts(names)
    if preferred is not None and fits_exactly(preferred, names):
        return preferred
    if len(fitting) > 1:
        raise FormatError(
            f"{where}: the joint names fit several layouts: {', '.join(layout.name for layout in fitting)}",
            hint=f"state one of them: {{layout={fitting[0].name}}}",
        )
    return fitting[0] if fitting else None

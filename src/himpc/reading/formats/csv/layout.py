"""The layout of a table, by the names of its joints."""

from __future__ import annotations

import re
from collections.abc import Sequence

from himpc.errors import FormatError, LayoutError, count_noun
from himpc.reading.file_options import FileOptions
from himpc.skeleton import Layout, get_layout, layout_names

__all__ = ["joint_layout"]


def joint_layout(
    names: Sequence[str], where: Sequence[str], stated: str | None, options: FileOptions
) -> tuple[Layout, dict[str, int]]:
    """Return the layout of a table, and the joint index of each name.

    Parameters
    ----------
    names : sequence of str
        The joint names in the file, each once.
    where : sequence of str
        The ``path, line`` of each name, for errors.
    stated : str, optional
        The built-in layout that the file names.
    options : FileOptions
        The user's layout, if the file names none, and the one to prefer if the joints fit several.
    """
    layout = _get_stated(stated, where[0]) if stated is not None else options.layout
    if layout is None:
        layout = _recognise_layout(names, where, options.preferred_layout)
    joints: dict[str, int] = {}
    for name, place in zip(names, where, strict=True):
        joint = layout.find(name)
        if joint is None:
            raise FormatError(f"{place}: {name[:40]!r} is no joint of layout {layout.name!r}")
        if joint in joints.values():
            raise FormatError(f"{place}: {name[:40]!r} is the joint {layout.joints[joint]!r}, as another name is")
        joints[name] = joint
    return layout, joints


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


def _recognise_layout(names: Sequence[str], where: Sequence[str], preferred: Layout | None) -> Layout:
    """Return the one layout with exactly these joints, of several the preferred one."""
    layouts = [get_layout(name) for name in layout_names()]
    fitting = [layout for layout in layouts if _fits(layout, names)]
    if preferred in fitting:
        return preferred
    if len(fitting) > 1:
        fitting = [layout for layout in fitting if set(layout.joints) == set(names)] or fitting
        in_order = list(range(len(names)))
        fitting = [layout for layout in fitting if [layout.find(name) for name in names] == in_order] or fitting
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise FormatError(
            f"{where[0]}: the joint names fit several layouts: {', '.join(layout.name for layout in fitting)}",
            hint=f"state one of them: {{layout={fitting[0].name}}}",
        )
    for name, place in zip(names, where, strict=True):
        if all(layout.find(name) is None for layout in layouts):
            raise FormatError(
                f"{place}: {name[:40]!r} is no joint of any layout",
                hint="declare a layout in a TOML file: {layout=mine.toml}",
            )
    raise FormatError(
        f"{where[0]}: no layout has exactly these {count_noun(len(names), 'joint')}",
        hint=f"state a layout, one of {', '.join(layout_names())} or a TOML file: {{layout=mine.toml}}",
    )


def _fits(layout: Layout, names: Sequence[str]) -> bool:
    joints = [layout.find(name) for name in names]
    return len(joints) == len(layout) and None not in joints and len(set(joints)) == len(joints)

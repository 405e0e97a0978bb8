"""Which layout the joint names of a table belong to."""

from __future__ import annotations

from collections.abc import Sequence

from himpc.errors import FormatError, LayoutError
from himpc.skeleton import Layout, get_layout, layout_names

__all__ = ["joint_layout"]


def joint_layout(
    names: Sequence[str], where: Sequence[str], stated: str | None, chosen: Layout | None
) -> tuple[Layout, dict[str, int]]:
    """Return the layout of a table and which of its joints each name is.

    Parameters
    ----------
    names : sequence of str
        What the file calls its joints, each name once.
    where : sequence of str
        Where each name stands, ``path, line``, for errors.
    stated : str, optional
        The layout that the file names: one of himpc's own.
    chosen : Layout, optional
        The user's, where the file names none.

    Raises
    ------
    FormatError
        If the layout is unknown, a name is no joint of it or stands for a joint that another name stands for too; or,
        where no layout is named, if the names are not the joints of exactly one.
    """
    layout = _stated(stated, where[0]) if stated is not None else chosen
    if layout is None:
        layout = _recognised(names, where)
    joints: dict[str, int] = {}
    for name, place in zip(names, where, strict=True):
        joint = layout.find(name)
        if joint is None:
            raise FormatError(f"{place}: {name[:40]!r} is no joint of layout {layout.name!r}")
        if joint in joints.values():
            raise FormatError(f"{place}: {name[:40]!r} is joint {layout.joints[joint]!r}, which another name is too")
        joints[name] = joint
    return layout, joints


def _stated(name: str, where: str) -> Layout:
    """Return one of himpc's own layouts; a file may not make himpc open another file."""
    try:
        if name.endswith(".toml"):
            raise LayoutError(f"a layout file must be given by the user: pass --layout {name[:40]}")
        return get_layout(name)
    except LayoutError as error:
        raise FormatError(f"{where}: {error}") from error


def _recognised(names: Sequence[str], where: Sequence[str]) -> Layout:
    """Return the one layout whose joints are exactly those named."""
    layouts = [get_layout(name) for name in layout_names()]
    fitting = [layout for layout in layouts if _fits(layout, names)]
    if len(fitting) > 1:
        fitting = [layout for layout in fitting if set(layout.joints) == set(names)] or fitting
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise FormatError(
            f"{where[0]}: the joint names fit several layouts: {', '.join(layout.name for layout in fitting)}; "
            "pass --layout with one of them"
        )
    for name, place in zip(names, where, strict=True):
        if all(layout.find(name) is None for layout in layouts):
            raise FormatError(f"{place}: {name[:40]!r} is no joint of any layout; declare one in .toml: pass --layout")
    raise FormatError(
        f"{where[0]}: no layout has exactly these {len(names)} joints; pass --layout {', '.join(layout_names())}"
        " or a .toml file"
    )


def _fits(layout: Layout, names: Sequence[str]) -> bool:
    found = [layout.find(name) for name in names]
    return len(found) == len(layout) and None not in found and len(set(found)) == len(found)

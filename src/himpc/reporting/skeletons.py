"""Who is in each group: a picture of the skeletons, one row a group, all at one scale."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError
from himpc.recordings import Recording
from himpc.reporting.figures import GREY, INK, PALE, group_colour, new_figure, short_names, tint
from himpc.reporting.poses import SIDES, Pose, poses

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_groups"]

# Metres in the picture: width and height of a recording's cell, the column of group names, the right margin.
_CELL, _ROW, _NAMES, _MARGIN = 2.35, 2.55, 1.6, 0.5
_RULE = 1.5  # where the line to compare heights by stands
_INCHES_A_METRE = 0.72
_LETTERS, _LINE = 11.5, 0.25  # small letters that fit a metre, and metres between their lines


@dataclass(frozen=True)
class _Row:
    """One group in the picture."""

    group: int
    members: tuple[int, ...]
    shown: tuple[int, ...]


def draw_groups(
    recordings: Sequence[Recording],
    groups: Sequence[int] | NDArray[np.integer],
    *,
    confidence: Sequence[float] | NDArray[np.floating] | None = None,
    names: Mapping[int, str] | None = None,
    title: str | None = None,
    note: str = "",
    max_groups: int = 10,
    max_recordings: int = 6,
) -> Figure:
    """Draw the skeletons of each group, one row a group.

    Each recording shows its most typical frame from the front, and before it, pale, a second of movement from the
    side, all turned into the person's own body frame. Everything has one scale, because body size is what tells
    people apart; 2D skeletons, in pixels, are drawn to one height.

    Parameters
    ----------
    recordings : sequence of Recording ``(R,)``
        In 3D with the y axis up, or in 2D.
    groups : int sequence ``(R,)``
        The group of each, numbered from 1; 0 or less is no group and is not drawn.
    confidence : float sequence ``(R,)``, optional
        Of each recording's group, in [0, 1], or NaN.
    names : mapping of int to str, optional
        What groups are called, in place of their numbers.
    title : str, optional
        What stands above; how many people there are, if not given.
    note : str
        What must be known of the groups, below the title.
    max_groups, max_recordings : int
        The most rows, and the most recordings a row; the picture says how many more there are.

    Raises
    ------
    DataError
        If sizes differ, or no frame of a recording has every joint.
    """
    sure = np.full(len(recordings), np.nan) if confidence is None else np.asarray(confidence, dtype=np.float64)
    if not len(recordings) == len(groups) == len(sure):
        raise DataError(
            f"{len(recordings)} recordings, {len(groups)} groups, {len(sure)} confidences: expected one each"
        )
    rows = _rows(np.asarray(groups), sure, max_recordings)
    shown = rows[:max_groups]
    columns = max([4, *(len(row.shown) for row in shown)])
    width = _NAMES + _CELL * columns + _MARGIN
    notes = textwrap.wrap(note[:1].upper() + note[1:], round(_LETTERS * width))
    top = 1.0 + _LINE * len(notes)
    height = _ROW * max(len(shown), 1) + 0.5 + top
    figure = new_figure(width * _INCHES_A_METRE, height * _INCHES_A_METRE)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(top - height, top), aspect="equal")
    axes.set_axis_off()
    _title(axes, title or _found(rows, len(recordings)), notes)
    if more := len(rows) - len(shown):
        text = f"… and {more} more group{'s' if more != 1 else ''}"
        axes.text(0.25, top - height + 0.2, text, fontsize=10, color=INK, va="center")
    sources = short_names([recording.source or f"recording {i}" for i, recording in enumerate(recordings)])
    for place, row in enumerate(shown):
        ground = -_ROW * (place + 1) + 0.5
        _group_name(axes, row, (names or {}).get(row.group, f"Group {row.group}"), sure, ground, width)
        if all(recordings[i].dimensions == 3 for i in row.shown):
            _height_line(axes, ground, width)
        for column, i in enumerate(row.shown):
            left = _NAMES + _CELL * column
            _cell(axes, recordings[i], group_colour(row.group), left, ground)
            label = sources[i] if np.isnan(sure[i]) else f"{sources[i]}\n{sure[i]:.2f}"
            axes.text(left + _CELL / 2, ground - 0.1, label, fontsize=7, color=GREY, ha="center", va="top")
    return figure


def _rows(groups: NDArray[np.integer], sure: NDArray[np.float64], most: int) -> list[_Row]:
    """Groups by falling size; of a long row the surest recordings are shown, in the order given."""
    rows = []
    for group in np.unique(groups[groups > 0]):
        members = np.flatnonzero(groups == group)
        surest = members[np.argsort(-np.nan_to_num(sure[members]), kind="stable")[:most]]
        rows.append(_Row(int(group), tuple(members.tolist()), tuple(sorted(surest.tolist()))))
    return sorted(rows, key=lambda row: (-len(row.members), row.group))


def _found(rows: list[_Row], recordings: int) -> str:
    people = "1 person" if len(rows) == 1 else f"{len(rows)} people"
    return f"{people} in {recordings} recording{'s' if recordings != 1 else ''}" if rows else "No groups were found"


def _title(axes: Axes, found: str, notes: list[str]) -> None:
    top = _LINE * len(notes)
    axes.text(0.25, 0.62 + top, found, fontsize=15, fontweight="bold", color=INK, va="center")
    how = "A row is one group, at one scale. Pale: a second of movement from the side. Full: from the front, left limbs"
    axes.text(0.25, 0.22 + top, f"{how} dark, right limbs light.", fontsize=8.5, color=GREY, va="center")
    for line, text in enumerate(notes, start=1):
        axes.text(0.25, 0.22 + top - _LINE * line, text, fontsize=8.5, color=INK, va="center")


def _group_name(axes: Axes, row: _Row, name: str, sure: NDArray[np.float64], ground: float, width: float) -> None:
    axes.plot([0.25, width - 0.25], [ground, ground], color=PALE, linewidth=0.6, zorder=0)
    axes.text(0.25, ground + 1.45, name[:18], fontsize=11, fontweight="bold", color=group_colour(row.group))
    lines = [f"{len(row.members)} recording{'s' if len(row.members) != 1 else ''}"]
    known = sure[list(row.members)]
    if not np.isnan(known).all():
        lines.append(f"confidence {np.nanmean(known):.2f}")
    if more := len(row.members) - len(row.shown):
        lines.append(f"({more} more not drawn)")
    axes.text(0.25, ground + 1.33, "\n".join(lines), fontsize=8, color=GREY, va="top", linespacing=1.5)


def _height_line(axes: Axes, ground: float, width: float) -> None:
    """Rule a line to compare heights by."""
    y = ground + _RULE
    axes.plot([_NAMES, width - 0.7], [y, y], color=GREY, linewidth=0.5, linestyle=(0, (1, 4)), zorder=0)
    axes.text(width - 0.25, y, f"{_RULE} m", fontsize=7, color=GREY, ha="right", va="center")


def _cell(axes: Axes, recording: Recording, colour: str, left: float, ground: float) -> None:
    moments, front = poses(recording)
    for n, moment in enumerate(moments):
        _skeleton(axes, moment, colour, left + 0.4 + 0.27 * n, ground, strength=0.3 + 0.08 * n, line=1.1)
    _skeleton(axes, front, colour, left + 1.72, ground, strength=1, line=2.2)


def _skeleton(axes: Axes, pose: Pose, colour: str, x: float, ground: float, strength: float, line: float) -> None:
    """Draw one pose; strength below 1 fades it into the paper."""
    from matplotlib.collections import LineCollection
    from matplotlib.patches import Circle

    tones = {"middle": "#4A4A4A", "left": colour, "right": colour}
    shades = {"middle": 1.0, "left": 1.15, "right": 0.5}
    place = np.array([x, ground])
    for side in SIDES:  # the far side first
        faded = shades[side] if strength == 1 else min(shades[side], 1) * strength
        lines = LineCollection(
            list(pose.bones[side] + place),
            colors=[tint(tones[side], faded)],
            linewidths=line,
            capstyle="round",
            zorder=1 + strength,
        )
        axes.add_collection(lines)
    if pose.head is not None:
        tone = tint(tones["middle"], strength)
        axes.add_patch(Circle(tuple(pose.head + place), 0.09, facecolor="white", edgecolor=tone, linewidth=line * 0.8,
                              zorder=1.5 + strength))  # fmt: skip

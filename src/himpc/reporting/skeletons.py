"""A figure of groups: the skeletons of each group in a row, all at one scale."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError, count_noun
from himpc.recordings import Recording
from himpc.reporting.figures import GREY, INK, PALE, group_colour, new_figure, short_names, tint
from himpc.reporting.flat_poses import SIDES, FlatPose, project_poses

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Metres in the figure: width and height of a recording's cell, the column of group names, the right margin.
_CELL_WIDTH, _ROW_HEIGHT, _NAMES_WIDTH, _MARGIN = 2.35, 2.55, 1.6, 0.5
_RULE_HEIGHT = 1.5  # of the dotted line to compare body heights with
_INCHES_PER_METRE = 0.72
_NOTE_LETTERS_PER_METRE, _NOTE_LINE = 11.5, 0.25
_LABEL_LETTERS, _LABEL_POINTS = 27, 28.0  # of a label in 7 points: letters of a line, and height of all lines
MAX_PAGES = 100
"""Pages of `draw_group_pages`."""


@dataclass(frozen=True)
class _Row:
    """One group in the figure."""

    group: int
    members: tuple[int, ...]
    drawn: tuple[int, ...]


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
    """Draw the skeletons of each group, one row per group.

    Each recording is shown by its most typical frame from the front and, in a pale colour, poses of one second from
    the side, all in the body frame of the person. Everything has one scale, because body size distinguishes people; 2D
    skeletons, in pixels, are drawn with equal heights.

    Parameters
    ----------
    recordings : sequence of Recording ``(R,)``
        In 3D with the y axis up, or in 2D.
    groups : int sequence ``(R,)``
        The group of each, numbered from 1; 0 or less is no group and is not drawn.
    confidence : float sequence ``(R,)``, optional
        Of each recording's group, in [0, 1], or NaN.
    names : mapping of int to str, optional
        Names of groups; default: their numbers.
    title, note : str, optional
        The title, by default the number of people, and a remark below it.
    max_groups, max_recordings : int
        Maximum number of rows, and of recordings per row; the figure states the number left out.

    Raises
    ------
    DataError
        If sizes differ.
    """
    rows, sure = _to_rows(recordings, groups, confidence, max_recordings)
    more = len(rows) - max_groups
    foot = f"… and {count_noun(more, 'more group')}" if more > 0 else ""
    title = title or _default_title(rows, len(recordings))
    return _draw_page(recordings, rows[:max_groups], sure, names or {}, title, note, foot)


def draw_group_pages(
    recordings: Sequence[Recording],
    groups: Sequence[int] | NDArray[np.integer],
    *,
    confidence: Sequence[float] | NDArray[np.floating] | None = None,
    names: Mapping[int, str] | None = None,
    title: str | None = None,
    note: str = "",
    groups_per_page: int = 10,
    max_recordings: int = 6,
) -> list[Figure]:
    """Draw all groups as `draw_groups`, a page for each `groups_per_page` of them, up to 100 pages."""
    rows, sure = _to_rows(recordings, groups, confidence, max_recordings)
    title = title or _default_title(rows, len(recordings))
    parts = [rows[first : first + groups_per_page] for first in range(0, len(rows), groups_per_page)] or [[]]
    figures = []
    for number, part in enumerate(parts[:MAX_PAGES], start=1):
        foot = f"page {number} of {len(parts)}" if len(parts) > 1 else ""
        if number == MAX_PAGES < len(parts):
            foot = f"page {number}: the last; {len(rows) - groups_per_page * MAX_PAGES} more groups are not drawn"
        figures.append(_draw_page(recordings, part, sure, names or {}, title, note if number == 1 else "", foot))
    return figures


def _draw_page(
    recordings: Sequence[Recording],
    rows: Sequence[_Row],
    sure: NDArray[np.float64],
    names: Mapping[int, str],
    title: str,
    note: str,
    foot: str,
) -> Figure:
    width = _NAMES_WIDTH + _CELL_WIDTH * max([4, *(len(row.drawn) for row in rows)]) + _MARGIN
    notes = textwrap.wrap(note[:1].upper() + note[1:], round(_NOTE_LETTERS_PER_METRE * width))
    top = 1.0 + _NOTE_LINE * len(notes)
    height = _ROW_HEIGHT * max(len(rows), 1) + 0.5 + top
    figure = new_figure(width * _INCHES_PER_METRE, height * _INCHES_PER_METRE)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(top - height, top), aspect="equal")
    axes.set_axis_off()
    _write_title(axes, title, notes)
    axes.text(0.25, top - height + 0.2, foot, fontsize=10, color=INK, va="center")
    sources = short_names([each.source or f"recording {i}" for i, each in enumerate(recordings)], limit=None)
    for place, row in enumerate(rows):
        ground = -_ROW_HEIGHT * (place + 1) + 0.5
        people = Counter(recordings[i].person for i in row.members if recordings[i].person is not None)
        _write_group_name(axes, row, names.get(row.group, f"Group {row.group}"), people, sure, ground, width)
        _draw_row(axes, row, recordings, sources, sure, ground, width)
    return figure


def _to_rows(
    recordings: Sequence[Recording],
    groups: Sequence[int] | NDArray[np.integer],
    confidence: Sequence[float] | NDArray[np.floating] | None,
    max_drawn: int,
) -> tuple[list[_Row], NDArray[np.float64]]:
    """Sort groups by falling size; of a long row the recordings with the highest confidence are drawn, in order."""
    sure = np.full(len(recordings), np.nan) if confidence is None else np.asarray(confidence, dtype=np.float64)
    group = np.asarray(groups)
    if not len(recordings) == len(group) == len(sure):
        sizes = f"{len(recordings)} recordings, {len(group)} groups, {len(sure)} confidences"
        raise DataError(f"{sizes}: expected one each")
    rows = []
    for number in np.unique(group[group > 0]):
        members = np.flatnonzero(group == number)
        best = members[np.argsort(-np.nan_to_num(sure[members]), kind="stable")[:max_drawn]]
        rows.append(_Row(int(number), tuple(members.tolist()), tuple(sorted(best.tolist()))))
    return sorted(rows, key=lambda row: (-len(row.members), row.group)), sure


def _default_title(rows: list[_Row], n_recordings: int) -> str:
    if not rows:
        return "No groups were found"
    return f"{count_noun(len(rows), 'person', 'people')} in {count_noun(n_recordings, 'recording')}"


def _write_title(axes: Axes, title: str, notes: list[str]) -> None:
    top = _NOTE_LINE * len(notes)
    axes.text(0.25, 0.62 + top, title, fontsize=15, fontweight="bold", color=INK, va="center")
    legend = (
        "A row is one group, at one scale. Pale: a second of movement from the side. Full: from the front, left limbs "
        "dark, right limbs light."
    )
    axes.text(0.25, 0.22 + top, legend, fontsize=8.5, color=GREY, va="center")
    for line, text in enumerate(notes, start=1):
        axes.text(0.25, 0.22 + top - _NOTE_LINE * line, text, fontsize=8.5, color=INK, va="center")


def _write_group_name(
    axes: Axes,
    row: _Row,
    name: str,
    people: Counter[str | None],
    sure: NDArray[np.float64],
    ground: float,
    width: float,
) -> None:
    axes.plot([0.25, width - 0.25], [ground, ground], color=PALE, linewidth=0.6, zorder=0)
    size, letters = (11, 11) if len(name) <= 11 else (8, 16)
    wrapped = textwrap.wrap(name, letters) or [name]
    style: dict[str, Any] = {"fontsize": size, "fontweight": "bold", "color": group_colour(row.group), "va": "top"}
    axes.text(0.25, ground + 1.75, "\n".join(wrapped), linespacing=1.2, **style)
    lines = [count_noun(len(row.members), "recording")]
    confidence = sure[list(row.members)]
    if not np.isnan(confidence).all():
        lines.append(f"confidence {np.nanmean(confidence):.2f}")
    if more := len(row.members) - len(row.drawn):
        lines.append(f"({more} more not drawn)")
    if people:
        listed = ", ".join(f"{person} ({count})" for person, count in people.most_common(3))
        lines += textwrap.wrap(f"shows {listed}{' ...' if len(people) > 3 else ''}", 17)
    below = ground + 1.7 - len(wrapped) * size * 1.25 / (72 * _INCHES_PER_METRE)
    axes.text(0.25, below, "\n".join(lines), fontsize=8, color=GREY, va="top", linespacing=1.4)


def _draw_row(
    axes: Axes,
    row: _Row,
    recordings: Sequence[Recording],
    sources: Sequence[str],
    sure: NDArray[np.float64],
    ground: float,
    width: float,
) -> None:
    if all(recordings[i].dimensions == 3 for i in row.drawn):
        y = ground + _RULE_HEIGHT
        axes.plot([_NAMES_WIDTH, width - 0.7], [y, y], color=GREY, linewidth=0.5, linestyle=(0, (1, 4)), zorder=0)
        axes.text(width - 0.25, y, f"{_RULE_HEIGHT} m", fontsize=7, color=GREY, ha="right", va="center")
    for column, i in enumerate(row.drawn):
        left, colour = _NAMES_WIDTH + _CELL_WIDTH * column, group_colour(row.group)
        try:
            side_poses, front = project_poses(recordings[i])
        except DataError:
            note: dict[str, Any] = {"fontsize": 8, "color": GREY, "ha": "center", "va": "center"}
            axes.text(left + _CELL_WIDTH / 2, ground + 0.8, "no frame has\nevery joint", **note)
        else:
            for n, pose in enumerate(side_poses):
                _draw_skeleton(
                    axes, pose, colour, left + 0.4 + 0.27 * n, ground, strength=0.3 + 0.08 * n, linewidth=1.1
                )
            _draw_skeleton(axes, front, colour, left + 1.72, ground, strength=1, linewidth=2.2)
        lines = [recordings[i].person or "", "" if np.isnan(sure[i]) else f"{sure[i]:.2f}"]
        facts = ", ".join(filter(None, lines))
        label, size = _wrap_label(sources[i], facts)
        axes.text(left + _CELL_WIDTH / 2, ground - 0.1, label, fontsize=size, color=GREY, ha="center", va="top")


def _wrap_label(source: str, facts: str) -> tuple[str, float]:
    """Return a label of at most four lines in 7 points, or of more in smaller letters, and the size of its letters."""
    for size in (7.0, 6.0, 5.0, 4.0):
        letters = round(_LABEL_LETTERS * 7 / size)
        lines = [*textwrap.wrap(source, letters), *textwrap.wrap(facts, letters)]
        if len(lines) * size <= _LABEL_POINTS:
            break
    return "\n".join(lines), size


def _draw_skeleton(
    axes: Axes, pose: FlatPose, colour: str, x: float, ground: float, strength: float, linewidth: float
) -> None:
    """Draw one pose; a strength below 1 fades it."""
    from matplotlib.collections import LineCollection
    from matplotlib.patches import Circle

    tones = {"middle": "#4A4A4A", "left": colour, "right": colour}
    shades = {"middle": 1.0, "left": 1.15, "right": 0.5}
    place = np.array([x, ground])
    for side in SIDES:  # the far side first
        faded = shades[side] if strength == 1 else min(shades[side], 1) * strength
        bones, tone = list(pose.bones[side] + place), tint(tones[side], faded)
        axes.add_collection(
            LineCollection(bones, colors=[tone], linewidths=linewidth, capstyle="round", zorder=1 + strength)
        )
    if pose.head is not None:
        style = {"facecolor": "white", "edgecolor": tint(tones["middle"], strength), "linewidth": linewidth * 0.8}
        axes.add_patch(Circle(tuple(pose.head + place), 0.09, zorder=1.5 + strength, **style))

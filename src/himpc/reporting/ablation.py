"""The effect of each setting: a dot plot of variants against the preset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from himpc.errors import DataError
from himpc.reporting.figures import GREY, INK, PALE, group_colour, new_figure, style_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH, _LETTER_WIDTH = 11.0, 0.078  # inches; of the figure, and of a letter of 9 points
_ROW_HEIGHT, _GROUP_GAP = 0.24, 0.7  # inches; rows
_TOP, _BOTTOM = 1.15, 0.65  # inches


@dataclass(frozen=True)
class AblationRow:
    """A variant."""

    group: str
    label: str
    """`group`, `label`: the setting that is varied, and its value."""
    runs: Sequence[Mapping[str, float]]
    """The measures of each run, in [0, 1]."""
    is_baseline: bool = False
    """Whether the value is the baseline's own."""

    def values(self, measure: str) -> list[float]:
        """Return one measure of each run, in percent."""
        return [100 * run[measure] for run in self.runs]


def draw_ablation(
    baseline: AblationRow, rows: Sequence[AblationRow], measures: Mapping[str, str], title: str, seeds: str
) -> Figure:
    """Draw a panel per measure and a row per variant: mean, standard deviation and runs, beside the baseline.

    Parameters
    ----------
    baseline : AblationRow
        Drawn as a line, with its standard deviation as a band.
    rows : sequence of AblationRow
        From top to bottom, group by group. A variant without runs is marked as failed.
    measures : mapping of str to str
        The measures to draw, and their titles.
    title, seeds : str
        The title, and the number of seeds in words.

    Raises
    ------
    DataError
        If there are no variants, or the baseline has no runs.
    """
    if not rows or not baseline.runs:
        raise DataError("there is nothing to compare: expected at least one variant, and one run of the baseline")
    places = _places(rows)
    extent = places[-1] + 1
    height = _ROW_HEIGHT * extent + _TOP + _BOTTOM
    figure = new_figure(_WIDTH, height)
    figure.text(0.02, 1 - 0.38 / height, title, fontsize=15, fontweight="bold", color=INK)
    figure.text(0.02, 1 - 0.64 / height, _legend(seeds), fontsize=9, color=GREY)
    panels = np.atleast_1d(figure.subplots(1, len(measures), sharey=True))
    figure.subplots_adjust(
        left=_margin(rows) / _WIDTH, right=0.98, top=1 - _TOP / height, bottom=_BOTTOM / height, wspace=0.1
    )
    for axes, (measure, name) in zip(panels, measures.items(), strict=True):
        style_axes(axes, name)
        _draw_measure(axes, measure, baseline, rows, places)
        axes.set_xlabel("%", fontsize=9, color=GREY)
    panels[0].set_ylim(extent - 0.2, -0.8)
    panels[0].set_yticks(places, [row.label for row in rows])
    _name_groups(panels[0], rows, places)
    return figure


def _draw_measure(
    axes: Axes, measure: str, baseline: AblationRow, rows: Sequence[AblationRow], places: Sequence[float]
) -> None:
    mean, spread = _mean_and_spread(baseline.values(measure))
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color=PALE, linewidth=0.5)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.axvspan(max(0, mean - spread), min(100, mean + spread), color=PALE, alpha=0.55, linewidth=0, zorder=0.5)
    axes.axvline(mean, color=INK, linewidth=1.1, zorder=1)
    for row, place in zip(rows, places, strict=True):
        values = row.values(measure)
        if not values:
            axes.text(0.02, place, "failed", fontsize=8, color=GREY, va="center", transform=axes.get_yaxis_transform())
            continue
        centre, wide = _mean_and_spread(values)
        colour = INK if row.is_baseline else group_colour(1)
        axes.plot(values, [place] * len(values), "|", color=colour, alpha=0.45, markersize=7, zorder=2)
        axes.plot(
            [max(0, centre - wide), min(100, centre + wide)], [place, place], color=colour, linewidth=1.5, zorder=3
        )
        face = "white" if row.is_baseline else colour
        axes.plot([centre], [place], "o", color=colour, markerfacecolor=face, markersize=5.5, zorder=4)


def _mean_and_spread(values: Sequence[float]) -> tuple[float, float]:
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def _places(rows: Sequence[AblationRow]) -> list[float]:
    """Return the position of each row, with a gap between groups."""
    places = [0.0]
    for before, row in pairwise(rows):
        places.append(places[-1] + (1.0 if row.group == before.group else 1.0 + _GROUP_GAP))
    return places


def _margin(rows: Sequence[AblationRow]) -> float:
    """Return the width of the names of groups and values in inches, at most half of the figure."""
    first = [row for i, row in enumerate(rows) if _is_first(rows, i)]
    letters = max(*(len(row.group) + len(row.label) for row in first), *(len(row.label) for row in rows))
    return min(max(0.6 + _LETTER_WIDTH * letters, 2.0), _WIDTH / 2)


def _is_first(rows: Sequence[AblationRow], i: int) -> bool:
    """Return whether a row is the first of its group."""
    return i == 0 or rows[i - 1].group != rows[i].group


def _name_groups(axes: Axes, rows: Sequence[AblationRow], places: Sequence[float]) -> None:
    """Write the setting beside the first of its values."""
    for i, (row, place) in enumerate(zip(rows, places, strict=True)):
        if _is_first(rows, i):
            axes.annotate(
                row.group,
                (0.02, place),
                xycoords=("figure fraction", "data"),
                fontsize=9,
                fontweight="bold",
                color=INK,
                va="center",
            )


def _legend(seeds: str) -> str:
    return (
        f"Dot: mean over {seeds}; bar: its standard deviation; ticks: the runs. "
        "Line and band: the preset; a hollow dot is the preset's own value."
    )

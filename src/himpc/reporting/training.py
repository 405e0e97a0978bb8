"""A figure of training: loss, clusters, noise and stability by epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from himpc.errors import DataError, count_noun
from himpc.reporting.figures import GREY, INK, group_colour, new_figure, style_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LINES = ("-", "--", ":", "-.")


def draw_training(history: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw the epochs of a training run; what is the same in every epoch is stated instead of drawn.

    Parameters
    ----------
    history : sequence of mapping
        One record per epoch: ``epoch``; ``losses``, ``clusters`` and ``noise``, each by level; ``loss`` and
        ``stability``, or None; see `himpc.learning.EpochRecord`.

    Raises
    ------
    DataError
        If the history is empty.
    """
    if not history:
        raise DataError("there is no epoch to draw: train at least one")
    levels = list(dict.fromkeys(level for record in history for level in record["clusters"]))
    panels = _find_panels(history, levels)
    varying = [panel for panel in panels if not panel.is_constant] or panels[:1]
    columns, rows = min(2, len(varying)), -(-len(varying) // 2)
    height = 1.5 + 2.75 * rows
    figure = new_figure(11, height)
    figure.text(0.055, 1 - 0.35 / height, "Training without labels", fontsize=15, fontweight="bold", color=INK)
    figure.text(0.055, 1 - 0.6 / height, _summary(history), fontsize=9, color=GREY)
    constant = [panel.describe() for panel in panels if panel not in varying]
    if constant and len(history) > 1:
        figure.text(0.055, 1 - 0.8 / height, f"The same in every epoch: {'; '.join(constant)}.", fontsize=9, color=GREY)
    grid = figure.subplots(rows, columns, sharex=True, squeeze=False)
    figure.subplots_adjust(
        left=0.055, right=0.975, top=1 - 1.25 / height, bottom=0.5 / height, hspace=0.32, wspace=0.16
    )
    for axes, panel in zip(grid.flat, varying, strict=False):
        panel.draw(axes, [record["epoch"] for record in history])
    for axes in grid.flat[len(varying) :]:
        axes.set_axis_off()
    for axes in grid[-1]:
        axes.set_xlabel("epoch", fontsize=9, color=GREY)
    return figure


@dataclass(frozen=True)
class _Panel:
    """One panel: a title, and a curve for each level."""

    title: str
    curves: Mapping[str, Sequence[float]]
    whole_numbers: bool = False
    first_colour: int = 0

    @property
    def is_constant(self) -> bool:
        """Whether no curve changes; epochs without a value are left out."""
        known = [[value for value in values if not math.isnan(value)] for values in self.curves.values()]
        return all(len(set(values)) <= 1 for values in known)

    def describe(self) -> str:
        """Return the title and the values, for a panel that is not drawn."""
        values = {name: next((v for v in curve if not math.isnan(v)), None) for name, curve in self.curves.items()}
        return f"{self.title[0].lower()}{self.title[1:]}: " + ", ".join(
            f"{name} {'none' if value is None else f'{value:g}'}" for name, value in values.items()
        )

    def draw(self, axes: Axes, epochs: Sequence[int]) -> None:
        """Draw the curves, with gaps for epochs without a value."""
        from matplotlib.ticker import MaxNLocator

        style_axes(axes, self.title)
        for number, (name, values) in enumerate(self.curves.items(), start=self.first_colour):
            marker = "o" if len(epochs) <= 15 else None
            style = _LINES[number % len(_LINES)] if number < 3 else "-"
            look: dict[str, Any] = {"linestyle": style, "linewidth": 1.8, "marker": marker, "markersize": 4}
            axes.plot(epochs, values, label=name, color=group_colour(number + 1), **look)
        if self.whole_numbers:
            axes.set_ylim(bottom=0)
            axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        if len(self.curves) > 1:
            axes.legend(frameon=False, fontsize=9, labelcolor=INK)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _find_panels(history: Sequence[Mapping[str, Any]], levels: Sequence[str]) -> list[_Panel]:
    def curves(key: str) -> dict[str, list[float]]:
        return {level: [_number(record[key].get(level)) for record in history] for level in levels}

    stability = {"stability": [_number(record["stability"]) for record in history]}
    return [
        _Panel("Loss of each level", curves("losses")),
        _Panel("Pseudo-labels of each level", curves("clusters"), whole_numbers=True),
        _Panel("Windows labelled as noise", curves("noise"), whole_numbers=True),
        _Panel("Agreement of pseudo-labels with the epoch before (ARI)", stability, first_colour=3),
    ]


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _summary(history: Sequence[Mapping[str, Any]]) -> str:
    """Describe the run in one line."""
    last, seconds = history[-1], sum(record["seconds"] for record in history)
    clusters = ", ".join(f"{level} {count}" for level, count in last["clusters"].items())
    loss = "nothing was learned" if last["loss"] is None else f"loss {last['loss']:.3f}"
    duration = f"{count_noun(len(history), 'epoch')} in {seconds:.0f} s"
    return f"{duration}. Last epoch: {loss}; pseudo-labels: {clusters}."

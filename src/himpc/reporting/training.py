"""A figure of training: loss, clusters, noise and stability by epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from himpc.errors import DataError, count_noun
from himpc.reporting.figures import GREY, INK, group_colour, new_figure, style_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LINES = ("-", "--", ":", "-.")


def draw_training(history: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw the epochs of a training run.

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
    figure = new_figure(11, 7)
    figure.text(0.055, 0.95, "Training without labels", fontsize=15, fontweight="bold", color=INK)
    figure.text(0.055, 0.915, _summary(history), fontsize=9, color=GREY)
    panels = figure.subplots(2, 2, sharex=True)
    figure.subplots_adjust(left=0.055, right=0.975, top=0.85, bottom=0.08, hspace=0.32, wspace=0.16)
    for axes, title, key in (
        (panels[0, 0], "Loss of each level", "losses"),
        (panels[0, 1], "Pseudo-labels of each level", "clusters"),
        (panels[1, 0], "Windows labelled as noise", "noise"),
    ):
        style_axes(axes, title)
        for number, level in enumerate(levels):
            _line(axes, history, lambda record, level=level, key=key: record[key].get(level), level, number)  # type: ignore[misc]
    panels[0, 0].legend(frameon=False, fontsize=9, labelcolor=INK)
    style_axes(panels[1, 1], "Agreement of pseudo-labels with the epoch before (ARI)")
    _line(panels[1, 1], history, lambda record: record["stability"], "stability", 3)
    panels[1, 1].set_ylim(min(0.0, panels[1, 1].get_ylim()[0]), 1.02)
    for axes in (panels[0, 1], panels[1, 0]):
        axes.set_ylim(bottom=0)
        axes.yaxis.get_major_locator().set_params(integer=True)
    for axes in panels.flat:
        axes.xaxis.get_major_locator().set_params(integer=True)
    for axes in panels[1]:
        axes.set_xlabel("epoch", fontsize=9, color=GREY)
    return figure


def _line(
    axes: Axes,
    history: Sequence[Mapping[str, Any]],
    value: Callable[[Mapping[str, Any]], float | None],
    label: str,
    number: int,
) -> None:
    """Draw one curve, with a gap for an epoch without a value."""
    epochs = [record["epoch"] for record in history]
    values = [float("nan") if (v := value(record)) is None else float(v) for record in history]
    marker = "o" if len(epochs) <= 15 else None
    style = _LINES[number % len(_LINES)] if number < 3 else "-"
    colour = group_colour(number + 1)
    axes.plot(epochs, values, label=label, color=colour, linestyle=style, linewidth=1.8, marker=marker, markersize=4)


def _summary(history: Sequence[Mapping[str, Any]]) -> str:
    """Describe the run in one line."""
    last, seconds = history[-1], sum(record["seconds"] for record in history)
    clusters = ", ".join(f"{level} {count}" for level, count in last["clusters"].items())
    loss = "nothing was learned" if last["loss"] is None else f"loss {last['loss']:.3f}"
    duration = f"{count_noun(len(history), 'epoch')} in {seconds:.0f} s"
    return f"{duration}. Last epoch: {loss}; pseudo-labels: {clusters}."

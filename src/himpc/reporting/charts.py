"""Charts of rankings and distances: CMC, distributions, a matrix ordered by group, and the weights of frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError, count_noun, escape_unprintable
from himpc.evaluation import euclidean
from himpc.reporting.comparison import spread
from himpc.reporting.figures import GREY, INK, check_rows, group_colour, new_figure, short_names, style_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_MATRIX = 1000
"""Recordings in a matrix; of more, evenly spaced ones are drawn."""

_MAX_LABELS = 60
_MAX_RANK = 50
_BINS = 60
_LETTER_INCHES = 0.062  # of 7 points


def draw_cmc(curves: Mapping[str, Sequence[float]], title: str = "Cumulative matching characteristic") -> Figure:
    """Draw Rank-k over k, up to 50, of one or several methods.

    Parameters
    ----------
    curves : mapping of str to sequence of float
        By method, the share of probes with a match among the first k entries, for k from 1.
    title : str

    Raises
    ------
    DataError
        If there is no curve, or an empty one.
    """
    if not curves or not all(len(curve) for curve in curves.values()):
        raise DataError("there is no curve to draw: expected one or more, each with Rank-1")
    from matplotlib.ticker import MaxNLocator

    figure = new_figure(7.5, 4.2)
    axes = figure.add_axes((0.09, 0.13, 0.55 if len(curves) > 1 else 0.87, 0.75))
    style_axes(axes, title)
    for number, (name, curve) in enumerate(curves.items(), start=1):
        shares = 100 * np.asarray(curve[:_MAX_RANK], dtype=np.float64)
        ranks = np.arange(1, len(shares) + 1)
        marker = "o" if len(shares) <= 20 else None
        axes.plot(ranks, shares, label=name, color=group_colour(number), marker=marker, markersize=3.5, linewidth=1.6)
    axes.set_ylim(min(50.0, axes.get_ylim()[0]), 101)
    axes.set_xlabel("k", fontsize=9, color=GREY)
    axes.set_ylabel("probes matched within rank k, %", fontsize=9, color=GREY)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if len(curves) > 1:
        axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False, fontsize=8, labelcolor=INK)
    return figure


def draw_distances(genuine: NDArray[np.floating], impostor: NDArray[np.floating]) -> Figure:
    """Draw the distributions of the distances between recordings of one person, and of different people.

    Raises
    ------
    DataError
        If both are empty, or a distance is not finite.
    """
    both = np.concatenate([genuine, impostor])
    if not len(both) or not np.isfinite(both).all():
        raise DataError(f"found {count_noun(len(both), 'distance')}, expected one or more, all finite")
    figure = new_figure(7.5, 4.2)
    axes = figure.add_axes((0.09, 0.13, 0.87, 0.75))
    style_axes(axes, "Distances between recordings")
    edges = np.linspace(0, float(both.max()) or 1.0, _BINS + 1)
    for values, name, colour in (
        (genuine, "of one person", group_colour(1)),
        (impostor, "of different people", group_colour(2)),
    ):
        if len(values):
            shares = 100 * np.histogram(values, edges)[0] / len(values)
            label = f"{name}: {count_noun(len(values), 'pair')}"
            axes.stairs(shares, edges, fill=True, alpha=0.35, color=colour, label=label)
            axes.stairs(shares, edges, color=colour, linewidth=1.2)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("distance", fontsize=9, color=GREY)
    axes.set_ylabel("% of the pairs", fontsize=9, color=GREY)
    axes.legend(frameon=False, fontsize=9, labelcolor=INK)
    return figure


def draw_matrix(
    embeddings: NDArray[np.floating],
    groups: Sequence[int] | NDArray[np.integer],
    names: Sequence[str],
    persons: Sequence[str | None] | None = None,
) -> Figure:
    """Draw the distances between recordings as a matrix, ordered by group, and within a group by person.

    Parameters
    ----------
    embeddings, groups, names, persons
        As in `draw_map`.

    Raises
    ------
    DataError
        If sizes differ.
    """
    check_rows(embeddings, groups, names, persons)
    finite = np.flatnonzero(np.isfinite(embeddings).all(axis=1)).tolist()
    person = [str(persons[i]) if persons is not None and persons[i] is not None else "" for i in finite]
    group = np.asarray(groups)[finite]
    order = sorted(range(len(finite)), key=lambda i: (group[i] <= 0, group[i], person[i]))
    order = [order[i] for i in spread(len(order), MAX_MATRIX)]
    shown = [finite[i] for i in order]
    short = short_names([names[i] for i in shown], limit=None)
    labels = [f"{name} ({person[i]})" if person[i] else name for name, i in zip(short, order, strict=True)]
    labels = list(map(escape_unprintable, labels))  # matplotlib sets the texts of an axis itself, when it draws
    is_labelled = 0 < len(shown) <= _MAX_LABELS
    margin = 0.6 + (_LETTER_INCHES * max(map(len, labels)) if is_labelled else 0.2)
    side = min(max(0.13 * len(shown), 3.0), 7.5)
    width, height = margin + side + 1.0, side + 1.6
    figure = new_figure(width, height)
    figure.text(0.3 / width, 1 - 0.38 / height, "Distances by group", fontsize=15, fontweight="bold", color=INK)
    caption = _describe_matrix(len(shown), len(finite))
    figure.text(0.3 / width, 1 - 0.66 / height, caption, fontsize=8.5, color=GREY)
    if not len(shown):
        return figure
    axes = figure.add_axes((margin / width, 0.5 / height, side / width, side / height))
    distances = euclidean(embeddings[shown], embeddings[shown])(slice(None))
    np.fill_diagonal(distances, 0)
    image = axes.imshow(distances, cmap="viridis_r", vmin=0, interpolation="nearest")
    _mark_groups(axes, group[order], is_labelled)
    if is_labelled:
        axes.set_yticks(range(len(shown)), labels, fontsize=min(7, 72 * side / len(shown) * 0.9), color=GREY)
    bar = figure.add_axes(((margin + side + 0.15) / width, 0.5 / height, 0.15 / width, side / height))
    figure.colorbar(image, cax=bar).outline.set_visible(False)
    bar.tick_params(labelsize=7, colors=GREY, length=2)
    return figure


def _describe_matrix(shown: int, total: int) -> str:
    part = f"{shown} of {total} recordings, evenly spaced" if shown < total else count_noun(shown, "recording")
    return f"{part}; dark is far. Lines: between groups."


def _mark_groups(axes: Axes, group: NDArray[np.integer], is_labelled: bool) -> None:
    """Draw lines between groups, and write their numbers below where there is room."""
    edges = np.flatnonzero(np.diff(group)) + 1
    for edge in edges:
        for line in (axes.axhline, axes.axvline):
            line(edge - 0.5, color="white", linewidth=1.0)
    bounds = np.concatenate([[0], edges, [len(group)]])
    room = 0.02 * len(group)
    wide = [(low, high) for low, high in pairwise(bounds.tolist()) if high - low > room]
    names = [str(group[low]) if group[low] > 0 else "none" for low, _ in wide]
    axes.set_xticks([(low + high - 1) / 2 for low, high in wide], names, fontsize=7, color=GREY)
    if not is_labelled:
        axes.set_yticks([(low + high - 1) / 2 for low, high in wide], names, fontsize=7, color=GREY)
    axes.tick_params(length=0)
    axes.set_xlabel("group", fontsize=8, color=GREY)


def draw_weights(weights: Mapping[str, tuple[NDArray[np.floating], float | None]]) -> Figure:
    """Draw the weight of each frame by hard skeleton mining, a panel for each recording.

    Parameters
    ----------
    weights : mapping of str to (array ``(frames,)``, float or None)
        By name of the recording, weights in [0, 1] and the frames per second.

    Raises
    ------
    DataError
        If there are none.
    """
    if not weights:
        raise DataError("there are no weights to draw: expected those of one recording or more")
    height = 0.95 * len(weights) + 0.6
    figure = new_figure(9, height)
    panels = figure.subplots(len(weights), 1, squeeze=False)[:, 0]
    figure.subplots_adjust(left=0.06, right=0.98, top=1 - 0.32 / height, bottom=0.42 / height, hspace=1.0)
    for number, (axes, (name, (values, fps))) in enumerate(zip(panels, weights.items(), strict=True), start=1):
        style_axes(axes, "")
        axes.set_title(name, loc="left", fontsize=8, color=INK, pad=3)
        axes.fill_between(
            np.arange(len(values)) / (fps or 1), values, color=group_colour(number), alpha=0.6, linewidth=0
        )
        axes.set(ylim=(0, 1.02), yticks=(0, 1), xlim=(0, max(len(values) - 1, 1) / (fps or 1)))
        axes.set_xlabel("s" if fps else "frame", fontsize=7, color=GREY, labelpad=1, loc="right")
        axes.tick_params(labelsize=7)
    return figure

"""A map of the recordings: near means alike to the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError
from himpc.reporting.figures import GREY, INK, PALE, group_colour, new_figure, short_names
from himpc.reporting.labels import place_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_map", "principal_plane"]

_MOST_NAMES, _MOST_NUMBERS = 60, 200  # recordings; more would hide the map
_RADIUS = 5.0  # of a disc, in printer's points


def draw_map(
    embeddings: NDArray[np.floating],
    groups: Sequence[int] | NDArray[np.integer],
    names: Sequence[str],
    persons: Sequence[str | None] | None = None,
) -> Figure:
    """Draw the recordings on the plane of their first two principal components.

    A disc is a recording, its number and colour the group. Where true persons are given, a line ties each person's
    recordings to their middle, beside which the name stands, and a black rim marks a recording that was grouped with
    mostly other people. Otherwise recordings are named, where they are few and there is room.

    Parameters
    ----------
    embeddings : array ``(R, D)``
        One row a recording; a row of NaN is not drawn.
    groups : int sequence ``(R,)``
        The group of each, numbered from 1; 0 or less is no group, drawn grey.
    names : sequence of str ``(R,)``
        What to call each recording.
    persons : sequence ``(R,)``, optional
        Whom each shows, or None where nobody knows.

    Raises
    ------
    DataError
        If sizes differ.
    """
    if embeddings.ndim != 2 or not len(embeddings) == len(groups) == len(names) == len(persons or names):
        raise DataError(
            f"embeddings have shape {embeddings.shape} for {len(groups)} groups, {len(names)} names and "
            f"{len(persons or names)} persons: expected one row each"
        )
    here = [int(i) for i in np.flatnonzero(np.isfinite(embeddings).all(axis=1))]
    places, shares = principal_plane(embeddings[here])
    group = np.asarray(groups)[here]
    person = [persons[i] for i in here] if persons is not None else [None] * len(here)
    known = any(p is not None for p in person)
    figure, axes = _sheet(places)
    _discs(axes, places, group, _misplaced(group, person))
    if known:
        _people(axes, places, person)
    elif len(here) <= _MOST_NAMES:
        own = short_names([names[i] for i in here])
        _write(axes, places, own, places, must=False, fontsize=6.5, color=GREY)
    _words(figure, group, len(embeddings) - len(here), shares, known)
    return figure


def principal_plane(vectors: NDArray[np.floating]) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """Return vectors ``(R, D)`` on their first two principal components ``(R, 2)``, and the variance share of each.

    This is also the classical multidimensional scaling of their Euclidean distances. Each component points to where
    its largest value is positive, so that one input gives one picture.
    """
    centred = vectors.astype(np.float64) - (vectors.mean(axis=0, dtype=np.float64) if len(vectors) else 0)
    left, strength, _ = np.linalg.svd(centred, full_matrices=False)
    places = np.zeros((len(vectors), 2))
    kept = min(2, len(strength))
    places[:, :kept] = left[:, :kept] * strength[:kept]
    for axis in range(kept):
        if len(places) and places[np.abs(places[:, axis]).argmax(), axis] < 0:
            places[:, axis] *= -1
    share = np.zeros(2)
    share[:kept] = strength[:kept] ** 2 / max(float((strength**2).sum()), 1e-30)
    return places, (float(share[0]), float(share[1]))


def _misplaced(group: NDArray[np.integer], person: Sequence[str | None]) -> NDArray[np.bool_]:
    """Tell which recordings show another person than most of their group."""
    wrong = np.zeros(len(group), dtype=bool)
    for number in np.unique(group[group > 0]):
        members = [int(i) for i in np.flatnonzero(group == number) if person[int(i)] is not None]
        if members:
            usual = Counter(person[i] for i in members).most_common(1)[0][0]
            wrong[[i for i in members if person[i] != usual]] = True
    return wrong


def _sheet(places: NDArray[np.float64]) -> tuple[Figure, Axes]:
    """Return a figure as high as the map needs, with one scale in both directions and no ticks."""
    low, high = places.min(axis=0, initial=0), places.max(axis=0, initial=0)
    middle, spread = (low + high) / 2, np.maximum(high - low, 1e-9)
    wide, high_most, high_least = 8.4, 6.5, 3.2  # inches
    edge = 1.2  # inches around the discs for names
    scale = min((wide - edge) / spread[0], (high_most - edge) / spread[1])
    tall = max(high_least, spread[1] * scale + edge)
    figure = new_figure(9, tall + 1.35)
    axes = figure.add_axes((0.3 / 9, 0.45 / (tall + 1.35), wide / 9, tall / (tall + 1.35)))
    half = np.array([wide, tall]) / scale / 2
    axes.set(xlim=(middle[0] - half[0], middle[0] + half[0]), ylim=(middle[1] - half[1], middle[1] + half[1]))
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_color(PALE)
    return figure, axes


def _discs(axes: Axes, places: NDArray[np.float64], group: NDArray[np.integer], wrong: NDArray[np.bool_]) -> None:
    many = len(group) > _MOST_NUMBERS
    axes.scatter(
        places[:, 0],
        places[:, 1],
        s=4 * (_RADIUS / 2 if many else _RADIUS) ** 2,
        c=[group_colour(int(g)) for g in group],
        edgecolors=[INK if w else "white" for w in wrong],
        linewidths=[1.6 if w else 0.8 for w in wrong],
        zorder=2,
    )
    if not many:
        style: dict[str, Any] = {
            "fontsize": 6,
            "color": "white",
            "fontweight": "bold",
            "ha": "center",
            "va": "center_baseline",
        }
        for (x, y), g in zip(places, group, strict=True):
            if g > 0:
                axes.text(x, y, str(g), zorder=3, **style)


def _people(axes: Axes, places: NDArray[np.float64], person: Sequence[str | None]) -> None:
    """Tie each person's recordings to their middle and write the name there."""
    from matplotlib.collections import LineCollection

    known = sorted({p for p in person if p is not None})
    middles = np.array([places[[p == name for p in person]].mean(axis=0) for name in known])
    ties = [[place, middles[known.index(p)]] for place, p in zip(places, person, strict=True) if p is not None]
    axes.add_collection(LineCollection(ties, colors=GREY, linewidths=0.7, zorder=1))
    _write(axes, middles, known, places, must=True, fontsize=9, color=INK, fontweight="bold")


def _write(
    axes: Axes,
    points: NDArray[np.float64],
    labels: Sequence[str],
    discs: NDArray[np.float64],
    *,
    must: bool,
    fontsize: float,
    **style: Any,
) -> None:
    """Write labels beside points, where there is room."""
    paper, data = axes.transData, axes.transData.inverted()
    points_a_pixel = 72 / axes.figure.dpi
    at, around = (paper.transform(xy) * points_a_pixel for xy in (points, discs))
    for place, label in zip(place_labels(at, labels, around, _RADIUS, fontsize, must=must), labels, strict=True):
        if place is not None:
            x, y = data.transform(np.array(place) / points_a_pixel)
            axes.text(x, y, label, fontsize=fontsize, ha="center", va="center", zorder=4, **style)


def _words(figure: Figure, group: NDArray[np.integer], absent: int, shares: tuple[float, float], known: bool) -> None:
    left, inch = 0.3 / 9, 1 / figure.get_figheight()
    figure.text(left, 1 - 0.38 * inch, "Map of the recordings", fontsize=15, fontweight="bold", color=INK)
    how = "A disc is a recording; near means alike. Number and colour: its group."
    if known:
        how += " Lines, names: true people. Black rim: among mostly other people."
    figure.text(left, 1 - 0.68 * inch, how, fontsize=8.5, color=GREY)
    foot = f"First two principal components of the embeddings: {shares[0]:.0%} and {shares[1]:.0%} of the variance."
    if absent:
        foot += f" {absent} recording{'s' if absent != 1 else ''} shorter than a window not drawn."
    if (group <= 0).any():
        foot += " Grey: no group."
    figure.text(left, 0.2 * inch, foot, fontsize=8.5, color=GREY)

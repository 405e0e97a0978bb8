"""A map of recordings by their embeddings, with names placed beside the points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import count_noun
from himpc.reporting.figures import GREY, INK, PALE, check_rows, group_colour, new_figure, short_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MAX_NAMED, _MAX_NUMBERED = 60, 200  # recordings; more labels would hide the map
_RADIUS = 5.0  # of a disc, in typographic points
_LETTER_WIDTH, _LINE_HEIGHT = 0.6, 1.25  # as fractions of the font size


def draw_map(
    embeddings: NDArray[np.floating],
    groups: Sequence[int] | NDArray[np.integer],
    names: Sequence[str],
    persons: Sequence[str | None] | None = None,
) -> Figure:
    """Draw the recordings on the plane of their first two principal components.

    A disc is a recording; number and colour are its group. If true people are given, a line connects each person's
    recordings to their centre, beside which the name is written, and a black rim marks a recording that shows another
    person than most of its group. Otherwise recordings are named if they are few and space permits.

    Parameters
    ----------
    embeddings : array ``(R, D)``
        One row per recording; a row of NaN is not drawn.
    groups : int sequence ``(R,)``
        The group of each, numbered from 1; 0 or less is no group, drawn grey.
    names : sequence of str ``(R,)``
        The name of each recording.
    persons : sequence ``(R,)``, optional
        The person in each, or None if unknown.

    Raises
    ------
    DataError
        If sizes differ.
    """
    check_rows(embeddings, groups, names, persons)
    drawn = [int(i) for i in np.flatnonzero(np.isfinite(embeddings).all(axis=1))]
    places, shares = principal_plane(embeddings[drawn])
    group = np.asarray(groups)[drawn]
    person = [persons[i] for i in drawn] if persons is not None else [None] * len(drawn)
    has_persons = any(p is not None for p in person)
    figure, axes = _new_axes(places)
    _draw_discs(axes, places, group, _find_misplaced(group, person))
    if has_persons:
        _draw_persons(axes, places, person, has_names=len(set(person)) <= _MAX_NUMBERED)
    elif len(drawn) <= _MAX_NAMED:
        labels = short_names([names[i] for i in drawn], limit=None)
        _write_labels(axes, places, labels, places, required=False, fontsize=6.5, color=GREY)
    _write_captions(figure, group, len(embeddings) - len(drawn), shares, has_persons)
    return figure


def principal_plane(vectors: NDArray[np.floating]) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """Project vectors ``(R, D)`` on their first two principal components ``(R, 2)``; also return their variance shares.

    This equals classical multidimensional scaling of Euclidean distances. The sign of each component is chosen so that
    its largest value is positive, so equal input gives equal figures.
    """
    centred = vectors.astype(np.float64) - (vectors.mean(axis=0, dtype=np.float64) if len(vectors) else 0)
    left, strength, _ = np.linalg.svd(centred, full_matrices=False)
    places = np.zeros((len(vectors), 2))
    n_axes = min(2, len(strength))
    places[:, :n_axes] = left[:, :n_axes] * strength[:n_axes]
    for axis in range(n_axes):
        if len(places) and places[np.abs(places[:, axis]).argmax(), axis] < 0:
            places[:, axis] *= -1
    share = np.zeros(2)
    share[:n_axes] = strength[:n_axes] ** 2 / max(float((strength**2).sum()), 1e-30)
    return places, (float(share[0]), float(share[1]))


def place_labels(
    points: NDArray[np.floating],
    labels: Sequence[str],
    obstacles: NDArray[np.floating],
    radius: float,
    size: float,
    *,
    required: bool,
) -> list[tuple[float, float] | None]:
    """Find a free place beside its point for each label, in order; all lengths in typographic points.

    Parameters
    ----------
    points : array ``(L, 2)``
        The point of each label.
    labels : sequence of str ``(L,)``
    obstacles : array ``(P, 2)``
        Centres of discs that must stay visible.
    radius : float
        Radius of the discs.
    size : float
        Font size.
    required : bool
        Write a label beside its point even if no place is free.

    Returns
    -------
    list of (float, float) or None
        The centre of each label; None if no place is free.
    """
    boxes = [np.concatenate([disc - radius, disc + radius]) for disc in obstacles]
    places: list[tuple[float, float] | None] = []
    for point, label in zip(points, labels, strict=True):
        half = np.array([len(label) * size * _LETTER_WIDTH, size * _LINE_HEIGHT]) / 2
        rings = (1, 2.5, 4, 7, 10, 14, 18, 23, 28, 34, 40) if required else (1, 2.5, 4)
        candidates = [point + step for step in _label_offsets(half, radius, rings)]
        free = next((c for c in candidates if not _overlaps(c, half, boxes)), candidates[0] if required else None)
        if free is None:
            places.append(None)
            continue
        boxes.append(np.concatenate([free - half, free + half]))
        places.append((float(free[0]), float(free[1])))
    return places


def _label_offsets(half: NDArray[np.floating], radius: float, rings: Sequence[float]) -> list[NDArray[np.floating]]:
    """Return offsets below, above, right, left and at the corners of a point, then the same farther away."""
    directions = [(0, -1), (0, 1), (1, 0), (-1, 0), (1, -1), (-1, -1), (1, 1), (-1, 1)]
    return [np.array(d) * (half + radius * distance + 1) for distance in rings for d in directions]


def _overlaps(centre: NDArray[np.floating], half: NDArray[np.floating], boxes: list[NDArray[np.floating]]) -> bool:
    if not boxes:
        return False
    low, high = np.split(np.array(boxes), 2, axis=1)
    return bool(((low < centre + half) & (high > centre - half)).all(axis=1).any())


def _find_misplaced(group: NDArray[np.integer], person: Sequence[str | None]) -> NDArray[np.bool_]:
    """Find the recordings that show another person than most of their group."""
    misplaced = np.zeros(len(group), dtype=bool)
    for number in np.unique(group[group > 0]):
        members = [int(i) for i in np.flatnonzero(group == number) if person[int(i)] is not None]
        if members:
            usual = Counter(person[i] for i in members).most_common(1)[0][0]
            misplaced[[i for i in members if person[i] != usual]] = True
    return misplaced


def _new_axes(places: NDArray[np.float64]) -> tuple[Figure, Axes]:
    """Return a figure as high as the map needs, with equal scales on both axes and no ticks."""
    low, high = places.min(axis=0, initial=0), places.max(axis=0, initial=0)
    middle, spread = (low + high) / 2, np.maximum(high - low, 1e-9)
    width, max_height, min_height = 8.4, 6.5, 3.2  # inches
    edge = 1.2  # inches around the discs for names
    scale = min((width - edge) / spread[0], (max_height - edge) / spread[1])
    height = max(min_height, spread[1] * scale + edge)
    figure = new_figure(9, height + 1.35)
    axes = figure.add_axes((0.3 / 9, 0.45 / (height + 1.35), width / 9, height / (height + 1.35)))
    half = np.array([width, height]) / scale / 2
    axes.set(xlim=(middle[0] - half[0], middle[0] + half[0]), ylim=(middle[1] - half[1], middle[1] + half[1]))
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_color(PALE)
    return figure, axes


def _draw_discs(
    axes: Axes, places: NDArray[np.float64], group: NDArray[np.integer], misplaced: NDArray[np.bool_]
) -> None:
    is_crowded = len(group) > _MAX_NUMBERED
    axes.scatter(
        places[:, 0],
        places[:, 1],
        s=4 * (_RADIUS / 2 if is_crowded else _RADIUS) ** 2,
        c=[group_colour(int(g)) for g in group],
        edgecolors=[INK if m else "white" for m in misplaced],
        linewidths=[1.6 if m else 0.8 for m in misplaced],
        zorder=2,
    )
    style: dict[str, Any] = {"fontsize": 6, "color": "white", "fontweight": "bold", "va": "center_baseline"}
    for (x, y), g in zip(places, group, strict=True):
        if g > 0 and not is_crowded:
            axes.text(x, y, str(g), zorder=3, ha="center", **style)


def _draw_persons(axes: Axes, places: NDArray[np.float64], person: Sequence[str | None], *, has_names: bool) -> None:
    """Connect each person's recordings to their centre, and write the name there if there are not too many."""
    from matplotlib.collections import LineCollection

    names = sorted({p for p in person if p is not None})
    centre_of = {name: places[[p == name for p in person]].mean(axis=0) for name in names}
    centres = np.array([centre_of[name] for name in names])
    lines = [[place, centre_of[p]] for place, p in zip(places, person, strict=True) if p is not None]
    axes.add_collection(LineCollection(lines, colors=GREY, linewidths=0.7, zorder=1))
    if has_names:
        _write_labels(axes, centres, names, places, required=True, fontsize=9, color=INK, fontweight="bold")


def _write_labels(
    axes: Axes,
    points: NDArray[np.float64],
    labels: Sequence[str],
    discs: NDArray[np.float64],
    *,
    required: bool,
    fontsize: float,
    **style: Any,
) -> None:
    to_pixels, to_data = axes.transData, axes.transData.inverted()
    points_per_pixel = 72 / axes.figure.dpi
    at, obstacles = (to_pixels.transform(xy) * points_per_pixel for xy in (points, discs))
    places = place_labels(at, labels, obstacles, _RADIUS, fontsize, required=required)
    for place, label, point in zip(places, labels, at, strict=True):
        if place is not None:
            x, y = to_data.transform(np.array(place) / points_per_pixel)
            axes.text(x, y, label, fontsize=fontsize, ha="center", va="center", zorder=4, **style)
            half = np.array([len(label) * fontsize * _LETTER_WIDTH, fontsize * _LINE_HEIGHT]) / 2
            edge = np.clip(point, np.array(place) - half, np.array(place) + half)
            if required and np.hypot(*(edge - point)) > 3 * _RADIUS:
                axes.plot(*to_data.transform(np.array([edge, point]) / points_per_pixel).T, color=GREY, linewidth=0.4)


def _write_captions(
    figure: Figure, group: NDArray[np.integer], n_absent: int, shares: tuple[float, float], has_persons: bool
) -> None:
    left, inch = 0.3 / 9, 1 / figure.get_figheight()
    figure.text(left, 1 - 0.38 * inch, "Map of the recordings", fontsize=15, fontweight="bold", color=INK)
    legend = "A disc is a recording; near means alike. Number and colour: its group."
    if has_persons:
        legend += " Lines, names: true people. Black rim: among mostly other people."
    figure.text(left, 1 - 0.68 * inch, legend, fontsize=8.5, color=GREY)
    foot = f"First two principal components of the embeddings: {shares[0]:.0%} and {shares[1]:.0%} of the variance."
    if n_absent:
        foot += f" {count_noun(n_absent, 'recording')} shorter than a window not drawn."
    if (group <= 0).any():
        foot += " Grey: no group."
    figure.text(left, 0.2 * inch, foot, fontsize=8.5, color=GREY)

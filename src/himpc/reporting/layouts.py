"""A figure of a layout: its points, segments and limbs, as a recording shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError
from himpc.recordings import Recording
from himpc.reporting.figures import GREY, INK, PALE, group_colour, new_figure
from himpc.skeleton import body_frame, centre, has_side_lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_layout"]

_VIEWS = (("front", 0), ("side", 2))
_MARKERS = "osD^vP*X"
_MAX_NAMES = 64


def draw_layout(recording: Recording) -> Figure:
    """Draw the points, segments and limbs of the layout of a recording, from the front and from the side.

    Limbs have colours, the segments of a limb have symbols and outlines, and thin lines are the tree of the points.

    Raises
    ------
    DataError
        If no frame has every point.
    """
    layout = recording.layout
    complete = recording.joints[~np.isnan(recording.joints).any(axis=(1, 2))].astype(np.float64)
    if not len(complete):
        raise DataError(f"{recording.source or 'recording'}: no frame has every point; clean the recording first")
    points = centre(complete[[len(complete) // 2]], layout)
    if recording.dimensions == 3 and has_side_lines(layout):
        points = body_frame(points, layout)
    figure = new_figure(12, 8)
    for number, (name, axis) in enumerate(_VIEWS):
        axes = figure.add_subplot(1, 2, number + 1)
        axes.set(aspect="equal")
        axes.set_axis_off()
        axes.set_title(name, fontsize=9, color=GREY)
        _draw_view(axes, recording, points[0][:, [axis, 1]], with_names=number == 0)
    figure.suptitle(layout.title or layout.name, fontsize=13, fontweight="bold", color=INK, x=0.02, ha="left")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=6, fontsize=7, frameon=False)
    return figure


def _draw_view(axes: Axes, recording: Recording, points: NDArray[np.float64], *, with_names: bool) -> None:
    layout = recording.layout
    for joint, parent in layout.bones:
        axes.plot(*points[[joint, parent]].T, color=PALE, linewidth=1, zorder=1)
    for number, (limb, joints) in enumerate(zip(layout.limb_names, layout.limbs, strict=True), start=1):
        parts = [
            (name, part)
            for name, part in zip(layout.component_names, layout.components, strict=True)
            if set(part) <= set(joints)
        ]
        for place, (name, part) in enumerate(parts):
            own, colour = points[list(part)], group_colour(number)
            marker = _MARKERS[place % len(_MARKERS)]
            axes.plot(*_outline(own).T, color=colour, linewidth=2, alpha=0.5, zorder=2)
            label = name.replace("_", " ") if len(parts) > 1 else limb.replace("_", " ")
            axes.plot(*own.T, marker, color=colour, markersize=5, label=label, zorder=3)
    if with_names and len(points) <= _MAX_NAMES:
        for name, place in zip(layout.joints, points, strict=True):
            axes.annotate(name[:12], place, xytext=(3, 3), textcoords="offset points", fontsize=5, color=GREY)


def _outline(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the convex hull of points ``(n, 2)`` as a closed line; the points themselves if they have none."""
    from scipy.spatial import ConvexHull, QhullError

    try:
        corners = ConvexHull(points).vertices
    except (QhullError, ValueError):
        return points
    return points[[*corners, corners[0]]]

"""What the user states about files that do not state it themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from himpc.recordings import Recording
from himpc.skeleton import Layout, MarkerSet

__all__ = ["UNITS", "FileOptions", "Unit", "Up"]

Unit = Literal["m", "cm", "mm", "in"]
Up = Literal["x", "y", "z", "-x", "-y", "-z"]

UNITS: dict[str, float] = {"m": 1.0, "cm": 0.01, "mm": 0.001, "in": 0.0254}
"""Metres in one unit."""


@dataclass(frozen=True)
class FileOptions:
    """What the user states about a file, resolved from `himpc.reading.ReadOptions`.

    Attributes
    ----------
    layout : Layout, optional
        The joints of a file that does not name its layout.
    preferred_layout : Layout, optional
        The joints of a file that fits several layouts, if this is one of them.
    unit : {"m", "cm", "mm", "in"}, optional
        The unit of length, whatever the file states.
    scale : float, optional
        Metres in one unit of length, for one that has no name, whatever the file states.
    up : {"x", "y", "z", "-x", "-y", "-z"}, optional
        The axis that points up, whatever the file states.
    fps : float, optional
        The frame rate, whatever the file states.
    image_size : (int, int), optional
        Width and height in pixels of the pictures in which a file states keypoints as shares.
    markers : MarkerSet, optional
        The marker set of a file of markers whose labels are of no set that himpc knows.
    as_points : bool
        Whether named points are used as they are, even if they are of a known body (see `himpc.skeleton.POINTS`).
    read_video : callable, optional
        Reads a video: from its path to a recording for each person.
    """

    layout: Layout | None = None
    preferred_layout: Layout | None = None
    unit: Unit | None = None
    scale: float | None = None
    up: Up | None = None
    fps: float | None = None
    image_size: tuple[int, int] | None = None
    markers: MarkerSet | None = None
    as_points: bool = False
    read_video: Callable[[Path], list[Recording]] | None = field(default=None, repr=False, compare=False)

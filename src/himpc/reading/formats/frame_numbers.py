"""Frames by their numbers and times: where each stands in its recording, and how many there are a second."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.formats.text import MAX_JOINTS

__all__ = ["frame_places", "frame_rate"]

_IRREGULAR = 0.25
"""How far a step between frames may be from the usual one, as a share of it, at a regular rate."""


def frame_places(path: Path, numbers: NDArray[np.float64], lines: list[int]) -> tuple[NDArray[np.int64], int]:
    """Return the place of each frame number among all frames, from 0, and how many frames there are.

    Numbers need not start at 0, be in order or count by one: the largest common step is one frame. A number that is
    left out is a frame in which nothing was seen.

    Raises
    ------
    FormatError
        If a number is not whole, or there would be more frames than fit into memory; the message names the line.
    """
    wrong = ~((np.abs(numbers) < 2**53) & (numbers == np.round(numbers)))
    if wrong.any():
        row = int(wrong.argmax())
        raise FormatError(f"{path}, line {lines[row]}: frame is {numbers[row]:g}, expected a whole number")
    whole = numbers.astype(np.int64)
    steps = np.diff(np.unique(whole))
    places = (whole - whole.min()) // (np.gcd.reduce(steps) if len(steps) else 1)
    length = int(places.max()) + 1
    if length > MAX_JOINTS:
        row = int(places.argmax())
        raise FormatError(f"{path}, line {lines[row]}: frame {whole[row]} is too far from the others, {length} frames")
    return places, length


def frame_rate(places: NDArray[np.int64], seconds: NDArray[np.float64]) -> float | None:
    """Return the frames a second that the times of some frames show, or None where their steps are not regular.

    >>> frame_rate(np.array([0, 1, 3]), np.array([5.0, 5.1, 5.3]))
    10.0
    """
    places, first = np.unique(places, return_index=True)
    seconds = seconds[first]
    if len(places) < 2:
        return None
    step = np.diff(seconds) / np.diff(places)
    usual = float(np.median(step))
    if not (usual > 0 and (np.abs(step - usual) <= _IRREGULAR * usual).all()):
        return None
    return round(float((places[-1] - places[0]) / (seconds[-1] - seconds[0])), 6)

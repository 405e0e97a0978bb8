"""Joints of Kinect cameras: tracking states, and tables of numbers without a header."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.formats.parsing.positions import check_memory, check_positions
from himpc.reading.formats.parsing.text import leave_out_cut_row, read_lines, to_numbers
from himpc.reading.formats.parsing.tracks import Detection

__all__ = ["frame_detections", "is_number_row", "read_number_rows", "state_confidence"]


def state_confidence(path: Path, lines: Sequence[int], states: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the confidence of tracking states ``(n,)``: 0 not tracked (0), 0.5 inferred (1), 1 tracked (2)."""
    wrong = ~np.isin(states, (0, 1, 2))
    if wrong.any():
        row = int(wrong.argmax())
        raise FormatError(f"{path}, line {lines[row]}: tracking state is {states[row]:g}, expected 0, 1 or 2")
    return states / 2


def is_number_row(line: str, width: int, delimiter: str | None = None) -> bool:
    """Return whether a line is `width` numbers, of which the first is whole."""
    cells = [cell for cell in line.rstrip(", \t").split(delimiter) if cell.strip()]
    try:
        numbers = [float(cell) for cell in cells]
    except ValueError:
        return False
    return len(numbers) == width and numbers[0] == int(numbers[0] if math.isfinite(numbers[0]) else -1)


def read_number_rows(path: Path, width: int) -> tuple[list[int], NDArray[np.float64], tuple[str, ...]]:
    """Read the lines of a table without a header: the number of each, its numbers ``(n, width)``, and notes."""
    rows, notes = leave_out_cut_row([(number, line.rstrip(", \t").split()) for number, line in read_lines(path)])
    if not rows:
        raise FormatError(f"{path}: holds no frames")
    check_memory(path, 1, len(rows), width // 3)
    return [number for number, _ in rows], to_numbers(path, rows, width), notes


def frame_detections(
    path: Path, lines: Sequence[int], joints: NDArray[np.float64], frames: Sequence[int], person: str | None = None
) -> list[Detection]:
    """Make a detection of each frame of joints ``(n, J, 3)``, or of ``(n, J, 4)`` with a confidence."""
    check_positions(path, lines, joints[..., :3])
    values = joints if joints.shape[2] == 4 else np.concatenate([joints, np.ones((*joints.shape[:2], 1))], axis=2)
    return [
        Detection(int(frame), person, body, f"{path}, line {line}")
        for frame, body, line in zip(frames, values, lines, strict=True)
    ]

"""Joints of Kinect cameras: unseen joints, and tracking states."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError

__all__ = ["mask_origin", "state_confidence"]


def mask_origin(joints: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return joints ``(..., 3)`` with NaN for those at exactly 0 0 0, or with one axis missing.

    Depth cameras write zeros, the position of the camera itself, for a joint or body that was not seen.
    """
    unseen = (joints == 0).all(axis=-1) | np.isnan(joints).any(axis=-1)
    return np.where(unseen[..., None], np.nan, joints)


def state_confidence(path: Path, lines: Sequence[int], states: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the confidence of tracking states ``(n,)``: 0 not tracked (0), 0.5 inferred (1), 1 tracked (2)."""
    wrong = ~np.isin(states, (0, 1, 2))
    if wrong.any():
        row = int(wrong.argmax())
        raise FormatError(f"{path}, line {lines[row]}: tracking state is {states[row]:g}, expected 0, 1 or 2")
    return states / 2

"""Poses in JSON that are nested lists of numbers, as a NumPy array is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["find_arrays", "is_of_people"]

_MIN_AXES, _AXES_OF_PEOPLE, _MAX_AXES = 3, 4, 5
_MAX_PEOPLE = 10


def find_arrays(content: Any) -> dict[str, NDArray[Any]]:
    """Return the arrays of a document by their keys, with the numbers and names beside them; empty if there are none.

    >>> {key: array.shape for key, array in find_arrays({"x": [[[1, 2, 3]]], "fps": 30}).items()}
    {'x': (1, 1, 3), 'fps': ()}
    """
    values = content if isinstance(content, dict) else {"data": content}
    arrays = {key: array for key, value in values.items() if (array := _to_array(value)) is not None}
    return arrays if any(_MIN_AXES <= array.ndim <= _MAX_AXES for array in arrays.values()) else {}


def is_of_people(array: NDArray[Any]) -> bool:
    """Return whether an array is ``(people, frames, joints, axes)``, and not of the people in each frame."""
    return array.ndim == _AXES_OF_PEOPLE and array.shape[0] <= _MAX_PEOPLE < array.shape[1]


def _to_array(value: Any) -> NDArray[Any] | None:
    """Return numbers or names as an array; None if they are none, or lists of different lengths."""
    first, axes = value, 0
    while isinstance(first, list) and first and axes <= _MAX_AXES:
        first, axes = first[0], axes + 1
    if type(first) not in (int, float, str) or axes > _MAX_AXES:
        return None
    try:
        array = np.array(value)
    except (ValueError, OverflowError):
        return None
    return array if array.dtype.kind in "fiuU" and array.ndim == axes else None

"""JSON from strangers: bounded, and every value checked before it is used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.formats.text import FARTHEST, read_bytes

__all__ = ["MAX_JSON_BYTES", "label", "load_json", "looks_like_json", "number_array", "stated_fps"]

MAX_JSON_BYTES = 128 * 2**20
"""The largest JSON file that is read; as Python objects it takes several times the room."""

_LONGEST_LABEL = 255


def looks_like_json(head: bytes) -> bool:
    """Tell whether a file's first bytes may be a JSON list or object."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"[", b"{")


def load_json(path: Path, limit: int = MAX_JSON_BYTES) -> Any:
    """Return the content of a JSON file of at most `limit` bytes.

    Raises
    ------
    FormatError
        If it cannot be read, is too large, nested too deeply, or is not JSON; the message names the line.
    """
    content = read_bytes(path, limit)
    try:
        return json.loads(content)
    except json.JSONDecodeError as error:
        raise FormatError(f"{path}, line {error.lineno}: is not valid JSON: {error.msg.lower()}") from None
    except RecursionError:
        raise FormatError(f"{path}: is nested too deeply for a recording") from None
    except ValueError as error:
        raise FormatError(f"{path}: is not valid JSON: {str(error)[:80]}") from None


def number_array(values: Any, where: str, what: str) -> NDArray[np.float64]:
    """Return a list of numbers ``(n,)``; NaN passes.

    Raises
    ------
    FormatError
        If it is no list of numbers, or one is infinite or absurdly large.
    """
    if not isinstance(values, list) or not all(type(value) in (int, float) for value in values):
        raise FormatError(f"{where}: {what} is not a list of numbers")
    try:
        numbers = np.array(values, dtype=np.float64)
    except OverflowError:
        raise FormatError(f"{where}: {what} holds a number that is too large") from None
    far = np.abs(numbers) > FARTHEST
    if far.any():
        raise FormatError(f"{where}: {what} holds {numbers[far][0]:.3g}, which is beyond {FARTHEST:g}")
    return numbers


def label(value: Any, where: str, what: str) -> str:
    """Return an id, a whole number or a name, as text.

    Raises
    ------
    FormatError
        If it is neither, or a name of more than 255 characters.
    """
    if type(value) not in (int, str) or len(str(value)) > _LONGEST_LABEL:
        raise FormatError(f"{where}: {what} is no whole number or short name")
    return str(value)


def stated_fps(content: Any, where: str) -> float | None:
    """Return the frame rate that a JSON object states under ``fps``, if it does.

    Raises
    ------
    FormatError
        If it is no number above 0.
    """
    if not isinstance(content, dict) or content.get("fps") is None:
        return None
    (fps,) = number_array([content["fps"]], where, "fps")
    if not fps > 0:
        raise FormatError(f"{where}: fps is {fps:g}, expected a number above 0")
    return float(fps)

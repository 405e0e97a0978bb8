"""Checks of the simulator's numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from himpc.errors import ConfigError

__all__ = ["check_knobs", "check_number", "check_whole"]


def check_knobs(knobs: Any, limits: Mapping[str, float]) -> None:
    """Check that each numeric field of a dataclass is from 0 to its limit.

    Raises
    ------
    ConfigError
        If one is not.
    """
    for each in fields(knobs):
        if each.name in limits:
            check_number(f"{each.name} of {type(knobs).__name__}", getattr(knobs, each.name), 0.0, limits[each.name])


def check_number(name: str, value: object, least: float, most: float) -> None:
    """Check that a value is a number from `least` to `most`.

    Raises
    ------
    ConfigError
        If it is not.
    """
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not number or not least <= value <= most:  # type: ignore[operator]
        raise ConfigError(f"{name} is {value!r}, expected a number from {least:g} to {most:g}")


def check_whole(name: str, value: object, least: int) -> None:
    """Check that a value is a whole number, not below `least`.

    Raises
    ------
    ConfigError
        If it is not.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ConfigError(f"{name} is {value!r}, expected a whole number from {least}")

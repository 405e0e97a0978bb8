"""Plain data of strangers, read strictly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from himpc.errors import DataError

__all__ = ["fields_of", "number", "whole"]

_LARGEST = 1e100


def fields_of(plain: object, of: type, what: str) -> dict[str, Any]:
    """Return plain data that has the fields of a dataclass, no more and no fewer.

    Raises
    ------
    DataError
        If it has not.
    """
    names = [field.name for field in fields(of)]
    if not isinstance(plain, Mapping) or set(plain) != set(names):
        found = ", ".join(sorted(map(str, plain))) if isinstance(plain, Mapping) else type(plain).__name__
        raise DataError(f"a {what} must have {', '.join(names)}, found {found}")
    return dict(plain)


def whole(value: object, what: str, least: int) -> int:
    """Return a whole number of a least size, and no larger than a float tells apart.

    Raises
    ------
    DataError
        If it is anything else.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= 2**53:
        raise DataError(f"a {what} must be a whole number of {least} or more, found {value!r}")
    return value


def number(value: object, what: str) -> float:
    """Return a number that is no larger than anything here can be.

    Raises
    ------
    DataError
        If it is anything else.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LARGEST:
        raise DataError(f"a {what} must be a number, found {value!r}")
    return float(value)

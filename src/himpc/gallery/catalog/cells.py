"""Types of columns that check every cell they read: SQLite stores a value of any type in any column.

Without the check, a cell that was damaged or edited by hand would raise errors of Python far from its cause.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sql
from sqlalchemy import Dialect

from himpc.errors import escape_unprintable


class InvalidCellError(ValueError):
    """A cell of the catalog holds a value of another type."""


class _Checked(sql.types.TypeDecorator[Any]):
    """A type that raises `InvalidCellError` when it reads a value that is none of `kinds`."""

    cache_ok = True
    impl: Any = sql.types.NullType
    kinds: tuple[type, ...] = ()
    expected = ""

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """Return a function that checks a value, and converts it as the type of the database does."""
        convert = self.type_engine(dialect).result_processor(dialect, coltype)

        def process(value: Any) -> Any:
            if value is None:
                return None
            if not isinstance(value, self.kinds) or not self.is_valid(value):
                found = escape_unprintable(repr(value)[:40])
                raise InvalidCellError(f"a cell of the catalog holds {found}, expected {self.expected}")
            return value if convert is None else convert(value)

        return process

    def is_valid(self, value: Any) -> bool:
        """Return whether a value of the right type can be in a catalog."""
        return True


class BigInteger(_Checked):
    """A 64-bit integer."""

    impl, kinds, cache_ok = sql.BigInteger, (int,), True
    expected = "an integer"


class Count(_Checked):
    """An integer of 0 or more."""

    impl, kinds, cache_ok = sql.Integer, (int,), True
    expected = "an integer of 0 or more"

    def is_valid(self, value: Any) -> bool:
        return bool(value >= 0)


class Boolean(_Checked):
    """True or false; 1 or 0 in SQLite."""

    impl, kinds, cache_ok = sql.Boolean, (bool, int), True
    expected = "0 or 1"

    def is_valid(self, value: Any) -> bool:
        return value in (0, 1)


class Float(_Checked):
    """A finite number."""

    impl, kinds, cache_ok = sql.Float, (float, int), True
    expected = "a finite number"

    def is_valid(self, value: Any) -> bool:
        return bool(abs(value) < float("inf"))


class String(_Checked):
    """A text."""

    impl, kinds, cache_ok = sql.String, (str,), True
    expected = "a text"


class LargeBinary(_Checked):
    """Bytes."""

    impl, kinds, cache_ok = sql.LargeBinary, (bytes, memoryview), True
    expected = "bytes"

"""The callback by which long work shows its progress."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["Progress"]

Progress = Callable[[Iterable[Any], int | None, str], Iterable[Any]]
"""Called with an iterable, its length (None if unknown) and a description; returns the iterable, to be consumed."""

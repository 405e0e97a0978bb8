"""How long work tells how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["Progress"]

Progress = Callable[[Iterable[Any], int, str], Iterable[Any]]
"""Called with an iterable, its length and what is going on; returns the iterable, and shows progress as it is used."""

"""The protocol of a benchmark: its splits, each with a probe set and a gallery set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from himpc.errors import ConfigError
from himpc.evaluation import ExclusionKey


@dataclass(frozen=True)
class Split:
    """One evaluation: a probe set that is searched for in a gallery set."""

    name: str
    """The name in tables, such as ``"BIWI-S"``."""
    probe: str
    gallery: str
    """`probe`, `gallery`: names of test sets. If they are equal, each window is searched for among all others of the
    set."""
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """Training settings published for this split (docs/method.md, section 3)."""
    exclude: ExclusionKey | None = None
    """Ignore gallery entries that show the probe's person from the probe's own camera or session."""


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """The evaluations of one benchmark."""

    name: str
    title: str
    """`name`, `title`: the identifier in commands and files, and the name for people."""
    window_length: int
    """F, frames per window."""
    splits: tuple[Split, ...]
    persons: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """Published number of people by part (``"train"``, a test set, or ``"all"``); empty if nothing was published."""

    @property
    def tests(self) -> tuple[str, ...]:
        """Names of the test sets."""
        return tuple(dict.fromkeys(name for split in self.splits for name in (split.probe, split.gallery)))

    def split(self, name: str) -> Split:
        """Return a split by its name, or by the name of its probe set if no other split has that probe set.

        Raises
        ------
        ConfigError
            If no split matches.
        """
        wanted = name.lower()
        by_name = [split for split in self.splits if split.name.lower() == wanted]
        matches = by_name or [split for split in self.splits if split.probe.lower() == wanted]
        if len(matches) == 1:
            return matches[0]
        names = ", ".join(split.name for split in self.splits)
        raise ConfigError(f"{self.title} has no split {name!r}; expected one of {names}")

"""What every benchmark has: a name, and splits that say which test set is asked and which is searched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from himpc.errors import ConfigError
from himpc.evaluation import ExclusionKey

__all__ = ["Protocol", "Split"]


@dataclass(frozen=True)
class Split:
    """Which test set is asked, and which is searched.

    Attributes
    ----------
    name : str
        What tables call it, such as ``"BIWI-S"``.
    probe, gallery : str
        Names of test sets.
    settings : mapping
        Settings of training that were published for it (docs/method.md, section 3).
    exclude : {"camera", "session"}, optional
        What does not count: entries of the gallery that show the probe's person from its own camera or session.
    """

    name: str
    probe: str
    gallery: str
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    exclude: ExclusionKey | None = None


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """What a benchmark asks.

    Attributes
    ----------
    name, title : str
        For commands and files, and for people.
    window_length : int
        F, frames a window.
    splits : tuple of Split
    persons : mapping of str to int
        How many people are published, by part (``"train"``, a test set, or ``"all"``); empty where nothing is.
    """

    name: str
    title: str
    window_length: int
    splits: tuple[Split, ...]
    persons: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def tests(self) -> tuple[str, ...]:
        """Names of the test sets."""
        return tuple(dict.fromkeys(name for split in self.splits for name in (split.probe, split.gallery)))

    def split(self, name: str) -> Split:
        """Return a split by its name, or by the name of its probe set where only one has it.

        Raises
        ------
        ConfigError
            If there is none.
        """
        wanted = name.lower()
        for split in self.splits:
            if split.name.lower() == wanted:
                return split
        asked = [split for split in self.splits if split.probe.lower() == wanted]
        if len(asked) == 1:
            return asked[0]
        raise ConfigError(f"{self.title} has no split {name!r}: choose of {', '.join(s.name for s in self.splits)}")

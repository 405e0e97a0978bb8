"""What tells the five benchmarks apart: names, splits, settings, and how the raw files are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from himpc.benchmarks.raw import Condition, RawSet, Read, cut_all_offsets
from himpc.data import Recording, Windows
from himpc.errors import ConfigError

__all__ = ["Benchmark", "CutTraining", "ReadRaw", "Split"]

ReadRaw = Callable[[Read], RawSet]
"""Reads the raw files in a folder."""

CutTraining = Callable[[list[Recording], int], Windows]
"""Cuts recordings into training windows of so many frames."""


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
        Settings of training that were published for it (METHOD section 3).
    """

    name: str
    probe: str
    gallery: str
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Benchmark:
    """A data set and its protocol.

    Attributes
    ----------
    name, title : str
        As in the authors' file names, and for people.
    layout : str
        Joint layout.
    window_length : int
        F, as published.
    splits : tuple of Split
    persons : mapping of str to int
        How many people METHOD section 8 states, by part (``"train"``, a test set, or ``"all"``).
    raw_expected : str
        What the raw folder holds, for an error.
    has_raw : function (folder) -> bool
        Whether a folder holds the raw files, or some of them.
    read_raw : function
    cut_training : function
    condition : function, optional
        Tells the condition of a recording.
    array_folder : str
        Folder of the authors' arrays beside the raw ones, where it is not `name`.
    array_prefix : str
        What stands before ``train_npy_data`` and ``test_npy_data``.
    array_orders : tuple of tuple of int
        Joint orders of the authors' arrays beside the layout's (see `ArrayFolder.read`).
    """

    name: str
    title: str
    layout: str
    window_length: int
    splits: tuple[Split, ...]
    persons: Mapping[str, int]
    raw_expected: str
    has_raw: Callable[[Path], bool]
    read_raw: ReadRaw
    cut_training: CutTraining = cut_all_offsets
    condition: Condition | None = None
    array_folder: str = ""
    array_prefix: str = ""
    array_orders: tuple[tuple[int, ...], ...] = ()

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

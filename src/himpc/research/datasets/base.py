"""What describes a published data set and its protocol; one file each for BIWI, IAS-Lab, KGBD, KS20 and CASIA-B."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from himpc.recordings import Recording, Windows
from himpc.research.partition import Condition, RawSet, Read, cut_all_offsets
from himpc.research.protocol import Protocol, Split

__all__ = ["Benchmark", "CutTraining", "ReadRaw", "Split"]

ReadRaw = Callable[[Read], RawSet]
"""Reads the raw files in a folder."""

CutTraining = Callable[[list[Recording], int], Windows]
"""Cuts recordings into training windows of so many frames."""


@dataclass(frozen=True, kw_only=True)
class Benchmark(Protocol):
    """A published data set and its protocol.

    Attributes
    ----------
    name, title, window_length, splits, persons
        As in `Protocol`, as published; the name is that of the authors' files.
    layout : str
        Joint layout.
    raw_expected : str
        What the raw folder holds, for an error.
    has_raw : function (folder) -> bool
        Whether a folder holds the raw files, or some of them.
    read_raw : function
    read_mislabelled : function, optional
        Reads the raw files and labels them as the original scripts do, where these make mistakes.
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

    layout: str
    raw_expected: str
    has_raw: Callable[[Path], bool]
    read_raw: ReadRaw
    read_mislabelled: ReadRaw | None = None
    cut_training: CutTraining = cut_all_offsets
    condition: Condition | None = None
    array_folder: str = ""
    array_prefix: str = ""
    array_orders: tuple[tuple[int, ...], ...] = ()

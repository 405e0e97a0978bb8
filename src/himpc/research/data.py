"""What a benchmark is made of: windows whose persons are known, and how many of everything there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError
from himpc.evaluation import ExclusionKey
from himpc.reading import Problem
from himpc.recordings import Windows
from himpc.research.protocol import Protocol, Split

__all__ = ["BenchmarkData", "BenchmarkSet", "Counts", "Form", "LabelledWindows", "Part"]

Form = Literal["raw", "arrays", "recordings", "simulated"]
"""The files of a data set's owner, the arrays that the authors of Hi-MPC made of them, recordings that a recipe shares
out, or simulated walkers."""

_FORMS = {
    "raw": "raw files",
    "arrays": "the authors' preprocessed arrays",
    "recordings": "recordings",
    "simulated": "simulated walkers",
}

Part = Literal["train", "gallery", "probe"]

Names = NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class LabelledWindows:
    """Windows, and what is known of each; training is given `windows` alone.

    Attributes
    ----------
    windows : Windows
        N windows.
    persons : str array ``(N,)``
        Whom each window shows.
    cameras, conditions : str array ``(N,)``, optional
        The view of each, and how it was walked (CASIA-B: nm, cl, bg); None where the files do not say.
    sessions : str array ``(N,)``, optional
        The session of each; likewise.
    whole_recordings : int array ``(N,)``, optional
        Which recording each belongs to, where the parts that long gaps split a recording into are one; None where the
        files do not tell recordings apart.
    """

    windows: Windows
    persons: Names
    cameras: Names | None = None
    conditions: Names | None = None
    sessions: Names | None = None
    whole_recordings: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        for name in ("persons", "cameras", "conditions", "sessions", "whole_recordings"):
            known = getattr(self, name)
            if known is not None and known.shape != (len(self.windows),):
                raise DataError(f"{name} has shape {known.shape}, expected one entry a window: ({len(self.windows)},)")

    def __len__(self) -> int:
        """Return the number of windows N."""
        return len(self.windows)


@dataclass(frozen=True)
class Counts:
    """How much there is in one part of a benchmark.

    Attributes
    ----------
    persons, windows : int
        People, and windows.
    recordings, frames, dropped : int or None
        Recordings, frames in use, and frames left out because a joint was not tracked; None where the files do not
        tell them (the authors' arrays hold windows only).
    """

    persons: int
    windows: int
    recordings: int | None = None
    frames: int | None = None
    dropped: int | None = None

    def to_dict(self) -> dict[str, int | None]:
        """Return the counts as plain data, in the order in which they are shown."""
        names = ("persons", "recordings", "frames", "dropped", "windows")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, eq=False)
class BenchmarkData:
    """What one split of a benchmark trains and is asked on.

    Attributes
    ----------
    name, split : str
        Such as ``"BIWI"`` and ``"Still"``.
    train : LabelledWindows
    gallery : LabelledWindows
    probe : LabelledWindows or None
        None: each window of the gallery is asked for among the others.
    counts : dict of str to Counts
        By part: train, gallery, probe.
    exclude : {"camera", "session"}, optional
        Entries of the gallery that show the probe's person from its own camera or session do not count.
    """

    name: str
    split: str
    train: LabelledWindows
    gallery: LabelledWindows
    probe: LabelledWindows | None
    counts: dict[str, Counts]
    exclude: ExclusionKey | None = None


@dataclass(frozen=True, eq=False)
class BenchmarkSet:
    """A data set as it was found in a folder, from which the splits of its benchmark are made.

    Attributes
    ----------
    protocol : Protocol
        What is asked of it.
    form : {"raw", "arrays", "recordings", "simulated"}
        What was found.
    folder : Path or None
        Where; None for simulated walkers.
    train : LabelledWindows
        What all splits train on.
    tests : dict of str to LabelledWindows
        The test sets by name, such as Still and Walking.
    counts : dict of str to Counts
        Of the training set (``"train"``), of each test set, and of everything (``"all"``).
    assignment : tuple of dict
        For each raw recording: ``source``, ``person`` and ``part`` (train, or the test set). Plain data, so that a
        random split can be written to the run.
    problems : tuple of Problem
        Files that could not be used.
    notes : tuple of str
        What a person should know: numbers that differ from the published ones, choices that the files forced.
    recipe : mapping, optional
        The recipe it was made by, as plain data.
    mislabelled : function, optional
        Reads the same files and labels them as the original scripts do; None where that makes no difference.
    """

    protocol: Protocol
    form: Form
    folder: Path | None
    train: LabelledWindows
    tests: dict[str, LabelledWindows]
    counts: dict[str, Counts]
    assignment: tuple[dict[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    recipe: Mapping[str, Any] | None = None
    mislabelled: Callable[[], BenchmarkSet] | None = None

    @property
    def name(self) -> str:
        """Of the data set."""
        return self.protocol.name

    @property
    def origin(self) -> str:
        """What it was made from, in words."""
        return _FORMS[self.form]

    def data(self, split: Split) -> BenchmarkData:
        """Return one split; where gallery and probe are one test set, each of its windows is asked for."""
        counts = {"train": self.counts["train"]}
        counts |= {"gallery": self.counts[split.gallery], "probe": self.counts[split.probe]}
        asked = None if split.probe == split.gallery else self.tests[split.probe]
        return BenchmarkData(self.name, split.name, self.train, self.tests[split.gallery], asked, counts, split.exclude)

    def to_dict(self) -> dict[str, Any]:
        """Return what describes the data set as plain data, without windows."""
        return {
            "name": self.name,
            "form": self.form,
            "counts": {part: counts.to_dict() for part, counts in self.counts.items()},
            "notes": list(self.notes),
            "left_out": [str(problem) for problem in self.problems],
            "assignment": list(self.assignment),
            **({} if self.recipe is None else {"recipe": dict(self.recipe)}),
        }

"""The data of a benchmark: windows with known persons, and counts of what was loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError
from himpc.reading import Problem
from himpc.recordings import Windows
from himpc.research.protocol import Protocol, Split

Form = Literal["raw", "arrays", "recordings", "simulated"]
"""What a benchmark was loaded from; a key of `_FORM_NAMES`."""

_FORM_NAMES = {
    "raw": "raw files",
    "arrays": "the authors' preprocessed arrays",
    "recordings": "recordings",
    "simulated": "simulated walkers",
}

Names = NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class LabelledWindows:
    """Windows and their labels. Training is given `windows` alone.

    Attributes
    ----------
    windows : Windows
        N windows.
    persons : str array ``(N,)``
        The person in each window.
    cameras, conditions, sessions : str array ``(N,)``, optional
        The camera, the walking condition (CASIA-B: nm, bg, cl) and the session of each; None if the files do not say.
    whole_recordings : int array ``(N,)``, optional
        The whole recording of each window; None if the files do not tell recordings apart.
    """

    windows: Windows
    persons: Names
    cameras: Names | None = None
    conditions: Names | None = None
    sessions: Names | None = None
    whole_recordings: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        for name in ("persons", "cameras", "conditions", "sessions", "whole_recordings"):
            labels = getattr(self, name)
            if labels is not None and labels.shape != (len(self.windows),):
                raise DataError(f"{name} has shape {labels.shape}, expected one entry per window: {len(self.windows)}")

    def __len__(self) -> int:
        """Return the number of windows N."""
        return len(self.windows)


@dataclass(frozen=True)
class Counts:
    """The size of one part of a benchmark.

    Attributes
    ----------
    persons, windows : int
    recordings, frames, dropped : int or None
        Recordings, frames in use, and frames dropped because a joint was not tracked; None for arrays of windows.
    """

    persons: int
    recordings: int | None
    frames: int | None
    dropped: int | None
    windows: int


@dataclass(frozen=True, eq=False)
class SplitData:
    """The test sets of one split.

    Attributes
    ----------
    split : Split
    gallery : LabelledWindows
    probe : LabelledWindows or None
        None: each window of the gallery is searched for among the others.
    """

    split: Split
    gallery: LabelledWindows
    probe: LabelledWindows | None


@dataclass(frozen=True, eq=False)
class BenchmarkData:
    """A loaded benchmark: one training set and the test sets of all splits.

    Attributes
    ----------
    protocol : Protocol
    form : {"raw", "arrays", "recordings", "simulated"}
        Raw files of a published data set, arrays that the authors of Hi-MPC made of them, recordings selected by a
        recipe, or simulated walkers.
    folder : Path or None
        The folder that was read; None for simulated walkers.
    train : LabelledWindows
        The training set of all splits.
    tests : dict of str to LabelledWindows
        The test sets by name, such as Still and Walking.
    counts : dict of str to Counts
        Of the training set (``"train"``), each test set, and all together (``"all"``).
    assignment : tuple of dict
        ``source``, ``person`` and ``part`` of each recording; empty for arrays.
    problems : tuple of Problem
        Files that could not be used.
    notes : tuple of str
        Differences from the published numbers, and decisions that the files forced.
    recipe : mapping, optional
        The recipe as plain data.
    load_mislabelled : callable, optional
        Load the same files with the labels of the original scripts; None if they label correctly.
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
    load_mislabelled: Callable[[], BenchmarkData] | None = None

    @property
    def name(self) -> str:
        """The name of the protocol."""
        return self.protocol.name

    @property
    def form_name(self) -> str:
        """The form in words."""
        return _FORM_NAMES[self.form]

    def of_split(self, split: Split) -> SplitData:
        """Return the test sets of one split."""
        probe = None if split.probe == split.gallery else self.tests[split.probe]
        return SplitData(split, self.tests[split.gallery], probe)

    def to_dict(self) -> dict[str, Any]:
        """Return the description of the data as plain data, without windows."""
        return {
            "name": self.name,
            "form": self.form,
            "counts": {part: asdict(counts) for part, counts in self.counts.items()},
            "notes": list(self.notes),
            "left_out": [str(problem) for problem in self.problems],
            "assignment": list(self.assignment),
            **({} if self.recipe is None else {"recipe": dict(self.recipe)}),
        }

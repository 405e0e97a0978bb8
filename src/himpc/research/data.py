"""The data of a benchmark: windows with known people, and counts of what was loaded."""

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
    """Windows and their labels. Training is given `windows` alone."""

    windows: Windows
    """N windows."""
    persons: Names
    """The person in each window, ``(N,)``."""
    cameras: Names | None = None
    conditions: Names | None = None
    sessions: Names | None = None
    """`cameras`, `conditions`, `sessions`: of each window, ``(N,)``; a condition is how people walk (CASIA-B: nm, bg,
    cl). None if the files do not say."""
    whole_recordings: NDArray[np.int64] | None = None
    """The whole recording of each window, ``(N,)``; None if the files do not tell recordings apart."""

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
    """The size of one part of a benchmark."""

    persons: int
    recordings: int | None
    frames: int | None
    dropped: int | None
    """`recordings`, `frames`, `dropped`: recordings, frames in use, and frames dropped because a joint was not tracked;
    None for arrays of windows."""
    windows: int


@dataclass(frozen=True, eq=False)
class SplitData:
    """The test sets of one split."""

    split: Split
    gallery: LabelledWindows
    probe: LabelledWindows | None
    """None: each window of the gallery is searched for among the others."""


@dataclass(frozen=True, eq=False)
class BenchmarkData:
    """A loaded benchmark: one training set and the test sets of all splits."""

    protocol: Protocol
    form: Form
    """Raw files of a published data set, arrays that the authors of Hi-MPC made of them, recordings selected by a
    recipe, or simulated walkers."""
    folder: Path | None
    """The folder that was read; None for simulated walkers."""
    train: LabelledWindows
    """The training set of all splits."""
    tests: dict[str, LabelledWindows]
    """The test sets by name, such as Still and Walking."""
    counts: dict[str, Counts]
    """Of the training set (``"train"``), each test set, and all together (``"all"``)."""
    assignment: tuple[dict[str, str], ...] = ()
    """``source``, ``person`` and ``part`` of each recording; empty for arrays."""
    problems: tuple[Problem, ...] = ()
    """Files that could not be used."""
    notes: tuple[str, ...] = ()
    """Differences from the published numbers, and decisions that the files forced."""
    recipe: Mapping[str, Any] | None = None
    """The recipe as plain data."""
    load_mislabelled: Callable[[], BenchmarkData] | None = None
    """Load the same files with the labels of the original scripts; None if they label correctly."""

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

"""From recordings in parts (train, gallery, probe...) to the labelled windows of a benchmark."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError, HimpcError
from himpc.reading import Problem
from himpc.recordings import Recording, Windows, number_whole_recordings
from himpc.research.data import BenchmarkData, Counts, Form, LabelledWindows
from himpc.research.protocol import Protocol

ConditionOf = Callable[[Recording], str]
"""Returns the walking condition of a recording."""

CutTraining = Callable[[Sequence[Recording], int], Windows]
"""Cuts recordings into training windows of a length."""


@dataclass(eq=False)
class Partition:
    """Recordings divided into a training set and test sets."""

    train: list[Recording] = field(default_factory=list)
    tests: dict[str, list[Recording]] = field(default_factory=dict)
    """By the name of the test set."""
    problems: list[Problem] = field(default_factory=list)
    """Files that could not be used."""
    notes: list[str] = field(default_factory=list)
    """Remarks for the report."""

    @property
    def parts(self) -> dict[str, list[Recording]]:
        """The training set (``"train"``) and the test sets."""
        return {"train": self.train, **self.tests}

    def assignment(self) -> tuple[dict[str, str], ...]:
        """Return source, person and part of each recording as plain data."""
        return tuple(
            {"source": recording.source, "person": str(recording.person), "part": part}
            for part, recordings in self.parts.items()
            for recording in recordings
        )


def build_benchmark(
    protocol: Protocol,
    partition: Partition,
    window_length: int,
    cut_training: CutTraining,
    *,
    form: Form,
    folder: Path | None,
    condition_of: ConditionOf | None = None,
    recipe: Mapping[str, Any] | None = None,
) -> BenchmarkData:
    """Cut the parts into labelled windows; test windows lie side by side.

    Raises
    ------
    DataError
        If a recording has no person, or a part has no recording that is as long as a window.
    """

    def label(part: str, recordings: list[Recording]) -> LabelledWindows:
        cut = cut_training if part == "train" else Windows.cut
        try:
            return _label_windows(cut(recordings, window_length), recordings, condition_of)
        except HimpcError as error:
            raise error.with_message(f"{protocol.name}: {part}: {error.message}") from error

    windows = {part: label(part, recordings) for part, recordings in partition.parts.items()}
    return BenchmarkData(
        protocol=protocol,
        form=form,
        folder=folder,
        train=windows["train"],
        tests={name: windows[name] for name in partition.tests},
        counts=count_parts(windows, partition.parts),
        assignment=partition.assignment(),
        problems=tuple(partition.problems),
        notes=tuple(partition.notes),
        recipe=recipe,
    )


def count_parts(
    windows: Mapping[str, LabelledWindows], recordings: Mapping[str, Sequence[Recording]] | None = None
) -> dict[str, Counts]:
    """Count each part and, as ``"all"``, all of them; a recording or person in several parts counts once in it."""
    counts = {part: _count([each], None if recordings is None else recordings[part]) for part, each in windows.items()}
    distinct = None
    if recordings is not None:
        distinct = list({id(each): each for part in recordings.values() for each in part}.values())
    return counts | {"all": _count(windows.values(), distinct)}


def _count(parts: Iterable[LabelledWindows], recordings: Sequence[Recording] | None) -> Counts:
    parts = list(parts)
    return Counts(
        persons=len(set().union(*(part.persons.tolist() for part in parts))),
        recordings=None if recordings is None else len(recordings),
        frames=None if recordings is None else sum(map(len, recordings)),
        dropped=None if recordings is None else sum(recording.quality.dropped for recording in recordings),
        windows=sum(map(len, parts)),
    )


def _label_windows(
    windows: Windows, recordings: Sequence[Recording], condition_of: ConditionOf | None
) -> LabelledWindows:
    for recording in recordings:
        if recording.person is None:
            raise DataError(f"{recording.source}: has no person, expected a person's name for every recording")

    def names(values: Iterable[str | None]) -> NDArray[np.str_]:
        return np.array([str(value) for value in values])[windows.recording]

    cameras = [recording.camera for recording in recordings]
    sessions = [recording.session for recording in recordings]
    return LabelledWindows(
        windows=windows,
        persons=names(recording.person for recording in recordings),
        cameras=None if None in cameras else names(cameras),
        conditions=None if condition_of is None else names(map(condition_of, recordings)),
        sessions=None if None in sessions else names(sessions),
        whole_recordings=number_whole_recordings(recordings)[windows.recording],
    )

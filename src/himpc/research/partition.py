"""From raw files to labelled windows: reading, dropping frames, clipping and cutting (docs/benchmarks.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import DataError, FormatError
from himpc.reading import Problem, get_format
from himpc.reading.axes import recognise_up, to_y_up
from himpc.reading.formats.file_options import FileOptions
from himpc.recordings import Recording, Windows, number_whole_recordings
from himpc.recordings.progress import Progress
from himpc.research.data import Counts, LabelledWindows

__all__ = ["Condition", "RawSet", "Read", "count", "cut_all_offsets", "label", "prepare", "read_file"]

Condition = Callable[[Recording], str]


@dataclass(eq=False)
class RawSet:
    """The recordings of a data set, sorted into its parts; filled while its folders are read.

    Attributes
    ----------
    train : list of Recording
    tests : dict of str to list of Recording
        By the name of the test set.
    problems : list of Problem
        Files that could not be used.
    notes : list of str
        What a person should know.
    """

    train: list[Recording] = field(default_factory=list)
    tests: dict[str, list[Recording]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def assignment(self) -> tuple[dict[str, str], ...]:
        """Return which part each recording is in, as plain data."""
        parts = {"train": self.train, **self.tests}
        return tuple(
            {"source": recording.source, "person": str(recording.person), "part": part}
            for part, recordings in parts.items()
            for recording in recordings
        )


@dataclass(frozen=True)
class Read:
    """What a reader of raw files is given.

    Attributes
    ----------
    root : Path
        The folder of the data set.
    seed : int
        Of a random split.
    progress : Progress
        Wraps loops over files to show how far they are.
    """

    root: Path
    seed: int = 0
    progress: Progress = field(default=lambda items, total, description: items)


def read_file(form: str, path: Path, problems: list[Problem]) -> list[Recording]:
    """Read one file, or folder of frames, of a format by its name; what is wrong with it is added to `problems`."""
    try:
        return get_format(form).read(path, FileOptions())
    except FormatError as error:
        message = str(error).removeprefix(f"{path}: ").removeprefix(f"{path}/")
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
    problems.append(Problem(path, message))
    return []


def prepare(recordings: Iterable[Recording], first: int = 0, last: int = 0) -> list[Recording]:
    """Drop frames in which a joint was not tracked, then clip recordings at both ends.

    As published, the frames that are left are joined: a window may span a gap. `quality` says how many were dropped. A
    recording of which nothing is left stays out.

    Parameters
    ----------
    first, last : int
        Frames to clip at the start and at the end.
    """
    prepared = []
    for recording in recordings:
        tracked = ~np.isnan(recording.joints).any(axis=(1, 2))
        joints: NDArray[np.floating] = recording.joints[tracked][first:]
        joints = joints[: len(joints) - last] if last else joints
        if not len(joints):
            continue
        if recognise_up(joints, recording.layout) == "-y":
            joints = to_y_up(joints, "-y")
        quality = replace(recording.quality, incomplete=int((~tracked).sum()))
        prepared.append(recording.with_(joints=joints, confidence=None, quality=quality))
    return prepared


def cut_all_offsets(recordings: Sequence[Recording], length: int) -> Windows:
    """Cut the overlapping training windows of BIWI, IAS-Lab and KS20.

    For each offset o = 0, ..., F - 1 in turn, and each recording in turn, windows start at o, o + F/2, o + F, ... So
    every start of a window comes twice, except that those below F/2 come once. (For an odd F the steps are F // 2 and
    F // 2 + 1 by turns.)

    Parameters
    ----------
    recordings : sequence of Recording
        Complete ones.
    length : int
        F, frames a window.
    """
    windows = Windows.cut(recordings, length, stride=1)
    ends = np.cumsum([len(recording) for recording in recordings])
    starts, owner = [], []
    for offset in range(length):
        for number, recording in enumerate(recordings):
            steps = np.unique(np.arange(2 * len(recording) // length + 1, dtype=np.int64) * length // 2)
            fitting = steps[steps + offset + length <= len(recording)]
            starts.append(ends[number] - len(recording) + offset + fitting)
            owner.append(np.full(len(fitting), number, dtype=np.int64))
    return replace(windows, starts=np.concatenate(starts), recording=np.concatenate(owner))


def label(windows: Windows, recordings: Sequence[Recording], condition: Condition | None = None) -> LabelledWindows:
    """Say of each window whom it shows, from which camera, and in which session, condition and recording.

    Raises
    ------
    DataError
        If a recording says not whom it shows.
    """
    for recording in recordings:
        if recording.person is None:
            raise DataError(f"{recording.source}: says not whom it shows")

    def names(values: Iterable[str | None]) -> NDArray[np.str_]:
        return np.array([str(value) for value in values])[windows.recording]

    cameras = [recording.camera for recording in recordings]
    sessions = [recording.session for recording in recordings]
    return LabelledWindows(
        windows=windows,
        persons=names(recording.person for recording in recordings),
        cameras=None if None in cameras else names(cameras),
        conditions=None if condition is None else names(condition(recording) for recording in recordings),
        sessions=None if None in sessions else names(sessions),
        whole_recordings=number_whole_recordings(recordings)[windows.recording],
    )


def count(labelled: LabelledWindows, recordings: Sequence[Recording] | None = None) -> Counts:
    """Count one part; without recordings, only what the windows tell."""
    persons, windows = len(set(labelled.persons.tolist())), len(labelled)
    if recordings is None:
        return Counts(persons, windows)
    return Counts(
        persons=persons,
        windows=windows,
        recordings=len(recordings),
        frames=sum(map(len, recordings)),
        dropped=sum(recording.quality.dropped for recording in recordings),
    )

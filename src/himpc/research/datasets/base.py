"""The description of a published data set, and the steps from its raw files to recordings (docs/benchmarks.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading import FileOptions, Problem, get_format, recognise_up, to_y_up
from himpc.recordings import Progress, Recording, Windows
from himpc.research.partition import ConditionOf, CutTraining, Partition
from himpc.research.protocol import Protocol


@dataclass(frozen=True)
class ReadContext:
    """The arguments of a function that reads raw files."""

    root: Path
    """The folder of the data set."""
    seed: int = 0
    """Seed of a random split."""
    progress: Progress = field(default=lambda items, total, description: items)
    """Wraps loops over files."""


ReadRaw = Callable[[ReadContext], Partition]


def cut_all_offsets(recordings: Sequence[Recording], length: int) -> Windows:
    """Cut the overlapping training windows of BIWI, IAS-Lab and KS20.

    For each offset o = 0, ..., F - 1 and each recording, windows start at o, o + F/2, o + F, ... Every start occurs
    twice, except that starts below F/2 occur once. For an odd F, the steps alternate between F // 2 and F // 2 + 1.

    Parameters
    ----------
    recordings : sequence of Recording
        Without missing joints.
    length : int
        F, frames per window.
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


@dataclass(frozen=True, kw_only=True)
class DataSet(Protocol):
    """A published data set: its protocol as published, by the name in the authors' files, and how to read its files."""

    layout: str
    """Joint layout."""
    raw_content: str
    """Expected content of the raw folder, for an error."""
    has_raw: Callable[[Path], bool]
    """Checks if a folder contains raw files."""
    read_raw: ReadRaw
    read_mislabelled: ReadRaw | None = None
    """Reads the raw files and labels them as the original scripts do, where these make mistakes."""
    cut_training: CutTraining = cut_all_offsets
    condition_of: ConditionOf | None = None
    array_folder: str = ""
    """Folder of the authors' arrays, if it is not `name`."""
    array_prefix: str = ""
    """Prefix of ``train_npy_data`` and ``test_npy_data``."""
    array_orders: tuple[tuple[int, ...], ...] = ()
    """Joint orders of the authors' arrays other than the layout's (see `ArrayFolder.read`)."""


def read_file(format_name: str, path: Path, problems: list[Problem]) -> list[Recording]:
    """Read one file or folder of frames of a format; a failure is added to `problems`."""
    try:
        return get_format(format_name).read(path, FileOptions())
    except FormatError as error:
        message = str(error).removeprefix(f"{path}: ").removeprefix(f"{path}/")
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
    problems.append(Problem(path, message))
    return []


def prepare_recordings(recordings: Iterable[Recording], first: int = 0, last: int = 0) -> list[Recording]:
    """Drop frames in which a joint was not tracked, then clip recordings at both ends.

    As published, the remaining frames are joined, so a window may span a gap; `quality` counts the dropped frames.
    Recordings without a remaining frame are left out.

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

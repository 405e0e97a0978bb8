"""BIWI RGBD-ID: 50 people walk and stand before a Kinect v1, 28 of them again on another day.

Munaro, Fossati, Basso, Menegatti, Van Gool: "One-shot person re-identification with a consumer depth camera", in Person
Re-Identification, Springer 2014. Protocol: docs/benchmarks.md.
"""

from __future__ import annotations

from pathlib import Path

from himpc.reading import Problem, get_format
from himpc.recordings import Recording
from himpc.research.datasets.base import DataSet, ReadContext, prepare_recordings, read_file
from himpc.research.folders import has_any_path, require_path, subfolders
from himpc.research.partition import Partition
from himpc.research.protocol import Split

CLIPPED_FRAMES = 10
"""Frames clipped at the start and at the end of a recording."""


def first_number(name: str) -> str:
    """Return the first number in a name without leading zeros, or the name if it has none.

    >>> first_number("007"), first_number("person 12 b"), first_number("Anna")
    ('7', '12', 'Anna')
    """
    digits = "".join(char if char.isascii() and char.isdigit() else " " for char in name).split()
    return str(int(digits[0])) if digits else name


def read_person_folders(context: ReadContext, part: str, problems: list[Problem]) -> list[Recording]:
    """Read a part with a folder per person that contains frames ``*skel.txt``, directly or in subfolders.

    The name of the folder is the person, whatever its place in a directory listing.

    Raises
    ------
    DataError
        If the part is missing.
    """
    folder = require_path(context.root, part, "a folder per person with frames *skel.txt")
    places = [(person, place) for person in subfolders(folder) for place in _frame_folders(person)]
    recordings = []
    for person, place in context.progress(places, len(places), f"reading {part}"):
        for recording in read_file("kinect-sdk", place, problems):
            name = place.relative_to(context.root).as_posix()
            source = name if recording.origin is None else recording.origin.text(name)
            recordings.append(recording.with_(person=first_number(person.name), source=source))
    return recordings


def _frame_folders(folder: Path) -> list[Path]:
    """Return the folder, or the folders in it, that contain frames."""
    if get_format("kinect-sdk").recognise(folder, b""):
        return [folder]
    return [place for inner in subfolders(folder) for place in _frame_folders(inner)]


def _read(context: ReadContext) -> Partition:
    partition = Partition()
    for part in ("Training", "Testing/Still", "Testing/Walking"):
        recordings = read_person_folders(context, part, partition.problems)
        prepared = prepare_recordings(recordings, CLIPPED_FRAMES, CLIPPED_FRAMES)
        if part == "Training":
            partition.train = prepared
        else:
            partition.tests[part.removeprefix("Testing/")] = prepared
    return partition


BIWI = DataSet(
    name="BIWI",
    title="BIWI RGBD-ID",
    layout="kinect-v1",
    window_length=6,
    splits=(
        Split("BIWI-S", probe="Still", gallery="Walking", settings={"eps": 0.6, "min_samples": 2}),
        Split("BIWI-W", probe="Walking", gallery="Still", settings={"eps": 0.8, "min_samples": 2}),
    ),
    persons={"train": 50, "Still": 28, "Walking": 28},
    raw_content="Training, Testing/Still, Testing/Walking",
    has_raw=has_any_path("Training", "Testing/Still", "Testing/Walking"),
    read_raw=_read,
)

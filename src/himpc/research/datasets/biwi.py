"""BIWI RGBD-ID: 50 people walk and stand before a Kinect v1, 28 of them again on another day.

Munaro, Fossati, Basso, Menegatti, Van Gool: "One-shot person re-identification with a consumer depth camera", in Person
Re-Identification, Springer 2014. Protocol: docs/benchmarks.md.
"""

from __future__ import annotations

from pathlib import Path

from himpc.reading import Problem, get_format
from himpc.recordings import Recording
from himpc.research.datasets.base import Benchmark, Split
from himpc.research.folders import has_any, required, subfolders
from himpc.research.partition import RawSet, Read, prepare, read_file

__all__ = ["BIWI", "first_number", "read_person_folders"]

_CLIPPED = 10
"""Frames left out at the start and at the end of each recording."""


def first_number(name: str) -> str:
    """Return the first number in a name without leading zeros, or the name where it has none.

    >>> first_number("007"), first_number("person 12 b"), first_number("Anna")
    ('7', '12', 'Anna')
    """
    digits = "".join(char if char.isascii() and char.isdigit() else " " for char in name).split()
    return str(int(digits[0])) if digits else name


def read_person_folders(what: Read, part: str, problems: list[Problem]) -> list[Recording]:
    """Read the recordings of a part that has a folder a person, with frames ``*skel.txt`` in it or in its folders.

    The person is told by the name of the folder, not by its place in a listing.

    Raises
    ------
    DataError
        If the part is missing.
    """
    folder = required(what.root, part, "a folder a person with frames *skel.txt")
    places = [(person, place) for person in subfolders(folder) for place in _frame_folders(person)]
    recordings = []
    for person, place in what.progress(places, len(places), f"reading {part}"):
        for recording in read_file("kinect-sdk", place, problems):
            name = place.relative_to(what.root).as_posix()
            source = name if recording.origin is None else recording.origin.text(name)
            recordings.append(recording.with_(person=first_number(person.name), source=source))
    return recordings


def _frame_folders(folder: Path) -> list[Path]:
    """Return a folder, or those in it, that hold frames."""
    if get_format("kinect-sdk").recognise(folder, b""):
        return [folder]
    return [place for inner in subfolders(folder) for place in _frame_folders(inner)]


def _read(what: Read) -> RawSet:
    found = RawSet()
    found.train += prepare(read_person_folders(what, "Training", found.problems), _CLIPPED, _CLIPPED)
    for test in ("Still", "Walking"):
        recordings = read_person_folders(what, f"Testing/{test}", found.problems)
        found.tests[test] = prepare(recordings, _CLIPPED, _CLIPPED)
    return found


BIWI = Benchmark(
    name="BIWI",
    title="BIWI RGBD-ID",
    layout="kinect-v1",
    window_length=6,
    splits=(
        Split("BIWI-S", probe="Still", gallery="Walking", settings={"eps": 0.6, "min_samples": 2}),
        Split("BIWI-W", probe="Walking", gallery="Still", settings={"eps": 0.8, "min_samples": 2}),
    ),
    persons={"train": 50, "Still": 28, "Walking": 28},
    raw_expected="Training, Testing/Still, Testing/Walking",
    has_raw=has_any("Training", "Testing/Still", "Testing/Walking"),
    read_raw=_read,
)

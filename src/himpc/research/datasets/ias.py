"""IAS-Lab RGBD-ID: 11 people before a Kinect v1; TestingA in other clothes, TestingB in another room.

Munaro, Ghidoni, Tartaro Dizmen, Menegatti: "A feature-based approach to people re-identification using skeleton
keypoints", ICRA 2014. Protocol: docs/benchmarks.md.
15 joints are tracked; the files repeat a neighbour for the other 5.
"""

from __future__ import annotations

from himpc.research.datasets.base import Benchmark, Split
from himpc.research.datasets.biwi import read_person_folders
from himpc.research.folders import has_any, listed
from himpc.research.partition import RawSet, Read, prepare

__all__ = ["IAS"]

_CLIPPED = 10


def _read(what: Read) -> RawSet:
    found = RawSet()
    found.train += prepare(read_person_folders(what, "Training", found.problems), first=_CLIPPED)
    for test in ("A", "B"):
        recordings = read_person_folders(what, f"Testing{test}", found.problems)
        found.tests[test] = prepare(recordings, _CLIPPED, _CLIPPED)
    return found


def _read_mislabelled(what: Read) -> RawSet:
    """Number people by the place of their folder in the listing of each part, as the original script does."""
    found = _read(what)
    labels: dict[str, set[str]] = {}
    for walks in (found.train, *found.tests.values()):
        part = walks[0].source.partition("/")[0] if walks else ""
        place = {name: str(number) for number, name in enumerate(listed(what.root / part))}
        for number, walk in enumerate(walks):
            label = place[walk.source.split("/")[1]]
            labels.setdefault(str(walk.person), set()).add(label)
            walks[number] = walk.with_(person=label)
    mixed = sum(len(each) > 1 for each in labels.values())
    found.notes.append(
        f"mislabel: people are numbered by the place of their folder in a listing; {mixed} of {len(labels)} have not "
        "the same number in all parts"
    )
    return found


_PUBLISHED = {"eps": 0.8, "min_samples": 2}

IAS = Benchmark(
    name="IAS",
    title="IAS-Lab RGBD-ID",
    layout="kinect-v1",
    window_length=6,
    splits=(
        Split("IAS-A", probe="A", gallery="B", settings=_PUBLISHED),
        Split("IAS-B", probe="B", gallery="A", settings=_PUBLISHED),
    ),
    persons={"train": 11, "A": 11, "B": 11},
    raw_expected="Training, TestingA, TestingB",
    has_raw=has_any("Training", "TestingA", "TestingB"),
    read_raw=_read,
    read_mislabelled=_read_mislabelled,
)

"""KGBD, the Kinect gait biometry dataset: 164 people walk half circles around a turning Kinect v1, five times or so.

Andersson and Araujo: "Person identification using anthropometric and gait data from Kinect sensor", AAAI 2015.
Protocol: docs/benchmarks.md. The split is random; in the authors' scripts it has no seed, here it has one. One person
has three recordings only: one is the gallery, one the probe, one trains.
"""

from __future__ import annotations

import re
from pathlib import Path

from himpc.reading import natural_key
from himpc.recordings import Recording, Windows
from himpc.research.datasets.base import Benchmark, Split
from himpc.research.datasets.random_split import draw_split
from himpc.research.folders import subfolders
from himpc.research.partition import RawSet, Read, prepare, read_file

__all__ = ["KGBD"]

_CLIPPED = 10
_GALLERIES = 2
_PERSON = re.compile(r"person[ _-]*0*([0-9]+)", re.IGNORECASE)

_RAW_ORDER = (3, 2, 8, 4, 9, 5, 10, 6, 11, 7, 1, 0, 16, 12, 17, 13, 18, 14, 19, 15)
"""Which Kinect v1 joint each line of a frame holds, and each column of the authors' arrays, which keep that order."""


def _read(what: Read) -> RawSet:
    found = RawSet(tests={"gallery": [], "probe": []})
    folders = _person_folders(what.root)
    told = what.progress(folders, len(folders), "reading people")
    recordings = [walk for folder in told for walk in _read_person(folder, found)]
    units: dict[str, list[str]] = {}
    for walk in recordings:
        units.setdefault(str(walk.person), []).append(walk.source)
    parts, notes = draw_split(units, what.seed, _GALLERIES)
    found.notes.extend(notes)
    for walk in recordings:
        part = parts[str(walk.person), walk.source]
        (found.train if part == "train" else found.tests[part]).append(walk)
    return found


def _person_folders(root: Path) -> list[Path]:
    """Return the folders of people in a folder, or in the first folder in it that has some."""
    for place in (root, *subfolders(root)):
        people = [folder for folder in subfolders(place) if _PERSON.fullmatch(folder.name)]
        if people:
            return people
    return []


def _read_person(folder: Path, found: RawSet) -> list[Recording]:
    named = _PERSON.fullmatch(folder.name)
    files = sorted((f for f in folder.iterdir() if f.suffix.lower() == ".txt"), key=lambda f: natural_key(f.name))
    walks = [walk for file in files for walk in read_file("kgbd", file, found.problems)]
    person = named[1] if named else folder.name
    named_walks = [walk.with_(person=person, source=f"{folder.name}/{Path(walk.source).name}") for walk in walks]
    return prepare(named_walks, _CLIPPED, _CLIPPED)


KGBD = Benchmark(
    name="KGBD",
    title="KGBD",
    layout="kinect-v1",
    window_length=6,
    splits=(Split("KGBD", probe="probe", gallery="gallery", settings={"eps": 0.6, "min_samples": 4}),),
    persons={"all": 164},
    raw_expected="Person001, Person002, ...",
    has_raw=lambda folder: bool(_person_folders(folder)),
    read_raw=_read,
    cut_training=Windows.cut,
    array_orders=(_RAW_ORDER,),
)

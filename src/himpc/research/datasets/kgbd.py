"""KGBD, the Kinect gait biometry dataset: 164 people walk half circles around a turning Kinect v1, about five times.

Andersson and Araujo: "Person identification using anthropometric and gait data from Kinect sensor", AAAI 2015.
Protocol: docs/benchmarks.md. The split is random; the authors' scripts have no seed, himpc has one. One person has
three recordings only: one for the gallery, one as probe, one for training.
"""

from __future__ import annotations

import re
from pathlib import Path

from himpc.reading import natural_key
from himpc.recordings import Recording, Windows
from himpc.research.datasets.base import DataSet, ReadContext, prepare_recordings, read_file
from himpc.research.datasets.biwi import CLIPPED_FRAMES
from himpc.research.datasets.random_split import split_randomly
from himpc.research.folders import subfolders
from himpc.research.partition import Partition
from himpc.research.protocol import Split

_GALLERIES = 2
_PERSON_FOLDER = re.compile(r"person[ _-]*0*([0-9]+)", re.IGNORECASE)

_RAW_ORDER = (3, 2, 8, 4, 9, 5, 10, 6, 11, 7, 1, 0, 16, 12, 17, 13, 18, 14, 19, 15)
"""The Kinect v1 joint of each line of a raw frame, and of each column of the authors' arrays, which keep that order."""


def _read(context: ReadContext) -> Partition:
    partition = Partition()
    folders = _person_folders(context.root)
    recordings: list[Recording] = []
    for folder in context.progress(folders, len(folders), "reading people"):
        recordings += _read_person(folder, partition)
    split_randomly(partition, recordings, lambda recording: recording.source, context.seed, _GALLERIES)
    return partition


def _person_folders(root: Path) -> list[Path]:
    """Return the person folders in a folder, or in its first subfolder that has some."""
    for place in (root, *subfolders(root)):
        people = [folder for folder in subfolders(place) if _PERSON_FOLDER.fullmatch(folder.name)]
        if people:
            return people
    return []


def _read_person(folder: Path, partition: Partition) -> list[Recording]:
    match = _PERSON_FOLDER.fullmatch(folder.name)
    person = match[1] if match else folder.name
    files = sorted((f for f in folder.iterdir() if f.suffix.lower() == ".txt"), key=lambda f: natural_key(f.name))
    recordings = [each for file in files for each in read_file("kgbd", file, partition.problems)]
    labelled = [each.with_(person=person, source=f"{folder.name}/{Path(each.source).name}") for each in recordings]
    return prepare_recordings(labelled, CLIPPED_FRAMES, CLIPPED_FRAMES)


KGBD = DataSet(
    name="KGBD",
    title="KGBD",
    layout="kinect-v1",
    window_length=6,
    splits=(Split("KGBD", probe="probe", gallery="gallery", settings={"eps": 0.6, "min_samples": 4}),),
    persons={"all": 164},
    raw_content="Person001, Person002, ...",
    has_raw=lambda folder: bool(_person_folders(folder)),
    read_raw=_read,
    cut_training=Windows.cut,
    array_orders=(_RAW_ORDER,),
)

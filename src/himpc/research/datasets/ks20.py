"""Vislab KS20: 20 people walk past a Kinect v2, seen from five sides in three sessions.

Nambiar, Bernardino, Nascimento, Fred: "Context-aware person re-identification in the wild via fusion of gait and
anthropometric features", FG Workshops 2017. Protocol: docs/benchmarks.md. A person's session (gc1, gc2, gc3 in the file
names) is gallery, probe or training as a whole, in all its views; the draw is random, here with a seed.
"""

from __future__ import annotations

import re
from functools import partial
from itertools import chain
from pathlib import Path

from himpc.reading import first_frame_file
from himpc.recordings import Recording
from himpc.research.datasets.base import DataSet, ReadContext, prepare_recordings, read_file
from himpc.research.datasets.random_split import split_randomly
from himpc.research.folders import has_any_path, require_path
from himpc.research.partition import Partition
from himpc.research.protocol import Split

VIEWS = ("frontal", "left_diagonal", "left_lateral", "right_diagonal", "right_lateral")

_FRAME_NAME = re.compile(r"gc0*([0-9]+)_body0*([0-9]+)", re.IGNORECASE)


def _read(context: ReadContext, mislabel: bool = False) -> Partition:
    partition = Partition()
    names = context.progress(VIEWS, len(VIEWS), "reading views")
    views = [_read_view(context.root, view, partition) for view in names]
    if mislabel:
        views = [_shift_sessions(recordings) for recordings in views]
        partition.notes.append("mislabel: in each view, a recording has the session of the one that is listed after it")
    recordings = prepare_recordings(chain.from_iterable(views))
    split_randomly(partition, recordings, lambda recording: str(recording.session), context.seed)
    return partition


def _read_view(root: Path, view: str, partition: Partition) -> list[Recording]:
    """Read the folder of one view; the name of each frame states session and person."""
    folder = require_path(root, view, "frames named gcS_bodyP_TIME_*.txt")
    recordings = []
    for recording in read_file("kinect-sdk", folder, partition.problems):
        origin = recording.origin
        key = str(origin.body) if origin and origin.body else _first_frame_name(folder)
        match = _FRAME_NAME.match(key)
        if match is None:
            partition.notes.append(f"{folder.name}: {key or 'a recording'} is not named gcS_bodyP_TIME; left out")
            continue
        session, person = f"gc{match[1]}", match[2]
        source = f"{folder.name}/{session}_body{person}"
        recordings.append(recording.with_(person=person, session=session, camera=view, source=source))
    return recordings


def _shift_sessions(recordings: list[Recording]) -> list[Recording]:
    """Return the recordings of a view in the order of their file names, each with the session of the next one."""
    ordered = sorted(recordings, key=lambda each: f"{each.source}_")  # as gc1_body10_TIME precedes gc1_body1_TIME
    following = [*ordered[1:], *ordered[-1:]]
    return [each.with_(session=after.session) for each, after in zip(ordered, following, strict=True)]


def _first_frame_name(folder: Path) -> str:
    file = first_frame_file(folder, lambda name: _FRAME_NAME.match(name) is not None)
    return "" if file is None else file.name


KS20 = DataSet(
    name="KS20",
    title="KS20",
    layout="kinect-v2",
    window_length=6,
    splits=(Split("KS20", probe="probe", gallery="gallery", settings={"eps": 0.8, "min_samples": 2}),),
    persons={"all": 20},
    raw_content=", ".join(VIEWS),
    has_raw=has_any_path(*VIEWS),
    read_raw=_read,
    read_mislabelled=partial(_read, mislabel=True),
)

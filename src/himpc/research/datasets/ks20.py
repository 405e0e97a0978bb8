"""Vislab KS20: 20 people walk past a Kinect v2, seen from five sides in three sessions.

Nambiar, Bernardino, Nascimento, Fred: "Context-aware person re-identification in the wild via fusion of gait and
anthropometric features", FG Workshops 2017. Protocol: docs/benchmarks.md. A person's session (gc1, gc2, gc3 in the file
names) is wholly gallery, probe or training, in all its views; the draw is random, here with a seed.
"""

from __future__ import annotations

import re
from functools import partial
from itertools import chain
from pathlib import Path

from himpc.reading import first_frame_file
from himpc.recordings import Recording
from himpc.research.datasets.base import Benchmark, Split
from himpc.research.datasets.random_split import draw_split
from himpc.research.folders import has_any, required
from himpc.research.partition import RawSet, Read, prepare, read_file

__all__ = ["KS20", "VIEWS"]

VIEWS = ("frontal", "left_diagonal", "left_lateral", "right_diagonal", "right_lateral")

_NAME = re.compile(r"gc0*([0-9]+)_body0*([0-9]+)", re.IGNORECASE)


def _read(what: Read, mislabel: bool = False) -> RawSet:
    found = RawSet(tests={"gallery": [], "probe": []})
    told = what.progress(VIEWS, len(VIEWS), "reading views")
    views = [_read_view(what.root, view, found) for view in told]
    if mislabel:
        views = [_filed_late(walks) for walks in views]
        found.notes.append("mislabel: in each view, a recording has the session of the one that is listed after it")
    recordings = prepare(chain.from_iterable(views))
    sessions: dict[str, set[str]] = {}
    for walk in recordings:
        sessions.setdefault(str(walk.person), set()).add(str(walk.session))
    parts, notes = draw_split({person: sorted(names) for person, names in sessions.items()}, what.seed)
    found.notes.extend(notes)
    for walk in recordings:
        part = parts[str(walk.person), str(walk.session)]
        (found.train if part == "train" else found.tests[part]).append(walk)
    return found


def _read_view(root: Path, view: str, found: RawSet) -> list[Recording]:
    """Read one view's folder; the name of each frame says whose recording, and which session, it belongs to."""
    folder = required(root, view, "frames named gcS_bodyP_TIME_*.txt")
    walks = []
    for walk in read_file("kinect-sdk", folder, found.problems):
        key = str(walk.origin.body) if walk.origin and walk.origin.body else _first_name(folder)
        named = _NAME.match(key)
        if named is None:
            found.notes.append(f"{folder.name}: {key or 'a recording'} is not named gcS_bodyP_TIME and was left out")
            continue
        session, person = f"gc{named[1]}", named[2]
        source = f"{folder.name}/{session}_body{person}"
        walks.append(walk.with_(person=person, session=session, camera=view, source=source))
    return walks


def _filed_late(walks: list[Recording]) -> list[Recording]:
    """Return the recordings of a view in the order of their file names, each with the session of the next one."""
    ordered = sorted(walks, key=lambda walk: f"{walk.source}_")  # as gc1_body10_TIME stands before gc1_body1_TIME
    return [
        walk.with_(session=following.session)
        for walk, following in zip(ordered, [*ordered[1:], *ordered[-1:]], strict=True)
    ]


def _first_name(folder: Path) -> str:
    file = first_frame_file(folder, lambda name: _NAME.match(name) is not None)
    return "" if file is None else file.name


KS20 = Benchmark(
    name="KS20",
    title="KS20",
    layout="kinect-v2",
    window_length=6,
    splits=(Split("KS20", probe="probe", gallery="gallery", settings={"eps": 0.8, "min_samples": 2}),),
    persons={"all": 20},
    raw_expected=", ".join(VIEWS),
    has_raw=has_any(*VIEWS),
    read_raw=_read,
    read_mislabelled=partial(_read, mislabel=True),
)

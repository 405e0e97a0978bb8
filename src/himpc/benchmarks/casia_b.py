"""CASIA-B, with 3D joints estimated from its videos: 124 people, three conditions (nm, bg, cl), eleven views.

Yu, Tan and Tan: "A framework for evaluating the effect of view angle, clothing and carrying condition on gait
recognition", ICPR 2006. The paper names conditions and pairs. It does not say who trains: as in Liao, Yu, An and
Huang, "A model-based gait recognition method with body pose and human prior knowledge", Pattern Recognition 98 (2020),
persons 1 to 62 do, and 63 to 124 are tested. Nor does it say how training windows overlap: here by half, as elsewhere
in himpc. The authors' arrays hold both choices as they made them.

Raw: one file or folder a sequence, named ``001-nm-01-090`` (person, condition, number, view), in any format that
`himpc.read` knows and any layout that converts to OpenPose-14.
"""

from __future__ import annotations

import re

from himpc.benchmarks.benchmark import Benchmark, Split
from himpc.benchmarks.raw import RawSet, Read, prepare
from himpc.data import Recording, Windows, read
from himpc.errors import DataError

__all__ = ["CASIA_B", "CONDITIONS", "TRAINING_PERSONS"]

CONDITIONS = ("nm", "bg", "cl")

TRAINING_PERSONS = 62
"""Persons 1 to 62 train, the others are tested."""

_NAME = re.compile(r"(?<![0-9])([0-9]{1,3})[-_](nm|bg|cl)[-_]([0-9]{1,2})[-_]([0-9]{1,3})(?![0-9])", re.IGNORECASE)


def _read(what: Read) -> RawSet:
    read_all = read(what.root, layout="openpose-14", clean=False, progress=what.progress)
    found = RawSet(tests={name: [] for name in CONDITIONS}, problems=list(read_all.problems))
    walks = [named for recording in read_all if (named := _named(recording)) is not None]
    if not walks:
        raise DataError(f"{what.root}: holds no sequences named like '001-nm-01-090' (person-condition-number-view)")
    flat = next((walk for walk in walks if walk.dimensions == 2), None)
    if flat is not None:
        raise DataError(f"{flat.source}: is in 2D, expected 3D joints: lift the poses first")
    for walk in prepare(walks):
        part = found.train if int(str(walk.person)) <= TRAINING_PERSONS else found.tests[_condition(walk)]
        part.append(walk)
    return found


def _named(recording: Recording) -> Recording | None:
    named = _NAME.search(recording.source)
    if named is None:
        return None
    person, condition, number, view = named.groups()
    session = f"{condition.lower()}-{int(number):02d}"
    return recording.with_(person=str(int(person)), session=session, camera=f"{int(view):03d}")


def _condition(recording: Recording) -> str:
    return str(recording.session).partition("-")[0]


def _cut(recordings: list[Recording], length: int) -> Windows:
    return Windows.cut(recordings, length, stride=max(1, length // 2))


_PUBLISHED = {"eps": 0.75, "min_samples": 2}

CASIA_B = Benchmark(
    name="CASIA_B",
    title="CASIA-B",
    layout="openpose-14",
    window_length=40,
    splits=tuple(
        Split(f"{probe.title()}-{gallery.title()}", probe=probe, gallery=gallery, settings=_PUBLISHED)
        for probe, gallery in (("nm", "nm"), ("bg", "bg"), ("cl", "cl"), ("cl", "nm"), ("bg", "nm"))
    ),
    persons={"all": 124},
    raw_expected="sequences named like 001-nm-01-090",
    has_raw=lambda folder: any(_NAME.search(place.name) for place in folder.rglob("*")),
    read_raw=_read,
    cut_training=_cut,
    condition=_condition,
    array_folder="CASIA_B_match",
    array_prefix="CASIA_B_",
)

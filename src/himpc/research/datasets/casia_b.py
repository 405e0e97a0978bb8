"""CASIA-B, with 3D joints estimated from its videos: 124 people, three conditions (nm, bg, cl), eleven views.

Yu, Tan and Tan: "A framework for evaluating the effect of view angle, clothing and carrying condition on gait
recognition", ICPR 2006. The paper names conditions and pairs. It does not say who trains: as in Liao, Yu, An and
Huang, "A model-based gait recognition method with body pose and human prior knowledge", Pattern Recognition 98 (2020),
persons 1 to 62 do, and 63 to 124 are tested. Nor does it say how training windows overlap: here by half, as elsewhere
in himpc. The authors' arrays hold both choices as they made them.

Raw: one file or folder a sequence, named ``001-nm-01-090`` (person, condition, number, view), in any format that
`himpc.read` knows and any layout that converts to OpenPose-14; so does what `himpc pose` makes of videos with these
names. A file that is not named so may hold recordings whose own sources are.

A sequence shows one walker. Where several tracks were found in its video, the longest is taken and the others are told:
a bystander must not be labelled as the walker, and nothing says that two tracks are one person. The parts into which
gaps split a track stay together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from himpc.errors import DataError, EmptyError
from himpc.reading import Problem, ReadOptions, plan
from himpc.recordings import Origin, Recording, Windows
from himpc.research.datasets.base import Benchmark, Split
from himpc.research.folders import child
from himpc.research.partition import RawSet, Read, prepare

__all__ = ["CASIA_B", "CONDITIONS", "TRAINING_PERSONS", "VIEWS", "WINDOW_LENGTH"]

CONDITIONS = ("nm", "bg", "cl")

VIEWS = tuple(f"{angle:03d}" for angle in range(0, 181, 18))
"""The eleven views as the file names have them, degrees."""

WINDOW_LENGTH = 40
"""F as published, frames."""

TRAINING_PERSONS = 62
"""Persons 1 to 62 train, the others are tested."""

_NAME = re.compile(r"(?<![0-9])([0-9]{1,3})[-_](nm|bg|cl)[-_]([0-9]{1,2})[-_]([0-9]{1,3})(?![0-9])", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class _Track:
    """One body of a file: a recording, or the parts into which gaps split it."""

    path: Path
    parts: list[Recording]

    @property
    def frames(self) -> int:
        return sum(map(len, self.parts))

    @property
    def source(self) -> str:
        return self.parts[0].whole_source


def _read(what: Read) -> RawSet:
    found = RawSet(tests={name: [] for name in CONDITIONS})
    sequences: dict[tuple[str | None, str | None, str | None], dict[Origin | None, _Track]] = {}
    for path, walk in _walks(what, found.problems):
        tracks = sequences.setdefault((walk.person, walk.session, walk.camera), {})
        tracks.setdefault(walk.origin and walk.origin.whole, _Track(path, [])).parts.append(walk)
    if not sequences:
        reason = f"; the first problem is {found.problems[0]}" if found.problems else ""
        raise DataError(
            f"{what.root}: holds no sequences named like '001-nm-01-090' (person-condition-number-view){reason}"
        )
    short = []
    for tracks in sequences.values():
        longest = max(tracks.values(), key=lambda track: track.frames)
        found.problems += [_left_out(track, longest) for track in tracks.values() if track is not longest]
        if max(map(len, longest.parts)) < WINDOW_LENGTH:
            short.append(longest)
        walk = longest.parts[0]
        part = found.train if int(str(walk.person)) <= TRAINING_PERSONS else found.tests[_condition(walk)]
        part += longest.parts
    found.notes += _notes(len(sequences), short, {str(camera) for _, _, camera in sequences})
    return found


def _walks(what: Read, problems: list[Problem]) -> Iterator[tuple[Path, Recording]]:
    """Yield the file and the named recording of each sequence's bodies; what cannot be used is added to `problems`.

    Frames in which a joint is missing are dropped.
    """
    folder = child(what.root, "recordings") or what.root  # `himpc pose` writes its reports beside these
    try:
        planned = plan(folder, ReadOptions(layout="openpose-14", clean=False, video=None))
    except EmptyError as error:
        raise DataError(
            f"{error}; if it holds videos, 'himpc pose {folder} --out poses' makes recordings: give --root poses"
        ) from error
    problems += planned.problems
    for source in what.progress(planned.sources, len(planned.sources), "reading"):
        recordings, failed = planned.read(source)
        problems += failed
        for recording in recordings:
            named = _named(recording, source.name)
            if named is None:
                continue
            if named.dimensions == 2:
                raise DataError(f"{named.source}: is in 2D, expected 3D joints: lift the poses first")
            usable = prepare([named])
            if not usable:
                problems.append(Problem(source.path, f"{named.source} has no frame in which all joints were seen"))
            yield from ((source.path, walk) for walk in usable)


def _named(recording: Recording, file: str) -> Recording | None:
    """Return a recording with what the name of its file says, or else its own source; None if neither says it."""
    named = _NAME.search(file) or _NAME.search(recording.source)
    if named is None:
        return None
    person, condition, number, view = named.groups()
    session = f"{condition.lower()}-{int(number):02d}"
    return recording.with_(person=str(int(person)), session=session, camera=f"{int(view):03d}")


def _left_out(track: _Track, longest: _Track) -> Problem:
    message = (
        f"{track.source} ({track.frames} frames), for its sequence is taken from {longest.source} "
        f"({longest.frames} frames), and the two may not be one person"
    )
    return Problem(track.path, message)


def _notes(sequences: int, short: list[_Track], views: set[str]) -> list[str]:
    """Say which sequences are too short for the published windows, and which views there are if not the eleven."""
    notes = []
    if short:
        listed = ", ".join(f"{track.source} ({track.frames})" for track in short[:5]) + ", ..." * (len(short) > 5)
        notes.append(
            f"{len(short)} of {sequences} sequences are too short for the published window of {WINDOW_LENGTH} frames: "
            f"{listed}"
        )
    if views != set(VIEWS):
        notes.append(f"views are {', '.join(sorted(views))}, published are {', '.join(VIEWS)}")
    return notes


def _condition(recording: Recording) -> str:
    return str(recording.session).partition("-")[0]


def _cut(recordings: list[Recording], length: int) -> Windows:
    return Windows.cut(recordings, length, stride=max(1, length // 2))


_PUBLISHED = {"eps": 0.75, "min_samples": 2}

CASIA_B = Benchmark(
    name="CASIA_B",
    title="CASIA-B",
    layout="openpose-14",
    window_length=WINDOW_LENGTH,
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

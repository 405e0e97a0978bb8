"""CASIA-B, with 3D joints estimated from its videos: 124 people, three conditions (nm, bg, cl), eleven views.

Yu, Tan and Tan: "A framework for evaluating the effect of view angle, clothing and carrying condition on gait
recognition", ICPR 2006. The paper names conditions and pairs, but not the people to train on: here people 1 to 62
train and 63 to 124 are tested, as in Liao, Yu, An and Huang, "A model-based gait recognition method with body pose and
human prior knowledge", Pattern Recognition 98 (2020). Nor does it state the overlap of training windows: here half, as
elsewhere in himpc. The authors' arrays contain their own choices.

Raw files: one file or folder per sequence, named ``001-nm-01-090`` (person, condition, number, view), in any format
that `himpc.read` knows and any layout that converts to OpenPose-14, such as the recordings of poses estimated from
videos with these names. A file with another name may hold recordings whose sources are named so.

A sequence shows one walker. If several tracks were found in its video, the longest is used and the others are reported
as problems: a bystander must not be labelled as the walker. The parts of a track that was split at gaps stay together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from himpc.errors import DataError, EmptyError
from himpc.reading import Problem, ReadOptions, read
from himpc.recordings import Origin, Recording, Windows
from himpc.research.datasets.base import DataSet, ReadContext, prepare_recordings
from himpc.research.folders import find_subfolder
from himpc.research.partition import Partition
from himpc.research.protocol import Split

CONDITIONS = ("nm", "bg", "cl")

VIEWS = tuple(f"{angle:03d}" for angle in range(0, 181, 18))
"""The eleven views in degrees, as in the file names."""

WINDOW_LENGTH = 40
"""F as published, frames."""

TRAINING_PERSONS = 62
"""Persons 1 to 62 are in the training set, the others in the test sets."""

_NAME = re.compile(r"(?<![0-9])([0-9]{1,3})[-_](nm|bg|cl)[-_]([0-9]{1,2})[-_]([0-9]{1,3})(?![0-9])", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class _Track:
    """One body of a file, in one or more parts."""

    path: Path
    parts: list[Recording]

    @property
    def n_frames(self) -> int:
        return sum(map(len, self.parts))

    @property
    def source(self) -> str:
        return self.parts[0].whole_source


def _read(context: ReadContext) -> Partition:
    partition = Partition(tests={name: [] for name in CONDITIONS})
    sequences: dict[tuple[str | None, str | None, str | None], dict[Origin | None, _Track]] = {}
    for path, each in _read_sequences(context, partition.problems):
        tracks = sequences.setdefault((each.person, each.session, each.camera), {})
        tracks.setdefault(each.origin and each.origin.whole, _Track(path, [])).parts.append(each)
    if not sequences:
        reason = f"; the first problem is {partition.problems[0]}" if partition.problems else ""
        raise DataError(
            f"{context.root}: holds no sequences named like '001-nm-01-090' (person-condition-number-view){reason}"
        )
    too_short = []
    for tracks in sequences.values():
        longest = max(tracks.values(), key=lambda track: track.n_frames)
        partition.problems += [_report_unused(track, longest) for track in tracks.values() if track is not longest]
        if max(map(len, longest.parts)) < WINDOW_LENGTH:
            too_short.append(longest)
        first = longest.parts[0]
        is_training = int(str(first.person)) <= TRAINING_PERSONS
        part = partition.train if is_training else partition.tests[_condition_of(first)]
        part += longest.parts
    partition.notes += _notes(len(sequences), too_short, {str(camera) for _, _, camera in sequences})
    return partition


def _read_sequences(context: ReadContext, problems: list[Problem]) -> Iterator[tuple[Path, Recording]]:
    """Yield each file with a recording in it, labelled by name, without frames in which a joint is missing."""
    folder = find_subfolder(context.root, "recordings") or context.root  # of a pose folder, which has reports as well
    try:
        recordings = read(folder, ReadOptions(layout="openpose-14", clean=False, video=None), progress=context.progress)
    except EmptyError as error:
        raise DataError(
            error.message, hint="if it holds videos, run {estimate()}, and pass the folder of its output as {root}"
        ) from error
    problems += recordings.problems
    for recording in recordings:
        path = recording.origin.path if recording.origin and recording.origin.path else folder
        labelled = _label_by_name(recording, path.relative_to(folder.absolute()).as_posix())
        if labelled is None:
            continue
        if labelled.dimensions == 2:
            raise DataError(f"{labelled.source}: is in 2D, expected 3D joints", hint="lift the poses to 3D first")
        prepared = prepare_recordings([labelled])
        if not prepared:
            problems.append(Problem(path, f"{labelled.source} has no frame in which all joints were seen"))
        yield from ((path, each) for each in prepared)


def _label_by_name(recording: Recording, file: str) -> Recording | None:
    """Set person, session and camera from the name of the file, or else of the source; None if neither matches."""
    match = _NAME.search(file) or _NAME.search(recording.source)
    if match is None:
        return None
    person, condition, number, view = match.groups()
    session = f"{condition.lower()}-{int(number):02d}"
    return recording.with_(person=str(int(person)), session=session, camera=f"{int(view):03d}")


def _report_unused(track: _Track, longest: _Track) -> Problem:
    message = (
        f"{track.source} ({track.n_frames} frames): its sequence is read from {longest.source} "
        f"({longest.n_frames} frames), and the two may show different persons"
    )
    return Problem(track.path, message)


def _notes(n_sequences: int, too_short: list[_Track], views: set[str]) -> list[str]:
    """Describe sequences that are too short for the published windows, and views that were not published."""
    notes = []
    if too_short:
        listed = ", ".join(f"{track.source} ({track.n_frames})" for track in too_short[:5])
        listed += ", ..." * (len(too_short) > 5)
        notes.append(
            f"{len(too_short)} of {n_sequences} sequences are too short for the published window of {WINDOW_LENGTH} "
            f"frames: {listed}"
        )
    if views != set(VIEWS):
        notes.append(f"views are {', '.join(sorted(views))}, published are {', '.join(VIEWS)}")
    return notes


def _condition_of(recording: Recording) -> str:
    return str(recording.session).partition("-")[0]


_PUBLISHED = {"eps": 0.75, "min_samples": 2}

CASIA_B = DataSet(
    name="CASIA_B",
    title="CASIA-B",
    layout="openpose-14",
    window_length=WINDOW_LENGTH,
    splits=tuple(
        Split(f"{probe.title()}-{gallery.title()}", probe=probe, gallery=gallery, settings=_PUBLISHED)
        for probe, gallery in (("nm", "nm"), ("bg", "bg"), ("cl", "cl"), ("cl", "nm"), ("bg", "nm"))
    ),
    persons={"all": 124},
    raw_content="sequences named like 001-nm-01-090",
    has_raw=lambda folder: any(_NAME.search(place.name) for place in folder.rglob("*")),
    read_raw=_read,
    cut_training=lambda recordings, length: Windows.cut(recordings, length, stride=max(1, length // 2)),
    condition_of=_condition_of,
    array_folder="CASIA_B_match",
    array_prefix="CASIA_B_",
)

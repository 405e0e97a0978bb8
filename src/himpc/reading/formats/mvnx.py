"""Xsens MVNX: the positions of body segments, from inertial suits (MVN Analyze, MVN Animate), versions 3 and 4.

XML: ``mvnx > subject > segments > segment`` names the segments, ``subject > frames > frame > position`` holds x, y and
z of each in metres, z up. The position of a segment is that of its proximal joint. Frames of the types ``identity``,
``tpose`` and ``tpose-isb`` are calibration poses and are skipped.

The file is parsed as a stream. A document type declaration may name the schema of Xsens, which is not loaded, but may
declare nothing itself, so no entity is ever expanded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError, count_noun
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.reading.formats.parsing.markers import marker_recordings
from himpc.reading.formats.parsing.positions import check_memory, check_positions
from himpc.reading.formats.parsing.tables import parse_number
from himpc.reading.formats.parsing.text import HEAD_BYTES, decode_head
from himpc.reading.formats.parsing.timeline import Timeline, find_timeline
from himpc.reading.formats.parsing.xml import create_parser, parse_chunks
from himpc.recordings import Recording

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="motion capture",
    files="*.mvnx",
    reads="the positions of the segments of each subject, in versions 3 and 4; their names, or the 23 of a full body "
    "where the file has none; frames by `index` and `time`",
    assumes="metres, z up; the position of a segment is that of its proximal joint",
    ignores="calibration poses (`identity`, `tpose`), orientations, velocities, sensors, joint angles and contacts",
    source="MVN User Manual, Xsens document MV0319P",
    exports=(
        Export(
            "Xsens MVN",
            "File > Export, MVNX, with segment positions",
        ),
    ),
)

SEGMENTS = (
    *("Pelvis", "L5", "L3", "T12", "T8", "Neck", "Head", "RightShoulder", "RightUpperArm", "RightForeArm", "RightHand"),
    *("LeftShoulder", "LeftUpperArm", "LeftForeArm", "LeftHand", "RightUpperLeg", "RightLowerLeg", "RightFoot"),
    *("RightToe", "LeftUpperLeg", "LeftLowerLeg", "LeftFoot", "LeftToe"),
)
"""The 23 segments of a full body, in the order of the format; a file that lists none has these."""

_CHUNK = 2**20


@dataclass
class _Subject:
    """A person in a file: name, frame rate, segments and frames."""

    name: str
    rate: float | None
    segments: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    times: list[tuple[float, float]] = field(default_factory=list)
    positions: list[list[float]] = field(default_factory=list)

    def timeline(self, path: Path) -> Timeline:
        """Place the frames in time by their indices, or by their milliseconds."""
        numbers, milliseconds = np.array(self.times, dtype=np.float64).T
        counted = bool(np.isfinite(numbers).all() and (np.diff(numbers) > 0).all())
        return find_timeline(
            path,
            self.lines,
            numbers=numbers if counted else None,
            seconds=milliseconds / 1000 if np.isfinite(milliseconds).all() else None,
            stated=self.rate,
        )


def recognise(path: Path, head: bytes) -> bool:
    """Recognise the root element, or the suffix of an XML file that begins with something else."""
    lines = decode_head(head)
    root = re.search(r"<(\w+:)?mvnx\b", "\n".join(lines))
    return root is not None or (path.suffix.lower() == ".mvnx" and "".join(lines[:1]).startswith("<"))


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each subject of an MVNX file."""
    subjects = _Parser(path).parse()
    timelines = [subject.timeline(path) for subject in subjects]
    length = max(timeline.length for timeline in timelines)
    check_memory(path, 1, length, sum(len(subject.segments) for subject in subjects))
    bodies = [
        _positions(path, subject, timeline, length) for subject, timeline in zip(subjects, timelines, strict=True)
    ]
    points = np.concatenate(bodies, axis=1)
    labels = [f"{subject.name}:{segment}" for subject in subjects for segment in subject.segments]
    rates = {timeline.fps for timeline in timelines}
    if len(rates) > 1:
        raise FormatError(f"{path}: its subjects have different frame rates", hint="export each subject by itself")
    recordings = marker_recordings(
        path,
        labels,
        lambda columns: points[:, columns],
        options,
        unit="m",
        up="z",
        fps=rates.pop(),
        start=min(timeline.start for timeline in timelines),
        notes=tuple(dict.fromkeys(note for timeline in timelines for note in timeline.notes)),
    )
    only = subjects[0].name if len(subjects) == len(recordings) == 1 else ""
    return [recording.with_(person=only) if only else recording for recording in recordings]


def _positions(path: Path, subject: _Subject, timeline: Timeline, length: int) -> NDArray[np.floating]:
    """Return ``(length, segments, 3)`` positions of one subject."""
    positions = np.array(subject.positions).reshape(len(subject.positions), len(subject.segments), 3)
    check_positions(path, subject.lines, positions)
    placed = timeline.place(positions)
    missing = np.full((length - len(placed), *placed.shape[1:]), np.nan)
    return np.concatenate([placed, missing])


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


class _Parser:
    """Parser of the elements that hold names and positions."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.subjects: list[_Subject] = []
        self.skipped: set[str] = set()
        self.in_frame = False
        self.frame = (float("nan"), float("nan"))
        self.text: list[str] | None = None
        with path.open("rb") as file:
            self.expat = create_parser(file.read(HEAD_BYTES))
        self.expat.StartDoctypeDeclHandler = self._check_doctype
        self.expat.SkippedEntityHandler = self._refuse_entity
        self.expat.StartElementHandler = self._start
        self.expat.EndElementHandler = self._end
        self.expat.CharacterDataHandler = self._collect

    def parse(self) -> list[_Subject]:
        """Parse the subjects that have frames of motion."""
        parse_chunks(self.path, self.expat, _chunks(self.path))
        subjects = [subject for subject in self.subjects if subject.positions]
        if not subjects:
            kinds = f" (only {', '.join(sorted(self.skipped))})" if self.skipped else ""
            raise FormatError(
                f"{self.path}: holds no positions of frames of motion{kinds}",
                hint=FACTS.advice(),
            )
        return subjects

    def _check_doctype(self, name: str, system: str | None, public: str | None, declares: int) -> None:
        if declares:
            raise FormatError(f"{self.path}: declares entities or elements, which MVNX does not have")

    def _refuse_entity(self, name: str, is_parameter: bool) -> None:
        raise FormatError(f"{self.path}, line {self.expat.CurrentLineNumber}: the entity {name[:20]!r} is not declared")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        if tag == "subject":
            name = attributes.get("label", "").strip().replace(":", "_")
            self.subjects.append(_Subject(name, parse_number(attributes.get("frameRate"))))
        elif not self.subjects:
            return
        elif tag == "segment" and "label" in attributes:
            if self.subjects[-1].positions:
                line = self.expat.CurrentLineNumber
                raise FormatError(f"{self.path}, line {line}: a segment is named below the frames, expected above them")
            self.subjects[-1].segments.append(attributes["label"].replace(":", "_"))
        elif tag == "frame":
            kind = attributes.get("type", "normal")
            self.in_frame = kind == "normal"
            if self.in_frame:
                self.frame = (_to_float(attributes.get("index")), _to_float(attributes.get("time")))
            else:
                self.skipped.add(kind[:20])
        elif tag == "position" and self.in_frame:
            self.text = []

    def _collect(self, text: str) -> None:
        if self.text is not None:
            self.text.append(text)

    def _end(self, tag: str) -> None:
        tag = tag.rpartition(":")[2]
        if tag == "frame":
            self.in_frame = False
        elif tag == "position" and self.text is not None:
            self._add("".join(self.text).split())
            self.text, self.in_frame = None, False

    def _add(self, cells: list[str]) -> None:
        """Add the positions of one frame."""
        subject, line = self.subjects[-1], self.expat.CurrentLineNumber
        subject.segments = subject.segments or list(SEGMENTS)
        if len(cells) != 3 * len(subject.segments):
            raise FormatError(
                f"{self.path}, line {line}: a position has {count_noun(len(cells), 'number')}, "
                f"expected 3 for each of {len(subject.segments)} segments"
            )
        check_memory(self.path, 1, len(subject.positions) + 1, len(subject.segments))
        try:
            subject.positions.append([float(cell) for cell in cells])
        except ValueError:
            raise FormatError(f"{self.path}, line {line}: a position holds something that is not a number") from None
        subject.lines.append(line)
        subject.times.append(self.frame)


def _to_float(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return float("nan")

"""NTU RGB+D ``.skeleton``: Kinect v2, several bodies a file, 25 joints, metres, camera axes (y up), 30 Hz.

Shahroudy et al., "NTU RGB+D: A Large Scale Dataset for 3D Human Activity Analysis", CVPR 2016. A file is a frame count
and its frames; a frame is a body count and its bodies; a body is a line of its id and nine more values, a joint count,
and a line a joint: x y z, depth x y, colour x y, orientation w x y z, tracking state.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError, count_noun
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import FormatFacts
from himpc.reading.formats.parsing.kinect import state_confidence
from himpc.reading.formats.parsing.positions import check_memory, check_positions, mask_origin, scatter
from himpc.reading.formats.parsing.text import Row, decode_head, read_lines, to_numbers
from himpc.reading.formats.parsing.timeline import choose_rate, count_note
from himpc.reading.formats.parsing.world import numbered_origins, to_metres_y_up
from himpc.recordings import Origin, Quality, Recording
from himpc.skeleton import get_layout

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="depth cameras",
    files="*.skeleton",
    reads="the 25 joints of each body, with their tracking states",
    assumes="metres, y up, at 30 frames a second; a joint that is not tracked is missing",
    ignores="image coordinates, orientations and states of hands",
    source="Shahroudy et al., NTU RGB+D, CVPR 2016",
)

_FPS = 30.0
_JOINTS = 25
_INFO_VALUES = 10
_JOINT_VALUES = 12


def recognise(path: Path, head: bytes) -> bool:
    """Recognise the counts with which a file begins."""
    lines = [line.split() for line in decode_head(head)]
    while len(lines) > 2 and lines[1] == ["0"]:
        del lines[1]
    counts = [len(line) for line in lines[:4]]
    are_counts = all(line[0].isdecimal() for line in lines[:2])
    if path.suffix.lower() == ".skeleton":
        return bool(counts) and counts[0] == 1 and are_counts
    return counts == [1, 1, _INFO_VALUES, 1] and are_counts and lines[3] == [str(_JOINTS)]


class _Lines:
    """The lines of a file, read one by one; the end and a wrong count are errors that name the line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = read_lines(path)
        self._remaining: Iterator[tuple[int, str]] = iter(self.lines)
        self._count = 0
        self.number = 0

    def next(self, what: str) -> str:
        """Return the next line."""
        try:
            self.number, line = next(self._remaining)
            self._count += 1
        except StopIteration:
            raise FormatError(f"{self.path}, line {self.number}: ends here, expected {what} next") from None
        return line

    @property
    def at_end(self) -> bool:
        """Whether all lines were read."""
        return self._count == len(self.lines)

    def count(self, what: str) -> int:
        """Return the next line as a whole number, 0 or more."""
        line = self.next(what)
        if not (line.isascii() and line.isdecimal() and len(line) < 10):
            raise FormatError(f"{self.path}, line {self.number}: is {line[:40]!r}, expected {what}")
        return int(line)


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each body of a `.skeleton` file."""
    lines = _Lines(path)
    n_frames = lines.count("the number of frames")
    stated, n_frames = n_frames, 0
    frames_of: dict[str, list[int]] = {}
    rows_of: dict[str, list[Row]] = {}
    while not lines.at_end:
        frame, n_frames = n_frames, n_frames + 1
        for _ in range(lines.count("the number of bodies in a frame")):
            body, rows = _body(lines)
            if frames_of.setdefault(body, [])[-1:] == [frame]:
                raise FormatError(f"{path}, line {rows[0][0]}: body {body[:40]} is in frame {frame + 1} twice")
            frames_of[body].append(frame)
            rows_of.setdefault(body, []).extend(rows)
    if not frames_of:
        raise FormatError(f"{path}: shows no body in {count_noun(n_frames, 'frame')}")
    check_memory(path, len(frames_of), n_frames, _JOINTS)
    origins = numbered_origins(path, len(frames_of))
    layout = get_layout("kinect-v2")
    poses = [_pose(path, frames, rows_of[body], n_frames) for body, frames in frames_of.items()]
    bodies, notes = to_metres_y_up([joints for joints, _ in poses], layout, str(path), options, "m", "y")
    fps, rate_notes = choose_rate(options, _FPS)
    notes = (*count_note("frames", stated, n_frames), *notes, *rate_notes)
    return [
        Recording(
            joints.astype(np.float32),
            layout,
            fps=fps,
            origin=origin,
            confidence=confidence,
            quality=Quality(frames_read=n_frames, notes=notes),
            start=0.0,
            clock=Origin(path),
        )
        for origin, joints, (_, confidence) in zip(origins, bodies, poses, strict=True)
    ]


def _body(lines: _Lines) -> tuple[str, list[Row]]:
    """Read a body's id and the rows of its joints."""
    info = lines.next("a body's id and nine more values").split()
    if len(info) != _INFO_VALUES:
        raise FormatError(
            f"{lines.path}, line {lines.number}: has {count_noun(len(info), 'value')}, "
            "expected a body's id and nine more"
        )
    joints = lines.count("the number of joints, 25")
    if joints != _JOINTS:
        raise FormatError(
            f"{lines.path}, line {lines.number}: states {count_noun(joints, 'joint')}, expected {_JOINTS}"
        )
    rows: list[Row] = []
    for _ in range(_JOINTS):
        cells = lines.next("a joint's 12 numbers").split()
        if len(cells) != _JOINT_VALUES:
            raise FormatError(
                f"{lines.path}, line {lines.number}: has {count_noun(len(cells), 'number')}, expected {_JOINT_VALUES}"
            )
        rows.append((lines.number, [*cells[:3], cells[-1]]))
    return info[0], rows


def _pose(
    path: Path, frames: list[int], rows: list[Row], n_frames: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return a body's joints and their confidence over all frames of the file; NaN where the body is absent."""
    values = to_numbers(path, rows, 4, ("x", "y", "z", "tracking state"))
    check_positions(path, (number for number, _ in rows), values[:, :3])
    confidence = state_confidence(path, [number for number, _ in rows], values[:, -1])
    joints = mask_origin(values[:, :3])
    joints[confidence == 0] = np.nan
    placed, states = (
        scatter(each, np.array(frames), n_frames)
        for each in (joints.reshape(-1, _JOINTS, 3), confidence.reshape(-1, _JOINTS))
    )
    return placed, np.nan_to_num(states)

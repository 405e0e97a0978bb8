"""HTR and GTR of Motion Analysis: segments with translations and rotations, relative to their parents or global.

The keywords of ``[Header]`` are followed by ``[SegmentNames&Hierarchy]`` and ``[BasePosition]``, the pose that the
motion starts from. Then come the frames of one segment after the other, or, in HTR2, the segments of one frame after
the other. With B and M the rotations of base and frame, the rotation of a segment within its parent is ``B M``, and its
position is the sum of both translations. A segment begins at its joint, and has its length along ``BoneLengthAxis``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.file_options import UNITS, FileOptions
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.reading.formats.parsing.markers import marker_recordings
from himpc.reading.formats.parsing.positions import check_memory
from himpc.reading.formats.parsing.tables import parse_number
from himpc.reading.formats.parsing.text import Row, decode_head, read_lines, to_numbers
from himpc.reading.formats.parsing.timeline import count_note, find_timeline
from himpc.reading.forward_kinematics import euler_matrices, forward_kinematics
from himpc.reading.units import parse_unit
from himpc.recordings import Recording
from himpc.skeleton import get_layout

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="motion capture",
    files="*.htr, *.htr2, *.gtr",
    reads="the joints at which segments begin, and the ends of the last ones; translations and rotations relative to "
    "the parents or global, with the base pose (not tested with a file of a vendor)",
    assumes="the unit of `CalibrationUnits` unless `ScaleFactor` is other than 1, else the one that the body shows; "
    "the upward axis that the body shows, else `GlobalAxisofGravity`",
    ignores="nothing",
    source="https://research.cs.wisc.edu/graphics/Courses/cs-838-1999/Jeff/HTR.html",
    exports=(
        Export(
            "3ds Max 2012 with CAT",
            "select the root of the skeleton, then export HTR with Export Animation",
            "https://download.autodesk.com/us/3dsmax/2012help/files/GUID-F62A83A4-BAA8-4087-B9FC-3625D08709C-2848.htm",
        ),
        Export("Cortex", "export the skeleton as HTR"),
    ),
)

_MAX_SEGMENTS = 1000
_MAX_VALUE = 1e6
"""Length or angle from which a value is missing: Motion Analysis writes 9999999."""
_MIN_STRETCH = 0.05
_SECTION = re.compile(r"\[(.*)\]")
_FRAME = re.compile(r"(?:frame)?\s*([0-9]{1,15})\s*:?", re.IGNORECASE)


@dataclass
class _Motion:
    """The keywords of a file, the parent of each segment, its base pose and length, and its frames."""

    stated: dict[str, str] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    base: list[Row] = field(default_factory=list)
    frames: dict[str, list[Row]] = field(default_factory=dict)


def recognise(path: Path, head: bytes) -> bool:
    """Recognise the sections and the type of the file."""
    text = "\n".join(decode_head(head)).lower()
    return "[header]" in text and re.search(r"^(filetype\s+[hg]tr|datatype\s+[hg]trs?)", text, re.MULTILINE) is not None


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each body of an HTR, HTR2 or GTR file."""
    motion = _parse(path)
    order, base, values, lines = _parse_values(path, motion)
    numbers, poses = values[:, 0, 0], values[:, :, 1:]
    timeline = find_timeline(path, lines, numbers=numbers, stated=parse_number(motion.stated.get("dataframerate")))
    labels, positions, notes = _positions(path, motion, order, base, poses)
    placed = timeline.place(positions)
    scale = parse_number(motion.stated.get("scalefactor")) or 1.0
    unit = parse_unit(motion.stated.get("calibrationunits", ""))
    return marker_recordings(
        path,
        labels,
        lambda columns: placed[:, columns],
        options,
        unit=UNITS[unit] if unit and scale == 1 else None,
        up=motion.stated.get("globalaxisofgravity", "").lower() or None,
        fps=timeline.fps,
        start=timeline.start,
        notes=(
            *count_note("frames", parse_number(motion.stated.get("numframes")), len(values)),
            *count_note("segments", parse_number(motion.stated.get("numsegments")), len(order)),
            *notes,
            *timeline.notes,
        ),
        prefer=get_layout("humanoid"),
    )


def _parse(path: Path) -> _Motion:
    """Split a file into its sections."""
    motion = _Motion()
    section = frame = ""
    for number, line in _without_comments(path):
        head = _SECTION.fullmatch(line)
        if mark := _FRAME.fullmatch(head[1] if head else line):
            section, frame = "", mark[1]
            continue
        if head:
            section = head[1].strip()
            continue
        cells = [cell.strip() for cell in (line.split("\t") if "\t" in line else line.split()) if cell.strip()]
        kind = section.lower()
        if kind == "header":
            motion.stated[cells[0].lower()] = "".join(cells[1:2])
        elif kind.startswith("segmentnames"):
            motion.parents[cells[0]] = "".join(cells[1:2])
        elif kind == "baseposition":
            motion.base.append((number, cells))
        elif section in motion.parents:
            motion.frames.setdefault(section, []).append((number, cells))
        elif frame and cells[0] in motion.parents:
            motion.frames.setdefault(cells[0], []).append((number, [frame, *cells[1:]]))
        elif kind != "endoffile":
            raise FormatError(f"{path}, line {number}: [{section[:30]}] is no section or segment of the file")
        if max(len(motion.parents), len(motion.base)) > _MAX_SEGMENTS:
            raise FormatError(f"{path}: names more than {_MAX_SEGMENTS} segments")
    if not motion.frames:
        raise FormatError(f"{path}: holds no frames, or is truncated within its header")
    return motion


def _without_comments(path: Path) -> Iterator[tuple[int, str]]:
    for number, line in read_lines(path):
        if text := line.partition("#")[0].strip():
            yield number, text


def _parse_values(path: Path, motion: _Motion) -> tuple[list[str], NDArray[np.float64], NDArray[np.float64], list[int]]:
    """Return the segments, parents first, base poses ``(n, 7)``, frames ``(frames, n, 8)``, and the lines of frames.

    A pose is x, y, z, three angles, and a length or scale; a frame has its number before them.
    """
    order = _sort_segments(path, motion.parents)
    length = max(map(len, motion.frames.values()))
    check_memory(path, 1, length, len(order))
    of_base = {cells[0]: (number, [*cells[1:7], *(cells[7:] or ["0"])]) for number, cells in motion.base}
    still = (0, ["0"] * 7)
    base = to_numbers(path, [of_base.get(name, still) for name in order], 7)
    values = []
    for name in order:
        rows = motion.frames.get(name, [])
        if len(rows) != length:
            raise FormatError(f"{path}: segment {name[:30]!r} has {len(rows)} frames, expected {length}")
        values.append(to_numbers(path, [(number, [*cells, *["1"] * (len(cells) == 7)]) for number, cells in rows], 8))
    frames = np.stack(values, axis=1)
    if (frames[:, :, 0] != frames[:, :1, 0]).any():
        raise FormatError(f"{path}: its segments have different frames, expected the same ones", hint="export it again")
    for poses in (base, frames[..., 1:]):
        poses[np.abs(poses) >= _MAX_VALUE] = np.nan
    return order, base, frames, [number for number, _ in motion.frames[order[0]]]


def _sort_segments(path: Path, parents: dict[str, str]) -> list[str]:
    """Return the segments, each after its parent."""
    order: list[str] = []
    waiting = list(parents)
    while waiting:
        free = [name for name in waiting if parents[name] not in parents or parents[name] in order]
        if not free:
            raise FormatError(f"{path}: the parents of segment {waiting[0][:30]!r} form a circle")
        order += free
        waiting = [name for name in waiting if name not in free]
    return order


def _positions(
    path: Path, motion: _Motion, order: Sequence[str], base: NDArray[np.float64], poses: NDArray[np.float64]
) -> tuple[list[str], NDArray[np.float64], tuple[str, ...]]:
    """Return labels, positions ``(frames, points, 3)`` of the joints and of the ends of limbs, and notes."""
    turns = motion.stated.get("eulerrotationorder", "ZYX").lower()
    axis = motion.stated.get("bonelengthaxis", "y").lower()
    if sorted(turns) != ["x", "y", "z"] or axis.strip("+-") not in ("x", "y", "z"):
        raise FormatError(f"{path}: the order of rotation is {turns[:10]!r} and the axis of bones {axis[:10]!r}")
    radians = 1.0 if motion.stated.get("rotationunits", "").lower().startswith("rad") else np.pi / 180
    columns = [3 + "xyz".index(letter) for letter in turns]
    parents = [order.index(parent) if (parent := motion.parents[name]) in order else -1 for name in order]
    ends = [i for i in range(len(order)) if i not in parents and base[i, 6] > 0]
    rotations = [euler_matrices(poses[:, i, columns] * radians, turns) for i in range(len(order))]
    offsets = list(np.moveaxis(poses[..., :3], 1, 0))
    notes: tuple[str, ...] = ()
    if motion.stated.get("datatype", motion.stated.get("filetype", "")).lower().startswith("g"):
        parents = [-1] * len(order)
    else:
        scales = [poses[:, parent, 6:] if parent >= 0 else 1.0 for parent in parents]
        rotations = [
            euler_matrices(pose[columns] * radians, turns) @ m for pose, m in zip(base, rotations, strict=True)
        ]
        offsets = [(pose[:3] + m) * scale for pose, m, scale in zip(base, offsets, scales, strict=True)]
    stretch = np.nan_to_num(np.abs(poses[..., 6] - 1)).max(initial=0)
    if stretch > _MIN_STRETCH:
        notes = (f"segments change their length by up to {stretch:.0%}",)
    direction = np.eye(3)["xyz".index(axis[-1])] * (-1 if axis.startswith("-") else 1)
    tips = [direction * base[i, 6] * poses[:, i, 6:] for i in ends]
    positions = forward_kinematics([*rotations, *(rotations[i] for i in ends)], [*offsets, *tips], [*parents, *ends])
    return [*order, *(f"{order[i]}_End" for i in ends)], positions, notes

"""ASF/AMC, Acclaim motion capture: a skeleton of bones (``.asf``) and its motion (``.amc``), as of CMU.

A bone is a direction and a length in the axes of the rest pose, and rotates about its own axes. With C the rotation of
the bone's ``axis`` and M that of its degrees of freedom, each applied in the order written, its rotation within its
parent is ``C M C^-1``. A joint is the far end of its bone. The file's ``length`` (0.45 for CMU) is an inch in its own
unit: metres = value * 0.0254 / length.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.file_options import UNITS, FileOptions
from himpc.reading.formats.amc.skeleton import Skeleton, parse_floats, read_asf
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.reading.formats.parsing.markers import marker_recordings
from himpc.reading.formats.parsing.positions import check_memory
from himpc.reading.formats.parsing.tables import parse_number
from himpc.reading.formats.parsing.text import HEAD_BYTES, decode_head, read_lines
from himpc.reading.formats.parsing.timeline import Timeline, find_timeline
from himpc.reading.formats.parsing.world import to_recording
from himpc.reading.forward_kinematics import euler_matrices, forward_kinematics
from himpc.recordings import Origin, Recording
from himpc.skeleton import Layout, covered_parts, get_layout, part_layout

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="motion capture",
    files="*.amc with an *.asf",
    reads="the motion of a skeleton, whose `.asf` is in the same folder or, if that has none, in the one above: the "
    "one with the beginning of the motion's name (`07.asf` for `07_01.amc`), or that the first line of the motion "
    "states, or the only one",
    assumes="an inch is `length` units of the skeleton, 0.45 for CMU; the upward axis that the body shows; no "
    "rate unless a comment states one: state {fps=120} for most of CMU",
    ignores="masses, limits and centres of bones; a skeleton without a motion",
    source="https://research.cs.wisc.edu/graphics/Courses/cs-838-1999/Jeff/ASF-AMC.html",
    exports=(Export("the CMU motion capture database", "download the motion and its skeleton into one folder"),),
)

_CHUNK_FRAMES = 512
_STATED = re.compile(r"#!OML:ASF\s+(?:.*[/\\])?(.+)\.asf\s*", re.IGNORECASE)
_RATE = re.compile(r":SAMPLES-PER-SECOND\s+([0-9.]{1,12})\s*", re.IGNORECASE)


@dataclass(frozen=True)
class _Motion:
    """The values ``(frames, n)`` of each bone that moves, the frames in time, and the radians in one unit of angle."""

    values: dict[str, NDArray[np.float64]]
    timeline: Timeline
    radians: float

    @property
    def frames(self) -> int:
        """The number of frames that the file holds."""
        return len(self.timeline.places)


def recognise(path: Path, head: bytes) -> bool:
    """Recognise the keywords of a motion, or its first frame."""
    lines = [line.upper() for line in decode_head(head) if not line.startswith("#")]
    is_frame = path.suffix.lower() == ".amc" and lines[:1] == ["1"] and "".join(lines[1:2]).startswith("ROOT ")
    return is_frame or any(line in (":FULLY-SPECIFIED", ":DEGREES", ":RADIANS") for line in lines[:5])


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read the body of a motion, whose skeleton is in the same folder or in the one above."""
    try:
        skeleton = read_asf(_find_skeleton(path))
    except FormatError as error:
        raise FormatError(f"{path}: has no usable skeleton: {error.message}", hint=error.hint) from error
    layout = options.layout or _recognise_layout(skeleton)
    bones = None if layout is None else _find_joints(path, skeleton, layout)
    motion = _parse_motion(path, skeleton, len(skeleton.bones))
    chunks = [slice(i, i + _CHUNK_FRAMES) for i in range(0, motion.frames, _CHUNK_FRAMES)]
    notes = motion.timeline.notes
    if not options.fps and not motion.timeline.fps:
        notes = ("the file states no frame rate; most of CMU is at 120 Hz", *notes)
    metres = UNITS["in"] / skeleton.length

    def place(picked: list[int]) -> NDArray[np.floating]:
        return motion.timeline.place(
            np.concatenate([_positions(skeleton, motion, chunk)[:, picked] for chunk in chunks])
        )

    if layout is not None and bones is not None:
        return [
            to_recording(place(bones), layout, options, Origin(path), unit=metres, fps=motion.timeline.fps, notes=notes)
        ]
    labels, ends = _label_ends(skeleton)
    return marker_recordings(
        path,
        labels,
        lambda columns: place([ends[column] for column in columns]),
        options,
        unit=metres,
        fps=motion.timeline.fps,
        notes=notes,
        prefer=get_layout("humanoid"),
    )


def _recognise_layout(skeleton: Skeleton) -> Layout | None:
    """Return the layout of CMU, or the part of it that the skeleton has; None if its bones have other names."""
    cmu = get_layout("cmu")
    found = [cmu.joints[joint] for bone in skeleton.bones if (joint := cmu.find(bone.name)) is not None]
    return part_layout(cmu, found) if covered_parts(found) else None


def _label_ends(skeleton: Skeleton) -> tuple[list[str], list[int]]:
    """Return the name of each point of a skeleton, and the bone that ends there.

    A bone names the point at which it begins. Its end is a point as well if no other bone begins there, and it has a
    length.
    """
    parents = {bone.parent for bone in skeleton.bones}
    begins = [(bone.name, max(bone.parent, 0)) for bone in skeleton.bones]
    ends = [(f"{bone.name}_End", i) for i, bone in enumerate(skeleton.bones) if i not in parents and any(bone.offset)]
    labels, indices = zip(*begins, *ends, strict=True)
    return list(labels), list(indices)


def _find_skeleton(path: Path) -> Path:
    """Find the skeleton of a motion in its folder or, if that has none, in the one above.

    It is the ``.asf`` whose name the motion's begins with, such as ``HDM_bd`` for ``HDM_bd_01-01``, or that the motion
    states in its first line; of several, the one with the longest name. If none fits, it is the only one.
    """
    try:
        folders = ([*folder.iterdir()] for folder in (path.parent, path.absolute().parent.parent))
        of_folder = (sorted(file for file in files if file.suffix.lower() == ".asf") for files in folders)
        skeletons = next(filter(None, of_folder), [])
        with path.open("rb") as file:
            stated = _STATED.match("".join(decode_head(file.read(HEAD_BYTES))[:1]))
    except OSError as error:
        raise FormatError(f"its folder cannot be searched for an .asf: {error.strerror}") from error
    named = [other for other in skeletons if f"{path.stem}_".lower().startswith(f"{other.stem}_".lower())]
    named += [other for other in skeletons if stated and other.stem.lower() == stated[1].lower()]
    if named or len(skeletons) == 1:
        return max(named, key=lambda other: len(other.stem), default=skeletons[0])
    found = f"{len(skeletons)} others there" if skeletons else "none there"
    raise FormatError(
        f"expected an .asf whose name {path.stem!r} begins with, in its folder or the one above, found {found}",
        hint="put the skeleton beside the motion, with the same name or the beginning of it before '_'",
    )


def _find_joints(path: Path, skeleton: Skeleton, layout: Layout) -> list[int]:
    """Find the bone of each joint of the layout."""
    bone_of = {layout.find(bone.name): i for i, bone in reversed(list(enumerate(skeleton.bones)))}
    if missing := [joint for i, joint in enumerate(layout.joints) if i not in bone_of]:
        raise FormatError(
            f"{path}: its skeleton has no bone for {', '.join(missing[:4])} of layout {layout.name!r}",
            hint="declare the joints by the names of the bones in a TOML file: {layout=mine.toml}",
        )
    return [bone_of[i] for i in range(len(layout))]


def _parse_motion(path: Path, skeleton: Skeleton, joints: int) -> _Motion:
    all_lines = [(number, line.strip()) for number, line in read_lines(path)]
    keywords = {line.upper() for _, line in all_lines[:20]}
    radians = np.pi / 180 if ":DEGREES" in keywords else 1.0 if ":RADIANS" in keywords else skeleton.radians
    rate = next((parse_number(match[1]) for _, line in all_lines[:20] if (match := _RATE.fullmatch(line))), None)
    lines = [(number, line) for number, line in all_lines if not line.startswith(("#", ":"))]
    starts = [i for i, (_, line) in enumerate(lines) if re.fullmatch(r"[0-9]{1,15}", line)]
    if not starts or starts[0] != 0:
        raise FormatError(f"{path}: holds no numbered frames")
    check_memory(path, 1, len(starts), max(joints, len(skeleton.bones)))
    notes: tuple[str, ...] = ()
    if _is_cut([line for _, line in lines], starts):
        notes = (f"frame {lines[starts[-1]][1]} is cut off and left out",)
        lines, starts = lines[: starts[-1]], starts[:-1]
    moving = {bone.name: bone for bone in skeleton.bones if bone.dof}
    frames: dict[str, list[list[float]]] = {name: [] for name in moving}
    for frame, (start, end) in enumerate(zip(starts, [*starts[1:], len(lines)], strict=True), start=1):
        for number, line in lines[start + 1 : end]:
            name, *cells = line.split()
            if name not in moving or len(frames[name]) == frame:
                what = "is twice in its frame" if name in moving else "is no moving bone of the skeleton"
                raise FormatError(f"{path}, line {number}: {name[:30]!r} {what}")
            frames[name].append(parse_floats(cells, len(moving[name].dof), f"{path}, line {number}: {name}"))
        if missing := [name for name, values in frames.items() if len(values) != frame]:
            raise FormatError(f"{path}, line {lines[start][0]}: frame {frame} lacks {missing[0]!r}")
    numbers = np.array([float(lines[start][1]) for start in starts])
    timeline = find_timeline(path, [lines[start][0] for start in starts], numbers=numbers, stated=rate)
    timeline = replace(timeline, notes=(*notes, *timeline.notes))
    return _Motion({name: np.array(values) for name, values in frames.items()}, timeline, radians)


def _is_cut(lines: Sequence[str], starts: Sequence[int]) -> bool:
    """Return whether the last frame is the beginning of one like the frame before it."""
    if len(starts) < 2:
        return False
    before, last = (
        [len(line.split()) for line in part] for part in (lines[starts[-2] : starts[-1]], lines[starts[-1] :])
    )
    end = len(last) - 1
    return last[:end] == before[:end] and (len(last) < len(before) or last[end:] < before[end:])


def _positions(skeleton: Skeleton, motion: _Motion, part: slice) -> NDArray[np.float64]:
    """Compute the far ends of the bones in some frames, ``(frames, bones, 3)``, in the file's unit.

    `forward_kinematics` takes the offset of a node in its parent's axes, but the far end of a bone is given in its own:
    each offset is rotated by the bone's own rotation first.
    """
    frames = len(range(*part.indices(motion.frames)))
    rotations, offsets = [], []
    for bone in skeleton.bones:
        values = motion.values[bone.name][part] if bone.dof else np.zeros((frames, 0))
        angular = [i for i, dof in enumerate(bone.dof) if dof[0] == "r"]
        angles = values[:, angular] * motion.radians
        inner = euler_matrices(angles[:, ::-1], [bone.dof[i][1] for i in reversed(angular)])
        axes = euler_matrices(np.array(bone.axis)[::-1] * skeleton.radians, bone.axis_order[::-1])
        rotation = axes @ inner @ axes.T
        offset = np.tile(np.array(bone.offset), (frames, 1))
        for i, dof in enumerate(bone.dof):
            if dof == "l":
                offset += values[:, i, None] * np.array(bone.offset) / (np.linalg.norm(bone.offset) or 1)
            elif dof[0] == "t":
                offset[:, "xyz".index(dof[1])] += values[:, i]
        rotations.append(rotation)
        offsets.append(offset if bone.parent < 0 else np.einsum("fij,fj->fi", rotation, offset))
    return forward_kinematics(rotations, offsets, [bone.parent for bone in skeleton.bones])

"""ASF/AMC, Acclaim motion capture: a skeleton of bones (``.asf``) and its motion (``.amc``), as of CMU.

A bone is a direction and a length in the axes of the rest pose, and turns about its own axes: with C the turn of the
bone's ``axis`` and M that of its degrees of freedom, both taken in the order written, the first turn first, its turn
within its parent is ``C M C^-1``. A joint is the far end of its bone. The file's
``length`` (0.45 for CMU) is an inch in its own unit: metres = value * 0.0254 / length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.axes import check_size
from himpc.reading.formats.asf import Bone, Skeleton, read_asf
from himpc.reading.formats.base import UNITS, FileOptions
from himpc.reading.formats.mocap import to_recording
from himpc.reading.formats.text import check_room, read_lines
from himpc.reading.forward_kinematics import euler_matrices, forward
from himpc.recordings.recording import Origin, Recording
from himpc.skeleton import Layout, get_layout

__all__ = ["read", "recognise"]

_LARGEST = 1e9
_CHUNK = 512


@dataclass(frozen=True)
class _Motion:
    """The values ``(frames, n)`` of each bone that moves, and how many radians are in one unit of angle."""

    values: dict[str, NDArray[np.float64]]
    frames: int
    radians: float


def recognise(path: Path, head: bytes) -> bool:
    lines = [line.strip() for line in head.decode("utf-8", "replace").splitlines()]
    words = [line for line in lines if line and not line.startswith("#")]
    return any(word.upper() in (":FULLY-SPECIFIED", ":DEGREES", ":RADIANS") for word in words[:3])


def read(path: Path, options: FileOptions) -> list[Recording]:
    try:
        skeleton = read_asf(_find_skeleton(path))
    except FormatError as error:
        raise FormatError(f"{path}: has no usable skeleton: {error}") from error
    layout = options.layout or get_layout("cmu")
    places = _find_joints(path, skeleton, layout)
    motion = _parse_motion(path, skeleton, len(layout))
    chunks = [_positions(skeleton, motion, slice(i, i + _CHUNK))[:, places] for i in range(0, motion.frames, _CHUNK)]
    joints = np.concatenate(chunks) * UNITS["in"] / skeleton.length
    check_size(joints, layout, str(path), "in")
    notes = () if options.fps else ("the file states no frame rate: pass --fps (120 for most of CMU)",)
    return [to_recording(joints, layout, options, Origin(path), notes=notes)]


def _find_skeleton(path: Path) -> Path:
    """Return the skeleton that belongs to a motion: of the same name, of the name before ``_``, or the only one."""
    try:
        skeletons = sorted(other for other in path.parent.iterdir() if other.suffix.lower() == ".asf")
    except OSError as error:
        raise FormatError(f"its folder cannot be searched for an .asf: {error.strerror}") from error
    for stem in (path.stem, path.stem.split("_")[0]):
        for other in skeletons:
            if other.stem.lower() == stem.lower():
                return other
    if len(skeletons) == 1:
        return skeletons[0]
    found = f"{len(skeletons)} others there" if skeletons else "none there"
    raise FormatError(f"expected {path.stem.split('_')[0]}.asf in the same folder, found {found}; put it there")


def _find_joints(path: Path, skeleton: Skeleton, layout: Layout) -> list[int]:
    """Return the bone of each joint of the layout."""
    found = {layout.find(bone.name): place for place, bone in reversed(list(enumerate(skeleton.bones)))}
    if missing := [joint for i, joint in enumerate(layout.joints) if i not in found]:
        raise FormatError(
            f"{path}: its skeleton has no bone for {', '.join(missing[:4])} of layout {layout.name!r}; pass --layout "
            "with a .toml file that declares the joints by the bones' own names"
        )
    return [found[i] for i in range(len(layout))]


def _parse_motion(path: Path, skeleton: Skeleton, joints: int) -> _Motion:
    everything = [(number, line.strip()) for number, line in read_lines(path)]
    said = {line.upper() for _, line in everything[:20]}
    radians = np.pi / 180 if ":DEGREES" in said else 1.0 if ":RADIANS" in said else skeleton.radians
    lines = [(number, line) for number, line in everything if not line.startswith(("#", ":"))]
    starts = [place for place, (_, line) in enumerate(lines) if re.fullmatch(r"\d+", line)]
    if not starts or starts[0] != 0:
        raise FormatError(f"{path}: holds no numbered frames")
    check_room(path, 1, len(starts), max(joints, len(skeleton.bones)))
    moving = {bone.name: bone for bone in skeleton.bones if bone.dof}
    frames: dict[str, list[list[float]]] = {name: [] for name in moving}
    for frame, (start, end) in enumerate(zip(starts, [*starts[1:], len(lines)], strict=True), start=1):
        for number, line in lines[start + 1 : end]:
            name, *cells = line.split()
            if name not in moving or len(frames[name]) == frame:
                odd = "stands twice in its frame" if name in moving else "is no moving bone of the skeleton"
                raise FormatError(f"{path}, line {number}: {name[:30]!r} {odd}")
            frames[name].append(_numbers(cells, moving[name], f"{path}, line {number}"))
        if lacking := [name for name, values in frames.items() if len(values) != frame]:
            raise FormatError(f"{path}, line {lines[start][0]}: frame {frame} lacks {lacking[0]!r}")
    return _Motion({name: np.array(values) for name, values in frames.items()}, len(starts), radians)


def _numbers(cells: list[str], bone: Bone, where: str) -> list[float]:
    if len(cells) != len(bone.dof):
        raise FormatError(f"{where}: {bone.name} has {len(cells)} numbers, expected {len(bone.dof)}")
    try:
        values = [float(cell) for cell in cells]
    except ValueError:
        raise FormatError(f"{where}: {' '.join(cells)[:40]!r} are not all numbers") from None
    if not all(abs(value) <= _LARGEST for value in values):
        raise FormatError(f"{where}: a value is not finite or beyond {_LARGEST:g}")
    return values


def _positions(skeleton: Skeleton, motion: _Motion, part: slice) -> NDArray[np.float64]:
    """Return where the far ends of the bones are in some frames, ``(frames, bones, 3)``, in the file's unit.

    In `forward` a node lies within its parent's axes, but the far end of a bone lies within its own: each bone's offset
    is turned by its own turn first.
    """
    frames = len(range(*part.indices(motion.frames)))
    rotations, offsets = [], []
    for bone in skeleton.bones:
        values = motion.values[bone.name][part] if bone.dof else np.zeros((frames, 0))
        turns = [i for i, dof in enumerate(bone.dof) if dof[0] == "r"]
        angles = values[:, turns] * motion.radians
        inner = euler_matrices(angles[:, ::-1], [bone.dof[i][1] for i in reversed(turns)])
        axes = euler_matrices(np.array(bone.axis)[::-1] * skeleton.radians, bone.axis_order[::-1])
        turn = axes @ inner @ axes.T
        offset = np.tile(np.array(bone.offset), (frames, 1))
        for i, dof in enumerate(bone.dof):
            if dof[0] == "t":
                offset[:, "xyz".index(dof[1])] += values[:, i]
        rotations.append(turn)
        offsets.append(offset if bone.parent < 0 else np.einsum("fij,fj->fi", turn, offset))
    return forward(rotations, offsets, [bone.parent for bone in skeleton.bones])

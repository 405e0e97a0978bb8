"""BVH, the Biovision hierarchy: a tree of joints with offsets, then angles frame by frame.

A joint's turn is the product of its rotation channels in the order in which they stand; a position channel takes the
place of that part of the offset. The format states neither unit nor upward axis.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.axes import body_size, check_size, metres, unit_hint
from himpc.reading.formats.base import FileOptions
from himpc.reading.formats.mocap import to_recording
from himpc.reading.formats.text import check_room, read_lines, to_numbers
from himpc.reading.forward_kinematics import euler_matrices, forward
from himpc.recordings.recording import Origin, Recording
from himpc.skeleton import Layout, get_layout

__all__ = ["read", "recognise"]

# What usual skeletons call the joints of `humanoid`; the first that a file has counts, so that the collar bone which
# some call LeftShoulder is not taken for the shoulder where there is a LeftArm. CMU and MotionBuilder, Mixamo
# (a prefix that all names share is cut off), Biovision, DAZ and Poser.
_SIDED = {
    "shoulder": ("{side}arm", "{side}uparm", "{side}upperarm", "{s}shldr", "{side}shoulder"),
    "elbow": ("{side}forearm", "{side}lowarm", "{side}lowerarm", "{side}elbow", "{s}forearm"),
    "wrist": ("{side}hand", "{side}wrist", "{s}hand"),
    "hip": ("{side}upleg", "{side}upperleg", "{side}thigh", "{side}hip", "{s}thigh"),
    "knee": ("{side}leg", "{side}lowleg", "{side}lowerleg", "{side}shin", "{side}knee", "{s}shin"),
    "ankle": ("{side}foot", "{side}ankle", "{s}foot"),
    "foot": ("{side}toebase", "{side}toe", "{side}toes", "{s}toe"),
}
_NAMES: dict[str, tuple[str, ...]] = {
    "pelvis": ("hips", "hip", "pelvis"),
    "spine": ("spine1", "spine", "chest", "abdomen", "torso"),
    "neck": ("neck", "neck1"),
    "head": ("head",),
} | {
    f"{side}_{joint}": tuple(name.format(side=side, s=side[0]) for name in names)
    for side in ("left", "right")
    for joint, names in _SIDED.items()
}

_MAX_NODES = 1000
_LARGEST = 1e9
_CHUNK = 512
_CHANNEL = re.compile(r"([xyz])(position|rotation)", re.IGNORECASE)


@dataclass
class _Node:
    name: str
    parent: int
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    channels: list[tuple[str, str]] = field(default_factory=list)
    end: bool = False


def recognise(path: Path, head: bytes) -> bool:
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:9].upper() == b"HIERARCHY"


def read(path: Path, options: FileOptions) -> list[Recording]:
    lines = read_lines(path)
    nodes, start = _parse_hierarchy(path, lines)
    layout = options.layout or get_layout("humanoid")
    places = _find_joints(path, nodes, layout)
    values, fps = _parse_motion(path, lines[start:], sum(len(node.channels) for node in nodes), len(layout))
    chunks = [_positions(nodes, values[i : i + _CHUNK])[:, places] for i in range(0, len(values), _CHUNK)]
    joints = np.concatenate(chunks)
    size = body_size(joints, layout)
    scale = metres(options.unit, str(path), hint=unit_hint(size) if size else "")
    check_size(joints * scale, layout, str(path), options.unit or "m")
    return [to_recording(joints * scale, layout, options, Origin(path), fps=fps)]


def _parse_hierarchy(path: Path, lines: list[tuple[int, str]]) -> tuple[list[_Node], int]:
    """Return the nodes, parents before children, and the place of the line after ``MOTION``."""
    nodes: list[_Node] = []
    open_nodes: list[int] = []
    for place, (number, line) in enumerate(lines):
        for word, rest in _statements(line):
            where = f"{path}, line {number}"
            if word == "MOTION":
                if open_nodes or not nodes:
                    raise FormatError(f"{where}: the hierarchy is not complete, expected '}}' before MOTION")
                return nodes, place + 1
            if word in ("ROOT", "JOINT", "END"):
                if len(nodes) >= _MAX_NODES:
                    raise FormatError(f"{where}: the hierarchy has more than {_MAX_NODES} joints")
                if (word == "ROOT") == bool(open_nodes):
                    raise FormatError(f"{where}: {word} stands where it cannot")
                nodes.append(_Node(rest, open_nodes[-1] if open_nodes else -1, end=word == "END"))
            elif word == "{":
                if not nodes or len(nodes) - 1 in open_nodes:
                    raise FormatError(f"{where}: a '{{' opens nothing")
                open_nodes.append(len(nodes) - 1)
            elif word == "}":
                if not open_nodes:
                    raise FormatError(f"{where}: a '}}' closes nothing")
                open_nodes.pop()
            elif word in ("OFFSET", "CHANNELS") and open_nodes and open_nodes[-1] == len(nodes) - 1:
                _describe(nodes[-1], word, rest.split(), where)
            elif word != "HIERARCHY":
                raise FormatError(f"{where}: found {word[:20]!r}, expected ROOT, JOINT, End Site, OFFSET or CHANNELS")
    raise FormatError(f"{path}: has no MOTION, the file is cut short")


def _statements(line: str) -> list[tuple[str, str]]:
    """Return the keywords of a line, each with what follows it; braces may stand on a line of their own or not."""
    parts = [part.strip() for part in re.split(r"([{}])", line) if part.strip()]
    return [(part.split(maxsplit=1)[0].upper(), " ".join(part.split()[1:])) for part in parts]


def _describe(node: _Node, word: str, cells: list[str], where: str) -> None:
    """Set a node's offset or channels."""
    try:
        if word == "OFFSET":
            x, y, z = (float(cell) for cell in cells)
            if not max(abs(x), abs(y), abs(z)) <= _LARGEST:
                raise ValueError
            node.offset = (x, y, z)
            return
        matches = [_CHANNEL.fullmatch(cell) for cell in cells[1:]]
        if int(cells[0]) != len(matches) or len(matches) > 6:
            raise ValueError
        node.channels = [(match[2].lower(), match[1].lower()) for match in matches if match]
        if len(node.channels) != len(matches):
            raise ValueError
    except (ValueError, IndexError):
        expected = "three numbers" if word == "OFFSET" else "how many and as many of Xposition ... Zrotation"
        raise FormatError(f"{where}: {word} {' '.join(cells)[:40]!r}, expected {expected}") from None


def _parse_motion(
    path: Path, lines: list[tuple[int, str]], channels: int, joints: int
) -> tuple[NDArray[np.float64], float | None]:
    """Return the channel values ``(frames, channels)`` and the frames per second."""
    declared, seconds = None, 0.0
    while lines and ":" in lines[0][1]:
        number, line = lines[0]
        name, _, value = line.partition(":")
        try:
            if name.strip().lower() == "frames":
                declared = int(value)
            elif name.strip().lower() == "frame time":
                seconds = float(value)
        except ValueError:
            raise FormatError(f"{path}, line {number}: found {value.strip()[:20]!r}, expected a number") from None
        lines = lines[1:]
    if declared is None:
        raise FormatError(f"{path}: does not say 'Frames:' after MOTION")
    if not lines:
        raise FormatError(f"{path}: holds no frames")
    if declared != len(lines):
        raise FormatError(f"{path}: declares {declared} frames, but {len(lines)} lines of motion follow")
    if not channels:
        raise FormatError(f"{path}: no joint has channels, so nothing moves")
    check_room(path, 1, len(lines), max(joints, channels))
    values = to_numbers(path, [(number, line.split()) for number, line in lines], channels)
    sound = (np.abs(values) <= _LARGEST).all(axis=1)
    if not sound.all():
        raise FormatError(f"{path}, line {lines[int(sound.argmin())][0]}: a value is not finite or beyond {_LARGEST:g}")
    return values, 1 / seconds if seconds > 1e-6 else None


def _find_joints(path: Path, nodes: list[_Node], layout: Layout) -> list[int]:
    """Return the node of each joint of the layout."""
    keys = {place: re.sub(r"[^a-z0-9]", "", node.name.lower()) for place, node in enumerate(nodes) if not node.end}
    low, high = min(keys.values(), default=""), max(keys.values(), default="")
    prefix = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), 0)
    named = {key[prefix:]: place for place, key in reversed(keys.items())}
    if layout.name != "humanoid":
        found = {layout.find(node.name.split(":")[-1]): place for place, node in reversed(list(enumerate(nodes)))}
        places = {joint: found.get(i) for i, joint in enumerate(layout.joints)}
    else:
        places = {joint: next((named[n] for n in _NAMES[joint] if n in named), None) for joint in layout.joints}
        for side in ("left", "right"):
            if places[f"{side}_foot"] is None:
                places[f"{side}_foot"] = _end_below(nodes, places[f"{side}_ankle"])
    if missing := [joint for joint, place in places.items() if place is None]:
        raise FormatError(
            f"{path}: has no node for {', '.join(missing[:4])} of layout {layout.name!r}; pass --layout with a .toml "
            f"file that declares joints by the file's own names ({', '.join(node.name[:30] for node in nodes[:6])} ...)"
        )
    return [place for place in places.values() if place is not None]


def _end_below(nodes: list[_Node], parent: int | None) -> int | None:
    """Return the End Site right below a node."""
    return next((place for place, node in enumerate(nodes) if node.end and node.parent == parent), None)


def _positions(nodes: list[_Node], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the positions ``(frames, nodes, 3)`` of all nodes."""
    rotations, offsets, first = [], [], 0
    for node in nodes:
        columns = {channel: first + i for i, channel in enumerate(node.channels)}
        first += len(node.channels)
        turns = [channel for channel in node.channels if channel[0] == "rotation"]
        angles = np.radians(values[:, [columns[channel] for channel in turns]])
        rotations.append(euler_matrices(angles, [axis for _, axis in turns]))
        offset = np.tile(np.array(node.offset), (len(values), 1))
        for place, axis in enumerate("xyz"):
            if ("position", axis) in columns:
                offset[:, place] = values[:, columns["position", axis]]
        offsets.append(offset)
    return forward(rotations, offsets, [node.parent for node in nodes])

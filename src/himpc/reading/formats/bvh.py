"""BVH, the Biovision hierarchy: a tree of joints with offsets, then angles frame by frame.

The rotation of a joint is the product of its rotation channels in the order of the file, or a quaternion where one of
them is of w; a position channel replaces that part of the offset. The format states neither unit nor upward axis.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import Export, FormatFacts
from himpc.reading.formats.parsing.markers import marker_recordings
from himpc.reading.formats.parsing.positions import check_memory
from himpc.reading.formats.parsing.text import decode_head, read_lines, to_numbers
from himpc.reading.formats.parsing.timeline import count_note, rate_of_period
from himpc.reading.forward_kinematics import euler_matrices, forward_kinematics, quaternion_matrices
from himpc.recordings import Recording
from himpc.skeleton import get_layout

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="motion capture",
    files="*.bvh",
    reads="the positions of all joints and end sites, which follow from the hierarchy and its angles, in degrees or "
    "radians, or quaternions; also decimal commas, and frames that are wrapped over lines",
    assumes="unit and upward axis are as the body shows, since the format states neither; the rate follows from "
    "`Frame Time`; a bone names the joint at which it begins",
    ignores="channels of scale, which are refused unless they are 1",
    source="https://research.cs.wisc.edu/graphics/Courses/cs-838-1999/Jeff/BVH.html",
    exports=(
        Export(
            "Rokoko Studio",
            "right-click the recording, Add to export list, then BVH in the Export panel",
            "https://support.rokoko.com/hc/en-us/articles/18877624744721-Rokoko-Studio-Export-options-and-file-formats",
        ),
        Export(
            "Motive 3.2",
            "File > Export Tracking Data, BVH; one skeleton a file",
            "https://docs.optitrack.com/v3.2/motive/data-export",
        ),
        Export(
            "Blender 4.3",
            "select the armature, then `bpy.ops.export_anim.bvh`",
            "https://docs.blender.org/api/4.3/bpy.ops.export_anim.html",
        ),
    ),
)

_MAX_NODES = 1000
_MAX_VALUE = 1e9
_CHUNK_FRAMES = 512
_MAX_RADIANS, _MIN_RADIANS, _MIN_TRAVEL = 2 * np.pi + 0.01, 0.2, 0.1
"""The largest angle and the least movement of angles in radians, and the travel in lengths of all bones."""
_CHANNEL = re.compile(r"(?=[xyz]|w[rq])([wxyz])(position|rotation|scale|quaternion)", re.IGNORECASE)
_MAX_CHANNELS = 9
_HEADER = re.compile(r"(?:MOTION\s*)?(frames|frame\s*times?|frame\s*rate|fps)\s*:?\s*(.*)", re.IGNORECASE)
_DELIMITER = re.compile(r"\s*[,;\s]\s*")


@dataclass
class _Node:
    name: str
    parent: int
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    channels: list[tuple[str, str]] = field(default_factory=list)
    stated_channels: int = 0
    end: bool = False


def recognise(path: Path, head: bytes) -> bool:
    """Recognise the keyword HIERARCHY."""
    lines = [line for line in decode_head(head) if not line.startswith("#")]
    return "".join(lines[:1]).upper().startswith("HIERARCHY")


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read the body of a BVH file."""
    lines = [(number, line.strip()) for number, line in read_lines(path) if not line.lstrip().startswith("#")]
    nodes, start = _parse_hierarchy(path, lines)
    values, fps, notes = _parse_motion(path, lines[start:], sum(len(node.channels) for node in nodes), len(nodes))
    if other := next((node for node in nodes if node.stated_channels != len(node.channels)), None):
        notes += (f"joint {other.name} states {other.stated_channels} channels and names {len(other.channels)}",)
    if _are_radians(nodes, values):
        values = np.where(
            [kind == "rotation" for node in nodes for kind, _ in node.channels], np.degrees(values), values
        )
        notes += ("angles are in radians: none is above 6.3, while the body travels",)
    _check_scales(path, nodes, values)
    if ignored := _ignore_zero_positions(nodes, values):
        notes += (f"the position channels of {ignored} joints are all 0, so their offsets are used",)
    chunks = [values[i : i + _CHUNK_FRAMES] for i in range(0, len(values), _CHUNK_FRAMES)]
    positions = np.concatenate([_positions(nodes, chunk) for chunk in chunks])
    return marker_recordings(
        path,
        [_label(nodes, node) for node in nodes],
        lambda columns: positions[:, columns],
        options,
        unit=None,
        fps=fps,
        notes=notes,
        prefer=get_layout("humanoid"),
    )


def _parse_hierarchy(path: Path, lines: list[tuple[int, str]]) -> tuple[list[_Node], int]:
    """Parse the nodes, parents before children; also return the index of the line after ``MOTION``."""
    nodes: list[_Node] = []
    open_nodes: list[int] = []
    for i, (number, line) in enumerate(lines):
        for word, rest in _statements(line):
            where = f"{path}, line {number}"
            if word == "MOTION":
                if open_nodes or not nodes:
                    raise FormatError(f"{where}: the hierarchy is not complete, expected '}}' before MOTION")
                return nodes, i if rest else i + 1  # the number of frames may be in the same line
            if word in ("ROOT", "JOINT", "END", "ENDSITE"):
                if len(nodes) >= _MAX_NODES:
                    raise FormatError(f"{where}: the hierarchy has more than {_MAX_NODES} joints")
                if (word == "ROOT") == bool(open_nodes):
                    raise FormatError(f"{where}: {word} is not allowed here")
                nodes.append(_Node(rest, open_nodes[-1] if open_nodes else -1, end=word.startswith("END")))
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
    if open_nodes or not nodes:
        raise FormatError(f"{path}: has no MOTION; the file is truncated")
    raise FormatError(f"{path}: holds a skeleton without MOTION", hint="export it with its motion")


def _statements(line: str) -> list[tuple[str, str]]:
    """Split a line into keywords and their arguments; braces may be on a line of their own or not."""
    parts = [part.strip() for part in re.split(r"([{}])", line) if part.strip()]
    return [(part.split(maxsplit=1)[0].upper(), " ".join(part.split()[1:])) for part in parts]


def _describe(node: _Node, word: str, cells: list[str], where: str) -> None:
    """Set a node's offset or channels."""
    try:
        if word == "OFFSET":
            x, y, z = (float(cell.replace(",", ".")) for cell in cells)
            if not max(abs(x), abs(y), abs(z)) <= _MAX_VALUE:
                raise ValueError
            node.offset = (x, y, z)
            return
        matches = [_CHANNEL.fullmatch(cell) for cell in cells[1:]]
        node.stated_channels = int(cells[0])
        node.channels = [(match[2].lower(), match[1].lower()) for match in matches if match]
        if len(node.channels) != len(matches) or len(matches) > _MAX_CHANNELS:
            raise ValueError
        turns = [axis for kind, axis in node.channels if kind in ("rotation", "quaternion")]
        if "w" in turns or any(kind == "quaternion" for kind, _ in node.channels):
            if sorted(turns) != ["w", "x", "y", "z"]:
                raise ValueError
            node.channels = [(kind.replace("rotation", "quaternion"), axis) for kind, axis in node.channels]
    except (ValueError, IndexError):
        expected = "three numbers" if word == "OFFSET" else "a count and that many of Xposition ... Zrotation"
        raise FormatError(f"{where}: {word} {' '.join(cells)[:40]!r}, expected {expected}") from None


def _parse_motion(
    path: Path, lines: list[tuple[int, str]], channels: int, nodes: int
) -> tuple[NDArray[np.float64], float | None, tuple[str, ...]]:
    """Parse the channel values ``(frames, channels)`` and the frame rate, and note what the header contradicts."""
    declared, seconds, lines = _parse_header(path, lines)
    if not lines:
        raise FormatError(f"{path}: holds no frames")
    if again := next((number for number, line in lines if line.upper().startswith(("HIERARCHY", "MOTION"))), None):
        raise FormatError(
            f"{path}, line {again}: a second recording begins here", hint="split the file into one recording each"
        )
    if not channels:
        raise FormatError(f"{path}: no joint has channels, so nothing moves")
    rows = _join_wrapped(_split_rows(lines, channels), channels)
    if len(rows) < len(lines) and len(rows[-1][1]) < channels:  # a number that is missing earlier shifts all later ones
        raise FormatError(
            f"{path}: its frames are wrapped over lines, and the last has {len(rows[-1][1])} of {channels} numbers, so "
            "numbers may be missing in any frame",
            hint="export the file again",
        )
    check_memory(path, 1, len(rows), max(nodes, channels))
    notes = count_note("frames", declared, len(rows))
    if len(rows) > 1 and len(rows[-1][1]) < channels:
        notes = (f"line {rows[-1][0]} is cut off and left out", *count_note("frames", declared, len(rows) - 1))
        del rows[-1]
    values = to_numbers(path, rows, channels)
    valid = ~(np.abs(values) > _MAX_VALUE).any(axis=1)  # a frame in which a value is NaN is missing
    if not valid.all():
        raise FormatError(f"{path}, line {rows[int(valid.argmin())][0]}: a value is infinite or beyond {_MAX_VALUE:g}")
    if seconds is None:
        return values, None, (*notes, "the file states no frame time; state the frame rate")
    fps, rate_notes = rate_of_period(seconds)
    return values, fps, (*notes, *rate_notes)


def _parse_header(path: Path, lines: list[tuple[int, str]]) -> tuple[int | None, float | None, list[tuple[int, str]]]:
    """Return the stated number of frames and seconds of a frame, None where not stated, and the lines below."""
    declared = seconds = None
    for i, (number, line) in enumerate(lines):
        match = _HEADER.fullmatch(line)
        if match is None and ":" not in line:
            return declared, seconds, lines[i:]
        try:
            if match and match[1].lower() == "frames":
                declared = int(match[2])
            elif match and match[1].lower().endswith(("rate", "fps")):
                seconds = 1 / float(match[2].lower().rstrip("hzfps "))
            elif match:
                time, _, rate = match[2].lower().rstrip("sec ").replace(",", ".").partition("/")  # 1/30 s
                seconds = float(time) / float(rate or 1)
        except (ValueError, ZeroDivisionError):
            found = match[2].strip()[:20] if match else ""
            raise FormatError(f"{path}, line {number}: found {found!r}, expected a number") from None
    return declared, seconds, []


def _split_rows(lines: list[tuple[int, str]], channels: int) -> list[tuple[int, list[str]]]:
    """Split lines at blanks, or at commas or semicolons if that gives as many numbers as there are channels."""
    lines = [(number, line.rstrip(",; \t")) for number, line in lines]
    first = lines[0][1]
    is_delimited = len(first.split()) < channels or any(cell.endswith((",", ";")) for cell in first.split())
    if is_delimited and len(_DELIMITER.split(first)) == channels:
        return [(number, _DELIMITER.split(line)) for number, line in lines]
    return [(number, line.split()) for number, line in lines]


def _join_wrapped(rows: list[tuple[int, list[str]]], channels: int) -> list[tuple[int, list[str]]]:
    """Join the lines of frames that are wrapped over several lines; return the rows as they are if that is not so."""
    if len(rows[0][1]) >= channels:
        return rows
    joined: list[tuple[int, list[str]]] = []
    for number, cells in rows:
        if joined and len(joined[-1][1]) < channels:
            joined[-1][1].extend(cells)
        else:
            joined.append((number, list(cells)))
    return joined if len(joined) < len(rows) and all(len(cells) == channels for _, cells in joined[:-1]) else rows


def _are_radians(nodes: list[_Node], values: NDArray[np.float64]) -> bool:
    """Return whether rotations are in radians: a body that travels turns its joints by more than a few degrees."""
    values = values[np.isfinite(values).all(axis=1)]
    channels = [(node.parent, *channel) for node in nodes for channel in node.channels]
    turns = values[:, [kind == "rotation" for _, kind, _ in channels]]
    places = values[:, [kind == "position" and parent < 0 for parent, kind, _ in channels]]
    if not turns.size or not places.size or np.abs(turns).max() > _MAX_RADIANS:
        return False
    size = sum(np.linalg.norm(node.offset) for node in nodes if not node.end)
    travel = np.linalg.norm(np.ptp(places, axis=0))
    return bool(np.ptp(turns, axis=0).max() > _MIN_RADIANS and travel > _MIN_TRAVEL * size)


def _label(nodes: list[_Node], node: _Node) -> str:
    """Return the name of a node; an End Site has that of its parent and ``End``, or none if it is in the same place."""
    if node.end and not any(node.offset):
        return ""
    return f"{nodes[node.parent].name}_End" if node.end else node.name


def _check_scales(path: Path, nodes: list[_Node], values: NDArray[np.float64]) -> None:
    """Check that bones keep their size, as positions do not take account of the scale channels of joints."""
    kinds = np.array([kind for node in nodes for kind, _ in node.channels])
    scales = values[:, kinds == "scale"]
    changes = scales[np.isfinite(scales) & ~np.isin(scales, (0, 1))]
    if changes.size:
        raise FormatError(
            f"{path}: scales its bones by {changes[0]:g}, expected scale channels of 1",
            hint="export it without channels of scale",
        )


def _ignore_zero_positions(nodes: list[_Node], values: NDArray[np.float64]) -> int:
    """Ignore the position channels of joints that programs fill with 0 although the joint has an offset; count them."""
    first = count = 0
    for node in nodes:
        columns = [first + i for i, (kind, _) in enumerate(node.channels) if kind == "position"]
        first += len(node.channels)
        if node.parent >= 0 and columns and any(node.offset) and not values[:, columns].any():
            node.channels = [("ignored", axis) if kind == "position" else (kind, axis) for kind, axis in node.channels]
            count += 1
    return count


def _positions(nodes: list[_Node], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the positions ``(frames, nodes, 3)`` of all nodes."""
    rotations, offsets, first = [], [], 0
    for node in nodes:
        columns = {channel: first + i for i, channel in enumerate(node.channels)}
        first += len(node.channels)
        angular = [channel for channel in node.channels if channel[0] == "rotation"]
        angles = np.radians(values[:, [columns[channel] for channel in angular]])
        if ("quaternion", "w") in columns:
            rotations.append(quaternion_matrices(values[:, [columns["quaternion", axis] for axis in "wxyz"]]))
        else:
            rotations.append(euler_matrices(angles, [axis for _, axis in angular]))
        offset = np.tile(np.array(node.offset), (len(values), 1))
        for i, axis in enumerate("xyz"):
            if ("position", axis) in columns:
                offset[:, i] = values[:, columns["position", axis]]
        offsets.append(offset)
    return forward_kinematics(rotations, offsets, [node.parent for node in nodes])

"""KGBD, the Kinect gait biometry data set: ``.txt`` of ``name;x;y;z`` lines, 20 lines a frame.

Andersson and Araujo, "Person Identification Using Anthropometric and Gait Data from Kinect Sensor", AAAI 2015. Kinect
v1, metres, camera axes: y up. Numbers may have decimal commas.
"""

from __future__ import annotations

from pathlib import Path

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import FormatFacts
from himpc.reading.formats.parsing.positions import check_memory, check_positions, mask_origin
from himpc.reading.formats.parsing.text import decode_head, is_number, read_lines, to_numbers
from himpc.reading.formats.parsing.world import to_recording
from himpc.recordings import Origin, Recording
from himpc.skeleton import Layout, get_layout

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="depth cameras",
    files="*.txt",
    reads="20 lines a frame, each the name and x, y and z of a joint; decimal commas",
    assumes="metres, y up; joints with unknown names are in the order of the data set; no rate: state {fps}",
    ignores="nothing",
    source="Andersson and Araujo, AAAI 2015",
)

_ORDER = (
    *("head", "neck", "right_shoulder", "left_shoulder", "right_elbow", "left_elbow", "right_wrist", "left_wrist"),
    *("right_hand", "left_hand", "spine", "pelvis", "right_hip", "left_hip", "right_knee", "left_knee"),
    *("right_ankle", "left_ankle", "right_foot", "left_foot"),
)
"""Joint order of the files, for names that the layout does not know."""


def recognise(path: Path, head: bytes) -> bool:
    """Recognise lines of a name and three numbers."""
    lines = decode_head(head)[:2]
    return bool(lines) and all(_is_joint(line.split(";")) for line in lines)


def _is_joint(cells: list[str]) -> bool:
    """Return whether cells are a name and three numbers."""
    return len(cells) == 4 and not is_number(cells[0]) and all(is_number(cell) for cell in cells[1:])


def _joint_order(path: Path, names: list[str], layout: Layout) -> list[int]:
    """Return the joint of each line of a frame, by its name, or by its position where the name is unknown."""
    by_name = [layout.find(name) for name in names]
    order = [layout.index(_ORDER[i]) if joint is None else joint for i, joint in enumerate(by_name)]
    if sorted(order) != list(range(len(layout))):
        raise FormatError(f"{path}: the first {len(layout)} lines do not name each joint of a Kinect v1 once")
    return order


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read the body of a KGBD file."""
    layout = get_layout("kinect-v1")
    rows = [(number, line.split(";")) for number, line in read_lines(path)]
    per_frame = len(layout)
    if len(rows) % per_frame or not rows:
        last = rows[-1][0] if rows else 1
        raise FormatError(
            f"{path}, line {last}: ends within a frame: has {len(rows)} joint lines, expected a multiple of {per_frame}"
        )
    check_memory(path, 1, len(rows) // per_frame, per_frame)
    names = [cells[0].strip() for _, cells in rows[:per_frame]]
    order = _joint_order(path, names, layout)
    for i, (number, cells) in enumerate(rows):
        if cells[0].strip() != names[i % per_frame]:
            raise FormatError(
                f"{path}, line {number}: is joint {cells[0].strip()[:40]!r}, expected {names[i % per_frame]!r} "
                "as in the first frame"
            )
    numbers = [(number, [cell.replace(",", ".") for cell in cells[1:]]) for number, cells in rows]
    positions = to_numbers(path, numbers, 3)
    check_positions(path, (number for number, _ in rows), positions)
    joints = mask_origin(positions).reshape(-1, per_frame, 3)
    joints[:, order] = joints.copy()
    return [to_recording(joints, layout, options, Origin(path), unit="m", up="y")]

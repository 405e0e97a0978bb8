"""Kinect v1 recordings as ``;``-separated cells: a header of joint names, then one frame a line, cells ``x y z``.

The format of the recordings of David Jardim (PRECOG), six actions by twelve people. Metres, camera axes: y up. Cells
after those of the last joint are ignored.
"""

from __future__ import annotations

from pathlib import Path

from himpc.errors import FormatError, count_noun
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import FormatFacts
from himpc.reading.formats.parsing.positions import check_memory, check_positions, mask_origin
from himpc.reading.formats.parsing.text import decode_head, read_lines, to_numbers
from himpc.reading.formats.parsing.world import to_recording
from himpc.recordings import Origin, Recording
from himpc.skeleton import Layout, get_layout

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="depth cameras",
    files="*.csv, *.txt",
    reads="20 joints named in the header, one frame a line, in cells `x y z`",
    assumes="metres, y up; no rate: state {fps}",
    ignores="cells after those of the joints",
    source="recordings by David Jardim (PRECOG)",
)


def recognise(path: Path, head: bytes) -> bool:
    """Recognise a header of Kinect v1 joint names."""
    lines = decode_head(head)
    is_list = len(lines) > 1 and lines[1].lstrip(";").startswith(("[", "("))
    return bool(lines) and not is_list and _joint_order(lines[0], get_layout("kinect-v1")) is not None


def _joint_order(header: str, layout: Layout) -> list[int] | None:
    """Return the joint of each cell, or None if the header does not name each joint once."""
    names = header.lstrip(";").split(";")
    order = [layout.find(name) for name in names[: len(layout)]]
    joints = [joint for joint in order if joint is not None]
    return joints if sorted(joints) == list(range(len(layout))) else None


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read the body of a file of cells."""
    layout = get_layout("kinect-v1")
    lines = read_lines(path)
    order = _joint_order(lines[0][1], layout) if lines else None
    if order is None:
        raise FormatError(f"{path}, line 1: expected the {len(layout)} joint names of a Kinect v1, separated by ';'")
    frames = lines[1:]
    if not frames:
        raise FormatError(f"{path}: has a header but no frames")
    check_memory(path, 1, len(frames), len(layout))
    rows = []
    for number, line in frames:
        cells = line.split(";")[: len(layout)]
        if len(cells) < len(layout):
            raise FormatError(
                f"{path}, line {number}: has {count_noun(len(cells), 'cell')}, expected {len(layout)} of 'x y z'"
            )
        triples = [cell.split() for cell in cells]
        wrong = next((i for i, triple in enumerate(triples) if len(triple) != 3), None)
        if wrong is not None:
            raise FormatError(f"{path}, line {number}: cell {wrong + 1} is {cells[wrong][:40]!r}, expected 'x y z'")
        rows.append((number, [value for triple in triples for value in triple]))
    positions = to_numbers(path, rows, 3 * len(layout)).reshape(-1, len(layout), 3)
    check_positions(path, (number for number, _ in rows), positions)
    joints = mask_origin(positions)
    joints[:, order] = joints.copy()
    return [to_recording(joints, layout, options, Origin(path), unit="m", up="y")]

"""MSR Daily Activity 3D ``_skeleton.txt``: Kinect v1, 20 joints in metres.

Wang et al., "Mining Actionlet Ensemble for Action Recognition with Depth Cameras", CVPR 2012. The file begins with the
numbers of frames and joints. A frame is its number of rows (40 a skeleton, or 0) and the rows: for each joint its world
coordinates, and those on the screen, each with a confidence.
"""

from __future__ import annotations

from pathlib import Path

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.facts import FormatFacts
from himpc.reading.formats.parsing.bodies import body_recordings
from himpc.reading.formats.parsing.kinect import frame_detections
from himpc.reading.formats.parsing.positions import check_memory
from himpc.reading.formats.parsing.text import Row, decode_head, read_lines, to_numbers
from himpc.reading.formats.parsing.tracks import Detection
from himpc.recordings import Recording
from himpc.skeleton import get_layout

__all__ = ["FACTS", "read", "recognise"]

FACTS = FormatFacts(
    kind="depth cameras",
    files="*_skeleton.txt",
    reads="the 20 joints of each skeleton, in world coordinates",
    assumes="metres, y up; no rate: state {fps}",
    ignores="screen coordinates and confidences",
    source="Wang et al., CVPR 2012",
)

_JOINTS = 20
_ROWS = 2 * _JOINTS
_WIDTH = 4


def recognise(path: Path, head: bytes) -> bool:
    """Recognise the numbers of frames, joints and rows with which a file begins."""
    cells = " ".join(decode_head(head)[:4]).split()[:3]
    return len(cells) == 3 and all(map(_is_count, cells)) and cells[1] == str(_JOINTS) and int(cells[2]) % _ROWS == 0


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


def read(path: Path, options: FileOptions) -> list[Recording]:
    """Read each skeleton of a file."""
    lines = read_lines(path)
    if not lines:
        raise FormatError(f"{path}: holds no frames")
    header = 1 if len(lines[0][1].split()) == 2 else 2
    frames = list(_frames(path, lines[header:]))
    layout = get_layout("kinect-v1")
    check_memory(path, max((len(rows) // _ROWS for rows in frames), default=1), len(frames), _JOINTS)
    detections: list[Detection] = []
    for frame, rows in enumerate(frames):
        values = to_numbers(path, rows, _WIDTH).reshape(-1, _JOINTS, 2, _WIDTH)[:, :, 0, :3]
        for slot, body in enumerate(values):
            detections += frame_detections(path, [rows[slot * _ROWS][0]], body[None], [frame], str(slot))
    return body_recordings(path, detections, len(frames), layout, options, unit="m", up="y")


def _frames(path: Path, lines: list[tuple[int, str]]) -> list[list[Row]]:
    """Return the rows of each frame."""
    frames: list[list[Row]] = []
    at = 0
    while at < len(lines):
        number, text = lines[at]
        if not _is_count(text.strip()) or int(text) % _ROWS:
            raise FormatError(
                f"{path}, line {number}: is {text[:40]!r}, expected the number of rows of a frame, 0 or 40"
            )
        count = int(text)
        rows: list[Row] = [(line, cells.split()) for line, cells in lines[at + 1 : at + 1 + count]]
        if len(rows) < count:
            raise FormatError(f"{path}, line {lines[-1][0]}: ends within a frame of {count} rows")
        frames.append(rows)
        at += 1 + count
    return frames

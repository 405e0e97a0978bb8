"""C3D of Theia3D: poses of segments instead of points."""

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats import find_format, get_format

FORMAT = get_format("c3d")
SEGMENTS = {
    "worldbody": (0, 0, 0),
    "head": (0, 0, 1.6),
    "torso": (0, 0, 1.2),
    "pelvis": (0, 0, 1.0),
    "l_uarm": (0, 0.2, 1.45),
    "l_larm": (0, 0.25, 1.15),
    "l_hand": (0, 0.25, 0.9),
    "l_thigh": (0, 0.1, 0.95),
    "l_shank": (0, 0.1, 0.5),
    "l_foot": (0, 0.1, 0.08),
    "l_toes": (0.15, 0.1, 0.02),
}
SEGMENTS |= {"r" + name[1:]: (x, -y, z) for name, (x, y, z) in SEGMENTS.items() if name.startswith("l_")}


def walk(frames: int = 5) -> np.ndarray:
    """Return origins ``(frames, segments, 3)`` in metres, z up."""
    start = np.array(list(SEGMENTS.values()))
    return start + np.arange(frames)[:, None, None] * 0.05 * (start != 0).any(axis=1, keepdims=True)


def theia(
    origins: np.ndarray, unit: str = "m", by_row: bool = False, stated: int | None = None, ratio: int = 1
) -> bytes:
    frames, count, _ = origins.shape
    labels = "".join(f"{name}_4X4".ljust(20) for name in SEGMENTS)

    def parameter(group: int, name: str, kind: int, shape: list[int], data: bytes) -> bytes:
        body = struct.pack("bB", kind, len(shape)) + bytes(shape) + data + b"\0"
        return struct.pack("bb", len(name), group) + name.encode() + struct.pack("<H", len(body) + 2) + body

    def group(number: int, name: str) -> bytes:
        return struct.pack("bb", len(name), -number) + name.encode() + b"\x03\0\0"

    section = group(1, "POINT") + parameter(1, "USED", 2, [], b"\0\0")
    section += parameter(1, "RATE", 4, [], struct.pack("<f", 60)) + parameter(
        1, "UNITS", -1, [len(unit)], unit.encode()
    )
    section += group(2, "ROTATION") + parameter(2, "USED", 2, [], struct.pack("<h", count))
    section += parameter(2, "DATA_START", 2, [], struct.pack("<h", 5)) + parameter(
        2, "RATIO", 2, [], struct.pack("<h", ratio)
    )
    section += parameter(2, "LABELS", -1, [20, count], labels.encode()) + b"\0\0"
    section = (bytes([1, 80, 3, 84]) + section).ljust(3 * 512, b"\0")
    header = bytearray(512)
    header[:2] = bytes([2, 80])
    header[6:10] = struct.pack("<2H", 1, (frames if stated is None else stated) // ratio)
    header[12:16], header[16:18] = struct.pack("<f", -1), struct.pack("<H", 5)
    header[20:24] = struct.pack("<f", 60)
    values = np.zeros((frames, count, 17), dtype="<f4")
    values[..., [0, 5, 10, 15]] = 1
    values[..., [3, 7, 11] if by_row else [12, 13, 14]] = np.nan_to_num(origins) * {"m": 1, "mm": 1000}[unit]
    values[..., 16] = np.where(np.isnan(origins[..., 0]), -1, 0)
    return bytes(header) + section + values.tobytes()


@pytest.mark.parametrize("unit", ["m", "mm"])
@pytest.mark.parametrize("by_row", [False, True])
def test_segments_are_joints(tmp_path: Path, unit, by_row):
    origins = walk()
    origins[2, 3] = np.nan
    path = tmp_path / "pose.c3d"
    path.write_bytes(theia(origins, unit, by_row))
    assert find_format(path) is FORMAT
    (recording,) = FORMAT.read(path, FileOptions())
    names = list(SEGMENTS)
    for joint, segment in {"left_knee": "l_shank", "right_ankle": "r_foot", "pelvis": "pelvis"}.items():
        expected = origins[:, names.index(segment)] @ np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]])
        np.testing.assert_allclose(recording.joints[:, recording.layout.index(joint)], expected, atol=1e-5)
    assert recording.fps == 60


def test_a_wrong_unit_is_found_by_the_size_of_the_body(tmp_path: Path):
    (tmp_path / "pose.c3d").write_bytes(theia(walk()).replace(b"UNITS", b"OTHER"))
    (recording,) = FORMAT.read(tmp_path / "pose.c3d", FileOptions())
    assert any("states no unit" in note for note in recording.quality.notes)


def test_several_poses_a_frame_raise_the_rate(tmp_path: Path):
    (tmp_path / "pose.c3d").write_bytes(theia(walk(6), ratio=2))
    (recording,) = FORMAT.read(tmp_path / "pose.c3d", FileOptions())
    assert (len(recording), recording.fps) == (6, 120)


def test_a_wrong_frame_count_is_noted(tmp_path: Path):
    (tmp_path / "pose.c3d").write_bytes(theia(walk(), stated=9))
    (recording,) = FORMAT.read(tmp_path / "pose.c3d", FileOptions())
    assert "the file states 9 frames and holds 5" in recording.quality.notes


def test_truncated_poses_are_an_error(tmp_path: Path):
    (tmp_path / "pose.c3d").write_bytes(theia(walk())[: 5 * 512 - 20])
    with pytest.raises(FormatError, match="its poses of 18 segments are damaged or truncated"):
        FORMAT.read(tmp_path / "pose.c3d", FileOptions())


@given(seed=st.integers(0, 2**32))
def test_damaged_files_are_errors_or_recordings(tmp_path, check_damaged, seed):
    check_damaged(FORMAT, tmp_path / "d.c3d", theia(walk(4)), seed)

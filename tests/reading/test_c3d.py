"""C3D: files of all processors and number formats written by hand, the real ones against ezc3d, and damaged ones."""

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import himpc
from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats import get_format
from himpc.reading.formats.c3d.file import open_c3d, read_points
from himpc.reading.units import body_size
from himpc.skeleton import get_layout

FORMAT = get_format("c3d")

LAYOUT = get_layout("kinect-v1")
LABELS = list(LAYOUT.joints)


def floats(values, processor: str) -> bytes:
    """Numbers as 32-bit floats; those of DEC are four times an IEEE one with their halves exchanged."""
    if processor != "dec":
        return np.asarray(values, processor + "f4").tobytes()
    return np.asarray(np.asarray(values) * 4, "<f4").view("<u2").reshape(-1, 2)[:, ::-1].tobytes()


def c3d(points, labels=LABELS, *, processor="<", scale=-1.0, rate=50.0, screen="+Z", units="mm", analog=2) -> bytes:
    """A C3D file of ``(frames, points, 3)`` points in its unit; NaN becomes a point that was not seen."""
    order = ">" if processor == ">" else "<"
    frames, count, _ = points.shape
    section = bytearray([0, 0, 0, {"<": 84, "dec": 85, ">": 86}[processor]])

    def record(number: int, name: str, rest: bytes, last: bool = False) -> None:
        section.extend(struct.pack("bb", len(name), number) + name.encode())
        section.extend(struct.pack(order + "H", 0 if last else len(rest) + 2) + rest)

    def texts(items: list[str]) -> bytes:
        width = max(map(len, items))
        return struct.pack("bBBB", -1, 2, width, len(items)) + b"".join(i.ljust(width).encode() for i in items) + b"\0"

    record(-1, "POINT", b"\0")
    record(1, "SCALE", struct.pack("bB", 4, 0) + floats([scale], processor) + b"\0")
    record(1, "RATE", struct.pack("bB", 4, 0) + floats([rate], processor) + b"\0")
    for name, items in (("UNITS", [units]), ("Y_SCREEN", [screen])):
        if items[0]:
            record(1, name, texts(items))
    record(1, "LABELS", texts(labels), last=True)
    section.extend(b"\0" * (-len(section) % 512))
    section[2] = len(section) // 512
    header = struct.pack("BB", 2, 0x50) + struct.pack(order + "5H", count, analog, 1, frames, 0)
    header += floats([scale], processor) + struct.pack(order + "2H", 2 + section[2], 1) + floats([rate], processor)
    seen = np.isfinite(points).all(axis=2)
    words = np.concatenate([np.nan_to_num(points), np.where(seen, 0, -1)[..., None]], axis=2).reshape(frames, -1)
    words = np.concatenate([words, np.full((frames, analog), 7)], axis=1)
    if scale > 0:
        words[:, : 4 * count] /= np.tile([scale, scale, scale, 1], count)
        data = words.round().astype(order + "i2").tobytes()
    else:
        data = floats(words.ravel(), processor)
    return header.ljust(512, b"\0") + bytes(section) + data


def z_up(joints: np.ndarray) -> np.ndarray:
    return np.stack([joints[..., 0], -joints[..., 2], joints[..., 1]], axis=-1)


@pytest.mark.parametrize("processor", ["<", "dec", ">"])
@pytest.mark.parametrize("scale", [-0.01, 0.25])
@pytest.mark.parametrize("screen", ["+Z", ""])
def test_written_points_are_read_back(tmp_path, standing, one_marker_a_joint, processor, scale, screen):
    joints = standing(LAYOUT, 4, 1)
    joints[2, 3] = np.nan
    path = tmp_path / "walk.c3d"
    path.write_bytes(c3d(z_up(joints) * 1000, processor=processor, scale=scale, screen=screen))
    assert FORMAT.recognise(path, path.read_bytes()[:4096])
    (recording,) = FORMAT.read(path, FileOptions(markers=one_marker_a_joint))
    np.testing.assert_allclose(recording.joints, joints, atol=2e-4)
    assert (recording.fps, recording.source, recording.quality.frames_read) == (50, str(path), 4)
    assert ("up is z, as the body shows" in recording.quality.notes) == (not screen)


def test_several_people_in_one_file(tmp_path, standing, one_marker_a_joint):
    both = [standing(LAYOUT, 3, seed) for seed in (1, 2)]
    labels = [f"{name}:{label}" for name in ("Ann", "Ben") for label in LABELS] + ["prop:1"]
    points = np.concatenate([*both, np.zeros((3, 1, 3))], axis=1)
    (tmp_path / "two.c3d").write_bytes(c3d(z_up(points) * 1000, labels))
    recordings = FORMAT.read(tmp_path / "two.c3d", FileOptions(markers=one_marker_a_joint))
    assert [recording.source[-2:] for recording in recordings] == ["#1", "#2"]
    for recording, joints in zip(recordings, both, strict=True):
        np.testing.assert_allclose(recording.joints, joints, atol=1e-4)


@pytest.mark.parametrize("units", ["", "m", "mete", "cm", "furlongs"])
@pytest.mark.parametrize("screen", ["+X", "-Z", "", "up"])
def test_the_body_refutes_a_unit_and_an_axis(tmp_path, standing, one_marker_a_joint, units, screen):
    joints = standing(LAYOUT, 3, 1)
    (tmp_path / "walk.c3d").write_bytes(c3d(z_up(joints) * 1000, units=units, screen=screen))
    for options in ({}, {"unit": "mm"}, {"scale": 0.001, "up": "z"}):
        (recording,) = FORMAT.read(tmp_path / "walk.c3d", FileOptions(markers=one_marker_a_joint, **options))
        np.testing.assert_allclose(recording.joints, joints, atol=1e-4)
        assert len(recording.quality.notes) >= 2


def test_truncated_files_are_refused(tmp_path, standing):
    content = c3d(standing(LAYOUT, 3, 1))
    path = tmp_path / "walk.c3d"
    for size in (100, 600, len(content) - 3000):
        path.write_bytes(content[:size])
        with pytest.raises(FormatError, match="truncated"):
            FORMAT.read(path, FileOptions())


def test_unknown_markers_are_used_as_points(tmp_path, standing, one_marker_a_joint):
    joints, path = standing(LAYOUT, 3, 1), tmp_path / "walk.c3d"
    names = [f"M{i}" for i in range(len(LAYOUT))]
    path.write_bytes(c3d(z_up(joints) * 1000, [*names[:-2], "*12", "uname4"]))
    (recording,) = FORMAT.read(path, FileOptions())
    assert recording.layout.joints == tuple(names[:-2])
    np.testing.assert_allclose(recording.joints, joints[:, :-2], atol=1e-4)
    assert recording.quality.notes[0].startswith("points of no known body, used as they are; ")
    for options in (FileOptions(markers=one_marker_a_joint), FileOptions(layout=LAYOUT)):
        with pytest.raises(FormatError):
            FORMAT.read(path, options)


def test_known_markers_are_used_as_points_if_the_user_says_so(tmp_path, standing):
    path = tmp_path / "walk.c3d"
    path.write_bytes(c3d(z_up(standing(LAYOUT, 3, 1)) * 1000, LAYOUT.joints))
    (recording,) = FORMAT.read(path, FileOptions(as_points=True))
    assert recording.layout.name == "points"
    assert recording.layout.joints == LAYOUT.joints


def test_sizes_are_checked_before_memory_is_allocated(tmp_path, standing):
    content = bytearray(c3d(standing(LAYOUT, 3, 1)))
    content[2:4] = content[4:6] = b"\xff\xff"  # 65535 points and analog values a frame
    content[8:10] = b"\xfe\xff"  # 65534 frames: 86 GB
    (tmp_path / "huge.c3d").write_bytes(content)
    with pytest.raises(FormatError, match="truncated: 65534 frames of 65535 points need"):
        FORMAT.read(tmp_path / "huge.c3d", FileOptions())


@given(seed=st.integers(0, 2**32), scale=st.sampled_from([-1.0, 0.5]))
def test_damaged_files_are_errors_or_recordings(tmp_path, standing, one_marker_a_joint, check_damaged, seed, scale):
    content = c3d(z_up(standing(LAYOUT, 3, 1)) * 1000, scale=scale)
    check_damaged(FORMAT, tmp_path / "d.c3d", content, seed, options=FileOptions(markers=one_marker_a_joint))


def test_real_files_agree_with_ezc3d(shared_data: Path):
    ezc3d = pytest.importorskip("ezc3d")
    paths = sorted((shared_data / "c3d-walking").glob("*/*/*.c3d"))
    assert len(paths) == 45
    for path in paths:
        file = open_c3d(path)
        reference = ezc3d.c3d(str(path))
        assert file.labels[:255] == reference["parameters"]["POINT"]["LABELS"]["value"][:255]
        expected = reference["data"]["points"][:3].transpose(2, 1, 0)
        expected = np.where((expected == 0).all(axis=2, keepdims=True), np.nan, expected)
        np.testing.assert_array_equal(read_points(path, file, list(range(file.points))), expected)


def test_real_people_stand_upright_and_keep_their_size(shared_data: Path):
    sizes: dict[str, list[float]] = {}
    for path in sorted((shared_data / "c3d-walking").glob("*/*/*.c3d")):
        (recording,) = FORMAT.read(path, FileOptions())
        assert recording.fps == 100
        assert np.nanmedian(recording.joints[:, LAYOUT.index("head"), 1]) > 1.0
        assert abs(np.nanmin(recording.joints[..., 1])) < 0.1  # feet on the floor
        sizes.setdefault(path.parts[-3], []).append(body_size(recording.joints, LAYOUT))
    assert len(sizes) == 16
    for of_person in sizes.values():
        assert 1.1 < np.mean(of_person) < 1.8
        assert np.ptp(of_person) < 0.04


def test_rules_agree_with_the_laboratorys_own_joint_centres(shared_data: Path):
    """The files also hold knee and ankle centres that Vicon worked out with measured joint widths."""
    misses = {"left_knee": [], "right_knee": [], "left_ankle": [], "right_ankle": []}
    theirs = dict(zip(misses, ("LFEO", "RFEO", "LTIO", "RTIO"), strict=True))
    for path in sorted((shared_data / "c3d-walking").glob("*/Straight/*.c3d")):
        (recording,) = FORMAT.read(path, FileOptions())
        file = open_c3d(path)
        points = read_points(path, file, [file.labels.index(label) for label in theirs.values()]) / 1000
        for place, joint in enumerate(theirs):
            ours = recording.joints[:, LAYOUT.index(joint)]
            misses[joint].append(np.nanmedian(np.linalg.norm(z_up(ours) - points[:, place], axis=1)))
    assert all(np.median(of_joint) < 0.015 and max(of_joint) < 0.03 for of_joint in misses.values())


def test_unknown_points_among_known_joints_are_left_out(tmp_path, standing):
    joints = z_up(standing(LAYOUT, 9, 1)) * 1000
    (tmp_path / "a.c3d").write_bytes(c3d(joints, LAYOUT.joints))
    (tmp_path / "b.c3d").write_bytes(c3d(joints, [f"M{i}" for i in range(len(LAYOUT))]))
    found = himpc.read(tmp_path, clean=False)
    assert [recording.layout.name for recording in found] == ["kinect-v1"]
    assert [problem.path.name for problem in found.problems] == ["b.c3d"]
    as_points = himpc.read(tmp_path, layout="points", clean=False)
    assert [recording.layout.name for recording in as_points] == ["points", "points"]

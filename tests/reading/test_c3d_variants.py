"""C3D as programs write it: every way to say the same gives the same joints."""

import runpy
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import himpc
from himpc.errors import FormatError

WALKER = runpy.run_path(str(Path(__file__).with_name("walker.py")))
LABELS: list[str] = WALKER["LABELS"]
BLOCK = 512
ORDERS = {84: "<", 85: "<", 86: ">"}


def floats(values: Any, processor: int) -> bytes:
    """Return 32-bit floats of Intel (84), DEC (85) or MIPS (86) processors."""
    if processor != 85:
        return np.asarray(values, f"{ORDERS[processor]}f4").tobytes()
    return np.asarray(np.asarray(values) * 4, "<f4").view("<u2").reshape(-1, 2)[:, ::-1].tobytes()


def words(*values: int) -> bytes:
    return np.array(values, "<u2").tobytes()


def texts(items: list[str], pad: bytes = b" ") -> tuple[list[int], bytes]:
    width = max(map(len, items))
    return [width, len(items)], b"".join(item.encode().ljust(width, pad) for item in items)


def write(
    path: Path,
    points: np.ndarray,
    labels: list[str] = LABELS,
    *,
    processor: int = 84,
    stated_processor: int | None = None,
    scale: float = -1.0,
    left_out: tuple[str, ...] = (),
    more: tuple[tuple[str, int, list[int], bytes], ...] = (),
    groups: tuple[tuple[int, str, tuple[tuple[str, int, list[int], bytes], ...]], ...] = (),
    header: dict[str, Any] | None = None,
    residual: float = 0,
    missing: tuple[float, ...] = (0, 0, 0, -1),
    analog: int = 0,
    block: int = 2,
    gap: int = 0,
    locked: bool = False,
    description: str = "",
    pad: bytes = b" ",
    is_reversed: bool = False,
    ends: bool = True,
    group_name: str = "POINT",
) -> Path:
    """Write points ``(frames, n, 3)`` in mm; NaN is a point that was not seen."""
    order, (frames, count, _) = ORDERS[processor], points.shape
    sign = -1 if locked else 1
    note = bytes([len(description)]) + description.encode()

    def record(number: int, name: str, content: bytes) -> bytes:
        start = struct.pack("bb", sign * len(name), number) + name.encode()
        return start + struct.pack(f"{order}H", len(content) + len(note) + 2) + content + note

    def parameter(group: int, name: str, kind: int, shape: list[int], data: bytes) -> bytes:
        return record(group, name, struct.pack("bB", kind, len(shape)) + bytes(shape) + data)

    own = [
        ("USED", 2, [], struct.pack(f"{order}H", count)),
        ("SCALE", 4, [], floats([scale], processor)),
        ("RATE", 4, [], floats([100], processor)),
        *(
            (f"LABELS{i // 255 + 1 if i else ''}", -1, *texts(labels[i : i + 255], pad))
            for i in range(0, len(labels), 255)
        ),
        ("UNITS", -1, [2], b"mm"),
    ]
    records = [record(-1, group_name, b"")]
    records += [parameter(1, *each) for each in [*(each for each in own if each[0] not in left_out), *more]]
    for number, name, content in groups:
        records += [record(-number, name, b""), *(parameter(number, *each) for each in content)]
    section = b"".join(reversed(records) if is_reversed else records) + (b"\0\0" if ends else b"")
    blocks = -(-(len(section) + 4) // BLOCK)
    values = {"points": count, "analog": analog, "first": 1, "last": frames, "scale": scale, "samples": 0, "rate": 100}
    values |= {"data": block + blocks + gap, **(header or {})}
    first = struct.pack("BB", block, 0x50)
    first += struct.pack(f"{order}5H", *(values[key] for key in ("points", "analog", "first", "last")), 10)
    first += floats([values["scale"]], processor) + struct.pack(f"{order}2H", values["data"], values["samples"])
    first += floats([values["rate"]], processor)
    data = np.full((frames, count, 4), residual, dtype=float)
    data[..., :3] = points
    data[np.isnan(points).any(axis=2)] = missing
    if scale > 0:
        data[..., :3] /= scale
    rows = np.concatenate([data.reshape(frames, 4 * count), np.full((frames, analog), 3)], axis=1)
    body = floats(rows.ravel(), processor) if scale < 0 else np.nan_to_num(rows).round().astype(f"{order}i2").tobytes()
    start = bytes([1, 0x50, blocks, processor if stated_processor is None else stated_processor])
    parameters = (start + section).ljust(blocks * BLOCK, b"\0")
    path.write_bytes(first.ljust(BLOCK * (block - 1), b"\0") + parameters + bytes(gap * BLOCK) + body)
    return path


def rewrite(path: Path, places: dict[int | bytes, bytes], stays: int = 10**9) -> None:
    """Overwrite bytes at places or after names of parameters, and cut the file."""
    content = bytearray(path.read_bytes())
    for place, own in places.items():
        at = place if isinstance(place, int) else content.find(place) + len(place) + 4  # after offset, kind and rank
        content[at : at + len(own)] = own
    path.write_bytes(bytes(content[:stays]))


def beside(points: np.ndarray, *others: np.ndarray) -> np.ndarray:
    return np.concatenate([points, *others], axis=1)


ANALOG = (2, "ANALOG", (("USED", 2, [], words(4)), ("RATE", 4, [], floats([200], 84))))
TRIAL = (2, "TRIAL", (("ACTUAL_START_FIELD", 2, [2], words(1, 0)), ("ACTUAL_END_FIELD", 2, [2], words(60, 0))))
OUTPUTS = ["LHipAngles", "RKneeForce", "LKneeMoment", "LKneePower", "CentreOfMass"]
HALF = struct.pack("<f", 0.5)
SUBJECTS = (2, "SUBJECTS", (("NAMES", -1, *texts(["Bob"])), ("LABEL_PREFIXES", -1, *texts(["Bob_"]))))
ANGLES = [("ANGLES", -1, *texts(["LHipAngles"]))]

VARIANTS: dict[str, dict[str, Any]] = {
    "DEC": {"processor": 85},
    "MIPS": {"processor": 86},
    "DEC integers": {"processor": 85, "scale": 0.1},
    "MIPS integers": {"processor": 86, "scale": 0.1},
    "no processor": {"stated_processor": 0},
    "no processor of DEC": {"processor": 85, "stated_processor": 0},
    "no processor of MIPS": {"processor": 86, "stated_processor": 1},
    "frames of -1": {"more": [("FRAMES", 2, [], words(65535))], "header": {"last": 65535}},
    "frames of the trial": {"groups": [TRIAL], "header": {"last": 65535}},
    "frames from 0": {"header": {"first": 0, "last": 59}},
    "frames from 60000": {"header": {"first": 60_000, "last": 60_059}},
    "no unit": {"left_out": ("UNITS",)},
    "no scale": {"left_out": ("SCALE",)},
    "no scale in the header": {"header": {"scale": 0.0}},
    "no number of points": {"left_out": ("USED",)},
    "no number of points in the header": {"header": {"points": 0}},
    "no place of the points": {"header": {"data": 0}},
    "a wrong place of the points": {"header": {"data": 9}},
    "a rate of 1e30 in the header": {"header": {"rate": 1e30}},
    "no rate in the parameters": {"left_out": ("RATE",)},
    "parameters in reverse": {"is_reversed": True},
    "parameters without an end": {"ends": False},
    "parameters in block 3": {"block": 3},
    "empty blocks before the points": {"gap": 2},
    "locked parameters": {"locked": True},
    "descriptions": {"description": "the markers of a walk"},
    "a group in small letters": {"group_name": "Point"},
    "labels ending in NUL": {"labels": [f"{label} " for label in LABELS], "pad": b"\0"},
    "labels of a subject": {"labels": [f"Sub 01:{label}" for label in LABELS]},
    "labels beyond 255": {"before": 270},
    "fewer labels than points": {"after": 5, "labels": LABELS},
    "more labels than points": {"labels": [*LABELS, "X1", "X2"]},
    "unlabelled markers": {"after": 3, "labels": [*LABELS, "*11", "*12", "uname3"]},
    "copies of labels": {"copies": 2, "labels": [*LABELS, *LABELS[:2]]},
    "model outputs": {"after": 5, "labels": [*LABELS, *OUTPUTS], "more": ANGLES},
    "marks of all points": {"residual": -1},
    "marks that are no numbers": {"residual": np.nan},
    "analog values": {"analog": 8, "header": {"samples": 2}, "groups": [ANALOG]},
    "analog values that the header does not count": {"analog": 8, "header": {"analog": 0}, "groups": [ANALOG]},
    "number of frames as a float": {"more": [("FRAMES", 4, [], floats([60], 84))], "header": {"last": 65535}},
    "a number of points of one byte": {"left_out": ("USED",), "more": [("USED", 1, [], bytes([len(LABELS)]))]},
    "points that begin at block 0": {"more": [("DATA_START", 2, [], words(0))]},
    "descriptions without letters": {"more": [("DESCRIPTIONS", -1, [0, 30], b"")]},
    "labels again, without values": {"more": [("LABELS", -1, [0, 0], b"")]},
    "a parameter of no kind": {"more": [("ODD", 8, [2], bytes(16))]},
    "a parameter that is cut": {"groups": [(2, "ODD", (("ODD", 2, [200, 200], b""),))]},
    "a group without parameters": {"groups": [(3, "EMPTY", ()), ANALOG]},
    "a prefix of the group SUBJECTS": {"labels": [f"Bob_{label}" for label in LABELS], "groups": [SUBJECTS]},
    "no place of the parameters": {"places": {0: b"\0"}},
    "parameters that begin with zeros": {"places": {BLOCK: b"\0\0"}},
    "processor of MIPS, numbers of Intel": {"stated_processor": 86},
    "processor of Intel, numbers of MIPS": {"processor": 86, "stated_processor": 84},
    "processor of DEC, numbers of Intel": {"stated_processor": 85},
    "floats stated as integers": {"places": {12: HALF, b"SCALE": HALF}},
    "integers stated as floats": {
        "scale": 0.5,
        "places": {12: struct.pack("<f", -0.5), b"SCALE": struct.pack("<f", -0.5)},
    },
    "units of each axis": {"left_out": ("UNITS",), "more": [("UNITS", -1, [4, 3], b"mm\0\0" * 3)]},
    "events in the header": {"places": {300: b"\x39\x30\x02\x00"}},
    "labels in small letters": {"labels": [label.lower() for label in LABELS]},
    "parameters without values": {"groups": [(2, "FORCE_PLATFORM", (("CORNERS", 4, [3, 4, 0], b""),))]},
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> np.ndarray:
    return himpc.read(write(tmp_path_factory.mktemp("c3d") / "a.c3d", WALKER["walk"]() * 1000))[0].joints


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_gives_the_same_joints(tmp_path, plain, name):
    options = dict(VARIANTS[name])
    points = WALKER["walk"]() * 1000
    labels = options.pop("labels", LABELS)
    if count := options.pop("before", 0):
        points, labels = beside(np.zeros((60, count, 3)), points), [*(f"*{i}" for i in range(count)), *labels]
    points = beside(points, 35 + np.zeros((60, options.pop("after", 0), 3)), points[:, : options.pop("copies", 0)])
    places = options.pop("places", {})
    write(tmp_path / "a.c3d", points, labels, **options)
    rewrite(tmp_path / "a.c3d", places)
    (recording,) = himpc.read(tmp_path / "a.c3d")
    np.testing.assert_allclose(recording.joints, plain, atol=5e-4)
    assert recording.fps == 100


def test_what_the_bytes_contradict_is_noted(tmp_path):
    write(tmp_path / "a.c3d", WALKER["walk"]() * 1000, stated_processor=86)
    rewrite(tmp_path / "a.c3d", {12: HALF, b"SCALE": HALF})
    (recording,) = himpc.read(tmp_path / "a.c3d")
    notes = (
        "numbers are those of Intel processors, as the header shows",
        "points are floats, as the size of the file shows",
    )
    assert set(notes) <= set(recording.quality.notes)


@pytest.mark.parametrize("scale", [-1.0, 0.5])
def test_half_a_file_is_not_taken_for_numbers_of_the_other_kind(tmp_path, scale):
    """The first half of a file of floats has the size of a whole one of integers."""
    path = write(tmp_path / "a.c3d", WALKER["walk"]() * 1000, scale=scale)
    whole = himpc.read(path)[0].joints
    size = 60 * len(LABELS) * 16 // (1 if scale < 0 else 2)
    rewrite(path, {}, path.stat().st_size - size // 2)
    (half,) = himpc.read(path)
    np.testing.assert_array_equal(half.joints, whole[:30])


def test_angles_that_are_named_as_joints_are_no_points(tmp_path):
    """Captury writes the angles of the left hip as a point with the label LHip."""
    joints = ["Hip", "Kne", "Ank", "Sho", "Elb", "Wri"]
    names = [f"M{i}" for i in range(len(LABELS))]
    angles = [f"{side}{joint}" for side in "LR" for joint in joints]
    points = beside(WALKER["walk"]() * 1000, 30 + np.random.default_rng(0).normal(size=(60, len(angles), 3)) * 20)
    descriptions = [("DESCRIPTIONS", -1, *texts([*names, *(f"Angles of {name}" for name in angles)]))]
    (recording,) = himpc.read(write(tmp_path / "a.c3d", points, [*names, *angles], more=descriptions), clean=False)
    assert set(recording.layout.joints) <= set(names)


def test_a_damaged_label_is_refused(tmp_path):
    path = write(tmp_path / "a.c3d", WALKER["walk"]() * 1000)
    content = path.read_bytes()
    at = content.find(b"LABELS") + 8
    rewrite(path, {at: b"\x09"})
    with pytest.raises(FormatError, match="parameters are damaged"):
        himpc.read(path)


@pytest.mark.parametrize("missing", [(0, 0, 0, 0), (-1, -1, -1, -1), (np.nan,) * 4, (9999999, 9999999, 9999999, -1)])
def test_points_that_were_not_seen_are_gaps(tmp_path, missing):
    points = WALKER["walk"]() * 1000
    points[20:25, LABELS.index("LKNE")] = np.nan
    (recording,) = himpc.read(write(tmp_path / "a.c3d", points, missing=missing), clean=False)
    knee = recording.joints[:, recording.layout.index("left_knee"), 0]
    assert np.flatnonzero(np.isnan(knee)).tolist() == [20, 21, 22, 23, 24]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"points": np.zeros((0, 30, 3))}, "holds no frames"),
        ({"points": np.zeros((5, 0, 3)), "analog": 4}, "holds no markers, as a file of force plates or muscles alone"),
        ({"labels": ["*1"], "left_out": ("LABELS",)}, "holds no labelled points"),
    ],
)
def test_files_without_markers_say_so(tmp_path, options, message):
    options = {"points": WALKER["walk"]() * 1000, **options}
    with pytest.raises(FormatError, match=message):
        himpc.read(write(tmp_path / "a.c3d", **options))


@pytest.mark.parametrize("names", [["pelvis", "torso"], ["racket", "ball"]])
def test_poses_of_segments_stand_beside_markers(tmp_path, plain, names):
    """Segments of a body without limbs, and of tools, are no person; the markers are."""
    points = WALKER["walk"]() * 1000
    poses = np.zeros((60, 2, 17), "<f4")
    poses[..., [0, 5, 10, 15]] = 1
    poses[..., 12:15] = [500, 500, 1000]
    path = tmp_path / "a.c3d"
    for block in (1, 1):  # written twice: the place of the poses follows from the size of the rest
        block = -(-path.stat().st_size // BLOCK) + 1 if path.exists() else block
        labels = texts([f"{name}_4X4" for name in names])
        own = (("USED", 2, [], words(2)), ("DATA_START", 2, [], words(block)), ("LABELS", -1, *labels))
        write(path, points, groups=((2, "ROTATION", own),))
    path.write_bytes(path.read_bytes().ljust((block - 1) * BLOCK, b"\0") + poses.tobytes())
    (recording,) = himpc.read(path, clean=False)
    np.testing.assert_allclose(recording.joints, plain, atol=2e-4)

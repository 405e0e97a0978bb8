"""Thousands of damaged files through every reader: valid recordings or a HimpcError, and no memory for empty claims."""

import json
import random
import re
import runpy
import shutil
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from himpc.errors import FormatError, HimpcError
from himpc.reading import read
from himpc.reading.file_options import FileOptions
from himpc.reading.formats import FORMATS, HEAD_BYTES, find_format, get_format
from himpc.reading.formats.kgbd import _ORDER as KGBD_ORDER
from himpc.recordings import Recording, save
from himpc.skeleton import Layout, MarkerSet, get_layout
from himpc.skeleton.marker_rules import Mean

CASES, SIZE_CASES = 250, 40
"""Damaged files a format, and files that declare other sizes; with all formats, thousands.

`make test` tries the first fifth of each, `make test-exhaustive` all of them.
"""

DAMAGED = "damaged files"
"""The property of a test that the summary of a run counts (see conftest.py)."""

MAX_MEMORY = 40 * 2**20
"""Bytes that reading a damaged file of a few kB may take at its peak."""

EXTREMES = (
    b"0",
    b"-1",
    b"1",
    b"7",
    b"nan",
    b"inf",
    b"1e999",
    b"1e30",
    b"4294967295",
    b"99999999999",
    b"",
    b"x",
    b"9" * 5000,
)
JUNK = (
    b"\0",
    b"\xff\xfe",
    b"\r",
    b"\n\n",
    b",",
    b";",
    b"{",
    b"]",
    b'"',
    b"#",
    b"\t",
    b"END",
    b"null",
    b"\x7f\xff\xff\xff",
)

Standing = Callable[[Layout, int, int], np.ndarray]
POSES = runpy.run_path(str(Path(__file__).with_name("pose_writers.py")))


def cells(values: np.ndarray, separator: str) -> str:
    return separator.join(f"{value:.6g}" for value in np.ravel(values))


def write_npz(path: Path, standing: Standing) -> Path:
    layout = get_layout("kinect-v1")
    one = Recording(standing(layout, 4, 0), layout, fps=30, person="a", confidence=np.ones((4, 20)), source="a")
    save([one, one.with_(confidence=None, fps=None)], path / "x.npz")
    return path / "x.npz"


def write_xml_poses(path: Path, standing: Standing) -> Path:
    layout = get_layout("kinect-v1")
    frames = [
        "".join(
            f'<Joint name="{n}" x="{x:.4f}" y="{y:.4f}" z="{z:.4f}"/>'
            for n, (x, y, z) in zip(layout.joints, f, strict=True)
        )
        for f in standing(layout, 3, 0)
    ]
    return text(path / "x.xml", "<Frames>", *(f"<Frame>{frame}</Frame>" for frame in frames), "</Frames>")


def write_named_rows(path: Path, standing: Standing) -> Path:
    layout = get_layout("kinect-v1")
    rows = [
        ",".join(f"({n},Tracked,{cells(p, ',')},9,9)" for n, p in zip(layout.joints, f, strict=True))
        for f in standing(layout, 3, 0)
    ]
    return text(path / "x.txt", "Version0.1", *(f"{i},1,{row}" for i, row in enumerate(rows)))


def write_pose_cells(path: Path, standing: Standing) -> Path:
    rows = [f'{i},"{f.round(4).tolist()}"' for i, f in enumerate(standing(get_layout("kinect-v1"), 3, 0))]
    return text(path / "x.csv", "frame,joints", *rows)


def write_csv_frames(path: Path, standing: Standing) -> Path:
    layout = get_layout("kinect-v1")
    header = ",".join(f"{joint}_{axis}" for joint in layout.joints for axis in "xyz")
    rows = [cells(frame, ",") for frame in standing(layout, 4, 0)]
    return text(path / "x.csv", header, *rows)


def write_csv_joints(path: Path, standing: Standing) -> Path:
    layout = get_layout("kinect-v1")
    joints = standing(layout, 3, 0)
    rows = [
        f"{t},{name},{cells(frame[j], ',')}" for t, frame in enumerate(joints) for j, name in enumerate(layout.joints)
    ]
    return text(path / "x.csv", "frame,joint,x,y,z", *rows)


def write_kinect_cells(path: Path, standing: Standing) -> Path:
    layout = get_layout("kinect-v1")
    rows = [";".join(cells(joint, " ") for joint in frame) for frame in standing(layout, 4, 0)]
    return text(path / "x.csv", ";".join(layout.joints), *rows)


def write_kinect_sdk(path: Path, standing: Standing) -> Path:
    for number, frame in enumerate(standing(get_layout("kinect-v1"), 3, 0)):
        rows = [f"3,{cells(joint, ',')},310,220,2,0,0,0,0,0,1" for joint in frame]
        file = text(path / f"{number}_skel.txt", *rows)
    return file


def write_kgbd(path: Path, standing: Standing) -> Path:
    names = (
        *("Head", "Shoulder-Center", "Shoulder-Right", "Shoulder-Left", "Elbow-Right", "Elbow-Left", "Wrist-Right"),
        *("Wrist-Left", "Hand-Right", "Hand-Left", "Spine", "Hip-centro", "Hip-Right", "Hip-Left", "Knee-Right"),
        *("Knee-Left", "Ankle-Right", "Ankle-Left", "Foot-Right", "Foot-Left"),
    )
    layout = get_layout("kinect-v1")
    joints = standing(layout, 3, 0)[:, [layout.index(joint) for joint in KGBD_ORDER]]
    return text(path / "x.txt", *(f"{n};{cells(f[j], ';')}" for f in joints for j, n in enumerate(names)))


def write_ntu(path: Path, standing: Standing) -> Path:
    lines = ["3"]
    for frame in standing(get_layout("kinect-v2"), 3, 0):
        lines += ["1", "72057594037930001 0 1 1 1 1 0 0.2 -0.1 2", "25"]
        lines += [f"{cells(joint, ' ')} 277 191 1036 519 -0.2 0 0.9 0 2" for joint in frame]
    return text(path / "x.skeleton", *lines)


def write_openpose(path: Path, standing: Standing) -> Path:
    for number, frame in enumerate(standing(get_layout("body-25"), 3, 0)):
        content = {"version": 1.3, "people": [{"person_id": [-1], "pose_keypoints_2d": pixels(frame)}]}
        file = text(path / f"a_{number:012d}_keypoints.json", json.dumps(content))
    return file


def write_coco(path: Path, standing: Standing) -> Path:
    frames = standing(get_layout("coco-17"), 3, 0)
    people = [{"image_id": i, "category_id": 1, "keypoints": pixels(f), "score": 0.9} for i, f in enumerate(frames)]
    return text(path / "x.json", json.dumps(people))


def write_mediapipe(path: Path, standing: Standing) -> Path:
    def landmarks(frame: np.ndarray) -> list[dict]:
        return [{"x": x, "y": -y, "z": -z, "visibility": 0.9} for x, y, z in frame.round(4).tolist()]

    layout = get_layout("mediapipe-33")
    frames = standing(layout, 3, 0)
    frames -= frames[:, list(layout.root)].mean(axis=1, keepdims=True)
    return text(path / "x.json", json.dumps([{"pose_world_landmarks": [landmarks(frame)]} for frame in frames]))


def write_bvh(path: Path, standing: Standing) -> Path:
    layout = get_layout("humanoid")
    body = standing(layout, 1, 0)[0]
    lines = ["HIERARCHY"]

    def joint(index: int, indent: str) -> None:
        parent = layout.parents[index]
        offset = body[index] - body[parent] if parent >= 0 else np.zeros(3)
        root = "" if parent >= 0 else "Xposition Yposition Zposition "
        lines.extend([f"{indent}{'JOINT' if parent >= 0 else 'ROOT'} {layout.joints[index]}", f"{indent}{{"])
        lines.append(f"{indent} OFFSET {cells(offset * 100, ' ')}")
        lines.append(f"{indent} CHANNELS {6 if root else 3} {root}Zrotation Xrotation Yrotation")
        children = [child for child, other in enumerate(layout.parents) if other == index]
        for child in children:
            joint(child, indent + " ")
        if not children:
            lines.extend([f"{indent} End Site", f"{indent} {{", f"{indent}  OFFSET 0 1 0", f"{indent} }}"])
        lines.append(f"{indent}}}")

    joint(layout.parents.index(-1), "")
    values = np.random.default_rng(0).normal(size=(3, 3 + 3 * len(layout))).round(3)
    rows = [cells(row, " ") for row in values]
    return text(path / "x.bvh", *lines, "MOTION", f"Frames: {len(rows)}", "Frame Time: 0.01", *rows)


def write_amc(path: Path, standing: Standing) -> Path:
    layout = get_layout("cmu")
    names = [dict(layout.file_names).get(joint, joint) for joint in layout.joints]
    body = standing(layout, 1, 0)[0]
    lines = [":version 1.10", ":units", " length 0.45", " angle deg", ":root", " order TX TY TZ RX RY RZ", " axis XYZ"]
    lines += [" position 0 0 0", " orientation 0 0 0", ":bonedata"]
    for joint, parent in layout.bones:
        lines += [f" begin\n  name {names[joint]}\n  direction {cells(body[joint] - body[parent], ' ')}\n  length 4"]
        lines += ["  axis 0 0 0 XYZ\n  dof rx ry rz\n end"]
    lines += [":hierarchy\n begin", *(f"  {names[parent]} {names[joint]}" for joint, parent in layout.bones), " end"]
    text(path / "x.asf", *lines)
    motion = [":FULLY-SPECIFIED", ":DEGREES"]
    for frame in range(1, 4):
        motion.append(str(frame))
        motion += [f"{name} {'0 0 0 ' if name == 'root' else ''}{frame} 2 3" for name in names]
    return text(path / "x.amc", *motion)


def write_c3d(path: Path, standing: Standing) -> Path:
    ezc3d = pytest.importorskip("ezc3d")
    labels, points = markers(standing)
    file = ezc3d.c3d()
    file["parameters"]["POINT"]["RATE"]["value"] = [100]
    file["parameters"]["POINT"]["LABELS"]["value"] = labels
    file["parameters"]["POINT"]["UNITS"]["value"] = ["mm"]
    file["data"]["points"] = np.concatenate([points.transpose(2, 1, 0), np.ones((1, len(labels), len(points)))])
    file.write(str(path / "x.c3d"))
    return path / "x.c3d"


def write_trc(path: Path, standing: Standing) -> Path:
    labels, points = markers(standing)
    lines = ["PathFileType\t4\t(X/Y/Z)\tx.trc"]
    lines.append("DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames")
    lines.append(f"100\t100\t{len(points)}\t{len(labels)}\tmm\t100\t1\t{len(points)}")
    lines += [
        "Frame#\tTime\t" + "\t\t\t".join(labels),
        "\t\t" + "\t".join(f"X{i}\tY{i}\tZ{i}" for i in range(len(labels))),
    ]
    lines += [f"{t + 1}\t{t / 100}\t{cells(frame, chr(9))}" for t, frame in enumerate(points)]
    return text(path / "x.trc", *lines)


def write_mvnx(path: Path, standing: Standing) -> Path:
    labels, points = markers(standing)
    segments = "".join(f'<segment label="{label}" id="1"/>' for label in labels)
    lines = [f'<mvnx version="4"><subject label="S" frameRate="60"><segments>{segments}</segments><frames>']
    for t, frame in enumerate(points / 1000):
        position = f"<position>{cells(frame, ' ')}</position>"
        lines.append(f'<frame time="{t * 17}" index="{t}" type="normal">{position}</frame>')
    return text(path / "x.mvnx", *lines, "</frames></subject></mvnx>")


def write_movement(path: Path, standing: Standing) -> Path:
    pytest.importorskip("pyfive")
    shutil.copyfile(Path(__file__).parent / "movement" / "netcdf4.nc", path / "x.nc")
    return path / "x.nc"


def write_freemocap(path: Path, standing: Standing) -> Path:
    np.save(path / "x.npy", standing(get_layout("mediapipe-33"), 4, 0) * 1000)
    return path / "x.npy"


def write_arrays(path: Path, standing: Standing) -> Path:
    joints = standing(get_layout("kinect-v2"), 4, 0)
    np.savez(path / "x.npz", positions=joints, fps=30.0, other=np.array(["a", "b"]))
    return path / "x.npz"


def write_number_rows(path: Path, standing: Standing) -> Path:
    joints = standing(get_layout("kinect-v2"), 4, 0)
    return text(path / "x.txt", *(f"{i} {cells(frame, ' ')}" for i, frame in enumerate(joints)))


def write_json_poses(path: Path, standing: Standing) -> Path:
    layout = get_layout("kinect-v2")
    bodies = [
        {"bodies": [{"id": 7, "joints": {j: {"position": at} for j, at in zip(layout.joints, frame, strict=True)}}]}
        for frame in standing(layout, 3, 0).tolist()
    ]
    return text(path / "x.json", json.dumps({"fps": 30, "frames": bodies}))


def write_motion_bids(path: Path, standing: Standing) -> Path:
    labels, points = markers(standing)
    channels = [f"{label}_{axis}\t{axis}\tPOS\t{label}\tmm" for label in labels for axis in "xyz"]
    text(path / "sub-1_task-walk_channels.tsv", "name\tcomponent\ttype\ttracked_point\tunits", *channels)
    text(path / "sub-1_task-walk_motion.json", '{"SamplingFrequency": 100}')
    return text(path / "sub-1_task-walk_motion.tsv", *(cells(frame, "\t") for frame in points))


def write_opensim(path: Path, standing: Standing) -> Path:
    labels, points = markers(standing)
    lines = ["Positions", "version=1", "nRows=3", f"nColumns={3 * len(labels) + 1}", "inDegrees=no", "endheader"]
    lines.append("\t".join(["time", *(f"{label}_t{axis}" for label in labels for axis in "xyz")]))
    lines += [f"{t / 100}\t{cells(frame[:, [1, 2, 0]] / 1000, chr(9))}" for t, frame in enumerate(points)]
    return text(path / "x.sto", *lines)


def write_motive(path: Path, standing: Standing) -> Path:
    labels, points = markers(standing)
    names = [f"Ann:{label}" for label in labels for _ in "XYZ"]
    rows = [["Marker"] * len(names), names, ["0"] * len(names), ["Position"] * len(names)]
    lines = [
        "Format Version,1.23,Take Name,a,Export Frame Rate,100,Length Units,Millimeters,Coordinate Space,Global",
        "",
    ]
    lines += [",," + ",".join(row) for row in rows]
    lines += ["Frame,Time (Seconds)," + ",".join(["X,Y,Z"] * len(labels))]
    lines += [f"{t},{t / 100},{cells(frame, ',')}" for t, frame in enumerate(points)]
    return text(path / "x.csv", *lines)


def write_qualisys(path: Path, standing: Standing) -> Path:
    labels, points = markers(standing)
    lines = ["NO_OF_FRAMES\t3", "NO_OF_CAMERAS\t8", f"NO_OF_MARKERS\t{len(labels)}", "FREQUENCY\t100"]
    lines += ["DATA_INCLUDED\t3D", "\t".join(["MARKER_NAMES", *labels])]
    lines += [f"{t + 1}\t{t / 100:.5f}\t{cells(frame, chr(9))}" for t, frame in enumerate(points)]
    return text(path / "x.tsv", *lines)


def write_vicon(path: Path, standing: Standing) -> Path:
    labels, points = markers(standing)
    lines = ["Trajectories", "100", ",," + "".join(f"Ann:{label},,," for label in labels)]
    lines += ["Frame,Sub Frame," + ",".join(["X,Y,Z"] * len(labels)), ",," + ",".join(["mm"] * 3 * len(labels))]
    lines += [f"{t + 1},0,{cells(frame, ',')}" for t, frame in enumerate(points)]
    return text(path / "x.csv", *lines)


def write_bts(path: Path, standing: Standing) -> Path:
    labels, points = markers(standing)
    lines = [
        "BTS ASCII format",
        "",
        "Type:\tPoint 3D tracks",
        "Measure unit:\tmm",
        "Frequency:\t100 Hz",
        "Frames:\t3",
        "",
    ]
    lines.append("\t".join(["Frame", "Time", *(f"{label}.{axis}" for label in labels for axis in "XYZ")]))
    lines += [f"{t}\t{t / 100}\t{cells(frame, chr(9))}" for t, frame in enumerate(points)]
    return text(path / "x.emt", *lines)


def write_htr(path: Path, standing: Standing) -> Path:
    layout = get_layout("humanoid")
    lines = ["[Header]", "FileType htr", "DataType GTRS", "DataFrameRate 60", "EulerRotationOrder ZYX"]
    lines += ["CalibrationUnits m", "RotationUnits Degrees", "BoneLengthAxis Y", "[SegmentNames&Hierarchy]"]
    lines += [f"{joint} GLOBAL" for joint in layout.joints]
    lines += ["[BasePosition]", *(f"{joint} 0 0 0 0 0 0 0" for joint in layout.joints)]
    for joint, points in zip(layout.joints, standing(layout, 3, 0).swapaxes(0, 1), strict=True):
        lines += [f"[{joint}]", *(f"{t} {cells(point, ' ')} 0 0 0 1" for t, point in enumerate(points))]
    return text(path / "x.htr", *lines)


def markers(standing: Standing) -> tuple[list[str], np.ndarray]:
    """Return labels of the Plug-in-Gait set and ``(3, markers, 3)`` points in mm, z up, roughly on a body."""
    heights = {
        **dict.fromkeys(("LFHD", "RFHD", "LBHD", "RBHD"), 1650),
        **dict.fromkeys(("C7", "CLAV", "LSHO", "RSHO"), 1450),
        **dict.fromkeys(("T10", "STRN", "LELB", "RELB"), 1200),
        **dict.fromkeys(("LASI", "RASI", "LPSI", "RPSI", "SACR", "LWRA", "LWRB", "RWRA", "RWRB", "LFIN", "RFIN"), 950),
        **dict.fromkeys(("LTHI", "RTHI"), 700),
        **dict.fromkeys(("LKNE", "RKNE"), 500),
        **dict.fromkeys(("LTIB", "RTIB"), 300),
        **dict.fromkeys(("LANK", "RANK", "LTOE", "RTOE", "LHEE", "RHEE"), 80),
    }
    side = [120 if name[0] == "L" else -120 if name[0] == "R" else 10 for name in heights]
    body = np.stack([np.linspace(-90, 90, len(side)), side, list(heights.values())], axis=1)
    return list(heights), body + np.random.default_rng(0).normal(scale=5, size=(3, len(body), 3))


def pixels(frame: np.ndarray) -> list[float]:
    return np.stack([frame[:, 0] * 100 + 500, 900 - frame[:, 1] * 100, np.ones(len(frame))], axis=1).ravel().tolist()


def write_pose(name: str) -> Callable[[Path, Standing], Path]:
    """Return the writer of a format of pose_writers.py, of one person in three frames."""

    def write(path: Path, standing: Standing) -> Path:
        return POSES["WRITERS"][name](path, standing(get_layout(POSES["LAYOUTS"][name]), 3, 0)[None])

    return write


def text(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


WRITERS = {
    "npz": write_npz,
    "c3d": write_c3d,
    "bvh": write_bvh,
    "amc": write_amc,
    "trc": write_trc,
    "mvnx": write_mvnx,
    "movement": write_movement,
    "freemocap": write_freemocap,
    "motion-bids": write_motion_bids,
    "opensim": write_opensim,
    "motive": write_motive,
    "qualisys": write_qualisys,
    "vicon": write_vicon,
    "bts": write_bts,
    "htr": write_htr,
    "arrays": write_arrays,
    "number-rows": write_number_rows,
    "json-poses": write_json_poses,
    "xml-poses": write_xml_poses,
    "named-rows": write_named_rows,
    "pose-cells": write_pose_cells,
    "openpose": write_openpose,
    "coco": write_coco,
    "mediapipe": write_mediapipe,
    "ntu": write_ntu,
    "kinect-sdk": write_kinect_sdk,
    "kgbd": write_kgbd,
    "kinect-cells": write_kinect_cells,
    "csv-joints": write_csv_joints,
    "csv-frames": write_csv_frames,
    **{name: write_pose(name) for name in POSES["WRITERS"]},
}
FOLDERS = {"kinect-sdk", "openpose"}
"""Formats whose recording is the folder that the file is in."""

_JOINTS = get_layout("kinect-v1").joints
STATED = {
    "movement": {"markers": MarkerSet(name="own", markers=_JOINTS, joints={j: (Mean(mean=(j,)),) for j in _JOINTS})},
    "zed": {"unit": "m"},
    "bvh": {"unit": "cm"},
    "csv-joints": {"layout": get_layout("kinect-v1"), "unit": "m"},
    "csv-frames": {"layout": get_layout("kinect-v1"), "unit": "m"},
}
"""What these samples do not say themselves."""


def truncate(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content))]


def flip_bytes(content: bytes, rng: random.Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 8])):
        damaged[rng.randrange(len(damaged))] = rng.choice([0, 1, 127, 128, 255, rng.randrange(256)])
    return bytes(damaged)


def insert(content: bytes, rng: random.Random) -> bytes:
    lines = content.split(b"\n")
    lines.insert(rng.randrange(len(lines) + 1), rng.choice([*JUNK, rng.choice(lines)]))
    return b"\n".join(lines)


def delete_block(content: bytes, rng: random.Random) -> bytes:
    separator = rng.choice([b"\n", b" ", b","])
    pieces = content.split(separator)
    start = rng.randrange(len(pieces))
    return separator.join(pieces[:start] + pieces[start + rng.choice([1, 1, 2, 20]) :])


def swap_number(content: bytes, rng: random.Random) -> bytes:
    numbers = list(re.finditer(rb"-?\d+(\.\d+)?", content))
    place = rng.choice([numbers[: len(numbers) // 20 + 1], numbers])
    if not numbers:
        return content
    number = rng.choice(place)
    return content[: number.start()] + rng.choice(EXTREMES) + content[number.end() :]


def swap_binary_number(content: bytes, rng: random.Random) -> bytes:
    size = rng.choice([1, 2, 4, 8])
    at = rng.randrange(max(1, min(len(content) - size, rng.choice([64, 1024, 10**9]))))
    value = rng.choice([b"\xff" * size, b"\x7f" + b"\xff" * (size - 1), b"\xff" * (size - 1) + b"\x7f", bytes(size)])
    return content[:at] + value + content[at + size :]


DAMAGES = (truncate, flip_bytes, insert, delete_block, swap_number, swap_number, swap_binary_number)


def test_every_format_has_a_sample():
    assert set(WRITERS) == {known.name for known in FORMATS} - {"video"}


@pytest.mark.parametrize("name", WRITERS)
def test_the_sample_is_valid(name, tmp_path: Path, standing):
    file = WRITERS[name](tmp_path, standing)
    path = tmp_path if name in FOLDERS else file
    assert find_format(path) is get_format(name)
    assert read(path, clean=False, **STATED.get(name, {})).problems == ()


@pytest.mark.parametrize("name", WRITERS)
def test_no_other_format_recognises_the_sample(name, tmp_path: Path, standing):
    file = WRITERS[name](tmp_path, standing)
    path, head = (tmp_path, b"") if name in FOLDERS else (file, file.read_bytes()[:HEAD_BYTES])
    found = {known.name for known in FORMATS if known.recognise(path, head)}
    # Readers of any program's tables, arrays and JSON come after those of one program.
    general = {"csv-joints", "csv-frames", "npz", "arrays", "number-rows", "json-poses"}
    assert found - (general - {name}) == {name}


@pytest.mark.parametrize("name", WRITERS)
def test_damaged_files_are_recordings_or_one_clear_error(name, exhaustive, tmp_path: Path, standing, record_property):
    cases = CASES if exhaustive else CASES // 5
    record_property(DAMAGED, cases)
    file = WRITERS[name](tmp_path, standing)
    path = tmp_path if name in FOLDERS else file
    content = file.read_bytes()
    rng = random.Random(name)
    reader, stated = get_format(name), STATED.get(name, {})
    for number in range(cases):
        damaged = content
        for _ in range(rng.choice([1, 1, 2])):
            damaged = rng.choice(DAMAGES)(damaged or b"0", rng)
        file.write_bytes(damaged)
        check(lambda: reader.read(path, FileOptions(**stated)), FormatError)
        if number % 5 == 0:  # it recognises and cleans what the reader gives, and takes twice as long
            check(lambda: read(path, **stated), HimpcError)


@pytest.mark.parametrize("name", WRITERS)
def test_declared_sizes_allocate_no_memory(name, exhaustive, tmp_path: Path, standing, record_property):
    cases = SIZE_CASES if exhaustive else SIZE_CASES // 5
    record_property(DAMAGED, cases)
    file = WRITERS[name](tmp_path, standing)
    path = tmp_path if name in FOLDERS else file
    content = file.read_bytes()
    rng = random.Random(name)
    reader, stated = get_format(name), STATED.get(name, {})
    check(lambda: reader.read(path, FileOptions(**stated)), FormatError)
    tracemalloc.start()
    try:
        for _ in range(cases):
            file.write_bytes(rng.choice([swap_number, swap_binary_number])(content, rng))
            check(lambda: reader.read(path, FileOptions(**stated)), FormatError)
        assert tracemalloc.get_traced_memory()[1] < MAX_MEMORY
    finally:
        tracemalloc.stop()


def check(reading: Callable[[], object], error: type[HimpcError]) -> None:
    """Read; recordings are valid because they are made, an error is of this kind and one line."""
    message, recordings = "", []
    try:
        recordings = list(reading())
    except error as found:
        message = str(found)
    assert bool(message) != bool(recordings)
    assert "\n" not in message
    assert all(isinstance(recording, Recording) for recording in recordings)


@pytest.mark.parametrize("piece", ["\0", " ", ".", "a_", "[", "# ", "a_x,"])
def test_one_repeated_piece_is_refused_at_once(piece, tmp_path):
    """Patterns that go back and forth would search such a file for minutes."""
    began = time.process_time()
    for suffix in ("csv", "txt", "json", "trc"):
        (tmp_path / f"a.{suffix}").write_text(piece * 8_000)
        with pytest.raises(HimpcError):
            read(tmp_path / f"a.{suffix}")
    assert time.process_time() - began < 8

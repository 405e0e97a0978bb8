"""CSV and text of numbers as public recorders and programs write them: the same walk comes back from each.

The programs are named by what their files have in common; the files are written here.
"""

import numpy as np
import pytest

import himpc
from himpc.errors import FormatError
from himpc.reading.formats import get_format

V2 = (
    *("SpineBase", "SpineMid", "Neck", "Head", "ShoulderLeft", "ElbowLeft", "WristLeft", "HandLeft", "ShoulderRight"),
    *("ElbowRight", "WristRight", "HandRight", "HipLeft", "KneeLeft", "AnkleLeft", "FootLeft", "HipRight", "KneeRight"),
    *("AnkleRight", "FootRight", "SpineShoulder", "HandTipLeft", "ThumbLeft", "HandTipRight", "ThumbRight"),
)
"""The joints of Kinect v2, by the names of its SDK."""

COCO = (
    *("nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow"),
    *("right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle"),
    "right_ankle",
)
FPS = 30
ASIDE = np.array([1.5, 0, 0])


def cells(*values: object) -> list[str]:
    """Return the cells of numbers and texts."""
    flat = [each for value in values for each in (np.ravel(value) if isinstance(value, np.ndarray) else [value])]
    return [each if isinstance(each, str) else f"{each:.6f}".rstrip("0").rstrip(".") for each in flat]


def names(pattern: str, axes=("X", "Y", "Z"), joints=V2) -> list[str]:
    """Return the name of each axis of each joint."""
    return [pattern.format(joint, axis) for joint in joints for axis in axes]


def wide(x, pattern, axes=("X", "Y", "Z"), *more):
    """Return a table with one row a frame, whose joints have more numbers after their position."""
    return [names(pattern, axes), *(cells(*(each for p in frame for each in (p, *more))) for frame in x)]


def long(x, header, *columns):
    """Return a table with one row a joint: columns of the frame, the joint, its position, and after it."""
    return [
        header.split(","),
        *(cells(*(c(i, j, p) for c in columns)) for i, f in enumerate(x) for j, p in enumerate(f)),
    ]


def second(i, j, p):
    return i / FPS + 5


def name(i, j, p):
    return V2[j]


def place(i, j, p):
    return p


def number(i, j, p):
    return j


def timed(x, header, stamp):
    """Return a table with a time before the joints of each frame."""
    return [[header, *names("{}{}")], *([stamp(i), *cells(frame)] for i, frame in enumerate(x))]


DIALECTS = {
    "Kinect for Unity": (lambda x: long(x, "time,joint,pos_x,pos_y,poz_z", second, name, place), FPS),
    "numbers of joints": (
        lambda x: long(x, "time,JointID,Position.X,Position.Y,Position.Z,State", second, number, place, lambda *_: 2),
        FPS,
    ),
    "number and name": (lambda x: long(x, "time,landmark_idx,landmark_name,x,y,z", second, number, name, place), FPS),
    "time of a frame": (lambda x: long(x, "FrameTime,Body,JointName,PositionX,PositionY,PositionZ", second,
                                       lambda *_: 1, name, place), FPS),
    "date in words": (lambda x: timed(x, "Timestamp", lambda i: f"11/28/2026 11:59:{i / FPS + 58:.3f} PM"), FPS),
    "clock with milliseconds": (lambda x: timed(x, "Time", lambda i: f"10:00:00:{round(i * 1000 / FPS):03d}"), FPS),
    "t": (lambda x: timed(x, "t", lambda i: f"{i / FPS:.5f}"), FPS),
    "rotations": (lambda x: wide(x, "{}_{}", ("posX", "posY", "posZ", "rotX", "rotY", "rotZ"), 1, 2, 3), None),
    "words of rotations": (lambda x: wide(x, "{}{}", ("PositionX", "PositionY", "PositionZ", "RotationX", "RotationY",
                                                      "RotationZ"), 1, 2, 3), None),
    "translations": (lambda x: wide(x, "{}.{}", ("Tx", "Ty", "Tz", "Rx", "Ry", "Rz"), 1, 2, 3), None),
    "velocities": (
        lambda x: wide(x, "{}-{}", (*(f"Joint-Posi-{a}" for a in "xyz"), "Joint-Velo-x", "Bone-Quat-w"), 1, 1),
        None,
    ),
    "places in pictures": (
        lambda x: wide(x, "{}_{}", ("3dX", "3dY", "3dZ", "depthX", "depthY", "colorX", "colorY", "orientationW",
                                    "orientationX", "trackingState"), 9, 9, 900, 900, 1, 0, 2), None,
    ),
    "axis first, in space": (lambda x: [[f"3D{a}_{j}" for j in V2 for a in "XYZ"], *map(cells, x)], None),
    "a name above three columns": (lambda x: [[c for j in V2 for c in (j, "", "")], *map(cells, x)], None),
    "points in cells": (lambda x: [list(V2), *([" ".join(cells(p)) for p in f] for f in x)], None),
    "points and scores in cells": (
        lambda x: [list(V2), *([f'"[{", ".join(cells(p, 0.9))}]"' for p in f] for f in x)], None,
    ),
    "numbers of landmarks": (
        lambda x: [["label", *(f"lm_{j}_{a}" for j in range(25) for a in ("x", "y", "z", "vis"))],
                   *(["walk", *cells(*(e for p in f for e in (p, 0.9)))] for f in x)], None,
    ),
    "the pose before hands": (
        lambda x: [[*names("Pose_{}_{}", "xyz", range(25)), *names("Hand_{}_{}", "xyz", range(9))],
                   *(cells(f, np.zeros(27) + 0.1) for f in x)], None,
    ),
    "states by name": (
        lambda x: wide(x, "{}.{}", ("x", "y", "z", "trackedstate"), "Tracked"), None,
    ),
    "a clock of whole seconds": (
        lambda x: timed(np.tile(x, (8, 1, 1)), "Timestamp", lambda i: f"7/24/2026 3:14:{(i + 13) // FPS:02d} PM"), FPS,
    ),
    "the number of the row without a name": (
        lambda x: [names('"{}_{}"'), *([f'"{i + 1}"', *cells(f)] for i, f in enumerate(x))], None,
    ),
    "statements in one line": (
        lambda x: [["Software : a", "Version : 1.0", "Stream nominal rate : 30", "Sequence Name : b"],
                   ["Index", *names("{}_{}")], *([f"{i}", *cells(f)] for i, f in enumerate(x))], FPS,
    ),
    "names of quantities": (
        lambda x: [["time(ms)", *names(" {} position {}(m)"), *names(" {} quaternion {}")],
                   *(cells(i * 1000 / FPS, f, np.ones(75)) for i, f in enumerate(x))], FPS,
    ),
    "vectors without quotes": (lambda x: timed_vectors(x, V2), FPS),
    "vectors without quotes below axes": (lambda x: timed_vectors(x, names("{}_{}")), FPS),
    "vectors and rotations of each joint": (
        lambda x: long(x, "Time,Joint,Position,Rotation", second, name, lambda i, j, p: quoted(vector(p)),
                       lambda *_: quoted("(0.0, 0.0, 0.0, 1.0)")), FPS,
    ),
    "names of several parts": (
        lambda x: [["frame", *(f"\"('{n}', '{a}')\"" for n in V2 for a in "xyz")],
                   *([str(i), *cells(f)] for i, f in enumerate(x))], None,
    ),
    "rotations that end in R": (
        lambda x: wide(x, "{}_{}", ("RX", "RY", "RZ", "TX", "TY", "TZ"))[:1]
        + [cells(*(e for p in f for e in (1, 2, 3, p))) for f in x], None,
    ),
    "no header, rotations": (lambda x: [cells(*(e for p in f for e in (p, 0, 0, 0, 1))) for f in x], None),
    "no header, angles": (lambda x: [cells(*(e for p in f for e in (p, 10, 20, 30))) for f in x], None),
    "no header, milliseconds": (lambda x: [cells(5000 + int(i * 1000 / FPS), f) for i, f in enumerate(x)], FPS),
}  # fmt: skip


def vector(p):
    return f"({', '.join(cells(p))})"


def timed_vectors(x, header):
    """Return a table whose points are in parentheses."""
    return [["time", *header], *([f"{i / FPS:.4f}", *map(vector, f)] for i, f in enumerate(x))]


def quoted(value):
    return '"' + str(value).replace('"', '""') + '"'


def named(frame):
    return dict(zip(V2, frame, strict=True))


CELLS = {
    "lists": lambda x: [["frame", "keypoints"], *([str(i), quoted(f.round(6).tolist())] for i, f in enumerate(x))],
    "printed arrays": lambda x: [
        ["frame", "joints"], *([str(i), quoted(np.array2string(f, precision=6))] for i, f in enumerate(x))
    ],
    "objects": lambda x: [
        ["frame", "pose"],
        *([str(i), quoted({n: dict(zip("xyz", p, strict=True)) for n, p in named(f.tolist()).items()})]
          for i, f in enumerate(x)),
    ],
    "numbers": lambda x: [["frame", "joints"], *([str(i), quoted(", ".join(cells(f)))] for i, f in enumerate(x))],
    "names in parentheses": lambda x: [
        ["Version0.1"],
        *([str(i), "1", f"{i / FPS:.4f}", *(f"({n},Tracked,{','.join(cells(p))},250,220)" for n, p in named(f).items())]
          for i, f in enumerate(x)),
    ],
    "names before vectors": lambda x: [
        [f"{i / FPS:.4f} | " + " | ".join(f"{n}: {vector(p)}" for n, p in named(f).items())] for i, f in enumerate(x)
    ],
    "names between blanks": lambda x: [
        [" ".join([f"{1000 * i / FPS:.1f}", *(f"{n} {' '.join(cells(p))} 2 0" for n, p in named(f).items())])]
        for i, f in enumerate(x)
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", CELLS)
def test_poses_in_cells_and_rows_of_named_joints_are_read(tmp_path, walking, name):
    joints, _ = walking("kinect-v2")
    (recording,) = himpc.read(write(tmp_path / "a.csv", CELLS[name](joints)), clean=False)
    assert recording.layout.name == "kinect-v2"
    np.testing.assert_allclose(recording.joints, joints, atol=1e-4)
    assert recording.fps == (pytest.approx(FPS, abs=0.1) if name.startswith("names") else None)


def test_poses_in_cells_of_people_are_told_apart(tmp_path, walking):
    joints, _ = walking("kinect-v2")
    rows = [[str(i), str(k), quoted((f + k * ASIDE).tolist())] for i, f in enumerate(joints) for k in range(2)]
    _, second = himpc.read(write(tmp_path / "a.csv", [["frame", "track_id", "joints"], *rows]), clean=False)
    np.testing.assert_allclose(second.joints, joints + ASIDE, atol=1e-4)


def write(path, rows, separator=","):
    path.write_text("\n".join(separator.join(row) for row in rows) + "\n")
    return path


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_same_walk_is_read_from_every_dialect(tmp_path, walking, dialect):
    joints, _ = walking("kinect-v2")
    rows, fps = DIALECTS[dialect]
    (recording,) = himpc.read(write(tmp_path / "a.csv", rows(joints)), clean=False)
    assert recording.layout.name == "kinect-v2"
    np.testing.assert_allclose(recording.joints[: len(joints)], joints, atol=1e-4)
    assert recording.fps == (pytest.approx(fps, abs=0.3) if fps else None)


def test_points_in_cells_between_tabs_are_read(tmp_path, walking):
    joints, _ = walking("kinect-v2")
    path = write(tmp_path / "a.txt", [list(V2), *([" ".join(cells(p)) for p in f] for f in joints)], "\t")
    np.testing.assert_allclose(himpc.read(path, clean=False)[0].joints, joints, atol=1e-4)


def deeplabcut(bodies, axes):
    header = [["scorer", *["DLC_resnet50"] * (len(bodies) * 51)]]
    if len(bodies) > 1:
        header.append(["individuals", *(f"ind{k}" for k in range(len(bodies)) for _ in range(51))])
    header += [["bodyparts", *[j for j in COCO for _ in axes] * len(bodies)], ["coords", *axes * 17 * len(bodies)]]
    return [*header, *([str(i), *cells(*frames)] for i, frames in enumerate(zip(*bodies, strict=True)))]


@pytest.mark.parametrize("people", [1, 2])
def test_deeplabcut_is_read_in_space(tmp_path, walking, people):
    joints, _ = walking("coco-17")
    bodies = [joints + k * ASIDE for k in range(people)]
    found = himpc.read(write(tmp_path / "a.csv", deeplabcut(bodies, ["x", "y", "z"])), clean=False)
    assert len(found) == people
    for recording, body in zip(found, bodies, strict=True):
        assert recording.layout.name == "coco-17"
        np.testing.assert_allclose(recording.joints, body, atol=1e-4)


def test_deeplabcut_is_read_in_pictures_and_absent_people_are_gaps(tmp_path, walking):
    joints, _ = walking("coco-17")
    pixels = np.stack([500 + 100 * joints[..., 0], 900 - 100 * joints[..., 1], np.full(joints.shape[:2], 0.9)], axis=2)
    rows = deeplabcut([pixels, pixels + np.array([300, 0, 0])], ["x", "y", "likelihood"])
    for row in rows[8:12]:
        row[52:] = [""] * 51
    first, second = himpc.read(write(tmp_path / "a.csv", rows), clean=False)
    assert (first.dimensions, len(first), len(second)) == (2, len(joints), len(joints))
    assert np.isnan(second.joints[4:8]).all()
    assert first.confidence == pytest.approx(0.9)


def test_landmarks_in_space_are_preferred_to_those_of_the_picture(tmp_path, walking):
    joints, _ = walking("mediapipe-33")
    header = [f"{a}_{j}" for j in range(33) for a in "xyzv"] + [f"world_{a}_{j}" for j in range(33) for a in "xyz"]
    rows = [cells(np.tile([0.5, 0.5, 0.1, 0.9], 33), frame) for frame in joints]
    (recording,) = himpc.read(write(tmp_path / "a.csv", [header, *rows]), clean=False)
    np.testing.assert_allclose(recording.joints, joints, atol=1e-4)
    assert recording.confidence == pytest.approx(0.9)


def test_the_pose_of_holistic_landmarks_is_read(tmp_path, walking):
    joints, _ = walking("mediapipe-33")
    header = ["class", *(f"{a}{j}" for j in range(1, 502) for a in "xyz")]
    rows = [["walk", *cells(frame, np.full(3 * 468, 0.2))] for frame in joints]
    (recording,) = himpc.read(write(tmp_path / "a.csv", [header, *rows]), clean=False)
    np.testing.assert_allclose(recording.joints, joints, atol=1e-4)


def alternating(joints, header, people):
    rows = [cells(i / FPS, *label, f + k * ASIDE) for i, f in enumerate(joints) for k, label in enumerate(people)]
    return [["Time", *header, *names("{}_{}")], *rows]


@pytest.mark.parametrize("column", ["userId", "TrackingID", "Player", "PersonIndex", "Actor"])
def test_rows_of_people_that_alternate_are_told_apart_by_any_column(tmp_path, walking, column):
    joints, _ = walking("kinect-v2")
    path = write(tmp_path / "a.csv", alternating(joints, [column], (["7"], ["8"])))
    first, second = himpc.read(path, clean=False)
    np.testing.assert_allclose(second.joints, joints + ASIDE, atol=1e-4)
    assert first.fps == second.fps == pytest.approx(FPS)


@pytest.mark.parametrize("people", [2, 3])
def test_rows_of_people_that_nothing_tells_apart_are_refused(tmp_path, walking, people):
    joints, _ = walking("kinect-v2")
    path = write(tmp_path / "a.csv", alternating(joints, [], [[]] * people))
    with pytest.raises(FormatError, match=f"alternate between {people} people"):
        himpc.read(path)


def test_keypoints_of_pictures_may_be_a_row_a_joint(tmp_path, walking):
    joints, _ = walking("coco-17")
    rows = [cells(i, j, 500 + 100 * p[0], 900 - 100 * p[1], 0.9) for i, f in enumerate(joints) for j, p in enumerate(f)]
    path = write(tmp_path / "a.csv", [["frame_idx", "keypoint_idx", "x", "y", "confidence"], *rows])
    (recording,) = himpc.read(path, clean=False)
    assert (recording.layout.name, recording.dimensions, len(recording)) == ("coco-17", 2, len(joints))


def test_rotations_without_positions_are_refused(tmp_path):
    header = [f"{joint}_rot{axis}" for joint in V2 for axis in "XYZ"]
    path = write(tmp_path / "a.csv", [header, *([str(i)] * 75 for i in range(20))])
    with pytest.raises(FormatError):
        himpc.read(path)


@pytest.mark.parametrize("seed", range(25))
def test_damaged_deeplabcut_is_an_error_or_recordings(tmp_path, walking, check_damaged, seed):
    joints, _ = walking("coco-17")
    path = write(tmp_path / "a.csv", deeplabcut([joints[:4], joints[:4] + ASIDE], ["x", "y", "z"]))
    check_damaged(get_format("csv-frames"), path, path.read_bytes(), seed)


def test_a_header_of_more_joints_than_the_rows_have_is_cut(tmp_path, walking):
    joints, _ = walking("kinect-v2")
    rows = [["1", *cells(frame[:20]), ""] for frame in joints]
    (recording,) = himpc.read(write(tmp_path / "a.csv", [["TrackingID", *names("{}{}"), ""], *rows]), clean=False)
    assert len(recording.layout) == 20
    assert "the rows have no cells for the last 15 columns of the header" in recording.quality.notes


def captury(joints):
    """Return a table of joint centres and angles, with statements above it and the places of cameras below it."""
    of = {"Wrist": "Wrist", "Elbow": "Elbow", "Shoulder": "Shoulder", "Toe": "Foot", "Ankle": "Ankle", "Knee": "Knee"}
    points = {
        f"{side[0]}{name}": f"{v2}{side}" for side in ("Left", "Right") for name, v2 in {**of, "Hip": "Hip"}.items()
    }
    points |= {"Spine1": "SpineMid", "Neck": "Neck", "Head": "Head"}
    quantities = [each for name in points for each in (f"{name}Positions", "", "", f"{name}Angles", "", "")]
    rows = [cells(*(e for v2 in points.values() for e in (1000 * frame[V2.index(v2)], 1, 2, 3))) for frame in joints]
    return [
        ["Recorded at", "2026-11-28 11:04:30", "Recorded with", "a", "Exported with", "b"],
        ["Frames", str(len(joints))],
        ["", "", "", *quantities, "Knee Angle", "", ""],
        ["Frame", "Sub Frame", "Annotations", *["X", "Y", "Z"] * 2 * len(points), "Left", "Right", ""],
        [
            "",
            "",
            "",
            *["mm"] * 3 + ["deg"] * 3,
            *["mm", "mm", "mm", "deg", "deg", "deg"] * (len(points) - 1),
            "deg",
            "Ratio",
        ],
        *([str(i), "0", "", *row, "1", "2", "3", "4"] for i, row in enumerate(rows)),
        [],
        ["Camera Calibration", "Origin", "", "", "Up"],
        ["", "X", "Y", "Z", "X", "Y", "Z"],
        ["Camera 1", "1", "2", "3", "4", "5", "6"],
    ]


def test_captury_is_read_without_its_angles_and_cameras(tmp_path, walking):
    joints, _ = walking("kinect-v2")
    (recording,) = himpc.read(write(tmp_path / "a.csv", captury(joints), ";"), clean=False)
    found = recording.joints[:, recording.layout.index("left_knee")]
    np.testing.assert_allclose(found, joints[:, V2.index("KneeLeft")], atol=1e-4)
    assert len(recording) == len(joints)
    assert any("below the table are left out" in note for note in recording.quality.notes)


@pytest.mark.parametrize("column", ["state", "t", "score"])
def test_a_column_of_words_is_no_time_or_confidence(tmp_path, walking, column):
    joints, _ = walking("kinect-v2")
    table = long(joints, f"frame,joint,x,y,z,{column}", lambda i, j, p: i, name, place, lambda i, j, p: "stance")
    (recording,) = himpc.read(write(tmp_path / "a.csv", table), clean=False)
    np.testing.assert_allclose(recording.joints, joints, atol=1e-4)
    assert f"columns that are not used: {column}" in recording.quality.notes


@pytest.mark.parametrize(
    ("column", "value"), [("segment", "3"), ("state", "1"), ("instance", "{}"), ("track_id", "{}")]
)
def test_a_column_that_a_table_of_frames_cannot_use_is_noted(tmp_path, walking, column, value):
    joints, _ = walking("kinect-v2")
    table = [[column, *names("{}_{}")], *([value.format(i), *cells(frame)] for i, frame in enumerate(joints))]
    (recording,) = himpc.read(write(tmp_path / "a.csv", table), clean=False)
    np.testing.assert_allclose(recording.joints, joints, atol=1e-4)
    assert f"columns that are not used: {column}" in recording.quality.notes

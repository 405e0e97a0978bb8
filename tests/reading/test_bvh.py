"""BVH: known poses, the families of joint names, and damaged files."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats import get_format
from himpc.reading.forward_kinematics import euler_matrices
from himpc.skeleton import get_layout

FORMAT = get_format("bvh")

LAYOUT = get_layout("humanoid")
CM = FileOptions(unit="cm")

# Offsets in cm; the parents are those of the layout. The rest pose: a T, facing +z.
REST = {"pelvis": (0, 0, 0), "spine": (0, 25, 0), "neck": (0, 30, 0), "head": (0, 15, 0)} | {
    f"{side}_{joint}": (sign * x, y, z)
    for side, sign in (("left", 1), ("right", -1))
    for joint, (x, y, z) in {
        "shoulder": (18, -2, 0), "elbow": (28, 0, 0), "wrist": (25, 0, 0),
        "hip": (9, 0, 0), "knee": (0, -42, 0), "ankle": (0, -40, 0), "foot": (0, -6, 13),
    }.items()
}  # fmt: skip
MOTION_BUILDER = (
    *("Hips", "Spine", "Neck", "Head", "LeftArm", "LeftForeArm", "LeftHand", "RightArm", "RightForeArm", "RightHand"),
    *("LeftUpLeg", "LeftLeg", "LeftFoot", "LeftToeBase", "RightUpLeg", "RightLeg", "RightFoot", "RightToeBase"),
)
BIOVISION = (
    *("Hips", "Chest", "Neck", "Head", "LeftShoulder", "LeftElbow", "LeftWrist", "RightShoulder", "RightElbow"),
    *("RightWrist", "LeftHip", "LeftKnee", "LeftAnkle", "LeftToe", "RightHip", "RightKnee", "RightAnkle", "RightToe"),
)
POSER = (
    *("hip", "chest", "neck", "head", "lShldr", "lForeArm", "lHand", "rShldr", "rForeArm", "rHand"),
    *("lThigh", "lShin", "lFoot", "lToe", "rThigh", "rShin", "rFoot", "rToe"),
)
FAMILIES = [MOTION_BUILDER, BIOVISION, POSER, tuple(f"mixamorig:{name}" for name in MOTION_BUILDER)]


def bvh(frames, names=MOTION_BUILDER, *, turns="ZXY", positions=False, toes=True) -> str:
    """A BVH file; `frames` maps, for each frame, joints to their values, those left out being zeros."""
    lines = ["HIERARCHY"]
    order: list[tuple[str, int]] = []

    def write(joint: str, indent: str) -> None:
        name, root = names[LAYOUT.index(joint)], joint == "pelvis"
        moving = root or positions
        channels = ["Xposition", "Yposition", "Zposition"] * moving + [f"{axis}rotation" for axis in turns]
        order.append((joint, len(channels)))
        lines.append(f"{indent}{'ROOT' if root else 'JOINT'} {name}")
        lines.extend([f"{indent}{{", f"{indent}\tOFFSET {' '.join(map(str, REST[joint]))}"])
        lines.append(f"{indent}\tCHANNELS {len(channels)} {' '.join(channels)}")
        children = [child for child in LAYOUT.joints if LAYOUT.parents[LAYOUT.index(child)] == LAYOUT.index(joint)]
        for child in children:
            if child.endswith("foot") and not toes:
                end = " ".join(map(str, REST[child]))
                lines.extend([f"{indent}\tEnd Site", f"{indent}\t{{", f"{indent}\t\tOFFSET {end}", f"{indent}\t}}"])
            else:
                write(child, indent + "\t")
        if not children:
            lines.append(f"{indent}\tEnd Site {{ OFFSET 0 0 1e0 }}")
        lines.append(f"{indent}}}")

    write("pelvis", "")
    lines += ["MOTION", f"Frames:\t{len(frames)}", "Frame Time: 0.025"]
    for values in frames:
        default = {joint: (*REST[joint], 0, 0, 0) if count == 6 else (0, 0, 0) for joint, count in order}
        lines.append(" ".join(str(v) for joint, _ in order for v in values.get(joint, default[joint])))
    return "\r\n".join(lines) + "\r\n"


def positions_of(turn_of: dict[str, np.ndarray], root=(0.0, 0.0, 0.0)) -> np.ndarray:
    """Forward kinematics, plainly: walk up from each joint, turning by each parent (metres)."""
    joints = []
    for i in range(len(LAYOUT)):
        here, joint = np.zeros(3), i
        while joint >= 0:
            name = LAYOUT.joints[joint]
            here = np.array(root if name == "pelvis" else REST[name]) + turn_of.get(name, np.eye(3)) @ here
            joint = LAYOUT.parents[joint]
        joints.append(here / 100)
    return np.array(joints)


def read(tmp_path, text: str, options=CM):
    (tmp_path / "walk.bvh").write_text(text, newline="")
    (recording,) = FORMAT.read(tmp_path / "walk.bvh", options)
    return recording


@pytest.mark.parametrize("names", FAMILIES, ids=["MotionBuilder", "Biovision", "Poser", "Mixamo"])
@pytest.mark.parametrize("toes", [True, False])
def test_the_rest_pose_is_read_with_every_naming_scheme(tmp_path, names, toes):
    recording = read(tmp_path, bvh([{}, {"pelvis": (10, 90, 20, 0, 0, 0)}], names, toes=toes))
    np.testing.assert_allclose(recording.joints[0], positions_of({}), atol=1e-6)
    np.testing.assert_allclose(recording.joints[1], positions_of({}, (10, 90, 20)), atol=1e-6)
    assert recording.fps == pytest.approx(40)
    note, *others = recording.quality.notes
    assert note.startswith("joints by their names")
    assert others[-1] == "up is y, as the body shows"


def test_quarter_turns_move_joints_exactly(tmp_path):
    """The left elbow bent forward by a quarter turn about y; the body then turned to its left by one."""
    recording = read(tmp_path, bvh([{"left_elbow": (0, 0, -90)}, {"pelvis": (0, 0, 0, 0, 0, 90)}]))
    elbow, wrist = LAYOUT.index("left_elbow"), LAYOUT.index("left_wrist")
    np.testing.assert_allclose(recording.joints[0, wrist] - recording.joints[0, elbow], [0, 0, 0.25], atol=1e-6)
    np.testing.assert_allclose(recording.joints[1, elbow] - recording.joints[1, elbow - 1], [0, 0, -0.28], atol=1e-6)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32), turns=st.permutations("XYZ"), positions=st.booleans())
def test_any_pose_in_any_channel_order_is_read(tmp_path, seed, turns, positions):
    widest = [90 if any(part in joint for part in ("shoulder", "elbow")) else 10 for joint in LAYOUT.joints]
    angles = np.random.default_rng(seed).uniform(-1, 1, (len(LAYOUT), 3)) * np.array(widest)[:, None]
    values = {
        joint: (*REST[joint],) * (positions or joint == "pelvis") + tuple(angles[i])
        for i, joint in enumerate(LAYOUT.joints)
    }
    matrices = {
        joint: np.linalg.multi_dot([_turn(axis, angle) for axis, angle in zip(turns, angles[i], strict=True)])
        for i, joint in enumerate(LAYOUT.joints)
    }
    recording = read(tmp_path, bvh([values], turns="".join(turns), positions=positions))
    np.testing.assert_allclose(recording.joints[0], positions_of(matrices), atol=1e-5)


def _turn(axis: str, degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return {
        "X": np.array([[1, 0, 0], [0, c, -s], [0, s, c]]),
        "Y": np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]),
        "Z": np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]),
    }[axis]


def test_euler_matrices_are_products_in_order():
    angles = np.radians([[10.0, 20.0, 30.0]])
    expected = _turn("Z", 10) @ _turn("X", 20) @ _turn("Y", 30)
    np.testing.assert_allclose(euler_matrices(angles, "zxy")[0], expected, atol=1e-12)
    np.testing.assert_array_equal(euler_matrices(np.zeros((2, 0)), ""), [np.eye(3)] * 2)


def test_the_unit_is_shown_by_the_body(tmp_path):
    recording = read(tmp_path, bvh([{}]), FileOptions())
    np.testing.assert_allclose(recording.joints[0], positions_of({}), atol=1e-6)
    assert recording.quality.notes[1].startswith("the file states no unit of length; read in cm")
    with pytest.raises(FormatError, match=r"read in 'm', the body is 161.* m tall; it may be in 'cm'"):
        read(tmp_path, bvh([{}]), FileOptions(unit="m"))


@pytest.mark.parametrize(
    ("old", "new", "fps", "note"),
    [
        ("Frames:\t2", "Frames:\t3", 40, "the file states 3 frames and holds 2"),
        ("Frames:\t2", "Frames:\t1", 40, "the file states 1 frames and holds 2"),
        ("0.025", "0,025", 40, None),
        ("0.025", "0.0333333", 30, None),
        ("0.025", "33.3333", 30, "which must be milliseconds: 30 frames a second"),
        ("0.025", "120", None, "which is ignored"),
        ("0.025", "0", None, "which is ignored"),
        ("Frame Time: 0.025\r\n", "", None, "states no frame time"),
    ],
)
def test_counts_and_rates_that_are_wrong_are_noted(tmp_path, old, new, fps, note):
    recording = read(tmp_path, bvh([{}, {"pelvis": (1, 2, 3, 0, 0, 0)}]).replace(old, new))
    assert (len(recording), recording.fps) == (2, fps)
    assert [note in each for each in recording.quality.notes[1:-1]] == ([True] if note else [])


def test_position_channels_of_0_do_not_collapse_the_body(tmp_path):
    values = {joint: (0, 0, 0, 0, 0, 0) for joint in LAYOUT.joints if joint != "pelvis"}
    recording = read(tmp_path, bvh([values], positions=True))
    np.testing.assert_allclose(recording.joints[0], positions_of({}), atol=1e-6)
    assert any("position channels" in note for note in recording.quality.notes)


def test_an_end_without_length_is_no_joint(tmp_path):
    text = bvh([{}], toes=False)
    assert "left_foot" in read(tmp_path, text).layout.joints
    recording = read(tmp_path, text.replace("OFFSET 0 -6 13", "OFFSET 0 0 0"))
    assert not any(joint.endswith("foot") for joint in recording.layout.joints)


def test_each_root_is_a_person(tmp_path):
    text = bvh([{"pelvis": (x, 90, 0, 0, 0, 0)} for x in range(4)]).splitlines()
    motion = text.index("MOTION")
    other = [line.rpartition(" ")[0] + " 0" for line in text[motion + 3 :]]  # the same person, 2 m away
    other = [f"{float(line.split()[0]) + 200} {line.split(maxsplit=1)[1]}" for line in other]
    both = [*text[:motion], *text[1:motion], *text[motion : motion + 3]]
    both += [f"{a} {b}" for a, b in zip(text[motion + 3 :], other, strict=True)]
    (tmp_path / "two.bvh").write_text("\n".join(both))
    first, second = FORMAT.read(tmp_path / "two.bvh", FileOptions())
    np.testing.assert_allclose(second.joints - first.joints, np.broadcast_to([2, 0, 0], first.joints.shape), atol=1e-5)


def test_a_line_that_was_cut_off_is_left_out(tmp_path):
    recording = read(tmp_path, bvh([{}, {}]).rstrip()[:-20])
    assert len(recording) == 1
    assert any("is cut off" in note for note in recording.quality.notes)


def test_a_users_own_layout_finds_its_own_names(tmp_path):
    names = tuple(f"b_{joint}" for joint in LAYOUT.joints)
    with pytest.raises(FormatError, match=r"no joints of a body: bone0, bone1.* in a TOML file: layout='mine.toml'"):
        read(tmp_path, bvh([{}], tuple(f"bone{i}" for i in range(18))), FileOptions(unit="cm", layout=LAYOUT))
    table = get_layout("humanoid").to_dict() | {"name": "mine"}
    table["file_names"] = {joint: [name] for joint, name in zip(LAYOUT.joints, names, strict=True)}
    mine = type(LAYOUT).from_dict(table)
    recording = read(tmp_path, bvh([{}], names), FileOptions(unit="cm", layout=mine))
    np.testing.assert_allclose(recording.joints[0], positions_of({}), atol=1e-6)


def test_angles_in_radians_are_known_by_a_body_that_travels(tmp_path):
    swing = 30 * np.sin(np.arange(40) / 5)
    frames = [
        {"pelvis": (0, 95, 3 * i, 0, 0, 0), "left_hip": (0, a, 0), "right_hip": (0, -a, 0)} for i, a in enumerate(swing)
    ]
    expected = read(tmp_path, bvh(frames))
    turned = [{j: (*v[:-3], *np.radians(v[-3:])) for j, v in frame.items()} for frame in frames]
    found = read(tmp_path, bvh(turned))
    np.testing.assert_allclose(found.joints, expected.joints, atol=1e-4)
    assert any("angles are in radians" in note for note in found.quality.notes)
    standing = read(tmp_path, bvh([frame | {"pelvis": (0, 95, 0, 0, 0, 0)} for frame in turned]))
    assert not any("radians" in note for note in (*expected.quality.notes, *standing.quality.notes))


def test_values_that_are_missing_and_decimal_commas_are_read(tmp_path):
    frames = [{"pelvis": (0, 95, i, 0, 0, 0)} for i in range(4)]
    expected = read(tmp_path, bvh(frames)).joints
    rows = bvh(frames).split("\r\n")
    rows[-3] = " ".join(["nan"] * len(rows[-3].split()))
    (found,) = (read(tmp_path, "\r\n".join(rows)).joints,)
    assert np.isnan(found).all(axis=(1, 2)).tolist() == [False, False, True, False]
    np.testing.assert_allclose(found[:2], expected[:2])
    np.testing.assert_allclose(read(tmp_path, bvh(frames).replace(".", ",")).joints, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Frames:\t1", "Frames:\tmany", "found 'many', expected a number"),
        ("MOTION", "", "found 'FRAMES:'"),
        ("CHANNELS 3 Z", "CHANNELS x Z", "line 9: CHANNELS 'x Zrotation"),
        ("CHANNELS 3 Z", "CHANNELS 4 Wrotation Z", "has 57 numbers, expected 58"),
        ("CHANNELS 3 Zr", "CHANNELS 3 Wr", "CHANNELS '3 Wrotation Xrotation Yrotation"),
        ("OFFSET 0 25", "OFFSET nan 25", "line 8: OFFSET 'nan 25 0', expected three numbers"),
        ("Frame Time: 0.025\r\n", "Frame Time: 0.025\r\n7 ", "has 58 numbers, expected 57"),
        ("Frame Time: 0.025\r\n0", "Frame Time: 0.025\r\ninf", "is infinite"),
        ("HIERARCHY\r\n", "HIERARCHY\r\n}", "line 2: a '}' closes nothing"),
        ("HIERARCHY\r\n", "HIERARCHY\r\n{", "line 2: a '{' opens nothing"),
    ],
)
def test_errors_name_the_line(tmp_path, old, new, message):
    text = bvh([{}])
    assert old in text
    with pytest.raises(FormatError, match=message):
        read(tmp_path, text.replace(old, new, 1))


def test_too_many_joints_are_refused(tmp_path):
    deep = "HIERARCHY\nROOT a\n{\n" + "JOINT b\n{\n" * 100_000
    with pytest.raises(FormatError, match="more than 1000 joints"):
        read(tmp_path, deep)


@given(seed=st.integers(0, 2**32))
def test_damaged_files_are_errors_or_recordings(tmp_path, check_damaged, seed):
    check_damaged(FORMAT, tmp_path / "d.bvh", bvh([{}, {}]).encode(), seed, options=CM)


@pytest.mark.parametrize("width", [5, 12, 53])
def test_frames_that_are_wrapped_over_lines_are_joined(tmp_path, width):
    source = Path(__file__).parent / "cases" / "cgspeed_scale.bvh"
    head, motion = source.read_text().split("Frame Time:")
    period, *rows = motion.strip().splitlines()
    cells = [row.split() for row in rows]
    wrapped = [" ".join(row[i : i + width]) for row in cells for i in range(0, len(row), width)]
    path = tmp_path / "x.bvh"
    path.write_text("\n".join([f"{head}Frame Time: {period}", *wrapped]))
    (expected,), (found,) = (FORMAT.read(each, FileOptions()) for each in (source, path))
    assert np.array_equal(found.joints, expected.joints)


def test_a_number_that_wrapped_frames_lack_is_no_end_of_the_file(tmp_path):
    source = Path(__file__).parent / "cases" / "cgspeed_scale.bvh"
    head, motion = source.read_text().split("Frame Time:")
    period, *rows = motion.strip().splitlines()
    cells = " ".join(rows).split()
    del cells[len(cells) // 2]
    path = tmp_path / "x.bvh"
    path.write_text("\n".join([f"{head}Frame Time: {period}", *cells]))
    with pytest.raises(FormatError, match="numbers may be missing in any frame"):
        FORMAT.read(path, FileOptions())


SPELLINGS = {
    "tabs": lambda text: text.replace(" ", "\t"),
    "capitals": lambda text: text.upper().replace("HIERARCHY", "Hierarchy"),
    "lines of Unix": lambda text: text.replace("\r\n", "\n"),
    "lines of a Macintosh": lambda text: text.replace("\r\n", "\r"),
    "comments": lambda text: "# made by hand\r\n" + text.replace("MOTION", "# frames follow\r\nMOTION"),
    "a byte order mark": lambda text: "\ufeff" + text,
    "a fraction": lambda text: text.replace("0.025", "1/40"),
    "a fraction with its unit": lambda text: text.replace("0.025", "1 / 40 s"),
    "no blank in Frame Time": lambda text: text.replace("Frame Time:", "FrameTime:"),
    "Frame Times": lambda text: text.replace("Frame Time:", "Frame Times:"),
    "a rate": lambda text: text.replace("Frame Time: 0.025", "Frame Rate: 40 fps"),
    "no colons": lambda text: text.replace("Frames:", "Frames").replace("Frame Time:", "Frame Time"),
    "frames beside MOTION": lambda text: text.replace("MOTION\r\n", "MOTION "),
    "no number of frames": lambda text: text.replace("Frames:\t3\r\n", ""),
    "ends in one word": lambda text: text.replace("End Site", "EndSite"),
    "ends without a name": lambda text: text.replace("End Site", "End"),
    "ends without an offset": lambda text: text.replace("OFFSET 0 0 1e0", ""),
    "commas": lambda text: after_motion(text, lambda line: line.replace(" ", ",")),
    "commas at the end of lines": lambda text: after_motion(text, lambda line: line.replace(" ", ",") + ","),
    "commas and blanks at the end of lines": lambda text: after_motion(
        text, lambda line: line.replace(" ", ", ") + ", "
    ),
    "blanks, and semicolons at the end of lines": lambda text: after_motion(text, lambda line: line + ";"),
    "semicolons": lambda text: after_motion(text, lambda line: line.replace(" ", "; ")),
    "blanks at the end of lines": lambda text: text.replace("\r\n", " \t\r\n"),
    "names with blanks": lambda text: text.replace("LeftUpLeg", "Left Up Leg").replace("RightUpLeg", "Right Up Leg"),
    "scale channels": lambda text: after_motion(
        text.replace("CHANNELS 3 Zrotation Xrotation Yrotation", f"CHANNELS 6 {TURNS} Xscale Yscale Zscale"),
        lambda line: " ".join(
            [*line.split()[:6], *(v for i in range(6, 57, 3) for v in (*line.split()[i : i + 3], *"111"))]
        ),
    ),
}
TURNS = "Zrotation Xrotation Yrotation"


def after_motion(text: str, change) -> str:
    hierarchy, time, rows = text.partition("Frame Time: 0.025\r\n")
    return hierarchy + time + "\r\n".join(change(line) for line in rows.split("\r\n") if line)


@pytest.mark.parametrize("name", SPELLINGS)
def test_every_spelling_gives_the_same_joints(tmp_path, name):
    frames = [{"pelvis": (i, 95, 2 * i, 3, 4, 5), "left_knee": (0, 10 * i, 0)} for i in range(3)]
    expected = read(tmp_path, bvh(frames))
    found = read(tmp_path, SPELLINGS[name](bvh(frames)))
    np.testing.assert_allclose(found.joints[:, :-1], expected.joints[:, :-1], atol=1e-6)
    assert found.fps == 40


def test_bones_that_change_their_size_are_refused(tmp_path):
    text = SPELLINGS["scale channels"](bvh([{}, {}])).replace("1 1 1", "1 1.2 1", 1)
    with pytest.raises(FormatError, match=r"scales its bones by 1\.2, expected scale channels of 1"):
        read(tmp_path, text)


def test_channels_are_those_that_are_named(tmp_path):
    frames = [{"pelvis": (i, 95, 2 * i, 3, 4, 5)} for i in range(3)]
    recording = read(tmp_path, bvh(frames).replace("CHANNELS 6 X", "CHANNELS 3 X"))
    np.testing.assert_array_equal(recording.joints, read(tmp_path, bvh(frames)).joints)
    assert "joint Hips states 3 channels and names 6" in recording.quality.notes


@pytest.mark.parametrize(
    "names", ["Wrotation Xrotation Yrotation Zrotation", "Xquaternion Yquaternion Zquaternion Wquaternion"]
)
def test_quaternions_are_read(tmp_path, names):
    angles = np.random.default_rng(0).uniform(-20, 20, (4, len(LAYOUT), 3))
    places = [(i, 95.0, 2 * i) for i in range(4)]
    by_angles = [
        {joint: (*place * (joint == "pelvis"), *frame[i]) for i, joint in enumerate(LAYOUT.joints)}
        for place, frame in zip(places, angles, strict=True)
    ]
    turns = Rotation.from_euler("ZXY", angles.reshape(-1, 3), degrees=True).as_quat().reshape(4, len(LAYOUT), 4) * 2
    order = ["xyzw".index(name[0].lower()) for name in names.split()]
    by_quaternions = [
        {joint: (*place * (joint == "pelvis"), *frame[i, order]) for i, joint in enumerate(LAYOUT.joints)}
        for place, frame in zip(places, turns, strict=True)
    ]
    text = bvh(by_quaternions).replace("Zrotation Xrotation Yrotation", names)
    text = text.replace("CHANNELS 6", "CHANNELS 7").replace("CHANNELS 3", "CHANNELS 4")
    np.testing.assert_allclose(read(tmp_path, text).joints, read(tmp_path, bvh(by_angles)).joints, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[: text.index("MOTION")] * 2, "a skeleton without MOTION; export it with its motion"),
        (lambda text: text * 2, r"line \d+: a second recording begins here; split the file"),
    ],
)
def test_files_of_no_or_several_recordings_are_refused(tmp_path, change, message):
    with pytest.raises(FormatError, match=message):
        read(tmp_path, change(bvh([{}])))

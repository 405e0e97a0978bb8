"""ASF/AMC: the real walks, a known pose, and damaged skeletons and motions."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import himpc
from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats import get_format
from himpc.reading.formats.amc.skeleton import read_asf
from himpc.skeleton import get_layout

FORMAT = get_format("amc")

LAYOUT = get_layout("cmu")
NAMES = dict(LAYOUT.file_names) | {"head": "head"}
INCH = 0.0254


def asf(angle: str = "deg") -> str:
    """A skeleton in inches (length 1.0), each bone 4 inches long: down for legs, sideways for arms, up for the rest."""
    lines = [":version 1.10", ":units", "  length 1.0", f"  angle {angle}", ":root", "order TX TY TZ RX RY RZ"]
    lines += ["axis XYZ", "position 0 0 0", "orientation 0 0 0", ":bonedata"]
    for joint, _ in LAYOUT.bones:
        lines += ["begin", f"name {NAMES[LAYOUT.joints[joint]]}", f"direction {' '.join(map(str, direction(joint)))}"]
        lines += ["length 4", "axis 0 0 0 XYZ", "dof rx ry rz", "end"]
    lines += [":hierarchy", "begin"]
    lines += [f"{NAMES[LAYOUT.joints[parent]]} {NAMES[LAYOUT.joints[joint]]}" for joint, parent in LAYOUT.bones]
    return "\n".join([*lines, "end"]) + "\n"


def direction(joint: int) -> tuple[int, int, int]:
    name = LAYOUT.joints[joint]
    side = 1 if name.startswith("left") else -1
    if any(word in name for word in ("knee", "ankle", "foot", "toe")):
        return (0, -1, 0)
    return (side, 0, 0) if "_" in name and ("left" in name or "right" in name) else (0, 1, 0)


def amc(frames: list[dict[str, tuple[float, ...]]], unit: str = ":DEGREES") -> str:
    lines = ["# made by hand", ":FULLY-SPECIFIED", unit]
    for number, values in enumerate(frames, start=1):
        lines.append(str(number))
        for name in NAMES.values():
            default = (0.0,) * (6 if name == "root" else 3)
            lines.append(" ".join([name, *map(str, values.get(name, default))]))
    return "\n".join(lines) + "\n"


def read(folder: Path, motion: str, skeleton: str | None = None, name: str = "02_01.amc"):
    (folder / "02.asf").write_text(skeleton or asf())
    (folder / name).write_text(motion)
    (recording,) = FORMAT.read(folder / name, FileOptions(fps=120))
    return recording


def test_positions_equal_those_computed_by_hand(tmp_path):
    """The left hip turned by 90 degrees about x swings the leg's knee from below to behind (-y turns to -z)."""
    frames = [{}, {"lfemur": (90, 0, 0), "root": (1, 2, 3, 0, 0, 0)}, {"root": (0, 0, 0, 0, 90, 0)}]
    recording = read(tmp_path, amc(frames))
    hip, knee, ankle = (LAYOUT.index(f"left_{joint}") for joint in ("hip", "knee", "ankle"))
    joints = recording.joints / INCH
    np.testing.assert_allclose(
        joints[0, [0, hip, knee, ankle]], [[0, 0, 0], [4, 0, 0], [4, -4, 0], [4, -8, 0]], atol=1e-5
    )
    np.testing.assert_allclose(
        joints[1, [0, hip, knee, ankle]], [[1, 2, 3], [5, 2, 3], [5, 2, -1], [5, 2, -5]], atol=1e-5
    )
    np.testing.assert_allclose(joints[2, hip], [0, 0, -4], atol=1e-5)
    assert recording.fps == 120


MIXAMO = {
    "lhipjoint": "LeftHipRoot",
    "lfemur": "LeftUpLeg",
    "ltibia": "LeftLeg",
    "lfoot": "LeftFoot",
    "ltoes": "LeftToeBase",
    "lclavicle": "LeftShoulder",
    "lhumerus": "LeftArm",
    "lradius": "LeftForeArm",
    "lwrist": "LeftHand",
    "lowerback": "Spine",
    "upperback": "Spine1",
    "thorax": "Chest",
    "lowerneck": "Neck",
    "upperneck": "Neck1",
    "lhand": "LeftPalm",
    "lfingers": "LeftFingers",
    "lthumb": "LeftThumb",
    "head": "Head",
}
RENAMED = MIXAMO | {f"r{cmu[1:]}": name.replace("Left", "Right") for cmu, name in MIXAMO.items() if "Left" in name}


def rename(text: str, names: dict[str, str]) -> str:
    return re.sub(r"[a-z]+", lambda word: names.get(word[0], word[0]), text)


def test_bones_with_other_names_begin_at_their_joints(tmp_path):
    frames = [{"lfemur": (30, 0, 0), "rhumerus": (0, 20, 0), "root": (1, 2, 3, 0, 10, 0)}] * 3
    cmu = read(tmp_path, amc(frames))
    other = read(tmp_path, rename(amc(frames), RENAMED), rename(asf(), RENAMED))
    assert other.layout == get_layout("humanoid")
    for joint in ("pelvis", "left_hip", "right_knee", "left_ankle", "right_shoulder", "left_elbow", "right_wrist"):
        index = other.layout.index(joint)
        np.testing.assert_allclose(other.joints[:, index], cmu.joints[:, LAYOUT.index(joint)], atol=1e-6)


def test_a_last_bone_without_length_has_no_end(tmp_path):
    """As in skeletons that were converted from BVH, whose last bones are points."""
    skeleton = re.sub(r"begin\nname .toes\n.*?end\n", "", asf(), flags=re.DOTALL)
    skeleton = re.sub(r"\n.foot .toes", "", skeleton)
    skeleton = re.sub(r"(name .foot\ndirection) .*\nlength 4", r"\1 0 0 0\nlength 0", skeleton)
    motion = re.sub(r".toes .*\n", "", amc([{}] * 2))
    recording = read(tmp_path, rename(motion, RENAMED), rename(skeleton, RENAMED))
    assert recording.layout.has("left_ankle")
    assert not any(joint.endswith("foot") for joint in recording.layout.joints)


def test_a_part_of_the_skeleton_of_cmu_is_a_layout(tmp_path):
    fingers = {f"{side}{bone}": f"{side}{bone}x" for side in "lr" for bone in ("fingers", "thumb")}
    recording = read(tmp_path, rename(amc([{}]), fingers), rename(asf(), fingers))
    assert recording.layout.joints == tuple(j for j in LAYOUT.joints if not j.endswith(("fingers", "thumb")))


def test_the_axes_of_a_bone_rotate_its_motion(tmp_path):
    """With its axes turned by 90 degrees about z, the femur's own x is the room's y: the leg does not move."""
    skeleton = asf().replace(
        "name lfemur\ndirection 0 -1 0\nlength 4\naxis 0 0 0", "name lfemur\ndirection 0 -1 0\nlength 4\naxis 0 0 90"
    )
    recording = read(tmp_path, amc([{"lfemur": (90, 0, 0)}]), skeleton)
    knee = LAYOUT.index("left_knee")
    np.testing.assert_allclose(recording.joints[0, knee] / INCH, [4, -4, 0], atol=1e-5)


def test_angles_may_be_in_radians(tmp_path):
    degrees = read(tmp_path, amc([{"rfemur": (45, 0, 0)}]))
    radians = read(tmp_path, amc([{"rfemur": (np.pi / 4, 0, 0)}], unit=":RADIANS"))
    np.testing.assert_allclose(degrees.joints, radians.joints, atol=1e-6)


def test_the_skeleton_is_found_beside_the_motion_or_named_in_the_error(tmp_path):
    assert len(read(tmp_path, amc([{}]), name="anything.amc")) == 1  # the only one there
    (tmp_path / "03.asf").write_text(asf())
    with pytest.raises(
        FormatError, match=r"no usable skeleton: expected an .asf whose name 'anything' begins with, .*, found 2 others"
    ):
        FORMAT.read(tmp_path / "anything.amc", FileOptions())
    (tmp_path / "02.asf").unlink()
    (tmp_path / "03.asf").unlink()
    with pytest.raises(FormatError, match="found none there"):
        FORMAT.read(tmp_path / "anything.amc", FileOptions())


def test_missing_frame_numbers_are_a_gap(tmp_path):
    recording = read(tmp_path, amc([{}] * 4).replace("\n4\n", "\n7\n"))
    assert np.isnan(recording.joints).all(axis=(1, 2)).tolist() == [False] * 3 + [True] * 3 + [False]
    with pytest.raises(FormatError, match="frame 3 is there twice"):
        read(tmp_path, amc([{}] * 4).replace("\n4\n", "\n3\n"))


def test_a_skeleton_in_another_unit_is_read_as_the_body_shows(tmp_path):
    recording = read(tmp_path, amc([{}]))
    for length in ("0.01", "1000"):
        wrong = read(tmp_path, amc([{}]), asf().replace("length 1.0", f"length {length}"))
        np.testing.assert_allclose(wrong.joints, recording.joints, rtol=1e-5)
        assert any("; read in in" in note for note in wrong.quality.notes)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("lfemur 0.0", "lfemur 0.0 0.0", "lfemur: found '0.0 0.0 0.0 0.0', expected 3 numbers"),
        ("lfemur 0.0", "lfemur zero", "lfemur: found 'zero 0.0 0.0', expected 3 numbers"),
        ("lfemur", "lfibula", "'lfibula' is no moving bone"),
        ("lfemur 0.0 0.0 0.0\n", "", "line 4: frame 1 lacks 'lfemur'"),
        ("lfemur", "ltibia", "line 8: 'ltibia' is twice"),
        ("lfemur 0.0", "lfemur nan", "is not finite"),
    ],
)
def test_errors_of_a_motion_name_the_line(tmp_path, old, new, message):
    with pytest.raises(FormatError, match=message):
        read(tmp_path, amc([{}]).replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (":hierarchy", ":tree", "has no section :hierarchy"),
        ("root lhipjoint", "lfemur lhipjoint", "is not connected to the root"),
        ("root lhipjoint", "root rhipjoint", "is twice in the skeleton"),
        ("length 1.0", "length 0", "expected a number above 0"),
        ("angle deg", "angle turns", "expected deg or rad"),
        ("dof rx", "dof q rx", "found 'q rx ry rz', expected some of"),
        ("0 0 0 XYZ", "0 0 0 XYY", "the order of the axes is 'xyy'"),
    ],
)
def test_errors_of_a_skeleton_name_the_problem(tmp_path, old, new, message):
    assert old in asf()
    with pytest.raises(FormatError, match=message):
        read(tmp_path, amc([{}]), asf().replace(old, new, 1))


SPELLINGS = {
    "lines of Windows": (lambda text: text.replace("\n", "\r\n"), lambda text: text.replace("\n", "\r\n")),
    "no keywords": (lambda text: text.replace(":FULLY-SPECIFIED\n:DEGREES\n", ""), None),
    "keywords in small letters": (str.lower, None),
    "a rate": (lambda text: text.replace(":DEGREES", ":SAMPLES-PER-SECOND 120\n:DEGREES"), None),
    "sections in capitals": (
        None,
        lambda text: re.sub(r"^:\w+", lambda word: word[0].upper(), text, flags=re.MULTILINE),
    ),
    "angles in words": (None, lambda text: text.replace("angle deg", "angle degrees")),
    "no units": (None, lambda text: re.sub(r":units.*?(?=:root)", "", text, flags=re.DOTALL)),
    "the root in capitals": (None, lambda text: text.replace("\nroot ", "\nROOT ")),
    "directions that are not of length 1": (None, lambda text: text.replace("direction 0 1 0", "direction 0 3 0")),
    "limits on several lines": (
        None,
        lambda text: text.replace("dof rx ry rz", "dof rx ry rz\nlimits (-1 2)\n (-3 4)\n (-5 6)"),
    ),
    "masses": (None, lambda text: text.replace("length 4", "length 4\nbodymass 1\ncofmass 1")),
    "tabs": (lambda text: text.replace(" ", "\t"), lambda text: text.replace(" ", "\t")),
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_every_spelling_gives_the_same_joints(tmp_path, name):
    frames = [{"lfemur": (30, 0, i), "root": (1, 2, i, 0, 10, 0)} for i in range(3)]
    motion, skeleton = (change or str for change in SPELLINGS[name])
    found = read(tmp_path, motion(amc(frames)), skeleton(asf()))
    np.testing.assert_allclose(found.joints, read(tmp_path, amc(frames)).joints, atol=1e-6)


def test_a_stated_rate_is_read(tmp_path):
    (tmp_path / "02.asf").write_text(asf())
    (tmp_path / "02_01.amc").write_text(amc([{}] * 3).replace(":DEGREES", ":SAMPLES-PER-SECOND 60\n:DEGREES"))
    (recording,) = FORMAT.read(tmp_path / "02_01.amc", FileOptions())
    assert recording.fps == 60
    assert not any("no frame rate" in note for note in recording.quality.notes)


def test_a_last_frame_that_was_cut_off_is_left_out(tmp_path):
    for cut in (4, 30, 200):
        recording = read(tmp_path, amc([{}] * 3)[:-cut])
        assert len(recording) == 2
        assert recording.quality.notes[0] == "frame 3 is cut off and left out"


@pytest.mark.parametrize("motion", ["HDM_bd_01-02_03_120.amc", "HDM_bd.amc", "other.amc"])
@pytest.mark.parametrize("folder", [".", "motions"])
def test_the_skeleton_whose_name_fits_best_is_used(tmp_path, motion, folder):
    for name, inches in (("HDM", 3), ("HDM_bd", 4), ("HDM_mm", 5)):
        (tmp_path / f"{name}.asf").write_text(asf().replace("length 4", f"length {inches}"))
    (tmp_path / folder).mkdir(exist_ok=True)
    stated = "#!OML:ASF C:\\data\\HDM_bd.ASF\n" if motion == "other.amc" else ""
    (tmp_path / folder / motion).write_text(stated + amc([{}] * 2))
    (recording,) = FORMAT.read(tmp_path / folder / motion, FileOptions(fps=120))
    thigh = recording.joints[0, LAYOUT.index("left_knee")] - recording.joints[0, LAYOUT.index("left_hip")]
    np.testing.assert_allclose(np.linalg.norm(thigh), 4 * INCH, atol=1e-6)
    (found,) = himpc.read(tmp_path / folder, fps=120, clean=False)
    assert found.origin.path.name == motion


def test_a_bone_may_change_its_length(tmp_path):
    skeleton = asf().replace(
        "name ltibia\ndirection 0 -1 0\nlength 4\naxis 0 0 0 XYZ\ndof rx ry rz",
        "name ltibia\ndirection 0 -1 0\nlength 4\naxis 0 0 0 XYZ\ndof rx ry rz l",
    )
    recording = read(tmp_path, amc([{"ltibia": (0, 0, 0, 1)}, {"ltibia": (0, 0, 0, 0)}]), skeleton)
    ankle = recording.joints[:, LAYOUT.index("left_ankle"), 1] / INCH
    np.testing.assert_allclose(ankle, [-9, -8], atol=1e-5)


def test_a_skeleton_alone_says_that_it_has_no_motion(tmp_path):
    (tmp_path / "02.asf").write_text(asf())
    with pytest.raises(FormatError, match=r"a skeleton without motion, which himpc does not read; read the motion"):
        himpc.read(tmp_path / "02.asf")


@given(seed=st.integers(0, 2**32), of_skeleton=st.booleans())
def test_damaged_files_are_errors_or_recordings(tmp_path, check_damaged, seed, of_skeleton):
    (tmp_path / "02.asf").write_text(asf())
    (tmp_path / "02_01.amc").write_text(amc([{}, {}]))
    file, content = ("02.asf", asf()) if of_skeleton else ("02_01.amc", amc([{}, {}]))
    if of_skeleton:
        check_damaged(FORMAT, tmp_path / file, content.encode(), seed, folder=tmp_path / "02_01.amc")
    else:
        check_damaged(FORMAT, tmp_path / file, content.encode(), seed)


def test_real_files_are_read(shared_data: Path):
    folder = shared_data / "amc-sample"
    skeleton = read_asf(folder / "02.asf")
    lengths = {bone.name: np.linalg.norm(bone.offset) * INCH / 0.45 for bone in skeleton.bones}
    for name, frames in (("origin1-2.amc", 298), ("origin3-4.amc", 343)):
        (recording,) = FORMAT.read(folder / name, FileOptions())
        assert len(recording) == frames
        assert recording.fps is None
        assert "no frame rate" in recording.quality.notes[0]
        assert recording.quality.notes[-1] == "up is y, as the body shows"
        for joint, parent in LAYOUT.bones:
            bone = np.linalg.norm(recording.joints[:, joint] - recording.joints[:, parent], axis=1)
            np.testing.assert_allclose(bone, lengths[NAMES[LAYOUT.joints[joint]]], atol=1e-5)
        assert 1.5 < np.median(recording.joints[:, LAYOUT.index("head"), 1]) < 1.65
        assert -0.05 < recording.joints[..., 1].min() < 0.02  # toes on the floor
        walked = recording.joints[-1, 0] - recording.joints[0, 0]
        assert np.linalg.norm(walked[[0, 2]]) > 3

"""HTR: relative and global segments, segment by segment and frame by frame, and damaged files."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats import find_format, get_format
from himpc.skeleton import get_layout

FORMAT = get_format("htr")
LAYOUT = get_layout("humanoid")
NAMES = (
    *("Hips", "Spine", "Neck", "Head", "LeftArm", "LeftForeArm", "LeftHand", "RightArm", "RightForeArm", "RightHand"),
    *("LeftUpLeg", "LeftLeg", "LeftFoot", "LeftToeBase", "RightUpLeg", "RightLeg", "RightFoot", "RightToeBase"),
)
SCALE = 1000


def htr(joints: np.ndarray, *, kind: str = "htr", data: str = "HTRS", order: str = "ZYX", fps: int = 60) -> str:
    """Write joints in mm as segments whose axes turn at random, so that a mistake in their rotations shows."""
    frames = len(joints)
    turns = Rotation.random(frames * len(NAMES), random_state=0).as_matrix().reshape(len(NAMES), frames, 3, 3)
    base = Rotation.random(len(NAMES), random_state=1).as_matrix()
    lines = [f"#Hierarchical Translation and Rotation (.{kind}) file", "[Header]", f"FileType {kind}\t#single word"]
    lines += [f"DataType {data}", "FileVersion 1", f"NumSegments {len(NAMES)}", f"NumFrames {frames}"]
    lines += [f"DataFrameRate {fps}", f"EulerRotationOrder {order}", "CalibrationUnits mm", "RotationUnits Degrees"]
    lines += ["GlobalAxisofGravity Y", "BoneLengthAxis Y", "ScaleFactor 1.000000", "[SegmentNames&Hierarchy]"]
    lines += ["#CHILD\tPARENT"]
    lines += [f"{name}\t{NAMES[p] if p >= 0 else 'GLOBAL'}" for name, p in zip(NAMES, LAYOUT.parents, strict=True)]
    lines += ["[BasePosition]", "#SegmentName\tTx\tTy\tTz\tRx\tRy\tRz\tBoneLength"]
    rest = 0.5 * np.arange(3 * len(NAMES)).reshape(-1, 3)
    poses = np.empty((len(NAMES), frames, 6))
    for i, parent in enumerate(LAYOUT.parents):
        here, rotation = joints[:, i] * SCALE, turns[i]
        if data.startswith("H"):
            if parent >= 0:
                here = np.einsum("fji,fj->fi", turns[parent], (joints[:, i] - joints[:, parent]) * SCALE)
                rotation = turns[parent].transpose(0, 2, 1) @ rotation
            here, rotation = here - rest[i], base[i].T @ rotation
        poses[i] = np.concatenate([here, angles(rotation, order)], axis=1)
        cells = [*rest[i], *angles(base[i], order), 10.0 * (i == len(NAMES) - 1)]
        lines.append("\t".join([NAMES[i], *(f"{cell:.6f}" for cell in cells)]))
    lines.append("#Beginning of Data. Separated by tabs")

    def row(first: str | int, pose: np.ndarray) -> str:
        return "\t".join([str(first), *(f"{value:.6f}" for value in pose), "1.000000"])

    if kind == "htr2":
        for frame in range(frames):
            lines += [f"Frame {frame + 1}:", *(row(name, pose[frame]) for name, pose in zip(NAMES, poses, strict=True))]
    else:
        for name, pose in zip(NAMES, poses, strict=True):
            lines += [
                f"[{name}]",
                "#Fr\tTx\tTy\tTz\tRx\tRy\tRz\tSF",
                *(row(i + 1, each) for i, each in enumerate(pose)),
            ]
    return "\n".join([*lines, "[EndOfFile]"]) + "\n"


def angles(rotation: np.ndarray, order: str) -> np.ndarray:
    """Return the angles about x, y and z of rotations about the axes of a body in this order."""
    found = Rotation.from_matrix(rotation).as_euler(order, degrees=True)
    return found[..., [order.index(axis) for axis in "XYZ"]]


def read(tmp_path, text: str, options: FileOptions | None = None):
    path = tmp_path / "walk.htr"
    path.write_text(text)
    assert find_format(path) is FORMAT
    (recording,) = FORMAT.read(path, options or FileOptions())
    return recording


@pytest.mark.parametrize("kind", ["htr", "htr2"])
@pytest.mark.parametrize("data", ["HTRS", "GTRS"])
@pytest.mark.parametrize("order", ["ZYX", "XYZ", "YZX"])
def test_segments_are_read_in_every_variant(tmp_path, walking, kind, data, order):
    joints, _ = walking("humanoid", frames=4)
    recording = read(tmp_path, htr(joints, kind=kind, data=data, order=order))
    np.testing.assert_allclose(recording.joints, joints, atol=1e-5)
    assert recording.fps == 60
    assert recording.layout == LAYOUT


def test_a_missing_root_is_a_gap_and_counts_are_compared(tmp_path, walking):
    joints, _ = walking("humanoid", frames=4)
    lines = htr(joints).split("\n")
    at = lines.index("[Hips]") + 3
    lines[at] = "2" + "\t9999999.000000" * 6 + "\t1"
    recording = read(tmp_path, "\n".join(lines).replace("NumFrames 4", "NumFrames 5"))
    assert np.isnan(recording.joints).all(axis=(1, 2)).tolist() == [False, True, False, False]
    assert "the file states 5 frames and holds 4" in recording.quality.notes


def test_segments_that_stretch_carry_their_children(tmp_path, walking):
    joints, _ = walking("humanoid", frames=3)
    text = htr(joints, data="HTRS")
    section = text[text.index("[LeftUpLeg]") : text.index("[LeftLeg]")]
    recording = read(tmp_path, text.replace(section, section.replace("1.000000\n", "1.200000\n")))
    hip, knee = (LAYOUT.index(f"left_{joint}") for joint in ("hip", "knee"))
    expected = joints[:, hip] + (joints[:, knee] - joints[:, hip]) * 1.2
    np.testing.assert_allclose(recording.joints[:, knee], expected, atol=1e-5)
    assert any("change their length by up to 20%" in note for note in recording.quality.notes)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Hips\tGLOBAL", "Hips\tHead", "form a circle"),
        ("Order ZYX", "Order ZZX", "the order of rotation is 'zzx'"),
        ("[Spine]", "[Tail]", r"\[Tail\] is no section or segment"),
        ("\n2\t", "\n9\t", "different frames"),
        ("[Hips]\n#Fr\tTx\tTy\tTz\tRx\tRy\tRz\tSF\n1\t", "[Hips]\n1\tx", "number 2 is 'x"),
    ],
)
def test_errors_name_the_problem(tmp_path, walking, old, new, message):
    text = htr(walking("humanoid", frames=3)[0])
    assert old in text
    with pytest.raises(FormatError, match=message):
        read(tmp_path, text.replace(old, new, 1))


@given(seed=st.integers(0, 2**32), kind=st.sampled_from(["htr", "htr2"]))
def test_damaged_files_are_errors_or_recordings(tmp_path, walking, check_damaged, seed, kind):
    check_damaged(FORMAT, tmp_path / "d.htr", htr(walking("humanoid", frames=3)[0], kind=kind).encode(), seed)

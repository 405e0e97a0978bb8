"""The recipe "Add a joint layout" of CONTRIBUTING.md, followed with a toy layout of ten joints."""

import shutil
from functools import cache

import numpy as np
import pytest

import himpc
from himpc.recordings import Recording, Windows, load, save
from himpc.skeleton import get_layout, layout, layout_names, pool

STICK = """
name = "stick"
title = "Stick figure, 10 joints"
source = "made for this test"
root = "pelvis"
joints = ["left_hip", "left_ankle", "right_hip", "right_ankle", "pelvis", "head",
    "left_shoulder", "left_wrist", "right_shoulder", "right_wrist"]
pairs = [["left_hip", "right_hip"], ["left_ankle", "right_ankle"],
    ["left_shoulder", "right_shoulder"], ["left_wrist", "right_wrist"]]

[parents]
left_hip = "pelvis"
left_ankle = "left_hip"
right_hip = "pelvis"
right_ankle = "right_hip"
head = "pelvis"
left_shoulder = "pelvis"
left_wrist = "left_shoulder"
right_shoulder = "pelvis"
right_wrist = "right_shoulder"

[components]
left_thigh = ["left_hip"]
left_shank = ["left_ankle"]
right_thigh = ["right_hip"]
right_shank = ["right_ankle"]
torso = ["pelvis"]
head = ["head"]
left_upper_arm = ["left_shoulder"]
left_forearm = ["left_wrist"]
right_upper_arm = ["right_shoulder"]
right_forearm = ["right_wrist"]

[limbs]
left_leg = ["left_thigh", "left_shank"]
right_leg = ["right_thigh", "right_shank"]
torso_and_head = ["torso", "head"]
left_arm = ["left_upper_arm", "left_forearm"]
right_arm = ["right_upper_arm", "right_forearm"]

[file_names]
pelvis = ["Hips"]
"""


@pytest.fixture(params=["built in", "of the user"])
def name(request, tmp_path, monkeypatch):
    """The toy layout as `get_layout` finds it: by name among the built-in ones, or as a file."""
    if request.param == "of the user":
        (tmp_path / "stick.toml").write_text(STICK)
        return str(tmp_path / "stick.toml")
    folder = shutil.copytree(layout.LAYOUTS_FOLDER, tmp_path / "layouts")
    (folder / "stick.toml").write_text(STICK)
    monkeypatch.setattr(layout, "LAYOUTS_FOLDER", folder)
    monkeypatch.setattr(layout, "_built_in", cache(layout._built_in.__wrapped__))
    return "stick"


def test_recordings_are_read_converted_pooled_and_cut(name, tmp_path, standing):
    stick, kinect = get_layout(name), get_layout("kinect-v1")
    assert ("stick" in layout_names()) == (name == "stick")

    joints = standing(kinect, 12, 0)
    save([Recording(joints, kinect, fps=30)], tmp_path / "walk.npz")
    (recording,) = himpc.read(tmp_path / "walk.npz", layout=name)
    assert recording.layout == stick
    np.testing.assert_allclose(recording.joints[:, stick.index("head")], joints[:, kinect.index("head")])

    assert pool(recording.joints, stick, "component").shape == (len(recording), 10, 3)
    limbs = pool(recording.joints, stick, "limb")
    leg = [stick.index("left_hip"), stick.index("left_ankle")]
    np.testing.assert_allclose(limbs[:, 0], recording.joints[:, leg].mean(axis=1))

    windows = Windows.cut([recording], 6)
    assert (len(windows), windows.frames.shape[1:]) == (2, (10, 3))
    save([recording], tmp_path / "stick.npz")
    assert load(tmp_path / "stick.npz")[0].layout == stick


def test_files_that_name_its_joints_are_read_without_stating_it(name, tmp_path, standing):
    stick = get_layout(name)
    joints = standing(stick, 4, 0)
    columns = [f"{'Hips' if joint == 'pelvis' else joint}_{axis}" for joint in stick.joints for axis in "xyz"]
    rows = [",".join(f"{value:.4f}" for value in frame.ravel()) for frame in joints]
    (tmp_path / "walk.csv").write_text("\n".join(["# unit: m", ",".join(columns), *rows]))
    (recording,) = himpc.read(tmp_path / "walk.csv", layout=None if name == "stick" else name)
    assert recording.layout == stick
    np.testing.assert_allclose(recording.joints, joints, atol=1e-4)

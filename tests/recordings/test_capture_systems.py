"""Which recordings are of one system."""

from pathlib import Path

import numpy as np

from himpc.recordings import Origin, Recording, number_systems
from himpc.skeleton import get_layout


def make(layout: str, suffix: str = ".csv", **fields) -> Recording:
    known = get_layout(layout)
    return Recording(np.zeros((2, len(known), 3)), known, origin=Origin(Path(f"/data/walk{suffix}")), **fields)


def test_parts_of_a_layout_are_of_its_system():
    part = get_layout("kinect-v1").subset(["head", "left_hip", "right_hip"], "kinect-v1-3")
    walks = [make("kinect-v1"), make("kinect-v1").to(part), make("kinect-v1-lower-body")]
    system, names = number_systems(walks)
    assert system.tolist() == [0, 0, 0]
    assert names == ("kinect-v1",)


def test_joints_from_markers_and_assumed_sizes_are_other_systems():
    walks = [make("kinect-v1"), make("kinect-v1", ".c3d"), make("mediapipe-33", true_size=False), make("coco-17")]
    assert number_systems(walks)[1] == ("coco-17", "kinect-v1", "kinect-v1 from markers", "mediapipe-33")
    walks = [make("coco-17", true_size=False), make("coco-17")]
    system, names = number_systems(walks)
    assert names == ("coco-17", "coco-17 of assumed size")
    assert system.tolist() == [1, 0]


def test_own_layouts_and_no_recordings_have_systems():
    own = get_layout("kinect-v1").subset(["head", "left_hip", "right_hip"], "mine")
    assert number_systems([make("kinect-v1").to(own)])[1] == ("mine",)
    system, names = number_systems([])
    assert len(system) == len(names) == 0

"""Recordings of several systems are brought to one layout, with a note, or refused by what they lack."""

import numpy as np
import pytest

from himpc.errors import DataError, LayoutError
from himpc.recordings import Recording, Windows, to_common_layout
from himpc.skeleton import convert, get_layout


def make(layout: str, frames: int = 4, **fields) -> Recording:
    known = get_layout(layout)
    joints = np.random.default_rng(len(known)).normal(size=(frames, len(known), 3))
    return Recording(joints, known, source=f"{layout}.csv", **fields)


def test_recordings_of_one_layout_are_not_touched():
    walks = [make("kinect-v1"), make("kinect-v1", 7)]
    together, notes = to_common_layout(walks)
    assert [id(walk) for walk in together] == [id(walk) for walk in walks]
    assert notes == ()
    assert to_common_layout([]) == ([], ())


def test_recordings_of_several_layouts_keep_order_labels_and_frames():
    walks = [make("coco-17", 5, person="ann"), make("kinect-v1", 6, session="2"), make("coco-17", 7, fps=25)]
    together, notes = to_common_layout(walks)
    assert len({walk.layout for walk in together}) == 1
    assert [len(walk) for walk in together] == [5, 6, 7]
    assert [(walk.person, walk.session, walk.fps) for walk in together] == [
        ("ann", None, None),
        (None, "2", None),
        (None, None, 25),
    ]
    for before, after in zip(walks, together, strict=True):
        np.testing.assert_array_equal(after.joints, convert(before.joints, before.layout, after.layout))
    assert notes == (
        "compared by the 13 joints that all have: 2 recordings of coco-17 (17 joints), 1 of kinect-v1 (20 joints)",
    )
    assert len(Windows.cut(together, 5)) == 3


def test_note_names_the_few_recordings_that_limit_the_joints():
    legs = get_layout("kinect-v1").subset(["left_hip", "left_knee", "left_ankle"], "leg")
    walks = [make("kinect-v1"), make("kinect-v2"), make("kinect-v2"), make("kinect-v2"), make("kinect-v1").to(legs)]
    assert to_common_layout(walks)[1][0].endswith("; without those of leg, by 20 joints")
    assert "without" not in to_common_layout([*walks, walks[-1]])[1][0]
    assert "without" not in to_common_layout([walks[0], walks[1], walks[2], make("smpl-24")])[1][0]


def test_recordings_are_converted_to_a_given_layout():
    walks = [make("kinect-v2"), make("kinect-v1")]
    together, notes = to_common_layout(walks, get_layout("kinect-v1"), owner="the gallery")
    assert {walk.layout.name for walk in together} == {"kinect-v1"}
    assert together[1] is walks[1]
    assert notes == ("converted to kinect-v1, the layout of the gallery: 1 recording of kinect-v2 (25 joints)",)


def test_a_recording_that_lacks_joints_is_refused_by_file_layouts_and_joints():
    walks = [make("kinect-v1"), make("coco-17"), make("coco-17")]
    with pytest.raises(LayoutError) as error:
        to_common_layout(walks, get_layout("kinect-v1"), owner="the gallery")
    for part in (
        "coco-17.csv and 1 more recordings",
        "kinect-v1, the layout of the gallery",
        "coco-17 gives left_hand,",
        "right_foot",
    ):
        assert part in error.value.message
    assert "train on recordings of both systems" in str(error.value)


def test_layouts_that_share_too_little_are_named_by_their_files():
    arm = get_layout("kinect-v1").subset(["left_shoulder", "left_elbow", "left_wrist"], "arm")
    walks = [
        Recording(np.zeros((4, 3, 3)), arm, source="arm.c3d"),
        make("cmu").to(get_layout("cmu").subset(["head", "neck", "left_hip"], "x")),
    ]
    with pytest.raises(LayoutError, match=r"share no joint.*arm.c3d is 'arm', cmu.csv is 'x'"):
        to_common_layout(walks)


def test_pictures_and_space_are_not_mixed():
    flat = Recording(np.zeros((4, 17, 3)), get_layout("coco-17"), dimensions=2, source="film.json")
    with pytest.raises(DataError, match=r"1 3D \(the first: coco-17.csv\) and 2 2D \(the first: film.json\)"):
        to_common_layout([make("coco-17"), flat, flat])

"""The shared layout holds the joints that all layouts give, and none that one of them makes of the others."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import LayoutError
from himpc.skeleton import COMMON_LAYOUT, Layout, convert, get_layout, layout_names, missing_joints, shared_layout
from himpc.skeleton.conversion import conversion_matrix

ALL = [get_layout(name) for name in layout_names()]
several = st.lists(st.sampled_from(ALL), min_size=1, max_size=5)


@given(several)
def test_every_layout_converts_to_the_shared_one(layouts):
    shared = shared_layout(layouts)
    for layout in layouts:
        assert missing_joints(layout, shared) == []
        assert convert(np.zeros((1, len(layout), 3)), layout, shared).shape == (1, len(shared), 3)


@given(several, st.randoms())
def test_order_and_repetition_do_not_matter(layouts, random):
    shuffled = [*layouts, layouts[0]]
    random.shuffle(shuffled)
    assert shared_layout(shuffled) == shared_layout(layouts)


@pytest.mark.parametrize(
    "layouts", list(itertools.combinations(ALL, 2)), ids=lambda pair: "-".join(each.name for each in pair)
)
def test_no_layout_makes_a_joint_of_other_shared_joints(layouts):
    shared = shared_layout(layouts)
    for layout in layouts:
        matrix = conversion_matrix(layout, shared)
        assert np.linalg.matrix_rank(matrix) == len(shared)


@pytest.mark.parametrize("layout", ALL, ids=layout_names())
def test_one_layout_is_shared_with_itself(layout):
    assert shared_layout([layout, layout]) is layout


@pytest.mark.parametrize("layout", ALL, ids=layout_names())
def test_every_layout_of_whole_bodies_gives_the_common_joints(layout):
    assert missing_joints(layout, get_layout(COMMON_LAYOUT)) == []


def test_a_known_layout_that_all_give_is_returned_as_it_is():
    assert shared_layout(map(get_layout, ("kinect-v1", "kinect-v2"))) is get_layout("kinect-v1")
    assert shared_layout(map(get_layout, ("kinect-v1", "openni-15"))) is get_layout("openni-15")


def test_parts_of_a_body_are_shared():
    legs = get_layout("kinect-v1").subset(
        [f"{side}_{joint}" for side in ("left", "right") for joint in ("hip", "knee", "ankle")], "legs"
    )
    shared = shared_layout([get_layout("mediapipe-33"), legs])
    assert set(shared.joints) == set(legs.joints)
    assert set(shared.limb_names) == {"left_leg", "right_leg"}


def test_layouts_that_share_too_little_are_refused_by_their_joints():
    kinect = get_layout("kinect-v1")
    arm, leg = kinect.subset(["left_shoulder", "left_elbow", "left_wrist"], "arm"), kinect.subset(["left_knee"], "knee")
    with pytest.raises(LayoutError, match="layouts arm, knee share no joint, expected at least 3 joints"):
        shared_layout([arm, leg])
    pair = kinect.subset(["left_shoulder", "left_elbow", "head"], "pair")
    with pytest.raises(LayoutError, match="share left_shoulder, left_elbow, expected"):
        shared_layout([arm, pair])


def test_layouts_of_other_points_share_what_has_the_same_name():
    table = {
        "name": "points",
        "root": "a",
        "joints": ["a", "b", "c", "d"],
        "parents": {"b": "a", "c": "b", "d": "c"},
        "components": {"one": ["a", "b"], "two": ["c", "d"]},
        "limbs": {"all": ["one", "two"]},
    }
    points = Layout.from_dict(table)
    shared = shared_layout([points, points.subset(["a", "c", "d"], "fewer")])
    assert shared.joints == ("a", "c", "d")
    assert shared.component_names == ("one", "two")

"""Conversion keeps what corresponds and refuses what does not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import LayoutError
from himpc.skeleton import convert, get_layout, layout_names
from himpc.skeleton.conversion import DERIVED, conversion_matrix

ALL = [get_layout(name) for name in layout_names()]
layouts = st.sampled_from(ALL)


def converts(source, target):
    try:
        return conversion_matrix(source, target)
    except LayoutError:
        return None


@given(layouts, layouts, st.integers(0, 2**32 - 1))
def test_each_joint_is_its_namesake_or_a_derived_mean(source, target, seed):
    joints = np.random.default_rng(seed).normal(size=(2, len(source), 3))
    if converts(source, target) is None:
        with pytest.raises(LayoutError, match="no joint in it gives"):
            convert(joints, source, target)
        return
    converted = convert(joints, source, target)
    for row, name in enumerate(target.joints):
        rule = next(rule for rule in ((name,), *DERIVED.get(name, ())) if source.has(*rule))
        expected = sum(joints[:, source.index(part)] for part in rule) / len(rule)
        np.testing.assert_allclose(converted[:, row], expected, atol=1e-12)


@pytest.mark.parametrize("layout", ALL, ids=layout_names())
def test_conversion_to_the_same_layout_is_the_identity(layout):
    joints = np.random.default_rng(0).normal(size=(3, len(layout), 3)).astype(np.float32)
    converted = convert(joints, layout, layout)
    assert converted.dtype == np.float32
    np.testing.assert_array_equal(converted, joints)


def test_kinect_v2_converts_to_kinect_v1_by_names():
    v1, v2 = get_layout("kinect-v1"), get_layout("kinect-v2")
    joints = np.arange(25 * 3.0).reshape(1, 25, 3)
    np.testing.assert_array_equal(convert(joints, v2, v1)[0], joints[0, :20])


def test_an_unseen_joint_leaves_the_others_seen():
    body, few = get_layout("body-25"), get_layout("openpose-14")
    joints = np.ones((1, 25, 3))
    joints[0, body.index("left_wrist")] = np.nan
    converted = convert(joints, body, few)
    assert [few.joints[j] for j in np.flatnonzero(np.isnan(converted[0, :, 0]))] == ["left_wrist"]


def test_joints_without_counterpart_are_named():
    with pytest.raises(LayoutError, match="left_foot"):
        convert(np.zeros((1, 14, 3)), get_layout("openpose-14"), get_layout("kinect-v1"))


def test_another_number_of_joints_is_a_layout_error():
    with pytest.raises(LayoutError, match="has 20 joints"):
        convert(np.zeros((1, 14, 3)), get_layout("kinect-v1"), get_layout("openpose-14"))

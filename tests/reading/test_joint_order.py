"""Orders of joints without names: found by the shape of a body, and no others."""

import numpy as np
import pytest

from himpc.errors import FormatError
from himpc.reading.file_options import FileOptions
from himpc.reading.formats.parsing.joint_order import find_order
from himpc.reading.formats.parsing.published_orders import ORDERS
from himpc.skeleton import get_layout, layout_names

TWINS = {"SBU Kinect Interaction", "Florence 3D Actions"}
"""Orders of the same points, whose last joints of limbs have other names."""


@pytest.mark.parametrize("name", layout_names())
@pytest.mark.parametrize("seed", [0, 3])
def test_the_order_of_every_layout_is_found(walking, name, seed):
    joints, _ = walking(name, seed=seed)
    turned = joints[..., [2, 0, 1]] * -1000 + 5  # any unit and axes
    order = find_order([turned], FileOptions(), "a.npy")
    assert (order.layout, order.is_layout_order) == (get_layout(name), True)
    in_pictures = find_order([joints[..., :2]], FileOptions(), "a.npy")
    assert in_pictures.layout == get_layout(name)


@pytest.mark.parametrize("title", ORDERS)
def test_the_order_of_every_data_set_is_found(walking, title):
    name, names = ORDERS[title]
    joints, own = walking(name)
    points = joints[:, [own.index(joint or own[-1]) for joint in names]]
    if title in TWINS:
        with pytest.raises(FormatError, match="SBU Kinect Interaction or Florence 3D Actions; state their layout"):
            find_order([points], FileOptions(), "a.txt")
    options = FileOptions(layout=get_layout(name)) if title in TWINS else FileOptions()
    order = find_order([points], options, "a.txt")
    assert order.title == title
    np.testing.assert_array_equal(points[:, list(order.points)], joints)


@pytest.mark.parametrize("seed", range(5))
def test_other_points_are_in_no_order(walking, seed):
    rng = np.random.default_rng(seed)
    joints, _ = walking("kinect-v2", seed=seed)
    for points in (
        rng.permutation(joints, axis=1),
        rng.normal(size=(20, 25, 3)),
        np.zeros((20, 25, 3)),
        joints * np.nan,
    ):
        assert find_order([points], FileOptions(), "a.npy") is None


@pytest.mark.parametrize(
    "unseen", ["ankle", "foot", "hand", ("hip", "knee", "ankle", "foot"), ("shoulder", "elbow", "wrist")]
)
def test_joints_that_are_never_seen_do_not_hide_the_order(walking, unseen):
    words = (unseen,) if isinstance(unseen, str) else unseen
    for name in ("kinect-v2", "kinect-v1", "smpl-22"):
        joints, own = walking(name)
        hidden = joints.copy()
        hidden[:, [i for i, joint in enumerate(own) if any(word in joint for word in words)]] = np.nan
        hidden[3:9, 0] = np.nan
        order = find_order([hidden], FileOptions(), "a.npy")
        assert (order.layout, order.is_layout_order) == (get_layout(name), True)
        rng = np.random.default_rng(0)
        assert find_order([rng.permutation(hidden, axis=1)], FileOptions(), "a.npy") is None


def test_a_stated_layout_counts(walking):
    joints, _ = walking("body-25")
    order = find_order([joints], FileOptions(layout=get_layout("kinect-v2")), "a.npy")
    assert (order.layout.name, order.is_layout_order) == ("kinect-v2", True)

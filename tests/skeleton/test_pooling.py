"""Pooling, centring and mirroring hold for every layout."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from himpc.errors import LayoutError
from himpc.skeleton import LEVELS, centre, get_layout, layout_names, mirror, pool, pooling_matrix

layouts = st.sampled_from([get_layout(name) for name in layout_names()])
levels = st.sampled_from(LEVELS)


@st.composite
def skeletons(draw):
    layout = draw(layouts)
    lead = draw(hnp.array_shapes(max_dims=2, max_side=3))
    elements = st.floats(-100, 100, width=32)
    return layout, draw(hnp.arrays(np.float64, (*lead, len(layout), 3), elements=elements))


@given(skeletons(), levels)
def test_pooling_is_the_mean_of_each_node(drawn, level):
    layout, joints = drawn
    mean = np.stack([np.mean([joints[..., j, :] for j in node], axis=0) for node in layout.level(level)], axis=-2)
    np.testing.assert_allclose(pool(joints, layout, level), mean, atol=1e-4)


@given(skeletons(), levels)
def test_pooling_keeps_shape_and_the_mean_weighted_by_size(drawn, level):
    layout, joints = drawn
    nodes = pool(joints, layout, level)
    sizes = np.array([len(node) for node in layout.level(level)])
    assert nodes.shape == (*joints.shape[:-2], len(sizes), 3)
    weighted = (nodes * sizes[:, None]).sum(axis=-2) / sizes.sum()
    np.testing.assert_allclose(weighted, joints.mean(axis=-2), atol=1e-4)


@given(skeletons())
def test_mirroring_twice_is_identity(drawn):
    layout, joints = drawn
    np.testing.assert_array_equal(mirror(mirror(joints, layout), layout), joints)


@given(skeletons(), st.sampled_from(["component", "limb"]))
def test_the_mirror_image_pools_to_the_mirrored_nodes(drawn, level):
    layout, joints = drawn
    image = pool(mirror(joints, layout), layout, level)
    left_right = {"component": [2, 3, 0, 1, 4, 5, 8, 9, 6, 7], "limb": [1, 0, 2, 4, 3]}[level]
    expected = pool(joints, layout, level)[..., left_right, :] * [-1, 1, 1]
    np.testing.assert_allclose(image, expected, atol=1e-4)


@given(skeletons())
def test_centring_moves_the_root_to_the_origin_and_keeps_the_size(drawn):
    layout, joints = drawn
    centred = centre(joints, layout)
    np.testing.assert_allclose(centred[..., list(layout.root), :].mean(axis=-2), 0, atol=1e-10)
    for joint, parent in layout.bones:
        bone = joints[..., joint, :] - joints[..., parent, :]
        np.testing.assert_allclose(centred[..., joint, :] - centred[..., parent, :], bone, atol=1e-10)


@pytest.mark.parametrize("function", [centre, mirror, lambda j, layout: pool(j, layout, "limb")])
@pytest.mark.parametrize("shape", [(20,), (3, 19, 3)])
def test_another_number_of_joints_is_a_layout_error(function, shape):
    with pytest.raises(LayoutError, match="kinect-v1"):
        function(np.zeros(shape), get_layout("kinect-v1"))


def test_a_pooling_matrix_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        pooling_matrix(get_layout("kinect-v1"), "limb")[0, 0] = 1

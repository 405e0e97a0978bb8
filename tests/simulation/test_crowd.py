"""Simulated crowds: the picture is a pinhole's, hidden is what a ray would find, and the scenes keep their word."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from himpc.errors import ConfigError
from himpc.simulation import SCENES, Lens, simulate_crowd
from himpc.simulation.occlusion import _CAPSULES, BODY_JOINTS, occluded_by

METRES = st.floats(-20, 20)
SHORT = {"seconds": 1.0, "fps": 10.0}


def middles(crowd):
    """Where the middle of each body is in the picture, pixels across; NaN while it is not present."""
    across = np.full(crowd.present.shape, np.nan)
    across[crowd.present] = crowd.points[..., 0][crowd.present].mean(axis=1)
    return across


# The picture


@given(METRES, METRES, st.floats(0.1, 50), st.integers(1, 8000), st.integers(1, 8000), st.floats(10, 150))
def test_a_lens_projects_as_similar_triangles_say(left, up, ahead, width, height, view):
    x, y = Lens(width, height, view).project([left, up, ahead])
    edge = ahead * np.tan(np.radians(view) / 2)  # metres from the axis at which the picture ends
    assert x == pytest.approx(width * (1 - left / edge) / 2, abs=1e-6 * width)
    assert y == pytest.approx(height / 2 - width * up / edge / 2, abs=1e-6 * width)


def test_nothing_behind_the_camera_is_in_the_picture():
    lens = Lens(640, 480, 60)
    points = lens.project([[0, 0, 2], [0, 0, -2], [0, 0, 0], [np.nan] * 3])
    assert np.isnan(points[1:]).all()
    assert lens.contains(points).tolist() == [True, False, False, False]


@pytest.mark.parametrize("wrong", [(0, 480, 60), (640, 480.5, 60), (640, 480, 0), (640, 480, 180), (640, 480, np.nan)])
def test_an_impossible_lens_is_an_error(wrong):
    with pytest.raises(ConfigError):
        Lens(*wrong)


def test_points_are_the_projected_joints():
    crowd = simulate_crowd(3, scene="leaving", **SHORT)
    np.testing.assert_allclose(crowd.points, crowd.lens.project(crowd.joints), atol=0.05)


# Who hides whom


def hidden_slowly(joint, body):
    """A joint is hidden when some point of the way to it lies in some capsule: a thousand points of each."""
    way = np.linspace(0, 1, 1000)[:, None] * joint
    for start, end, radius in _CAPSULES:
        bone = np.linspace(body[BODY_JOINTS.index(start)], body[BODY_JOINTS.index(end)], 50)
        if (np.linalg.norm(way[:, None] - bone, axis=2) < radius).any():
            return True
    return False


@settings(max_examples=20)
@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(0.3, 6))
def test_hidden_is_what_lies_behind_a_capsule(left, up, ahead):
    rng = np.random.default_rng(0)
    body = np.array([0.0, 0.0, 3.0]) + 0.5 * rng.standard_normal((1, len(BODY_JOINTS), 3))
    joint = np.array([left, up, ahead])
    assert occluded_by(joint[None, None], body)[0, 0] == hidden_slowly(joint, body[0])


def test_who_is_in_front_hides_who_is_behind_and_not_the_other_way():
    crowd = simulate_crowd(2, scene="following", seconds=4)
    depth = crowd.joints[..., 2].mean(axis=2)
    far = crowd.occluded.mean(axis=2) > 0.9
    assert far.any()
    for person in range(2):
        assert (depth[person][far[person]] > depth[1 - person][far[person]]).all()


def test_nobody_hides_himself():
    assert not simulate_crowd(1, scene="crowd", seconds=5).occluded.any()


# The same for the same seed


@settings(max_examples=15)
@given(st.sampled_from(SCENES), st.integers(0, 99), st.integers(1, 3), st.integers(1, 3))
def test_a_walker_is_the_same_whoever_else_is_there(scene, seed, few, more):
    one = simulate_crowd(few, scene=scene, seed=seed, **SHORT)
    again = simulate_crowd(few, scene=scene, seed=seed, **SHORT)
    for name in ("joints", "points", "occluded", "present"):
        np.testing.assert_array_equal(getattr(one, name), getattr(again, name))
    if scene != "alone":
        many = simulate_crowd(few + more, scene=scene, seed=seed, **SHORT)
        np.testing.assert_array_equal(one.joints, many.joints[:few])


def test_chosen_people_keep_their_bodies():
    crowd = simulate_crowd(persons=[5, 2], **SHORT)
    many = simulate_crowd(6, **SHORT)
    shin = [many.layout.joints.index(name) for name in ("left_knee", "left_ankle")]

    def length(joints):
        return np.linalg.norm(joints[:, shin[0]] - joints[:, shin[1]], axis=1).mean()

    assert crowd.persons == ("person-005", "person-002")
    assert length(crowd.joints[0]) == pytest.approx(length(many.joints[5]), abs=1e-3)


# The scenes keep their word


@pytest.mark.parametrize("seed", range(3))
def test_people_cross_again_and_again(seed):
    across = middles(simulate_crowd(3, scene="crossing", seed=seed))
    for one in range(3):
        for other in range(one):
            assert (np.diff(np.sign(across[one] - across[other])) != 0).sum() >= 3


@pytest.mark.parametrize("seed", range(3))
def test_who_passes_is_near_for_long_and_overtakes(seed):
    crowd = simulate_crowd(2, scene="passing", seed=seed)
    root = crowd.joints[..., [0, 2]].mean(axis=2)
    assert np.linalg.norm(root[0] - root[1], axis=1).max() < 2.5
    way = np.linalg.norm(np.diff(root, axis=1), axis=2).sum(axis=1)
    assert way[1] > way[0] + 0.7


@pytest.mark.parametrize("seed", range(3))
def test_who_leaves_comes_back_after_a_while_from_either_side(seed):
    crowd = simulate_crowd(6, seconds=60, fps=10, scene="leaving", seed=seed)
    across, sides = middles(crowd), set()
    for person in range(6):
        absent = np.isnan(crowd.joints[person, :, 0, 0])
        edges = np.flatnonzero(np.diff(absent.astype(int)))
        gaps = [(a, b) for a, b in pairwise(edges) if absent[a + 1]]
        assert gaps
        assert all(0.8 <= (b - a) / crowd.fps <= 10.2 for a, b in gaps)
        for a, b in gaps:
            seen = np.flatnonzero(crowd.present[person])
            left, back = seen[seen <= a], seen[seen > b]
            if len(left) and len(back):
                middle = crowd.lens.width / 2
                sides.add((across[person, left[-1]] < middle) == (across[person, back[0]] < middle))
    assert sides == {True, False}


@pytest.mark.parametrize("seed", range(3))
def test_followers_hide_each_other(seed):
    crowd = simulate_crowd(4, scene="following", seed=seed)
    assert (crowd.occluded.mean(axis=2) > 0.8).any(axis=0).mean() > 0.5
    assert np.nanmax(middles(crowd).max(axis=0) - middles(crowd).min(axis=0)) < crowd.lens.width / 3


@pytest.mark.parametrize("seed", range(3))
def test_alone_is_alone_and_everybody_comes(seed):
    crowd = simulate_crowd(4, scene="alone", seed=seed)
    assert crowd.present.sum(axis=0).max() == 1
    assert (crowd.present.sum(axis=1) > 2 * crowd.fps).all()


@pytest.mark.parametrize("scene", SCENES)
def test_feet_do_not_slide_and_bones_do_not_change(scene):
    crowd = simulate_crowd(2, scene=scene, fps=50, seconds=10)
    step = np.linalg.norm(np.diff(crowd.joints, axis=1), axis=3).mean(axis=2) * crowd.fps
    assert np.nanmax(step) < 3.0
    knee, ankle = (crowd.layout.joints.index(name) for name in ("left_knee", "left_ankle"))
    shin = np.linalg.norm(crowd.joints[:, :, knee] - crowd.joints[:, :, ankle], axis=2)
    assert (np.nanmax(shin, axis=1) - np.nanmin(shin, axis=1)).max() < 0.01


@pytest.mark.parametrize(
    "wrong",
    [{"people": 0}, {"people": 1.5}, {"persons": []}, {"persons": [1, 1]}, {"persons": [-1]}, {"scene": "dance"},
     {"seconds": 0}, {"seconds": 0.001}, {"fps": 0}, {"seed": -1}, {"people": 30_000}],
    ids=str,
)  # fmt: skip
def test_settings_out_of_range_are_one_clear_error(wrong):
    with pytest.raises(ConfigError) as caught:
        simulate_crowd(**wrong)
    assert "\n" not in str(caught.value)

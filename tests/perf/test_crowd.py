"""Scenes of several people: image positions, occlusion, and the trajectories of each scene."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowd import simulate_crowd
from himpc.errors import ConfigError
from scenes import SCENES

SHORT = {"seconds": 1.0, "fps": 10.0}


def middles(crowd):
    """Where the middle of each body is in the picture, pixels across; NaN while it is not present."""
    across = np.full(crowd.present.shape, np.nan)
    across[crowd.present] = crowd.points[..., 0][crowd.present].mean(axis=1)
    return across


def test_points_are_the_projected_joints():
    crowd = simulate_crowd(3, scene="leaving", **SHORT)
    np.testing.assert_allclose(crowd.points, crowd.lens.project(crowd.joints), atol=0.05)


def test_only_the_person_behind_is_occluded():
    crowd = simulate_crowd(2, scene="following", seconds=4)
    depth = crowd.joints[..., 2].mean(axis=2)
    far = crowd.occluded.mean(axis=2) > 0.9
    assert far.any()
    for person in range(2):
        assert (depth[person][far[person]] > depth[1 - person][far[person]]).all()


def test_person_alone_is_not_occluded():
    assert not simulate_crowd(1, scene="crowd", seconds=5).occluded.any()


@settings(max_examples=15)
@given(st.sampled_from(SCENES), st.integers(0, 99), st.integers(1, 3), st.integers(1, 3))
def test_person_does_not_depend_on_other_people(scene, seed, few, more):
    one = simulate_crowd(few, scene=scene, seed=seed, **SHORT)
    again = simulate_crowd(few, scene=scene, seed=seed, **SHORT)
    for name in ("joints", "points", "occluded", "present"):
        np.testing.assert_array_equal(getattr(one, name), getattr(again, name))
    if scene not in ("alone", "beside"):
        many = simulate_crowd(few + more, scene=scene, seed=seed, **SHORT)
        np.testing.assert_array_equal(one.joints, many.joints[:few])


def test_chosen_persons_keep_their_bodies():
    crowd = simulate_crowd(persons=[5, 2], **SHORT)
    many = simulate_crowd(6, **SHORT)
    shin = [many.layout.joints.index(name) for name in ("left_knee", "left_ankle")]

    def length(joints):
        return np.linalg.norm(joints[:, shin[0]] - joints[:, shin[1]], axis=1).mean()

    assert crowd.persons == ("person-005", "person-002")
    assert length(crowd.joints[0]) == pytest.approx(length(many.joints[5]), abs=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_crossing_people_cross_repeatedly(seed):
    across = middles(simulate_crowd(3, scene="crossing", seed=seed))
    for one in range(3):
        for other in range(one):
            assert (np.diff(np.sign(across[one] - across[other])) != 0).sum() >= 3


@pytest.mark.parametrize("seed", range(3))
def test_passing_person_stays_near_and_overtakes(seed):
    crowd = simulate_crowd(2, scene="passing", seed=seed)
    root = crowd.joints[..., [0, 2]].mean(axis=2)
    assert np.linalg.norm(root[0] - root[1], axis=1).max() < 2.5
    way = np.linalg.norm(np.diff(root, axis=1), axis=2).sum(axis=1)
    assert way[1] > way[0] + 0.7


@pytest.mark.parametrize("seed", range(3))
def test_leaving_people_return_within_ten_seconds_from_either_side(seed):
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
def test_following_people_occlude_each_other(seed):
    crowd = simulate_crowd(4, scene="following", seed=seed)
    assert (crowd.occluded.mean(axis=2) > 0.8).any(axis=0).mean() > 0.5
    assert np.nanmax(middles(crowd).max(axis=0) - middles(crowd).min(axis=0)) < crowd.lens.width / 3


@pytest.mark.parametrize("seed", range(3))
def test_alone_shows_each_person_by_itself(seed):
    crowd = simulate_crowd(4, scene="alone", seed=seed)
    assert crowd.present.sum(axis=0).max() == 1
    assert (crowd.present.sum(axis=1) > 2 * crowd.fps).all()


def test_people_beside_each_other_stay_apart():
    crowd = simulate_crowd(4, scene="beside", seed=1)
    assert crowd.present.all()
    side = np.nanmean(crowd.joints[..., 0], axis=2)
    assert np.diff(np.sort(side, axis=0), axis=0).min() > 0.4


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
def test_settings_out_of_range_raise_one_line(wrong):
    with pytest.raises(ConfigError) as caught:
        simulate_crowd(**wrong)
    assert "\n" not in str(caught.value)

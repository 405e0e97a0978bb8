"""Groups are compared with the sides from which people were seen, without labels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from himpc.learning import heading_vectors, remove_view_effect
from himpc.learning.grouping import group_recordings
from himpc.learning.views import check_views, is_seen_from_one_side
from himpc.recordings import camera_headings
from himpc.simulation import Camera, Sensor, simulate
from himpc.skeleton import body_frame, centre

SIZE = 8


def bodies(rng: np.random.Generator, people: int, shift: float, degrees: np.ndarray, each: int = 3):
    """Vectors, groups and headings of people who each face one way; the heading shifts them all alike."""
    names = np.repeat(np.arange(people), each)
    angles = np.radians(np.repeat(degrees, each) + rng.uniform(-8, 8, len(names)))
    vectors = rng.normal(size=(people, SIZE))[names] + 0.1 * rng.normal(size=(len(names), SIZE))
    vectors[:, 0] += shift * np.cos(angles)
    return vectors, names + 1, np.exp(1j * angles)


@pytest.mark.parametrize("people", [5, 8, 12])
def test_people_who_each_face_one_way_hardly_ever_look_like_views(people):
    alarms = 0
    for seed in range(50):
        rng = np.random.default_rng(seed)
        degrees = rng.permutation(np.arange(people) % 2 * 180.0)
        alarms += check_views(*bodies(rng, people, 0.0, degrees)).verdict != "people"
    assert alarms <= 1


@given(st.integers(0, 10_000), st.integers(4, 12))
@settings(max_examples=20)
def test_a_side_that_changes_bodies_is_found(seed, people):
    rng = np.random.default_rng(seed)
    check = check_views(*bodies(rng, 2 * people, 6.0, np.arange(2 * people) % 2 * 180.0))
    assert check.verdict == "views"
    assert check.ratio is not None
    assert check.ratio > 2
    assert "one person may be in several groups" in check.warning


def test_one_group_a_side_cannot_be_told_from_people():
    check = check_views(*bodies(np.random.default_rng(0), 3, 5.0, np.array([0.0, 90.0, 180.0])))
    assert (check.verdict, check.groups, check.ratio) == ("unclear", 3, None)
    assert check.warning.startswith("each of 3 groups is seen from another side")
    assert "cannot be distinguished" in check.warning


def test_too_few_groups_for_a_test_cannot_be_told():
    check = check_views(*bodies(np.random.default_rng(1), 4, 9.0, np.array([0.0, 0.0, 180.0, 180.0])))
    assert check.verdict == "unclear"
    assert check.p_value is not None
    assert check.p_value > 0.05
    assert "times as far apart" in check.warning


def test_groups_seen_from_several_sides_are_people():
    vectors, groups, headings = bodies(np.random.default_rng(2), 6, 9.0, np.zeros(6), each=4)
    headings[::2] *= -1  # half of the recordings of each from behind
    check = check_views(vectors, groups, headings)
    assert (check.verdict, check.spanning, check.warning) == ("people", 1.0, "")
    assert not is_seen_from_one_side(groups, headings).any()


def test_unknown_headings_and_recordings_without_a_window_do_not_count():
    vectors, groups, headings = bodies(np.random.default_rng(3), 8, 9.0, np.arange(8) % 2 * 180.0)
    assert check_views(vectors, groups, np.full(len(groups), np.nan + 0j)).verdict == "people"
    vectors[0], groups[0] = np.nan, 0
    headings[5] = np.nan
    assert check_views(vectors, groups, headings).verdict == "views"


@pytest.mark.parametrize("count", [0, 1, 2, 500])
def test_any_number_of_groups_is_checked(count):
    rng = np.random.default_rng(4)
    check = check_views(*bodies(rng, count, 0.0, np.zeros(count), each=1))
    assert (check.verdict, check.groups) == ("people", count)


def test_equal_vectors_give_no_ratio_without_bound():
    vectors, groups, headings = bodies(np.random.default_rng(5), 8, 0.0, np.arange(8) % 2 * 180.0)
    check = check_views(np.where(headings.real[:, None] > 0, 1.0, -1.0) * np.ones_like(vectors), groups, headings)
    assert check.verdict == "views"
    assert len(check.warning) < 200


def test_confidence_is_halved_where_groups_follow_the_side():
    vectors, names, headings = bodies(np.random.default_rng(6), 6, 30.0, np.array([0.0, 180, 0, 180, 0, 180]))
    recording = np.arange(len(names))
    plain = group_recordings(vectors, recording, len(names), 6)
    checked = group_recordings(vectors, recording, len(names), 6, headings=headings)
    assert (checked.groups == plain.groups).all()
    assert plain.views is None
    assert checked.views is not None
    assert checked.views.verdict != "people"
    np.testing.assert_allclose(checked.confidence, 0.5 * plain.confidence)
    unknown = group_recordings(vectors, recording, len(names), 6, headings=np.full(len(names), np.nan + 0j))
    assert unknown.views is None


def test_parts_of_a_recording_have_one_mean_heading():
    found = heading_vectors(
        [np.array([0.0, np.nan]), np.array([90.0]), np.array([180.0]), np.array([np.nan])], np.array([0, 1, 0, 2])
    )
    assert abs(found[0]) < 1e-9
    assert found[1] == pytest.approx(1j)
    assert np.isnan(found[2])
    assert len(heading_vectors([], np.array([], dtype=np.int64))) == 0


def test_the_effect_of_the_side_is_removed_and_nothing_else():
    cameras = [Camera("front"), Camera("back", angle=180.0)]
    walks = simulate(6, 4, seconds=2.0, cameras=cameras, sensor=Sensor(), difficulty="easy")
    degrees = [camera_headings(walk) for walk in walks]
    hips = [walks[0].layout.index(name) for name in ("left_hip", "right_hip")]

    def widths(recordings):
        return np.array([np.linalg.norm(np.diff(r.joints[:, hips], axis=1), axis=2).mean() for r in recordings])

    def narrowed(walk, degrees):
        joints = walk.joints.copy()
        wide = np.diff(joints[:, hips], axis=1) * (0.3 * np.cos(np.radians(degrees)))[:, None, None] / 2
        joints[:, hips] += np.concatenate([-wide, wide], axis=1).astype(np.float32)
        return walk.with_(joints=joints)

    biased = [narrowed(walk, turned) for walk, turned in zip(walks, degrees, strict=True)]
    from_behind = np.array([walk.camera == "back" for walk in walks])
    assert widths(biased)[~from_behind].mean() > 1.5 * widths(biased)[from_behind].mean()
    layout = walks[0].layout
    moved = remove_view_effect([walk.joints for walk in biased], layout, degrees)
    corrected = [walk.with_(joints=joints) for walk, joints in zip(biased, moved, strict=True)]
    assert widths(corrected)[~from_behind].mean() == pytest.approx(widths(corrected)[from_behind].mean(), rel=0.03)
    for before, after, turned in zip(biased, corrected, degrees, strict=True):
        np.testing.assert_allclose(before.joints.mean(axis=1), after.joints.mean(axis=1), atol=0.02)
        assert (np.abs((camera_headings(after) - turned + 180) % 360 - 180) < 6).all()
    joints = [walk.joints for walk in walks]
    unchanged = remove_view_effect(joints, layout, [np.full(len(walk), np.nan) for walk in walks])
    assert all(a is b for a, b in zip(joints, unchanged, strict=True))
    same_side = remove_view_effect(joints[:1], layout, degrees[:1])
    poses = [body_frame(centre(each, layout), layout).mean(axis=0) for each in (joints[0], same_side[0])]
    np.testing.assert_allclose(*poses, atol=1e-3)

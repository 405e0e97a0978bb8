"""Bodies of several kinds of size are scaled to one size; others are not touched."""

import numpy as np
import pytest

import himpc
from himpc.errors import DataError
from himpc.recordings import (
    EQUAL_STATURE,
    Origin,
    Recording,
    Windows,
    body_size,
    describe_sizes,
    has_unequal_sizes,
    scale_bodies,
    to_common_layout,
)
from himpc.skeleton import get_layout, stature


@pytest.fixture(scope="module")
def walks():
    return himpc.simulate(people=3, recordings=1, seconds=1.0, difficulty="easy", layout="mediapipe-33")


def assumed(walk, factor=1.0):
    return walk.with_(joints=walk.joints * np.float32(factor), true_size=False)


def test_recordings_of_one_kind_of_size_are_not_touched(walks):
    for group in (walks, [assumed(walk) for walk in walks]):
        together, notes = to_common_layout(group)
        assert [id(walk) for walk in together] == [id(walk) for walk in group]
        assert notes == ()
    assert body_size(walks) == body_size([]) == "true"
    assert body_size([assumed(walk) for walk in walks]) == "assumed"


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_true_and_assumed_sizes_become_one_size(walks, factor):
    together, notes = to_common_layout([walks[0], walks[1], assumed(walks[2], factor)])
    assert [stature(each.joints, each.layout) for each in together] == pytest.approx([EQUAL_STATURE] * 3, rel=1e-5)
    assert notes == ("scaled to one size and compared by proportions: the true size of 1 of 3 recordings is unknown",)
    assert body_size(together) == Windows.cut(together, 6).body_size == "equal"
    assert [each.true_size for each in together] == [False] * 3
    assert to_common_layout(together) == (together, ())
    ratios = together[0].joints / np.where(walks[0].joints == 0, np.nan, walks[0].joints)
    assert np.nanstd(ratios) < 1e-5


def test_sizes_that_two_pose_estimators_assume_become_one_size(walks):
    other = assumed(walks[1], 1.2).to(get_layout("coco-17"))
    together, notes = to_common_layout([assumed(walks[0]), other])
    assert body_size(together) == "equal"
    assert len(notes) == 2


def test_parts_of_a_recording_are_scaled_by_one_factor(walks):
    halves = (walks[0].joints[:12], 1.1 * walks[0].joints[12:])
    parts = [
        walks[0].with_(joints=half, origin=Origin("a.csv", part=number)) for number, half in enumerate(halves, start=1)
    ]
    scaled = scale_bodies([*parts, assumed(walks[1])])
    first, second = (np.nanmedian(each.joints / part.joints) for each, part in zip(scaled, parts, strict=False))
    assert first == pytest.approx(second, rel=1e-5)


def test_size_is_measured_from_joints_that_were_seen(walks):
    joints = walks[0].joints.copy()
    layout = walks[0].layout
    joints[:, layout.index("left_wrist")] = np.nan
    joints[5:] = np.nan
    assert stature(joints, layout) == pytest.approx(stature(walks[0].joints, layout), rel=0.02)
    assert np.isnan(stature(np.full_like(joints, np.nan), layout))


@pytest.mark.parametrize("joints", [np.zeros((6, 33, 3)), np.full((6, 33, 3), np.nan)])
def test_a_body_without_size_is_refused(walks, joints):
    nothing = Recording(joints, walks[0].layout, source="a.csv")
    with pytest.raises(DataError, match=r"a\.csv: bodies are compared by proportions"):
        to_common_layout([nothing, assumed(walks[0])])


def test_bodies_in_the_picture_have_no_size(walks):
    flat = [walk.with_(joints=walk.joints * np.float32([1, 1, 0]), dimensions=2) for walk in walks]
    flat[0] = flat[0].with_(true_size=False)
    assert not has_unequal_sizes(flat)
    assert to_common_layout(flat) == (flat, ())
    assert body_size(flat) == "true"


def test_sizes_are_brought_to_those_of_a_model_or_a_note_says_how_they_differ(walks):
    mixed = [walks[0], assumed(walks[1])]
    layout = walks[0].layout
    assert body_size(to_common_layout(mixed, layout, size="equal")[0]) == "equal"
    assert body_size(to_common_layout(walks, layout, size="equal")[0]) == "equal"
    for size in ("true", "assumed"):
        together, notes = to_common_layout(mixed, layout, size=size)
        assert together == mixed
        assert "train on recordings of both kinds" in notes[0]
    assert describe_sizes(walks, "true") == describe_sizes(mixed[1:], "assumed") == ()

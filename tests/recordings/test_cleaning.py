"""Cleaning: what it drops, fills and splits, what it must not touch, and that every frame is counted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import ConfigError, DataError
from himpc.reading import read
from himpc.recordings import CleaningRules, Recording, clean, number_whole_recordings
from himpc.skeleton import get_layout

KINECT = get_layout("kinect-v1")


def walk(standing, frames: int = 40, **known) -> Recording:
    """Return a body that trembles, and walks at about 1 m/s at 30 frames a second."""
    joints = standing(KINECT, frames, 0)
    joints[:, :, 2] += np.arange(frames)[:, None] / 30
    return Recording(joints, KINECT, **known)


def change(recording: Recording, frames, value, joints=slice(None)) -> Recording:
    changed = recording.joints.copy()
    changed[frames, joints] = value
    return recording.with_(joints=changed)


def counts(parts: list[Recording]) -> dict[str, int]:
    names = ("frames_read", "empty", "frozen", "impossible", "incomplete", "filled")
    return {name: sum(getattr(part.quality, name) for part in parts) for name in names}


def test_good_frames_are_unchanged(standing):
    recording = walk(standing)
    (cleaned,) = clean(recording)
    np.testing.assert_array_equal(cleaned.joints, recording.joints)
    assert counts([cleaned]) == {
        "frames_read": 40,
        **dict.fromkeys(("empty", "frozen", "impossible", "incomplete", "filled"), 0),
    }


@pytest.mark.parametrize("value", [0.0, -0.0, np.nan])
def test_few_empty_frames_are_filled(standing, value):
    recording = walk(standing)
    (cleaned,) = clean(change(recording, slice(10, 13), value))
    assert counts([cleaned])["empty"] == 3
    assert counts([cleaned])["filled"] == 3 * 20
    line = np.linspace(recording.joints[9], recording.joints[13], 5)[1:-1]
    np.testing.assert_allclose(cleaned.joints[10:13], line, atol=1e-6)


def test_a_single_joint_at_the_origin_is_not_empty(standing):
    (cleaned,) = clean(Recording(walk(standing).joints - walk(standing).joints[:, :1], KINECT))
    assert cleaned.quality.dropped == 0


def test_frozen_frames_are_dropped_and_filled(standing):
    recording = walk(standing)
    (cleaned,) = clean(change(recording, slice(10, 13), recording.joints[9]))
    assert counts([cleaned])["frozen"] == 3
    assert np.abs(np.diff(cleaned.joints, axis=0)).max(axis=(1, 2)).min() > 0


def test_a_long_gap_splits_and_each_frame_is_counted_once(standing):
    recording = walk(standing, confidence=np.ones((40, 20)), source="a.csv")
    damaged = change(change(recording, slice(10, 20), np.nan), slice(38, 39), np.nan, joints=[3])
    parts = clean(damaged)
    assert [part.source for part in parts] == ["a.csv#part1", "a.csv#part2"]
    assert [part.origin.part for part in parts] == [1, 2]
    assert number_whole_recordings([*parts, *clean(damaged)]).tolist() == [0, 0, 1, 1]
    assert {part.whole_source for part in parts} == {"a.csv"}
    assert [len(part) for part in parts] == [10, 20]
    np.testing.assert_array_equal(
        np.concatenate([part.joints[:10] for part in parts]), recording.joints[[*range(10), *range(20, 30)]]
    )
    assert counts(parts) == {"frames_read": 40, "empty": 10, "frozen": 0, "impossible": 0, "incomplete": 0, "filled": 1}
    assert [part.quality.parts for part in parts] == [2, 2]
    assert parts[1].confidence[18, 3] == 0
    assert (parts[0].confidence == 1).all()


@pytest.mark.parametrize(("fps", "filled"), [(None, 6), (30, 6), (100, 20), (15, 3)])
def test_gaps_of_up_to_a_fifth_of_a_second_are_filled(standing, fps, filled):
    rules = CleaningRules(max_joint_speed=1e6, max_body_speed=1e6)
    recording = walk(standing, fps=fps)
    assert len(clean(change(recording, slice(10, 10 + filled), np.nan, joints=[5]), rules)) == 1
    assert len(clean(change(recording, slice(10, 11 + filled), np.nan, joints=[5]), rules)) == 2


def test_frames_without_a_joint_at_the_ends_are_dropped_and_counted(standing):
    (cleaned,) = clean(change(change(walk(standing), slice(3), np.nan, joints=[7]), slice(38, 40), np.nan, joints=[8]))
    assert (len(cleaned), cleaned.quality.incomplete, cleaned.quality.frames_read) == (35, 5, 40)


def test_short_parts_are_dropped_and_counted(standing):
    recording = change(change(walk(standing), slice(10, 20), np.nan), slice(21, 30), np.nan)
    parts = clean(recording)
    assert [len(part) for part in parts] == [10, 10]
    assert (counts(parts)["empty"], counts(parts)["incomplete"]) == (19, 1)


@pytest.mark.parametrize(
    "damage",
    [
        lambda joints: joints + np.array([0, 0, 3]),
        lambda joints: joints.mean(axis=0) + (joints - joints.mean(axis=0)) * 2,
        lambda joints: joints.mean(axis=0) + (joints - joints.mean(axis=0)) / 2,
        lambda joints: np.where(np.arange(20)[:, None] == 13, joints + np.array([1.2, 0, 0]), joints),
    ],
    ids=["elsewhere", "a giant", "a dwarf", "one joint far away"],
)
def test_an_impossible_frame_is_dropped_and_filled(standing, damage):
    recording = walk(standing)
    (cleaned,) = clean(change(recording, 10, damage(recording.joints[10])))
    assert (cleaned.quality.impossible, cleaned.quality.filled, len(cleaned)) == (1, 20, 40)
    np.testing.assert_allclose(cleaned.joints[10], (recording.joints[9] + recording.joints[11]) / 2, atol=1e-5)


def test_collapsed_and_shaking_hands_are_kept(standing):
    recording = walk(standing)
    joints = recording.joints.copy()
    joints[::2, 7] = joints[::2, 6]
    joints[5, 11] += [0.15, 0, 0]
    assert clean(recording.with_(joints=joints))[0].quality.dropped == 0


def test_a_lasting_jump_of_the_body_splits_a_recording(standing):
    recording = walk(standing)
    parts = clean(change(recording, slice(20, 40), recording.joints[20:] + np.float32(5)))
    assert [len(part) for part in parts] == [20, 20]
    assert sum(part.quality.dropped for part in parts) == 0


def test_2d_skeletons_have_no_impossible_frames(standing):
    pixels = (walk(standing).joints * 300) * [1, 1, 0]
    (cleaned,) = clean(Recording(pixels, KINECT, dimensions=2))
    assert cleaned.quality.dropped == 0


def test_unusable_recordings_raise_an_error_with_the_reason(standing):
    recording = walk(standing, source="a.csv")
    with pytest.raises(DataError, match=r"a\.csv: right_knee never seen in 40 frames"):
        clean(change(recording, slice(None), np.nan, joints=[17]))
    with pytest.raises(DataError, match=r"a\.csv: all 40 frames are empty"):
        clean(change(recording, slice(None), np.nan))
    with pytest.raises(DataError, match=r"of 40, 39 frozen, 1 in runs of less than 2"):
        clean(change(recording, slice(None), recording.joints[0]))
    with pytest.raises(DataError, match=r"39 impossible, .*; check the unit"):
        clean(recording.with_(joints=recording.joints * 1000))
    with pytest.raises(DataError, match="of 1, 1 in runs"):
        clean(recording.with_(joints=recording.joints[:1]))


@pytest.mark.parametrize("wrong", [{"max_gap_seconds": -1}, {"min_frames": 0}, {"max_bone_stretch": float("nan")}])
def test_invalid_rules_raise_a_config_error(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        CleaningRules(**wrong)


@given(
    st.integers(1, 60),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0, 0.05, 0.5]),
    st.sampled_from([None, 5.0, 30.0, 1000.0]),
    st.sampled_from([2, 3]),
)
def test_any_recording_gives_complete_parts_or_a_data_error(standing, frames, seed, damage, fps, dimensions):
    generator = np.random.default_rng(seed)
    joints = standing(KINECT, frames, seed)
    joints[generator.random((frames, 20)) < damage / 5] = np.nan
    for value in (0, np.nan, 1e30, joints[0]):
        joints[generator.random(frames) < damage / 4] = value
    recording = Recording(joints, KINECT, fps=fps, dimensions=dimensions)
    try:
        parts = clean(recording)
    except DataError:
        return
    assert all(part.complete and len(part) >= 2 for part in parts)
    found = counts(parts)
    assert found["frames_read"] == frames
    used = sum(map(len, parts))
    rejected = found["empty"] + found["frozen"] + found["impossible"]
    assert frames - rejected - found["incomplete"] <= used <= frames - found["incomplete"]


def test_real_recordings_are_kept(shared_data):
    kinect = read(shared_data / "kinect-v1-actions")
    found = counts(list(kinect))
    assert sorted(problem.path.name for problem in kinect.problems) == ["Seq2_10.csv", "Seq4_10.csv"]
    assert found["frames_read"] == 18784
    assert found["impossible"] < 0.01 * found["frames_read"]
    assert sum(map(len, kinect)) > 0.995 * found["frames_read"]
    assert len({recording.source.split("#")[0] for recording in kinect}) == 70
    assert all([part.quality for part in clean(recording)] == [recording.quality] for recording in kinect)
    mocap = read(shared_data / "c3d-walking")
    assert (len(mocap), mocap.problems) == (45, ())
    assert counts(list(mocap))["impossible"] == 0
    assert sum(map(len, mocap)) > 0.995 * counts(list(mocap))["frames_read"]

"""Tracks are joined if one clearly continues the other, and only then."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowd import simulate_crowd
from himpc.errors import ConfigError
from himpc.skeleton import get_layout
from himpc.video import JoiningRules, Track
from himpc.video.tracking import Ending, find_joins, first_number, join_tracks

LAYOUT = get_layout("mediapipe-33")
FPS = 25
WALK = simulate_crowd(1, 4, FPS, scene="crowd", seed=0)
BODY = np.asarray((WALK.joints[0, 0] - WALK.joints[0, 0, [23, 24]].mean(axis=0)) * (-1, 1, -1), dtype=np.float32)
UPRIGHT = 100 * BODY[:, :2] * (1, -1)  # pixels, 100 a metre


def make_track(
    number: int, start: float, x: float, *, pace: float = 120.0, seconds: float = 1.0, size: float = 1.0,
    turned: float = 0.0, bones: float = 1.0, shot: int = 1, ended: Ending = "crossing",
) -> Track:  # fmt: skip
    """Make a track of a person who walks to the right from `x` at `pace` pixels per second."""
    count = round(seconds * FPS)
    times = start + np.arange(count) / FPS
    points = size * UPRIGHT + np.stack([x + pace * (times - start), np.full(count, 300.0)], axis=1)[:, None]
    angle = np.radians(turned)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    joints = np.repeat((bones * BODY @ turn.T)[None], count, axis=0).astype(np.float32)
    frames = np.round(times * FPS).astype(np.int64)
    return Track(
        number, shot, frames, times, points.astype(np.float32), np.ones((count, 33), np.float32), joints, ended
    )


FIRST = make_track(1, 0.0, 100.0)
"""Ends at 220 pixels after a second."""


def test_continuing_track_is_joined() -> None:
    later = make_track(2, 1.48, 100 + 1.48 * 120)
    assert find_joins([FIRST, later], LAYOUT) == {2: 1}
    (one,) = join_tracks([FIRST, later], {2: 1})
    assert one.number == 1
    assert one.ended == later.ended
    np.testing.assert_array_equal(one.frames, np.concatenate([FIRST.frames, later.frames]))
    assert one.joints is not None
    assert len(one.points) == len(one.joints) == len(one.confidence) == len(one.seconds) == 50


@pytest.mark.parametrize(
    "other",
    [
        make_track(2, 1.48, 100 + 1.48 * 120, pace=-120.0),
        make_track(2, 1.48, 350.0),
        make_track(2, 1.48, 100 + 1.48 * 120, size=1.2),
        make_track(2, 1.48, 100 + 1.48 * 120, turned=90.0),
        make_track(2, 1.48, 100 + 1.48 * 120, bones=1.3),
        make_track(2, 1.48, 100 + 1.48 * 120, shot=2),
        make_track(2, 4.0, 100 + 4.0 * 120),
        make_track(2, 0.5, 100 + 0.5 * 120),
        make_track(2, 1.48, 100 + 1.48 * 120, seconds=0.2),
    ],
    ids=["turned back", "elsewhere", "larger", "faces another way", "other bones", "another shot", "long after",
         "at the same time", "hardly seen"],
)  # fmt: skip
def test_different_track_is_not_joined(other: Track) -> None:
    assert find_joins([FIRST, other], LAYOUT) == {}


def test_nothing_continues_a_track_that_ended_with_other_bones() -> None:
    assert find_joins([replace(FIRST, ended="bones"), make_track(2, 1.48, 100 + 1.48 * 120)], LAYOUT) == {}


def test_rival_candidates_prevent_a_join() -> None:
    later, beside = make_track(3, 1.48, 100 + 1.48 * 120), make_track(2, 0.1, 120.0, seconds=1.1)
    assert find_joins([FIRST, beside, later], LAYOUT) == {}
    also = make_track(4, 1.6, 110 + 1.6 * 120)
    assert find_joins([FIRST, later, also], LAYOUT) == {}
    behind = make_track(4, 1.6, 300 + 1.6 * 120)
    assert find_joins([FIRST, later, behind], LAYOUT) == {3: 1}


def test_2d_tracks_are_joined_by_position() -> None:
    flat = [replace(each, joints=None) for each in (FIRST, make_track(2, 1.48, 100 + 1.48 * 120))]
    assert find_joins(flat, LAYOUT) == {2: 1}
    (one,) = join_tracks(flat, {2: 1})
    assert one.joints is None


track_lists = st.lists(
    st.builds(
        make_track,
        number=st.just(0),
        start=st.floats(0, 6).map(lambda value: round(value * FPS) / FPS),
        x=st.floats(0, 800),
        pace=st.sampled_from([-120.0, 0.0, 120.0]),
        seconds=st.floats(0.08, 2.0),
        size=st.sampled_from([1.0, 1.05]),
        shot=st.sampled_from([1, 2]),
    ),
    max_size=7,
).map(lambda tracks: [replace(track, number=i + 1) for i, track in enumerate(sorted(tracks, key=_start_key))])


def _start_key(track: Track) -> tuple[int, float]:
    return track.shot, float(track.seconds[0])


@given(track_lists, st.floats(0.3, 4.0), st.floats(-500, 500), st.randoms(use_true_random=False))
def test_joins_do_not_depend_on_order_or_pixels(tracks, scale, shift, random) -> None:
    joins = find_joins(tracks, LAYOUT)
    by_number = {track.number: track for track in tracks}
    assert len(set(joins.values())) == len(joins)  # no track is continued twice
    for later, earlier in joins.items():
        one, other = by_number[earlier], by_number[later]
        assert one.shot == other.shot
        assert one.seconds[-1] < other.seconds[0]
        assert other.seconds[0] - one.seconds[-1] <= JoiningRules().max_gap
    joined = join_tracks(tracks, joins)
    assert sum(len(track) for track in joined) == sum(len(track) for track in tracks)
    assert [track.number for track in joined] == sorted({first_number(track.number, joins) for track in tracks})
    for track in joined:
        assert (np.diff(track.frames) > 0).all()
    shuffled = list(tracks)
    random.shuffle(shuffled)
    assert find_joins(shuffled, LAYOUT) == joins
    moved = [replace(track, points=(scale * track.points + shift).astype(np.float32)) for track in tracks]
    assert find_joins(moved, LAYOUT) == joins


def test_rules_must_be_positive() -> None:
    with pytest.raises(ConfigError, match=r"ambiguity_margin .*greater than 0"):
        JoiningRules(ambiguity_margin=0)

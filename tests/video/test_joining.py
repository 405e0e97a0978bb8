"""Pieces of tracks are joined where they are beyond doubt one person's, and only there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import ConfigError
from himpc.simulation import simulate_crowd
from himpc.skeleton import get_layout
from himpc.video import JoiningRules, Track
from himpc.video.tracking import Ending, find_joins, first_number, join_tracks

LAYOUT = get_layout("mediapipe-33")
FPS = 25
WALK = simulate_crowd(1, 4, FPS, scene="crowd", seed=0)
BODY = np.asarray((WALK.joints[0, 0] - WALK.joints[0, 0, [23, 24]].mean(axis=0)) * (-1, 1, -1), dtype=np.float32)
UPRIGHT = 100 * BODY[:, :2] * (1, -1)  # pixels, 100 a metre


def piece(
    number: int, start: float, x: float, *, pace: float = 120.0, seconds: float = 1.0, size: float = 1.0,
    turned: float = 0.0, bones: float = 1.0, shot: int = 1, ended: Ending = "crossing",
) -> Track:  # fmt: skip
    """Somebody who goes to the right from `x`, `pace` pixels a second."""
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


FIRST = piece(1, 0.0, 100.0)
"""At 220 pixels after a second."""


def test_who_goes_on_as_before_is_one_person() -> None:
    later = piece(2, 1.48, 100 + 1.48 * 120)
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
        piece(2, 1.48, 100 + 1.48 * 120, pace=-120.0),
        piece(2, 1.48, 350.0),
        piece(2, 1.48, 100 + 1.48 * 120, size=1.2),
        piece(2, 1.48, 100 + 1.48 * 120, turned=90.0),
        piece(2, 1.48, 100 + 1.48 * 120, bones=1.3),
        piece(2, 1.48, 100 + 1.48 * 120, shot=2),
        piece(2, 4.0, 100 + 4.0 * 120),
        piece(2, 0.5, 100 + 0.5 * 120),
        piece(2, 1.48, 100 + 1.48 * 120, seconds=0.2),
    ],
    ids=["turned back", "elsewhere", "larger", "faces another way", "other bones", "another shot", "long after",
         "at the same time", "hardly seen"],
)  # fmt: skip
def test_who_goes_on_otherwise_is_not(other: Track) -> None:
    assert find_joins([FIRST, other], LAYOUT) == {}


def test_a_body_that_became_anothers_is_left_alone() -> None:
    assert find_joins([replace(FIRST, ended="bones"), piece(2, 1.48, 100 + 1.48 * 120)], LAYOUT) == {}


def test_a_second_who_would_do_as_well_is_a_doubt() -> None:
    later, beside = piece(3, 1.48, 100 + 1.48 * 120), piece(2, 0.1, 120.0, seconds=1.1)
    assert find_joins([FIRST, beside, later], LAYOUT) == {}
    also = piece(4, 1.6, 110 + 1.6 * 120)
    assert find_joins([FIRST, later, also], LAYOUT) == {}
    behind = piece(4, 1.6, 300 + 1.6 * 120)
    assert find_joins([FIRST, later, behind], LAYOUT) == {3: 1}


def test_without_joints_in_3d_the_picture_decides() -> None:
    flat = [replace(each, joints=None) for each in (FIRST, piece(2, 1.48, 100 + 1.48 * 120))]
    assert find_joins(flat, LAYOUT) == {2: 1}
    (one,) = join_tracks(flat, {2: 1})
    assert one.joints is None


pieces = st.lists(
    st.builds(
        piece,
        number=st.just(0),
        start=st.floats(0, 6).map(lambda value: round(value * FPS) / FPS),
        x=st.floats(0, 800),
        pace=st.sampled_from([-120.0, 0.0, 120.0]),
        seconds=st.floats(0.08, 2.0),
        size=st.sampled_from([1.0, 1.05]),
        shot=st.sampled_from([1, 2]),
    ),
    max_size=7,
).map(lambda tracks: [replace(track, number=i + 1) for i, track in enumerate(sorted(tracks, key=_begins))])


def _begins(track: Track) -> tuple[int, float]:
    return track.shot, float(track.seconds[0])


@given(pieces, st.floats(0.3, 4.0), st.floats(-500, 500), st.randoms(use_true_random=False))
def test_chains_go_forward_and_do_not_depend_on_order_or_pixels(tracks, scale, shift, random) -> None:
    joins = find_joins(tracks, LAYOUT)
    by_number = {track.number: track for track in tracks}
    assert len(set(joins.values())) == len(joins)  # nobody goes on as two
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


def test_rules_are_numbers_above_0() -> None:
    with pytest.raises(ConfigError, match=r"ambiguity_margin .*greater than 0"):
        JoiningRules(ambiguity_margin=0)

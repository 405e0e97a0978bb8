"""Recordings that overlap in time on one clock show different people."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from himpc.errors import DataError
from himpc.recordings import Origin, Recording, cannot_link, clean, load, number_whole_recordings, save, synchronise
from himpc.skeleton import get_layout

FILM = Origin(Path("/films/hall.mp4"))


def body(number: int, start: float | None = 0.0, *, frames=60, at=None, clock=FILM, **changes) -> Recording:
    """A body that moves a little, two metres from that of the next number."""
    rng = np.random.default_rng(number)
    steps = 0.01 * rng.normal(size=(frames, 1, 3))
    joints = rng.normal(scale=0.4, size=(1, 20, 3)) + steps + [2.0 * (number if at is None else at), 0, 0]
    origin = Origin(Path("/films/hall.mp4"), number)
    fields = {"fps": 30.0, "origin": origin, "start": start, "clock": None if start is None else clock} | changes
    return Recording(joints, get_layout("kinect-v1"), **fields)


def test_overlap_on_one_clock_shows_two_people():
    assert cannot_link([body(1), body(2, 1.0), body(3, 3.0)]).tolist() == [[0, 1]]
    assert cannot_link([body(1), body(2, 1.0), body(3, 2.0)]).tolist() == [[0, 1], [1, 2]]


def test_other_clocks_and_unknown_times_give_no_pair():
    other = Origin(Path("/films/other.mp4"))
    assert not len(cannot_link([body(1), body(2, clock=other), body(3, None)]))


def test_a_short_overlap_is_a_change_of_number():
    assert not len(cannot_link([body(1), body(2, 1.7)]))
    assert len(cannot_link([body(1), body(2, 1.4)])) == 1
    assert len(cannot_link([body(1), body(2, 0.5, frames=8)])) == 1  # short, but all of it


def test_two_bodies_in_one_place_are_one_that_was_tracked_twice():
    assert not len(cannot_link([body(1), body(2, at=1.05)]))
    assert len(cannot_link([body(1), body(2, at=1.5)])) == 1


def test_poses_without_a_place_are_two_people_unless_they_are_copies():
    relative = [each.with_(joints=each.joints - each.joints[:, :1]) for each in (body(1), body(2))]
    assert len(cannot_link(relative)) == 1
    beside = [each.with_(joints=each.joints + np.float32([0.001, 0, 0.001])) for each in relative]  # as by MediaPipe
    assert len(cannot_link(beside)) == 1
    copy = relative[0].with_(origin=replace(relative[0].origin, body=7))
    assert not len(cannot_link([relative[0], copy]))


def test_parts_of_one_recording_are_one_person():
    parts = [
        body(1, start, origin=Origin(Path("/films/hall.mp4"), 1, part=part)) for part, start in ((1, 0.0), (2, 1.0))
    ]
    assert not len(cannot_link(parts))
    assert cannot_link([*parts, body(2, 2.0)]).tolist() == [[0, 1]]


def test_frames_in_which_a_body_is_not_seen_do_not_count():
    joints = body(1).joints.copy()
    joints[:45] = np.nan
    assert not len(cannot_link([body(1).with_(joints=joints), body(2, frames=50)]))


def test_unknown_frame_rates_count_frames():
    assert len(cannot_link([body(1, fps=None), body(2, 30.0, fps=None)])) == 1
    assert not len(cannot_link([body(1, fps=None), body(2, 50.0, fps=None)]))


def test_cleaning_keeps_the_time_of_each_part():
    joints = body(1, frames=120).joints.copy()
    joints[:10] = joints[50:80] = np.nan
    parts = clean(body(1, 5.0, frames=120).with_(joints=joints))
    assert [part.start for part in parts] == pytest.approx([5 + 10 / 30, 5 + 80 / 30])


def test_times_and_clocks_survive_a_file(tmp_path):
    saved = [body(1), body(2, 0.5), body(3, 0.5, clock=Origin(body="stream")), body(4, None)]
    save(saved, tmp_path / "a.npz")
    loaded = load(tmp_path / "a.npz")
    assert [each.start for each in loaded] == [0, 0.5, 0.5, None]
    assert cannot_link(loaded).tolist() == cannot_link(saved).tolist() == [[0, 1]]
    assert [each.clock and each.clock.name for each in loaded] == ["/films/hall.mp4", "/films/hall.mp4", "stream", None]
    save(loaded[:1], tmp_path / "b.npz")
    assert not len(cannot_link([*load(tmp_path / "b.npz"), loaded[1]]))  # files may come from two machines


def test_synchronised_files_of_one_camera_have_one_clock():
    clocks = [Origin(Path(f"/k/{n}.csv")) for n in range(4)]
    files = [
        body(n, start, clock=clocks[n], camera=camera, origin=Origin(clocks[n].path))
        for n, (start, camera) in enumerate([(100.0, "a"), (101.0, "a"), (100.0, "b"), (0.0, "a")])
    ]
    assert not len(cannot_link(files))
    assert cannot_link(synchronise(files)).tolist() == [[0, 1]]


@pytest.mark.parametrize("wrong", [{"start": 1.0}, {"clock": FILM}, {"start": np.nan, "clock": FILM}])
def test_time_without_a_clock_is_refused(wrong):
    with pytest.raises(DataError, match=r"expected both|expected a number of seconds"):
        body(1, None).with_(**wrong)


@pytest.mark.parametrize("relative", [False, True])
def test_pairs_are_those_of_the_plain_definition(relative):
    """Bodies far apart that overlap for long enough, found one pair at a time."""
    rng = np.random.default_rng(5)
    clocks = [FILM, Origin(body="stream")]
    some = []
    for number in range(60):
        clock, part = clocks[number % 2], int(rng.integers(1, 3)) if number % 5 == 0 else None
        origin = Origin(body=number // 10 * 10 if part else number, part=part)
        some.append(
            body(number, float(rng.uniform(0, 20)), frames=int(rng.integers(5, 200)), origin=origin, clock=clock)
        )
    if relative:
        some = [each.with_(joints=each.joints - each.joints[:, :1]) for each in some]
    whole = number_whole_recordings(some)
    lengths = np.bincount(whole, [len(each) / 30 for each in some])
    common = np.zeros((len(lengths), len(lengths)))
    for i, a in enumerate(some):
        for j, b in enumerate(some):
            if a.clock == b.clock and whole[i] < whole[j]:
                overlap = min(a.start + len(a) / 30, b.start + len(b) / 30) - max(a.start, b.start)
                common[whole[i], whole[j]] += max(0, overlap)
    limit = np.minimum(0.5, np.minimum(lengths[:, None], lengths) / 2)
    assert cannot_link(some).tolist() == np.argwhere((common > 0) & (common >= limit)).tolist()


def test_thousands_of_pairs_are_compared_at_once():
    many = [body(number) for number in range(200)]
    twice = many[7].with_(origin=Origin(body="copy"))
    assert len(cannot_link([*many, twice])) == 201 * 200 // 2 - 1

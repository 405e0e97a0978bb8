"""Recordings of unknown points: gaps, points that are not of the body, and what recordings share."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from himpc.errors import LayoutError
from himpc.recordings import Recording, clean, to_common_layout
from himpc.skeleton import find_body_points, get_layout, points_layout

NAMES = [f"m{i}" for i in range(8)]


def two_segments(seed=0, frames=120, travel=2.0):
    """Two rigid segments of four points, joined by a hinge, that travel along x."""
    rng = np.random.default_rng(seed)
    shape = rng.uniform(-0.2, 0.2, (2, 4, 3)) - [[[0, 0.3, 0]], [[0, -0.3, 0]]]
    time = np.linspace(0, 6, frames)
    turns = [
        Rotation.from_rotvec(np.outer(np.sin(time * speed), axis)) for speed, axis in ((2, [0, 0, 0.6]), (3, [1, 0, 0]))
    ]
    joints = np.concatenate(
        [np.stack([turn.apply(p) for p in part], axis=1) for turn, part in zip(turns, shape, strict=True)], axis=1
    )
    return (joints + time[:, None, None] / 6 * [travel, 0, 0] + [0, 1, 0]).astype(np.float32)


def recording(joints, names=NAMES, **fields):
    return Recording(joints, points_layout(names, joints), fps=100, **fields)


def test_long_gaps_are_filled_by_rigid_points():
    joints = two_segments()
    holed = joints.copy()
    holed[30:80, 1] = np.nan
    (filled,) = clean(recording(holed))
    assert len(filled) == len(joints)
    np.testing.assert_allclose(filled.joints, joints, atol=1e-4)
    assert any("rigid" in note for note in filled.quality.notes)


def test_points_with_many_gaps_are_left_out_before_frames():
    joints = two_segments()
    joints[10:110, 4:7] = np.nan
    parts = clean(recording(joints))
    assert [part.layout.joints for part in parts] == [("m0", "m1", "m2", "m3", "m7")]
    assert len(parts[0]) == len(joints)


def test_recordings_share_a_discovered_layout():
    first, second = two_segments(), two_segments(frames=80)
    prop = np.concatenate([second, second[:, :1] + 0.1], axis=1)
    order = np.random.default_rng(0).permutation(9)
    walks = [recording(first), recording(first[:50]), recording(first[50:]), recording(first[20:90])]
    walks.append(recording(prop[:, order], [[*NAMES, "prop"][i] for i in order]))
    together, notes = to_common_layout(walks)
    assert {walk.layout.name for walk in together} == {"discovered"}
    assert together[0].layout.joints == tuple(NAMES)
    assert {together[0].layout.components} == {walk.layout.components for walk in together}
    assert sorted(map(len, together[0].layout.components)) == [4, 4]
    np.testing.assert_array_equal(together[-1].joints, second)
    assert notes[0].startswith("discovered from 5 recordings of 8 to 9 points: 8 points, 2 segments")


def test_later_recordings_are_mapped_by_name():
    layout = to_common_layout([recording(two_segments())])[0][0].layout
    joints = two_segments(seed=1)
    (mapped,), _ = to_common_layout([recording(joints[:, ::-1], NAMES[::-1])], layout, owner="the model")
    np.testing.assert_array_equal(mapped.joints, joints)
    with pytest.raises(LayoutError, match=r"the layout of the model.* no joint of points gives m7"):
        to_common_layout([recording(joints[:, :7], NAMES[:7])], layout, owner="the model")


def test_recordings_of_other_points_are_refused():
    joints = two_segments()
    walks = [recording(joints, source=f"{i}.c3d") for i in range(5)]
    with pytest.raises(LayoutError, match=r"odd\.c3d: has 0 of the 8 points"):
        to_common_layout([*walks, recording(joints, [f"x{i}" for i in range(8)], source="odd.c3d")])
    known = Recording(np.random.default_rng(0).normal(size=(9, 20, 3)), get_layout("kinect-v1"), source="known.csv")
    with pytest.raises(LayoutError, match=r"0.c3d holds points of no known body, known.csv joints of kinect-v1"):
        to_common_layout([*walks, known])


def test_points_of_the_room_and_angles_are_not_of_the_body():
    rng = np.random.default_rng(0)
    joints = two_segments()
    room = np.broadcast_to(rng.normal(size=(3, 3)), (len(joints), 3, 3))
    angles = 0.03 * np.sin(np.linspace(0, 20, len(joints)))[:, None, None] * rng.normal(size=(2, 3))
    rare = np.where(np.arange(len(joints))[:, None, None] < 20, joints[:, :1], np.nan)
    everything = np.concatenate([room, joints, angles, rare], axis=1)
    assert find_body_points(everything).tolist() == list(range(3, 11))


def test_quantities_that_are_no_positions_are_not_of_the_body():
    rng = np.random.default_rng(0)
    joints = 1000 * two_segments()  # mm
    steps = np.sin(np.linspace(0, 40, len(joints)))[:, None, None]
    moments = 3000 * steps * rng.normal(size=(6, 3)) + rng.normal(size=(6, 3))
    drifting = 1.2 * joints[:, :2] + 900 * steps * rng.normal(size=(2, 3))
    powers = np.concatenate([np.zeros((len(joints), 3, 2)), steps * rng.normal(size=(3, 1))], axis=2)
    order = rng.permutation(19)
    everything = np.concatenate([moments, joints, drifting, powers], axis=1)[:, order]
    assert sorted(order[find_body_points(everything)]) == list(range(6, 14))


def test_standing_body_keeps_its_points_while_an_arm_moves():
    rng = np.random.default_rng(0)
    body = rng.uniform([-0.2, 0, -0.1], [0.2, 1.7, 0.1], (9, 3)) + rng.normal(0, 0.001, (120, 9, 3))
    arm = two_segments(travel=0.0)[:, :4] + [0.3, 0.4, 0]
    assert find_body_points(np.concatenate([body, arm], axis=1)).tolist() == list(range(13))


def test_large_quantities_are_not_of_a_body_that_stays_in_place():
    rng = np.random.default_rng(0)
    joints = 1000 * two_segments(travel=0.0) + [0, 0, 500]  # mm
    steps = np.sin(np.linspace(0, 40, len(joints)))[:, None, None]
    moments = 4000 * steps * rng.normal(size=(3, 3)) + rng.normal(size=(3, 3))
    weights = 9000 + rng.normal(size=(len(joints), 2, 3))
    everything = np.concatenate([joints, moments, weights], axis=1)
    assert find_body_points(everything).tolist() == list(range(8))


def test_scalars_are_not_of_a_still_body():
    still = np.random.default_rng(0).normal(size=(6, 3)) + np.random.default_rng(1).normal(0, 0.001, (50, 6, 3))
    still[:, 4, :2] = 0
    assert find_body_points(still).tolist() == [0, 1, 2, 3, 5]
    assert find_body_points(still * [0, 0, 1]).tolist() == list(range(6))


def test_room_points_are_found_when_the_body_stays_in_place():
    joints = two_segments(travel=0.0)
    still = np.broadcast_to(np.float32([1, 0, 1]), (len(joints), 1, 3))
    assert find_body_points(np.concatenate([joints, still], axis=1)).tolist() == list(range(8))


@pytest.mark.parametrize("joints", [np.full((5, 4, 3), np.nan), np.zeros((1, 4, 3)), np.zeros((6, 1, 3))])
def test_degenerate_points_are_all_or_none_of_the_body(joints):
    assert find_body_points(joints).tolist() == (list(range(joints.shape[1])) if np.isfinite(joints).all() else [])


def test_distances_of_each_recording_are_measured_once_to_fill_points(monkeypatch):
    from himpc.recordings import common_points

    measured = []
    measure = common_points.measure_distances
    monkeypatch.setattr(common_points, "measure_distances", lambda joints: measured.append(0) or measure(joints))
    joints = two_segments()
    names = [NAMES[:i] + NAMES[i + 1 :] for i in range(8)]
    to_common_layout([recording(np.delete(joints, i, axis=1), own) for i, own in enumerate(names)])
    assert len(measured) == len(names)


def test_points_that_each_recording_lacks_are_filled_from_the_most_similar_body():
    bodies = [two_segments(seed) for seed in (0, 0, 1, 1)]
    walks = []
    for number, joints in enumerate(bodies * 2):
        kept = [i for i in range(8) if i != number]
        walks.append(recording(joints[number : 100 + number, kept], [NAMES[i] for i in kept]))
    together, notes = to_common_layout(walks)
    assert together[0].layout.joints == tuple(NAMES)
    for number, (walk, joints) in enumerate(zip(together, bodies * 2, strict=True)):
        np.testing.assert_allclose(walk.joints, joints[number : 100 + number], atol=1e-3)
    assert any("points that 8 recordings lack are filled" in note for note in notes)

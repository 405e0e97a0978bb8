"""Discovered layouts: the true segments of simulated bodies, whatever the order, names, gaps and noise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from himpc.errors import LayoutError
from himpc.skeleton import Layout, discover_layout

POINTS = 4

BRANCHED = (-1, 0, 1, 0, 3, 0, 5, 0, 7)
"""Parents of the segments of a body with a trunk, four limbs of two segments."""

CHAIN = (-1, 0, 1)
"""Parents of the segments of an arm."""


def shape_body(parents: tuple[int, ...], rng: np.random.Generator) -> list[NDArray[np.float64]]:
    """Draw the points ``(POINTS, 3)`` of each segment in metres, relative to the joint with its parent.

    Those of the root, a trunk, lie above the joints with its limbs.
    """
    shape = [rng.uniform((-0.08, -0.27, -0.08), (0.08, -0.08, 0.08), (POINTS, 3)) for _ in parents]
    shape[0] = rng.uniform(-0.04, 0.04, (POINTS, 3)) + [attachment(turn, POINTS) for turn in range(POINTS)]
    shape[0] += [0, 0.12, 0]  # a point at a joint would belong to two segments
    return shape


def attachment(number: int, count: int) -> list[float]:
    """Return the joint of the root with its child `number` of `count`."""
    angle = 2 * np.pi * number / count
    return [0.3 * np.cos(angle), 0.0, 0.3 * np.sin(angle)]


def move_body(
    parents: tuple[int, ...],
    shape: list[NDArray[np.float64]],
    rng: np.random.Generator,
    *,
    frames: int = 120,
    swing: float = 0.5,
    noise: float = 0.001,
    speed: float = 0.0,
) -> NDArray[np.float64]:
    """Move a body: each joint swings by up to `swing` radians about a level axis; return ``(frames, P, 3)`` in metres.

    Children of the root are attached around it, those of other segments at their far end.
    """
    time = np.linspace(0, 2 * np.pi * 3, frames)
    turn: list[Rotation] = []
    origin: list[NDArray[np.float64]] = []
    placed = []
    for number, parent in enumerate(parents):
        phase, axis = rng.uniform(0, 2 * np.pi), rng.normal(size=3) * [1, 0, 1]
        angles = (swing if parent >= 0 else 0.1) * np.sin(time * rng.uniform(0.8, 1.2) + phase)
        own = Rotation.from_rotvec(angles[:, None] * axis / np.linalg.norm(axis))
        if parent < 0:
            turn.append(own)
            origin.append(np.stack([np.zeros(frames), np.ones(frames), time * speed], axis=1))
        else:
            children = [child for child, other in enumerate(parents) if other == 0]
            place = attachment(children.index(number), len(children)) if parent == 0 else [0, -0.35, 0]
            origin.append(origin[parent] + turn[parent].apply(place))
            turn.append(turn[parent] * own)
        placed.append(np.stack([origin[-1] + turn[-1].apply(point) for point in shape[number]], axis=1))
    joints = np.concatenate(placed, axis=1)
    return joints + rng.normal(0, noise, joints.shape)


def simulate(parents=BRANCHED, seed=0, recordings=2, **options):
    rng = np.random.default_rng(seed)
    shape = shape_body(parents, rng)
    return [move_body(parents, shape, rng, **options) for _ in range(recordings)]


def names_of(parents, form="s{}p{}"):
    return [form.format(segment, point) for segment in range(len(parents)) for point in range(POINTS)]


def segments_of(layout: Layout) -> set[frozenset[str]]:
    return {frozenset(layout.joints[i] for i in component) for component in layout.components}


def true_segments(parents, names):
    return {frozenset(names[POINTS * i : POINTS * (i + 1)]) for i in range(len(parents))}


@pytest.mark.parametrize("parents", [BRANCHED, CHAIN])
@pytest.mark.parametrize("noise", [0.0, 0.001])
@pytest.mark.parametrize("seed", range(8))
def test_segments_of_simulated_bodies_are_the_true_ones(parents, seed, noise):
    names = names_of(parents)
    layout = discover_layout(names, simulate(parents, seed, noise=noise)).layout
    assert segments_of(layout) == true_segments(parents, names)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_order_of_points_does_not_matter(seed):
    names, recordings = names_of(BRANCHED), simulate(seed=seed)
    order = np.random.default_rng(seed).permutation(len(names))
    shuffled = discover_layout([names[i] for i in order], [joints[:, order] for joints in recordings])
    assert shuffled == discover_layout(names, recordings)


def test_segments_and_limbs_do_not_depend_on_names():
    names, recordings = names_of(BRANCHED), simulate(seed=3)
    layout = discover_layout(names, recordings).layout
    random_names = {name: f"q{number:02d}" for number, name in enumerate(np.random.default_rng(1).permutation(names))}
    other = discover_layout([random_names[name] for name in names], recordings).layout
    assert segments_of(other) == {frozenset(random_names[name] for name in part) for part in segments_of(layout)}
    assert {frozenset(random_names[layout.joints[i]] for i in limb) for limb in layout.limbs} == {
        frozenset(other.joints[i] for i in limb) for limb in other.limbs
    }


def test_limbs_are_the_chains_that_leave_the_trunk():
    layout = discover_layout(names_of(BRANCHED), simulate(seed=4)).layout
    limbs = {frozenset(layout.joints[i].split("p")[0] for i in limb) for limb in layout.limbs}
    assert {frozenset({f"s{i}", f"s{i + 1}"}) for i in (1, 3, 5, 7)} <= limbs
    assert layout.limb_names[0] == "trunk"
    assert "s0" in {layout.joints[i].split("p")[0] for i in layout.limbs[0]}


def test_an_arm_is_one_limb():
    layout = discover_layout(names_of(CHAIN), simulate(CHAIN)).layout
    assert len(layout.limbs) == 1
    assert len(layout.components) == 3


def test_gaps_do_not_change_the_segments():
    names, recordings = names_of(BRANCHED), simulate(seed=5)
    rng = np.random.default_rng(0)
    for joints in recordings:
        joints[rng.random(joints.shape[:2]) < 0.3] = np.nan
    assert segments_of(discover_layout(names, recordings).layout) == true_segments(BRANCHED, names)


def test_swapped_labels_in_one_recording_do_not_change_the_segments():
    names, recordings = names_of(BRANCHED), simulate(seed=6, recordings=5)
    recordings[0][:, [4, 20]] = recordings[0][:, [20, 4]]
    assert segments_of(discover_layout(names, recordings).layout) == true_segments(BRANCHED, names)


def test_still_recordings_do_not_change_the_segments():
    names, recordings = names_of(BRANCHED), simulate(seed=7, recordings=2)
    still = [np.repeat(joints[:1], 50, axis=0) for joints in recordings]
    assert segments_of(discover_layout(names, [*still, *recordings]).layout) == true_segments(BRANCHED, names)


def test_a_body_that_never_moves_has_groups_of_near_points_and_a_note():
    found = discover_layout(names_of(BRANCHED), [joints[:1] for joints in simulate()])
    assert 1 < len(found.layout.components) < len(found.layout)
    assert any("do not move" in note for note in found.notes)


def test_a_point_that_a_recording_never_shows_is_left_out():
    names, recordings = names_of(CHAIN), simulate(CHAIN)
    recordings[0][:, 0] = np.nan
    assert discover_layout(names, recordings).layout.joints == tuple(names[1:])


def add_computed_points(names, joints):
    """Append what programs compute: axes of fixed and of varying length, a centre beside a marker, and means."""
    a, b, c = (joints[:, names.index(name)] for name in ("s1p0", "s1p1", "s1p2"))
    frame = np.linalg.qr(np.stack([b - a, c - a, np.cross(b - a, c - a)], axis=2))[0].transpose(2, 0, 1)
    frame *= np.sign((frame * np.stack([b - a, c - a, np.cross(b - a, c - a)])).sum(axis=2, keepdims=True))
    length = np.linalg.norm(joints[:, names.index("s2p3")] - a, axis=1, keepdims=True)
    middle = joints[:, [names.index(f"s0p{i}") for i in range(4)]].mean(axis=1)
    marker = joints[:, names.index("s4p1")]
    centre = marker + 0.05 * frame[2]
    mass = np.einsum("tpa,p->ta", joints[:, :20], np.arange(20) / 190)
    added = {"origin": middle, **{f"fixed{i}": middle + 0.1 * axis for i, axis in enumerate(frame)}}
    added |= {f"scaled{i}": centre + 0.3 * length * axis for i, axis in enumerate(frame)}
    added |= {"centre": centre, "copy": centre, "mass": mass, "between": (a + 2 * marker) / 3}
    return [*names, *added], np.concatenate([joints, np.stack(list(added.values()), axis=1)], axis=1).astype(np.float32)


@pytest.mark.parametrize("decimals", [None, 5])
@pytest.mark.parametrize("seed", range(4))
def test_computed_points_are_left_out(seed, decimals):
    measured, recordings = names_of(BRANCHED), simulate(seed=seed, recordings=3, noise=0.0005)
    names, recordings = zip(*(add_computed_points(measured, joints) for joints in recordings), strict=True)
    recordings = [joints if decimals is None else joints.round(decimals) for joints in recordings]
    found = discover_layout(names[0], recordings)
    assert found.layout.joints == tuple(sorted(measured))
    assert "left out, because they are computed from other points: 11" in found.notes


def test_points_of_a_computed_body_are_kept():
    names, recordings = names_of(BRANCHED), simulate(seed=1, noise=0.0)
    assert len(discover_layout(names, recordings).layout) == len(names)


def test_names_state_left_and_right():
    names = [
        name.replace("s1", "L_s").replace("s3", "R_s").replace("s2", "L_t").replace("s4", "R_t")
        for name in names_of(BRANCHED)
    ]
    layout = discover_layout(names, simulate()).layout
    assert {(layout.joints[a], layout.joints[b]) for a, b in layout.pairs} == {
        (f"L_{part}p{i}", f"R_{part}p{i}") for i in range(POINTS) for part in "st"
    }
    assert sorted(name.split("_")[0] for name in layout.limb_names) == ["left", "limb", "limb", "right", "trunk"]


def test_layouts_with_many_points_keep_those_far_apart():
    rng = np.random.default_rng(0)
    joints = simulate(noise=0.0)[0]
    dense = np.concatenate([joints, *(joints + rng.normal(0, 1e-4, 3) for _ in range(3))], axis=1)
    found = discover_layout([f"n{i:03d}" for i in range(dense.shape[1])], [dense])
    assert len(found.layout) == 64
    assert any("64 of 144" in note for note in found.notes)


def test_a_discovered_layout_is_written_and_read(tmp_path):
    layout = discover_layout(names_of(BRANCHED), simulate()).layout
    assert Layout.from_dict(layout.to_dict()) == layout


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_points_are_refused(count):
    with pytest.raises(LayoutError, match="at least 3"):
        discover_layout([f"p{i}" for i in range(count)], [np.zeros((10, count, 3))])


def test_points_at_one_place_are_one_segment():
    layout = discover_layout(["a", "b", "c"], [np.zeros((10, 3, 3))]).layout
    assert len(layout.components) == 1


def walk_of_a_horse(rng, size=1.0, frames=150):
    """Four legs of two segments, a trunk, and a neck: ``(frames, 40, 3)``; it walks along x."""
    time = np.linspace(0, 12, frames)
    trunk = np.array(
        [[x, 1.3 + y, z] for x in (-0.6, 0.6) for y, z in ((0.15, -0.2), (0.15, 0.2), (0.3, 0), (0.1, 0.05))]
    )
    upper, lower = ([[0, -y, 0.05], [0.04, -y - 0.1, 0], [0, -y - 0.3, 0.04]] for y in (0.12, 0.1))
    neck = [[0.1, 0.2, 0], [0.3, 0.5, 0.05], [0.4, 0.55, -0.05], [0.5, 0.45, 0]]
    parts = [np.broadcast_to(size * trunk, (frames, 8, 3))]

    def swing(points, angles):
        turns = Rotation.from_euler("z", angles[:, None])
        return turns, np.stack([turns.apply(size * np.array(p)) for p in points], axis=1)

    for x, z, phase in ((0.6, -0.2, 0), (0.6, 0.2, np.pi), (-0.6, -0.2, np.pi / 2), (-0.6, 0.2, 3 * np.pi / 2)):
        turn, thigh = swing(upper, 0.4 * np.sin(time + phase))
        knee = size * np.array([x, 1.3, z]) + turn.apply([0, -0.6 * size, 0])
        _, shank = swing(lower, 0.4 * np.sin(time + phase) - 0.4 - 0.4 * np.cos(time + phase))
        parts += [size * np.array([x, 1.3, z]) + thigh, knee[:, None] + shank]
    parts.append(size * np.array([0.7, 1.45, 0]) + swing(neck, 0.2 * np.sin(2 * time))[1])
    joints = np.concatenate(parts, axis=1) + time[:, None, None] * [0.3, 0, 0]
    return joints + rng.normal(0, 0.001, joints.shape)


def test_a_horse_has_a_trunk_with_four_legs_in_pairs():
    rng = np.random.default_rng(0)
    walks = [walk_of_a_horse(rng, size) for size in (1.0, 1.1)]
    order = rng.permutation(walks[0].shape[1])
    layout = discover_layout([f"h{i:02d}" for i in np.argsort(order)], walks).layout
    assert len(layout.components) == 10
    legs = [name for name in layout.limb_names if name.startswith(("left", "right"))]
    assert len(legs) == 4
    assert layout.limb_names[0] == "trunk"
    assert {len(limb) for name, limb in zip(layout.limb_names, layout.limbs, strict=True) if name in legs} == {6}

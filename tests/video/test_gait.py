"""Strides are counted at any frame rate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from walks import LAYOUT, simulate_walk

import himpc
from himpc.video.cleaning import find_gait


@pytest.mark.parametrize("noise", [0.0, 0.03])
@pytest.mark.parametrize("fps", [15.0, 25.0, 60.0])
def test_strides_are_counted(fps: float, noise: float) -> None:
    joints = simulate_walk(seconds=10, fps=fps)
    joints = joints + noise * np.random.default_rng(0).standard_normal(joints.shape)
    gait = find_gait(joints, LAYOUT, fps)
    slow = find_gait(simulate_walk(seconds=30, fps=60), LAYOUT, 60)
    assert gait.stride_seconds == pytest.approx(slow.stride_seconds, rel=0.05)
    assert abs(gait.cycles - 10 / gait.stride_seconds) <= 2
    assert gait.cadence == pytest.approx(120 / gait.stride_seconds)


def test_strides_do_not_depend_on_swapped_ankles() -> None:
    joints = simulate_walk(seconds=10, fps=25)
    swapped = joints.copy()
    left, right = LAYOUT.index("left_ankle"), LAYOUT.index("right_ankle")
    which = np.random.default_rng(0).random(len(joints)) < 0.5
    swapped[np.ix_(which, [left, right])] = joints[np.ix_(which, [right, left])]
    assert find_gait(swapped, LAYOUT, 25) == find_gait(joints, LAYOUT, 25)


def test_strides_of_real_walks_are_plausible(shared_data: Path) -> None:
    walks = himpc.read(shared_data / "c3d-walking", name="{person}/{session}/*.c3d")
    found = [
        find_gait(each.joints, each.layout, each.fps or 100)
        for each in walks
        if each.session == "Straight" and len(each) > 200
    ]
    strides = [gait.stride_seconds for gait in found if gait.cycles]
    assert len(strides) >= 0.7 * len(found)
    assert all(0.75 < seconds < 1.5 for seconds in strides)

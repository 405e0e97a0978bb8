"""Simulated walks in the axes of pose estimators, as joints and as tracks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from himpc.simulation import Camera, Sensor, simulate
from himpc.skeleton import get_layout
from himpc.video import Track

LAYOUT = get_layout("mediapipe-33")


def simulate_walk(seconds: float = 8.0, fps: float = 25.0, seed: int = 1, **camera: float) -> NDArray[np.float64]:
    """Simulate joints ``(frames, 33, 3)`` of a walker, without errors, in the axes of `himpc.video.Detection`."""
    view = Camera("c", **{"distance": 5.0, "pitch": 0.0, **camera})
    (walk,) = simulate(1, 1, seconds=seconds, fps=fps, layout=LAYOUT, sensor=Sensor(), cameras=[view], sessions=1,
                       seed=seed, difficulty="easy")  # fmt: skip
    joints = walk.joints.astype(np.float64) * (-1, 1, -1)
    return joints - joints[:, [23, 24]].mean(axis=1, keepdims=True)


WALK = simulate_walk()


def make_track(joints: NDArray[np.float64], seconds: NDArray[np.float64] | None = None, fps: float = 25.0) -> Track:
    """Make a confident track of joints."""
    count = len(joints)
    times = np.arange(count) / fps if seconds is None else seconds
    return Track(1, 1, np.arange(count), times, np.abs(joints[..., :2]).astype(np.float32) * 100,
                 np.full((count, 33), 0.9, np.float32), joints.astype(np.float32), "left")  # fmt: skip

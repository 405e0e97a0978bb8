"""Walking, standing and sitting are distinguished, and unknown where the legs do not show it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from walks import LAYOUT, WALK, simulate_walk

from himpc.video.cleaning import POSTURES, find_gait, find_posture

WALKING, STANDING, SEATED, UNKNOWN = range(len(POSTURES))
STILL = np.repeat(WALK[:1], 100, axis=0)
LEGS = ((23, 25, 27), (24, 26, 28))


def seat(still: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lift the thighs towards the camera."""
    seated = still.copy()
    for hip, knee, ankle in LEGS:
        thigh = np.linalg.norm(still[0, hip] - still[0, knee])
        seated[:, [knee, ankle]] += still[0, hip] + [0, 0, thigh] - still[0, knee]
    return seated


def project(joints: NDArray[np.float64], distance: float = 6.0, focal: float = 900.0) -> NDArray[np.float64]:
    """Project joints to pixels, for a camera at the height of the hips or a little above."""
    depth = distance - joints[..., 2]
    return np.stack([640 + focal * joints[..., 0] / depth, 360 - focal * (joints[..., 1] - 0.4) / depth], axis=-1)


@pytest.mark.parametrize("flat", [False, True])
def test_postures_are_recognised(flat: bool) -> None:
    for joints, expected in ((WALK, WALKING), (STILL, STANDING), (seat(STILL), SEATED)):
        points = project(joints) if flat else None
        assert (find_posture(joints, LAYOUT, 25, points=points) == expected).all()
    gait = find_gait(STILL, LAYOUT, 25)
    assert gait.cycles == 0
    assert np.isnan(gait.stride_seconds)


@pytest.mark.parametrize("seed", range(4))
def test_walkers_of_all_directions_walk(seed: int) -> None:
    walk = simulate_walk(4.0, seed=seed)
    for degrees in (0, 45, 90, 180):
        cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        turned = walk @ np.array([[cosine, 0, -sine], [0, 1, 0], [sine, 0, cosine]])
        assert (find_posture(turned, LAYOUT, 25, points=project(turned)) == WALKING).mean() > 0.95


def test_error_in_depth_makes_no_steps() -> None:
    """An estimator moves the feet of a person who stands still, along the line of sight."""
    noise = gaussian_filter1d(np.random.default_rng(0).standard_normal((100, 33)), 6, axis=0)
    moved = STILL.copy()
    moved[..., 2] += 0.15 * noise / noise.std()
    assert (find_posture(moved, LAYOUT, 25) != STANDING).any()
    assert (find_posture(moved, LAYOUT, 25, points=project(STILL)) == STANDING).all()


def test_image_decides_between_doubtful_thighs() -> None:
    points = project(seat(STILL))
    assert (find_posture(STILL, LAYOUT, 25, points=points) == UNKNOWN).all()  # image and joints contradict each other
    half = STILL.copy()
    for _, knee, ankle in LEGS:
        half[:, [knee, ankle]] += 0.5 * (seat(STILL)[:, knee] - STILL[:, knee])[:, None]
    assert (find_posture(half, LAYOUT, 25, points=points) == SEATED).all()


def test_exchanged_legs_are_no_steps() -> None:
    points = project(STILL)
    points[::3, [25, 26, 27, 28]] = points[::3, [26, 25, 28, 27]]
    assert (find_posture(STILL, LAYOUT, 25, points=points) == STANDING).all()


@pytest.mark.parametrize("joints", [[25, 26], [27, 28], [27]])
def test_hidden_legs_are_unknown(joints: list[int]) -> None:
    confidence = np.full((len(WALK), 33), 0.9)
    assert (find_posture(WALK, LAYOUT, 25, confidence) == WALKING).all()
    confidence[:, joints] = 0.05
    assert (find_posture(WALK, LAYOUT, 25, confidence) == UNKNOWN).all()


def test_layout_without_legs_is_unknown() -> None:
    arms = LAYOUT.subset(["nose", "left_wrist"], "arms")
    assert (find_posture(np.zeros((9, 2, 3)), arms, 25) == UNKNOWN).all()

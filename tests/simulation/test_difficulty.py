"""Named difficulties."""

import math

import numpy as np
import pytest

from himpc.errors import ConfigError
from himpc.recordings import Recording
from himpc.simulation import Difficulty, Sensor, simulate


def bone_lengths(recording: Recording) -> np.ndarray:
    ends, starts = np.array(recording.layout.bones).T
    lengths = np.linalg.norm(recording.joints[:, ends] - recording.joints[:, starts], axis=2)
    return np.nanmean(lengths, axis=0)


def identified(difficulty: str | Difficulty, seeds: range = range(3)) -> float:
    """The share of 20 people whose nearest neighbour in another session, by mean bone lengths, is themselves."""
    right = []
    for seed in seeds:
        walks = simulate(20, 2, seconds=3, difficulty=difficulty, seed=seed)
        lengths = np.array([bone_lengths(walk) for walk in walks]).reshape(20, 2, -1)
        apart = np.linalg.norm(lengths[:, None, 0] - lengths[None, :, 1], axis=2)
        right.append((apart.argmin(axis=1) == np.arange(20)).mean())
    return float(np.mean(right))


def test_difficulties_are_graded():
    easy, medium, hard = (identified(name) for name in ("easy", "medium", "hard"))
    assert easy > 0.9
    assert 0.25 < medium < easy
    assert 1.5 / 20 < hard < medium


@pytest.mark.parametrize(
    "make", [lambda: Difficulty(load=2), lambda: Sensor(jitter=-1), lambda: Sensor(bias=math.inf)], ids="123"
)
def test_numbers_out_of_range_raise(make):
    with pytest.raises(ConfigError):
        make()

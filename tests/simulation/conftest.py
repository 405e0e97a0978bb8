"""A population of simulated people."""

import pytest

from himpc.simulation import Difficulty, Session
from himpc.simulation.kinematics import compute_stride
from himpc.simulation.landmarks import LANDMARKS
from himpc.simulation.walker import draw_walker

PERFECT = Difficulty()
NAMES = tuple(LANDMARKS)


@pytest.fixture(scope="session")
def population():
    """Two hundred people and their strides on an ordinary day, all known joints."""
    walkers = [draw_walker(0, number, PERFECT) for number in range(200)]
    return [(w, compute_stride(w.body, w.gait, Session(), NAMES)) for w in walkers]

"""Small training sets: people who differ in size, so that groups are there to find."""

from functools import cache

import numpy as np
import pytest

from himpc.learning import Config, train
from himpc.recordings import Recording, Windows
from himpc.skeleton import get_layout

KINECT = get_layout("kinect-v1")


def make_recordings(people=4, each=2, frames=40, names=None):
    """Return recordings of noisy poses, each person's of one body; `names` are what they are called."""
    rng = np.random.default_rng(0)
    bodies = rng.normal(size=(people, 1, 20, 3))
    recordings = []
    for n in range(people * each):
        joints = bodies[n % people] + 0.05 * rng.normal(size=(frames, 20, 3))
        recordings.append(Recording(joints, KINECT, person=None if names is None else names[n]))
    return recordings


@pytest.fixture(scope="session")
def windows():
    """Return 96 windows of four people."""
    return Windows.cut(make_recordings(), length=6, stride=3)


@pytest.fixture(scope="session")
def config():
    """Return settings of a short, small run; the last batch of an epoch is a partial one."""
    return Config(hidden=16, heads=3, batch_size=40, max_epochs=4, eps=0.6, k1=10, seed=7)


@pytest.fixture(scope="session")
def train_once(windows):
    """Train on the windows, once for each configuration: it gives the same bits again (test_trainer.py)."""
    return cache(lambda config: train(windows, config))

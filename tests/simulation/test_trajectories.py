"""Trajectories over the floor."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from himpc.simulation import Difficulty, simulate
from himpc.simulation.trajectories import Path


@settings(max_examples=30)
@given(
    heading=st.floats(-180, 180),
    pieces=st.lists(st.tuples(st.floats(0.5, 8), st.floats(-360, 360)), min_size=1, max_size=3),
)
def test_path_is_as_long_as_the_distance_walked(heading, pieces):
    way = np.linspace(0.3, 9, 200)
    place, headings = Path(heading, tuple(pieces)).follow(way)
    gone = np.linalg.norm(np.diff(place, axis=0), axis=1)
    assert (gone <= np.diff(way) + 1e-6).all()
    assert np.allclose(place.mean(axis=0), 0, atol=1e-9)
    assert headings.shape == (200,)


def test_long_walk_stays_in_front_of_the_camera():
    for walk in simulate(4, 1, seconds=60, fps=5, difficulty=Difficulty(headings=180, curved=0.5)):
        depth = walk.joints[:, 0, 2]
        assert depth.min() > 0.3
        assert depth.max() < 9

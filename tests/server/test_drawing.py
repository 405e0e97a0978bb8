"""Skeletons and the map, as the page draws them."""

import numpy as np

from himpc.server.drawing import thin_skeleton


def test_long_skeletons_are_thinned():
    drawn = thin_skeleton(np.zeros((1201, 2, 3)), np.arange(1201) / 1200)
    assert (drawn["step"], len(drawn["joints"]), drawn["weights"][1]) == (3, 401, 0.0025)


def test_missing_coordinates_become_null():
    joints = np.full((2, 1, 3), 0.5)
    joints[1, 0, 2] = np.nan
    assert thin_skeleton(joints, np.zeros(2))["joints"] == [[[0.5, 0.5, 0.5]], [[0.5, 0.5, None]]]

"""Skeletons and the map, as the page draws them."""

import numpy as np

from himpc.server.drawing import draw_poster, place_neighbours, thin_skeleton


def test_long_skeletons_are_thinned():
    drawn = thin_skeleton(np.zeros((1201, 2, 3)), np.arange(1201) / 1200)
    assert (drawn["step"], len(drawn["joints"]), drawn["weights"][1]) == (3, 401, 0.0025)


def test_missing_coordinates_become_null():
    joints = np.full((2, 1, 3), 0.5)
    joints[1, 0, 2] = np.nan
    assert thin_skeleton(joints, np.zeros(2))["joints"] == [[[0.5, 0.5, 0.5]], [[0.5, 0.5, None]]]


def test_map_keeps_neighbours_together():
    generator = np.random.default_rng(0)
    centres = generator.normal(size=(12, 30)) * 3
    vectors = np.repeat(centres, 4, axis=0) + generator.normal(size=(48, 30)) * 0.5
    points = place_neighbours(vectors)
    distances = np.linalg.norm(points[:, None] - points[None], axis=2) + np.eye(48) * 9
    assert (distances.argmin(axis=1) // 4 == np.arange(48) // 4).mean() > 0.95
    assert np.abs(points).max() == 1
    assert np.ptp(points, axis=0)[0] >= np.ptp(points, axis=0)[1] * 0.8
    np.testing.assert_array_equal(place_neighbours(vectors), points)


def test_map_of_few_or_equal_vectors_is_finite():
    for vectors in (np.zeros((1, 5)), np.zeros((20, 5)), np.eye(3, 5), np.repeat(np.eye(2, 5), 10, axis=0)):
        assert np.isfinite(place_neighbours(vectors)).all()


def test_poster_shows_the_whole_body(walks):
    poster = draw_poster(walks[0].joints, walks[0].layout, walks[0].fps)
    assert sum(len(lines) for lines in poster["lines"].values()) >= 12
    assert 1.0 < poster["height"] < 2.3
    assert min(line[1] for lines in poster["lines"].values() for line in lines) > -0.2

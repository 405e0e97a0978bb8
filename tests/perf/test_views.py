"""The estimator of ``perf/views.py`` draws a body as MediaPipe does: wide hips from the front, narrow ones behind."""

import numpy as np

import himpc
from himpc.evaluation import grouping_agreement
from himpc.recordings import Origin, camera_headings, describe_headings
from views import LAYOUT, people_from_sides


def test_hips_are_wide_from_the_front_and_narrow_from_behind():
    hips = [LAYOUT.index("left_hip"), LAYOUT.index("right_hip")]
    walks = people_from_sides(1, (0.0, 90.0, 180.0), seed=0, takes=1)
    front, side, back = (np.linalg.norm(np.diff(walk.joints[:, hips], axis=1), axis=2).mean() for walk in walks)
    assert front > side > 1.2 * back
    assert [describe_headings(camera_headings(walk)) for walk in walks] == ["towards", "left", "away"]
    exact = people_from_sides(1, (0.0, 180.0), seed=0, effect=0.0, takes=1)
    widths = [np.linalg.norm(np.diff(walk.joints[:, hips], axis=1), axis=2).mean() for walk in exact]
    assert 0.85 < widths[0] / widths[1] < 1.15


def test_people_of_one_film_and_a_stated_number_do_not_hide_views():
    """Four of eight people are in each film, so that eight groups must mix sides and people: ARI 0.22."""
    films = [
        walk.with_(origin=Origin(body=n), start=0.0, clock=Origin(body=f"{walk.camera} {walk.session} {n // 6 % 2}"))
        for n, walk in enumerate(people_from_sides(8, (0.0, 90.0, 180.0), seed=0))
    ]
    grouping = himpc.group(films, people=8)
    assert grouping.kept_apart == 12 * 6
    assert grouping.view_effect_removed
    assert grouping_agreement(grouping.groups, [str(walk.person) for walk in films]).ari > 0.95

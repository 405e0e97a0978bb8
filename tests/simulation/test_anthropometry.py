"""Bodies have the published proportions."""

import math

import numpy as np
import pytest


def test_statures_have_the_published_distribution(population):
    for sex, mean, deviation in (("female", 1.629, 0.064), ("male", 1.756, 0.069)):
        statures = [w.body.stature for w, _ in population if w.body.sex == sex]
        assert np.mean(statures) == pytest.approx(mean, abs=4 * deviation / math.sqrt(len(statures)))
        assert np.std(statures) == pytest.approx(deviation, rel=0.25)


def test_segments_add_up_to_stature_and_sides_are_nearly_equal(population):
    for walker, _ in population:
        body = walker.body
        assert body.leg + body.trunk + body.head == pytest.approx(body.stature, abs=1e-3)
        for left, right in (body.thigh, body.forearm):
            assert abs(left - right) < 0.02 * left
    assert np.mean([w.body.thigh[0] != w.body.thigh[1] for w, _ in population]) > 0.9

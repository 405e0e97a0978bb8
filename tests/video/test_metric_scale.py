"""Skeletons in metres from image points and depths."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.skeleton import get_layout
from himpc.video.estimators.metric_scale import to_metres


@given(st.floats(0.2, 500), st.floats(-5, 5), st.integers(0, 2**32 - 1))
def test_metres_do_not_depend_on_the_camera(scale: float, away: float, seed: int) -> None:
    layout = get_layout("coco-17")
    rng = np.random.default_rng(seed)
    points, depth = rng.normal(size=(17, 2)), 0.05 * rng.normal(size=17)
    confidence = np.ones(17)
    one, other = (
        to_metres(points, depth, confidence, layout),
        to_metres(scale * points + 100, depth + away, confidence, layout),
    )
    assert one is not None
    assert other is not None
    np.testing.assert_allclose(one, other, atol=1e-3)


@pytest.mark.parametrize(("depth", "confidence"), [(10.0, 1.0), (0.0, 0.1)])
def test_implausible_or_uncertain_bodies_give_none(depth: float, confidence: float) -> None:
    layout, rng = get_layout("coco-17"), np.random.default_rng(0)
    points = rng.normal(size=(17, 2))
    assert to_metres(points, depth * rng.normal(size=17), np.full(17, confidence), layout) is None

"""The lens of simulated scenes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import ConfigError
from lens import Lens

METRES = st.floats(-20, 20)


@given(METRES, METRES, st.floats(0.1, 50), st.integers(1, 8000), st.integers(1, 8000), st.floats(10, 150))
def test_lens_projects_by_similar_triangles(left, up, ahead, width, height, view):
    x, y = Lens(width, height, view).project([left, up, ahead])
    edge = ahead * np.tan(np.radians(view) / 2)  # metres from the axis at which the picture ends
    assert x == pytest.approx(width * (1 - left / edge) / 2, abs=1e-6 * width)
    assert y == pytest.approx(height / 2 - width * up / edge / 2, abs=1e-6 * width)


def test_positions_behind_the_camera_have_no_projection():
    lens = Lens(640, 480, 60)
    points = lens.project([[0, 0, 2], [0, 0, -2], [0, 0, 0], [np.nan] * 3])
    assert np.isnan(points[1:]).all()
    assert lens.contains(points).tolist() == [True, False, False, False]


@pytest.mark.parametrize("wrong", [(0, 480, 60), (640, 480.5, 60), (640, 480, 0), (640, 480, 180), (640, 480, np.nan)])
def test_invalid_lens_raises(wrong):
    with pytest.raises(ConfigError):
        Lens(*wrong)

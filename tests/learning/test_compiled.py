"""Compiled loops work where nothing can be cached, and their blocks join in order."""

import numba
import numpy as np
import pytest

from himpc.learning.compiled import compiled, over_rows


def test_no_place_to_cache_is_no_error(monkeypatch):
    def njit(cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return lambda function: function

    monkeypatch.setattr(numba, "njit", njit)
    assert compiled(abs)(-2) == 2


@pytest.mark.parametrize("rows", [1, 2, 100])
def test_blocks_of_rows_join_in_order(rows):
    squares, cubes = over_rows(lambda power, a, b: (np.arange(a, b) ** power, np.arange(a, b) ** 3), rows, 2)
    np.testing.assert_array_equal(squares, np.arange(rows) ** 2)
    np.testing.assert_array_equal(cubes, np.arange(rows) ** 3)

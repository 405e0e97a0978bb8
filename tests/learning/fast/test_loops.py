"""Compiled loops work without a writable cache, and their blocks are joined in order."""

import numba
import numpy as np
import pytest

from himpc.learning._fast.loops import compile_loop, map_row_blocks


def test_a_loop_compiles_without_a_writable_cache(monkeypatch):
    def njit(cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return lambda function: function

    monkeypatch.setattr(numba, "njit", njit)
    assert compile_loop(abs)(-2) == 2


@pytest.mark.parametrize("rows", [1, 2, 100])
def test_blocks_of_rows_are_joined_in_order(rows):
    squares, cubes = map_row_blocks(lambda power, a, b: (np.arange(a, b) ** power, np.arange(a, b) ** 3), rows, 2)
    np.testing.assert_array_equal(squares, np.arange(rows) ** 2)
    np.testing.assert_array_equal(cubes, np.arange(rows) ** 3)

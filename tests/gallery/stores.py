"""The choice of stores for a test."""

import pytest

one_store = pytest.mark.parametrize("place", ["sqlite"], indirect=True)
"""Run a test whose result no store can change with one of them; all others run with each."""

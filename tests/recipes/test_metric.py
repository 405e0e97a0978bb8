"""The recipe "Add a metric" of CONTRIBUTING.md, followed with a toy metric: R-precision."""

import numpy as np
import pytest

import himpc
from himpc.evaluation import METRICS
from himpc.model import BASELINES


def r_precision(match, rank):
    """Compute the share of matches among the first n entries, for queries with n matches."""
    n = match.sum(axis=1)
    return (match & (rank <= n[:, None])).sum(axis=1) / np.maximum(n, 1)


def test_metric_of_the_table_appears_in_evaluations(monkeypatch):
    monkeypatch.setitem(METRICS, "R-precision", r_precision)
    walks = himpc.simulate(people=4, recordings=3, seconds=1.0, difficulty="easy")
    result = himpc.evaluate(BASELINES["bones"], walks)
    expected = result.recording.ranking.per_query["R-precision"].mean()
    assert 0 < expected <= 1
    assert result.to_dict()["recording"]["R-precision"] == pytest.approx(expected)
    low, high = result.to_dict()["recording"]["interval"]["R-precision"]
    assert low <= expected <= high
    assert "| R-precision" in result.table()


def test_metric_equals_one_computed_by_hand():
    match = np.array([[True, False, True], [False, False, False]])
    rank = np.array([[1, 2, 3], [1, 2, 3]])
    assert r_precision(match, rank).tolist() == [0.5, 0]

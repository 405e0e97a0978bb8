"""All metrics of the table: properties that every metric has, and values computed by hand."""

import numpy as np
import pytest

from himpc.evaluation import METRICS

MATCH = np.array([[False, True, True, False]])
RANK = np.array([[1, 2, 3, 4]])


@pytest.mark.parametrize(("name", "value"), [("mAP", 7 / 12), ("mINP", 2 / 3)])
def test_metric_equals_the_value_computed_by_hand(name, value):
    assert METRICS[name](MATCH, RANK) == pytest.approx([value])


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_metric_is_one_for_perfect_and_zero_for_missing_matches(metric):
    match = np.array([[True, True, False], [False, False, False]])
    assert metric(match, np.array([[1, 2, 3]] * 2)).tolist() == [1, 0]


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_ties_count_against_the_query(metric):
    match = np.array([[True, False, False]])
    assert metric(match, np.array([[3, 3, 3]])) < metric(match, np.array([[1, 2, 3]]))

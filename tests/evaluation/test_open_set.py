import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import ConfigError, DataError
from himpc.evaluation import evaluate_open_set, evaluate_threshold

ENROLLED = ("ann", "bob", "eve")
PROBES = ("ann", "ann", "bob", "eve", "zoe", None)
DISTANCES = np.array([[1.0, 5, 6], [4, 3, 7], [6, 2, 5], [7, 8, 5], [2.5, 6, 8], [9, 9, 4.5]])
"""The second shows ann and is nearest to bob; unknown persons come as near as 2.5 and 4.5."""


def test_rates_equal_a_table_computed_by_hand():
    result = evaluate_open_set(DISTANCES, PROBES, ENROLLED, ranks=(1, 2), fpirs=(0.0, 0.5, 1.0), draws=20)
    assert (result.n_enrolled, result.n_unknown) == (4, 2)
    np.testing.assert_array_equal(result.thresholds, [-np.inf, 1, 2, 2.5, 4, 4.5, 5])
    np.testing.assert_array_equal(result.fpir, [0, 0, 0, 0.5, 0.5, 1, 1])
    np.testing.assert_array_equal(result.fnir[1], [1, 0.75, 0.5, 0.5, 0.5, 0.5, 0.25])
    np.testing.assert_array_equal(result.fnir[2], [1, 0.75, 0.5, 0.5, 0.25, 0.25, 0])
    assert result.dir == {(1, 0.0): 0.5, (1, 0.5): 0.5, (1, 1.0): 0.75, (2, 0.0): 0.5, (2, 0.5): 0.75, (2, 1.0): 1.0}


def test_threshold_rates_equal_those_computed_by_hand():
    result = evaluate_threshold(DISTANCES, PROBES, ENROLLED, 4.0)
    assert (result.fpir, result.fnir, result.misidentified) == (0.5, 0.5, 0.25)
    assert result.fmr == pytest.approx((0 + 1 / 2 + 0 + 0 + 1 / 3 + 0) / 6)
    assert result.intervals["fnir"][0] <= 0.5 <= result.intervals["fnir"][1]


def test_equal_distances_count_against_the_probe():
    distances = np.array([[1.0, 1, 2], [5, 5, 5]])
    result = evaluate_open_set(distances, ["ann", None], ENROLLED, ranks=(1, 2), fpirs=(0.0,), draws=5)
    assert result.dir == {(1, 0.0): 0.0, (2, 0.0): 1.0}
    assert evaluate_threshold(distances, ["ann", None], ENROLLED, 3.0).misidentified == 1


def test_fpir_without_unknown_persons_is_nan():
    result = evaluate_threshold(DISTANCES[:4], PROBES[:4], ENROLLED, 4.0)
    assert np.isnan(result.fpir)
    assert np.isnan(result.intervals["fpir"]).all()
    assert result.fnir == 0.5


@st.composite
def searches(draw):
    enrolled, unknown = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    people = draw(st.integers(1, 5))
    cells = st.lists(st.integers(0, 9).map(float), min_size=people, max_size=people)
    rows = draw(st.lists(cells, min_size=enrolled + unknown, max_size=enrolled + unknown))
    own = draw(st.lists(st.integers(0, people - 1), min_size=enrolled, max_size=enrolled))
    return np.array(rows), [*own, *[None] * unknown], list(range(people))


@given(searches(), st.sampled_from([0.0, 0.1, 0.3, 1.0]), st.integers(1, 3))
def test_dir_is_the_best_over_all_thresholds_within_the_fpir(search, fpir, rank):
    """Against trying every threshold, and ranking by sorting names."""
    distances, people, enrolled = search
    best = 0.0
    for threshold in [-1.0, *np.unique(distances)]:
        named = [row.min() <= threshold for row, who in zip(distances, people, strict=True) if who is None]
        hits = [
            row[who] <= threshold and sum(other <= row[who] for place, other in enumerate(row) if place != who) < rank
            for row, who in zip(distances, people, strict=True)
            if who is not None
        ]
        if np.mean(named) <= fpir:
            best = max(best, np.mean(hits))
    result = evaluate_open_set(distances, people, enrolled, ranks=(rank,), fpirs=(fpir,), draws=1)
    assert result.dir[rank, fpir] == pytest.approx(best)


@given(searches(), st.integers(0, 9))
def test_threshold_rates_equal_the_curves(search, threshold):
    distances, people, enrolled = search
    result = evaluate_open_set(distances, people, enrolled, draws=1)
    fixed = evaluate_threshold(distances, people, enrolled, float(threshold), draws=1)
    place = np.searchsorted(result.thresholds, threshold, side="right") - 1
    assert fixed.fpir == pytest.approx(result.fpir[place])
    assert fixed.fnir == pytest.approx(result.fnir[1][place])
    assert fixed.misidentified <= fixed.fnir + 1e-12


@given(searches())
def test_curves_are_monotone_and_higher_ranks_have_no_higher_fnir(search):
    distances, people, enrolled = search
    result = evaluate_open_set(distances, people, enrolled, ranks=(1, 2), draws=1)
    assert (np.diff(result.fpir) >= 0).all()
    assert all((np.diff(curve) <= 1e-12).all() for curve in result.fnir.values())
    assert (result.fnir[2] <= result.fnir[1] + 1e-12).all()


def test_intervals_cover_the_value_and_are_reproducible():
    rng = np.random.default_rng(0)
    people = np.repeat([*range(10), *range(20, 30)], 3)
    distances = rng.gamma(4, size=(60, 10))
    distances[np.arange(30), people[:30]] *= 0.4
    result, again = (evaluate_open_set(distances, people, range(10), draws=200, seed=1) for _ in range(2))
    assert result.dir_intervals == again.dir_intervals
    low, high = result.dir_intervals[1, 0.1]
    assert low < result.dir[1, 0.1] < high


def test_unusable_arguments_raise():
    with pytest.raises(DataError, match="0 of 4 probes show unknown people"):
        evaluate_open_set(DISTANCES[:4], PROBES[:4], ENROLLED)
    with pytest.raises(DataError, match="expected each once, none None"):
        evaluate_open_set(DISTANCES, PROBES, ("ann", "ann", "bob"))
    with pytest.raises(DataError, match="expected one finite distance for each probe and person"):
        evaluate_threshold(DISTANCES, PROBES[:5], ENROLLED, 1.0)
    with pytest.raises(ConfigError, match="ranks must be 1 or more"):
        evaluate_open_set(DISTANCES, PROBES, ENROLLED, ranks=())

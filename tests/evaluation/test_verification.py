import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import ConfigError, DataError
from himpc.evaluation import error_rates, evaluate_verification

DISTANCES = st.lists(st.integers(0, 12).map(float), min_size=1, max_size=20).map(np.array)


def test_rates_equal_those_computed_by_hand():
    """Genuine 1 2 4, impostor 3 4 5 6: at 3 one of four impostors matches and one of three genuine does not."""
    rates = error_rates(np.array([1.0, 2, 4]), np.array([3.0, 4, 5, 6]))
    np.testing.assert_array_equal(rates.thresholds, [-np.inf, 1, 2, 3, 4, 5, 6])
    np.testing.assert_allclose(rates.fmr, [0, 0, 0, 1 / 4, 2 / 4, 3 / 4, 1])
    np.testing.assert_allclose(rates.fnmr, [1, 2 / 3, 1 / 3, 1 / 3, 0, 0, 0], atol=1e-15)
    np.testing.assert_allclose(rates.tmr, 1 - rates.fnmr)
    # From (1/4, 1/3) at 3 to (1/2, 0) at 4 the two are the same after a share of (1/12) / (7/12) = 1/7 of the way.
    assert rates.eer == pytest.approx(1 / 4 + 1 / 4 / 7)
    assert [rates.fnmr_at(fmr) for fmr in (0, 0.25, 0.49, 0.5)] == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0])


def test_det_curve_has_normal_deviates_without_the_ends():
    rates = error_rates(np.array([1.0, 2, 4]), np.array([3.0, 4, 5, 6]))
    fmr, fnmr = rates.det()
    np.testing.assert_allclose(fmr, [-0.6744898], rtol=1e-6)
    np.testing.assert_allclose(fnmr, [-0.4307273], rtol=1e-6)


def test_separated_distances_have_eer_zero_or_one():
    near, far = np.array([1.0, 2]), np.array([3.0, 4])
    assert error_rates(near, far).eer == 0
    assert error_rates(far, near).eer == 1


@given(DISTANCES, DISTANCES)
def test_rates_are_shares_at_every_threshold(genuine, impostor):
    rates = error_rates(genuine, impostor)
    for threshold, fmr, fnmr in zip(rates.thresholds, rates.fmr, rates.fnmr, strict=True):
        assert fmr == pytest.approx(np.mean(impostor <= threshold))
        assert fnmr == pytest.approx(np.mean(genuine > threshold))
    assert (np.diff(rates.fmr) >= 0).all()
    assert (np.diff(rates.fnmr) <= 1e-12).all()


@given(DISTANCES, DISTANCES)
def test_swapping_genuine_and_impostor_mirrors_the_eer(genuine, impostor):
    assert error_rates(genuine, impostor).eer + error_rates(impostor, genuine).eer == pytest.approx(1)


@given(DISTANCES, DISTANCES)
def test_rates_are_invariant_to_monotone_transformations(genuine, impostor):
    here, there = error_rates(genuine, impostor), error_rates(np.exp(genuine), np.exp(impostor))
    np.testing.assert_allclose(here.fmr, there.fmr)
    assert here.eer == pytest.approx(there.eer)


def people(seed=0, persons=12, each=3):
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(persons), each)
    centre = rng.normal(size=(persons, 4))
    probe, gallery = (centre[who] + 0.7 * rng.normal(size=(len(who), 4)) for _ in range(2))
    return np.linalg.norm(probe[:, None] - gallery, axis=2), who


def test_every_probe_is_compared_with_every_entry():
    distances, who = people()
    result = evaluate_verification(distances, who, who, fmrs=(0.1,), draws=50)
    own = who[:, None] == who
    expected = error_rates(distances[own], distances[~own])
    assert result.eer == expected.eer
    assert result.fnmr == {0.1: expected.fnmr_at(0.1)}
    assert (result.n_genuine, result.n_impostor, result.n_persons) == (108, 36 * 33, 12)
    low, high = result.eer_interval
    assert 0 <= low < result.eer < high <= 1
    low, high = result.fnmr_intervals[0.1]
    assert low <= result.fnmr[0.1] <= high


def test_interval_equals_drawing_persons_one_by_one():
    """Against copying the comparisons of each draw, person by person."""
    distances, who = people(persons=8, each=2)
    rng, eers = np.random.default_rng(5), []
    for _ in range(400):
        times = np.bincount(rng.integers(0, 8, 8), minlength=8)
        genuine, impostor = [], []
        for q, a in enumerate(who):
            for g, b in enumerate(who):
                count = times[a] if a == b else times[a] * times[b]
                (genuine if a == b else impostor).extend([distances[q, g]] * count)
        eers.append(error_rates(np.array(genuine), np.array(impostor)).eer)
    result = evaluate_verification(distances, who, who, draws=2000)
    np.testing.assert_allclose(result.eer_interval, np.quantile(eers, [0.025, 0.975]), atol=0.03)


def test_unlabelled_probes_are_different_impostors():
    distances = np.array([[1.0, 4], [2, 3], [5, 6]])
    result = evaluate_verification(distances, ["ann", None, None], ["ann", "bob"], draws=10)
    assert (result.n_genuine, result.n_impostor, result.n_persons) == (1, 5, 4)


def test_invalid_arguments_raise():
    with pytest.raises(DataError, match="genuine comparisons have shape"):
        error_rates(np.array([]), np.array([1.0]))
    with pytest.raises(DataError, match="for 2 probes, 1 entries"):
        evaluate_verification(np.ones((2, 2)), ["ann", "bob"], ["ann"])
    with pytest.raises(DataError, match="impostor comparisons have shape"):
        evaluate_verification(np.ones((1, 1)), ["ann"], ["ann"])
    with pytest.raises(ConfigError, match="fmr must lie in"):
        error_rates(np.ones(1), np.ones(1)).fnmr_at(1.5)
    with pytest.raises(ConfigError, match="draws must be 1 or more"):
        evaluate_verification(np.ones((1, 2)), ["ann"], ["ann", "bob"], draws=0)

"""Measures of risk: perfect scores, scores that tell nothing, and values computed by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import DataError
from himpc.privacy import anonymity_set, linkability, own_rank, singled_out

MEASURES = (own_rank, singled_out, linkability, anonymity_set)
PEOPLE = 20


@pytest.fixture(scope="module")
def random_scores() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    return rng.normal(size=(400, PEOPLE)), np.repeat(np.arange(PEOPLE), 20)


@pytest.fixture(scope="module")
def perfect_scores(random_scores) -> tuple[np.ndarray, np.ndarray]:
    scores, own = random_scores
    best = scores.copy()
    best[np.arange(len(own)), own] = 20.0
    return best, own


def test_scores_that_tell_nothing_are_at_chance(random_scores):
    scores, own = random_scores
    assert anonymity_set(scores, own).mean() == pytest.approx(PEOPLE, abs=0.5)
    assert (own_rank(scores, own) == 1).mean() == pytest.approx(1 / PEOPLE, abs=0.03)
    assert own_rank(scores, own).mean() == pytest.approx((PEOPLE + 1) / 2, abs=0.6)
    assert singled_out(scores, own).mean() == pytest.approx(np.exp(-1) / PEOPLE, abs=0.02)
    assert linkability(scores, own).mean() < 0.1


def test_perfect_scores_are_full_risk(perfect_scores):
    scores, own = perfect_scores
    assert anonymity_set(scores, own).max() == pytest.approx(1, abs=0.01)
    assert (own_rank(scores, own) == 1).all()
    assert singled_out(scores, own).all()
    assert linkability(scores, own).mean() > 0.95


def test_risk_grows_with_the_information_of_scores(random_scores):
    scores, own = random_scores
    previous = (0.0, 0.0, 0.0, -PEOPLE - 1.0)
    for gain in (0.0, 1.0, 2.0, 4.0):
        better = scores.copy()
        better[np.arange(len(own)), own] += gain
        found = (
            (own_rank(better, own) == 1).mean(),
            singled_out(better, own).mean(),
            linkability(better, own).mean(),
            -anonymity_set(better, own).mean(),
        )
        assert all(now > before for now, before in zip(found, previous, strict=True)), gain
        previous = found


def test_a_pair_of_twins_hides_each_of_two():
    """Two people whose scores are equal, and far above the others: the set has the size 2."""
    own = np.repeat(np.arange(6), 10)
    scores = np.zeros((60, 6))
    for row, person in enumerate(own):
        scores[row, [person, person ^ 1]] = 50.0
    assert anonymity_set(scores, own) == pytest.approx(np.full(60, 2.0), abs=0.01)
    assert not singled_out(scores, own).any()


def test_one_recording_without_information_does_not_hide_the_others(perfect_scores):
    scores, own = (each.copy() for each in perfect_scores)
    scores[0, own[0]] = -1e6
    assert np.median(anonymity_set(scores, own)) < 1.2


def test_linkability_of_two_known_densities():
    """Own scores are from N(d, 1), others from N(0, 1), so that the likelihood ratio is exp(d s - d^2 / 2)."""
    rng = np.random.default_rng(0)
    distance = 1.5
    own = np.repeat(np.arange(2), 1500)
    scores = rng.normal(size=(3000, 2))
    scores[np.arange(3000), own] += distance
    ratio = np.exp(distance * (rng.normal(size=200_000) + distance) - distance**2 / 2)
    expected = np.maximum(0, (ratio - 1) / (ratio + 1)).mean()
    assert linkability(scores, own).mean() == pytest.approx(expected, abs=0.03)


def test_ranks_by_hand():
    scores = np.array([[3.0, 2.0, 1.0], [3.0, 3.0, 1.0], [0.0, 5.0, 4.0]])
    assert own_rank(scores, np.array([0, 0, 2])).tolist() == [1, 2, 2]


@given(st.floats(0.01, 100), st.floats(-50, 50), st.integers(0, 99))
def test_scale_and_offset_of_scores_do_not_matter(scale, offset, seed):
    rng = np.random.default_rng(seed)
    own = np.repeat(np.arange(5), 3)
    scores = np.round(rng.normal(size=(15, 5)), 3)
    scores[np.arange(15), own] += 1
    for measure in (own_rank, singled_out, linkability, anonymity_set):
        np.testing.assert_allclose(
            measure(scores * scale + offset, own), measure(scores, own), rtol=0.02, atol=0.02, err_msg=measure.__name__
        )


@pytest.mark.parametrize("measure", MEASURES)
def test_equal_scores_tell_nothing_and_break_nothing(measure):
    values = np.asarray(measure(np.zeros((6, 3)), np.array([0, 0, 1, 1, 2, 2])), dtype=float)
    assert np.isfinite(values).all()
    if measure is anonymity_set:
        assert values == pytest.approx(3)


@pytest.mark.parametrize("measure", MEASURES)
def test_wrong_scores_are_refused(measure):
    for scores, own in (
        (np.zeros((2, 1)), np.zeros(2, int)),
        (np.zeros((0, 3)), np.zeros(0, int)),
        (np.full((2, 3), np.nan), np.zeros(2, int)),
        (np.zeros((2, 3)), np.array([0, 3])),
        (np.zeros((2, 3)), np.zeros(3, int)),
    ):
        with pytest.raises(DataError):
            measure(scores, own)

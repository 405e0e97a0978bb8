import numpy as np
import pytest

from himpc.errors import ConfigError, DataError
from himpc.evaluation import bootstrap as bootstrap_module
from himpc.evaluation.bootstrap import bootstrap_interval

RNG = np.random.default_rng(0)
PERSONS = RNG.integers(0, 12, 200)
VALUES = (RNG.random((200, 2)) + PERSONS[:, None] / 12).clip(0, 1)


def test_interval_equals_drawing_persons_one_by_one():
    rng = np.random.default_rng(7)
    queries = [VALUES[person == PERSONS] for person in range(12)]
    means = [np.concatenate([queries[i] for i in rng.integers(0, 12, 12)]).mean(axis=0) for _ in range(4000)]
    np.testing.assert_allclose(
        bootstrap_interval(VALUES, PERSONS, draws=4000), np.quantile(means, [0.025, 0.975], axis=0), atol=0.02
    )


def test_interval_depends_on_the_seed_and_not_on_the_block_size(monkeypatch):
    here = bootstrap_interval(VALUES, PERSONS, seed=3)
    np.testing.assert_array_equal(here, bootstrap_interval(VALUES, [f"person {p}" for p in PERSONS], seed=3))
    monkeypatch.setattr(bootstrap_module, "_BLOCK_CELLS", 100)
    np.testing.assert_array_equal(here, bootstrap_interval(VALUES, PERSONS, seed=3))
    assert not np.array_equal(here, bootstrap_interval(VALUES, PERSONS, seed=4))


def test_queries_of_one_person_are_drawn_together():
    """A thousand queries of two people, all of one right and of the other wrong, leave everything open."""
    low, high = bootstrap_interval(np.repeat([0.0, 1.0], 500), np.repeat(["ann", "bob"], 500))
    assert (low, high) == (0.0, 1.0)


def test_interval_covers_the_mean_at_its_confidence():
    rng = np.random.default_rng(1)
    covered = 0
    for seed in range(200):
        of_person = rng.normal(size=30)
        low, high = bootstrap_interval(np.repeat(of_person, 4), np.repeat(np.arange(30), 4), draws=400, seed=seed)
        covered += low <= 0 <= high
    assert 0.88 <= covered / 200 <= 0.99


def test_interval_of_one_person_is_nan():
    assert np.isnan(bootstrap_interval(np.ones(5), ["ann"] * 5)).all()


def test_invalid_arguments_raise():
    with pytest.raises(DataError, match="expected one row each"):
        bootstrap_interval(np.ones(3), ["ann"])
    with pytest.raises(ConfigError, match="confidence must lie between 0 and 1"):
        bootstrap_interval(np.ones(1), ["ann"], confidence=95)


def test_negative_seed_raises():
    with pytest.raises(ConfigError, match="seed must be 0 or more, found -1"):
        bootstrap_interval(VALUES, PERSONS, seed=-1)

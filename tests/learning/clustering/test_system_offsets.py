"""Joining of people across systems: the likelihood against a plain formula, and what evidence decides."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from himpc.learning.clustering.offset_model import OffsetModel, Variances
from himpc.learning.clustering.system_effects import SystemEffects
from himpc.learning.clustering.system_offsets import join_systems
from himpc.model import IdentityScoring

AXES = 24
BETWEEN, NOISE, UNIT = 4.0, 0.1, 30.0
"""Variances of people, of errors and of offsets of 3 cm, as in embeddings of walks."""

SCORING = IdentityScoring(np.full(AXES, 2.0), np.full(AXES, BETWEEN), NOISE)


def record(people: list[list[int]], offset: float, seed: int, recordings: int = 3, person_offset: float = 0.0):
    """Return vectors, persons and effects of systems, each of which records some people.

    `offset` and `person_offset` are standard deviations, in units of 3 cm.
    """
    rng = np.random.default_rng(seed)
    bodies = rng.normal(0, np.sqrt(BETWEEN), (1 + max(map(max, people)), AXES))
    rows, person, system = [], [], []
    for number, members in enumerate(people):
        of_system = rng.normal(0, offset * np.sqrt(UNIT), AXES)
        for member in members:
            of_person = rng.normal(0, person_offset * np.sqrt(UNIT), AXES)
            rows.append(bodies[member] + of_system + of_person + rng.normal(0, np.sqrt(NOISE), (recordings, AXES)))
            person += [member] * recordings
            system += [number] * recordings
    vectors, systems = np.concatenate(rows) / SCORING.pose_scale, np.array(system)
    means = np.stack([vectors[systems == number].mean(axis=0) for number in range(len(people))])
    shift = means - vectors.mean(axis=0)
    names = tuple(f"system-{number}" for number in range(len(people)))
    effects = SystemEffects(systems, shift, np.full(AXES, UNIT) / SCORING.pose_scale**2, names)
    return vectors - shift[systems], np.array(person), effects


NO_PAIRS = np.empty((0, 2), dtype=np.int64)


def join(vectors, effects, pairs=NO_PAIRS):
    return join_systems(vectors, np.ones(len(vectors)), SCORING, effects, pairs)


def wrong_and_found(labels, person, system):
    """Return the numbers of wrong and of right pairs of recordings of different systems in one cluster."""
    together = (labels[:, None] == labels) & (system[:, None] != system)
    same = person[:, None] == person
    return int((together & ~same).sum()) // 2, int((together & same).sum()) // 2


@pytest.mark.parametrize("scale", [0.0, 0.3])
def test_likelihood_equals_that_of_the_normal_distribution(scale):
    rng = np.random.default_rng(5)
    system, labels = np.array([0, 0, 1, 1, 1, 2]), np.array([0, 1, 0, 2, 3, 1])
    noise, between, variance = rng.uniform(0.1, 1, 6), rng.uniform(1, 5, 4), rng.uniform(1, 5, 4)
    model = OffsetModel(rng.normal(size=(6, 4)), noise, system, between, variance, np.zeros((6, 6), dtype=bool))
    expected, offsets = 0.0, []
    for axis in range(4):
        in_system = (system[:, None] == system) * scale * variance[axis]
        covariance = (labels[:, None] == labels) * between[axis] + in_system
        covariance += np.diag(noise + 0.01 * variance[axis])
        expected += multivariate_normal(np.zeros(6), covariance).logpdf(model.means[:, axis])
        loading = (system == np.arange(3)[:, None]) * scale * variance[axis]
        offsets.append(loading @ np.linalg.solve(covariance, model.means[:, axis]))
    likelihood, found = model._fit(labels, Variances(scale, 0.01))
    assert likelihood - 0.5 * 6 * 4 * np.log(2 * np.pi) == pytest.approx(expected)
    np.testing.assert_allclose(found, np.transpose(offsets), atol=1e-9)


@pytest.mark.parametrize("offset", [0.0, 0.3, 1.5])
def test_people_of_both_systems_are_joined_whatever_the_offset(offset):
    vectors, person, effects = record([[0, 1, 2, 3, 4], [0, 1, 2, 3, 4], [2, 3, 4, 0]], offset, seed=1)
    found = join(vectors, effects)
    assert len(np.unique(found.labels)) == 5
    assert wrong_and_found(found.labels, person, effects.system)[0] == 0
    assert found.match.common_people == 5
    assert not found.match.unmatched
    spread = [found.vectors[person == each].std(axis=0).mean() for each in range(5)]
    assert max(spread) < 0.3 * found.vectors.std(axis=0).mean()


def test_what_a_system_adds_to_one_body_only_is_learned():
    everybody = list(range(8))
    vectors, person, effects = record([everybody, everybody], 1.0, seed=2, person_offset=0.06)
    found = join(vectors, effects)
    assert wrong_and_found(found.labels, person, effects.system) == (0, 8 * 9)
    assert found.noise > 2


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("people", [1, 2, 4, 8])
def test_systems_of_different_people_stay_apart(people, seed):
    members = list(range(people)), list(range(people, 2 * people))
    vectors, _person, effects = record(list(members), 0.7, seed)
    found = join(vectors, effects)
    assert len(np.unique(found.labels)) == 2 * people
    assert found.match.unmatched == effects.names
    assert "no person was found by more than one of 2 systems (system-0, system-1)" in found.match.warning


def test_half_of_the_people_are_found_and_the_others_stay_apart():
    vectors, person, effects = record([[0, 1, 2, 3, 4, 5], [3, 4, 5, 6, 7, 8]], 1.0, seed=3)
    found = join(vectors, effects)
    assert wrong_and_found(found.labels, person, effects.system) == (0, 3 * 9)


def test_one_person_of_each_system_is_joined_only_without_an_offset():
    assert len(np.unique(join(*_first_and_last(record([[0], [0]], 0.0, seed=4))).labels)) == 1
    assert len(np.unique(join(*_first_and_last(record([[0], [0]], 1.0, seed=4))).labels)) == 2


def test_a_system_of_other_people_does_not_keep_the_others_apart():
    vectors, _person, effects = record([[0, 1, 2, 3], [0, 1, 2, 3], [4, 5, 6]], 1.0, seed=6)
    found = join(vectors, effects)
    assert len(np.unique(found.labels)) == 7
    assert found.match.unmatched == ("system-2",)
    assert "no person of system-2 was found by another system" in found.match.warning


def test_people_who_are_seen_at_one_time_are_not_joined():
    vectors, person, effects = record([[0, 1, 2, 3], [0, 1, 2, 3]], 0.5, seed=7)
    apart = np.array([[np.flatnonzero((person == 0) & (effects.system == number))[0] for number in (0, 1)]])
    labels = join(vectors, effects, apart).labels
    assert labels[apart[0, 0]] != labels[apart[0, 1]]
    assert wrong_and_found(labels, person, effects.system) == (0, 3 * 9)


def test_many_clusters_are_joined_by_offsets_of_the_largest(monkeypatch):
    monkeypatch.setattr("himpc.learning.clustering.system_offsets.MAX_CLUSTERS", 12)
    everybody = list(range(15))
    vectors, person, effects = record([everybody, everybody], 1.0, seed=8)
    found = join(vectors, effects)
    assert len(np.unique(found.labels)) == 15
    assert wrong_and_found(found.labels, person, effects.system)[0] == 0


@pytest.mark.parametrize("offset", [0.0, 0.7])
def test_many_clusters_of_different_people_stay_apart(monkeypatch, offset):
    monkeypatch.setattr("himpc.learning.clustering.system_offsets.MAX_CLUSTERS", 30)
    vectors, person, effects = record([list(range(15)), list(range(15, 30)), list(range(15))], offset, seed=10)
    found = join(vectors, effects)
    assert wrong_and_found(found.labels, person, effects.system)[0] == 0
    assert found.match.unmatched == ("system-1",)


def test_order_of_recordings_does_not_matter():
    vectors, _person, effects = record([[0, 1, 2], [1, 2, 3]], 1.0, seed=9)
    order = np.random.default_rng(0).permutation(len(vectors))
    labels, shuffled = join(vectors, effects).labels, join(vectors[order], effects.of(order)).labels
    np.testing.assert_array_equal(labels[order][:, None] == labels[order], shuffled[:, None] == shuffled)


def _first_and_last(recorded):
    return recorded[0], recorded[2]

"""Groups of recordings with confidences, for people and errors drawn from the model of the scoring."""

import numpy as np
import pytest

from himpc.learning.clustering.membership import membership_probabilities, purity_probabilities
from himpc.learning.clustering.recording_clusters import FEW_RECORDINGS_NOISE, cluster_by_evidence
from himpc.model import IdentityScoring

SIZE, PAIRS = 12, np.empty((0, 2), dtype=np.int64)
SCORING = IdentityScoring(np.ones(SIZE), np.full(SIZE, 2.0), noise=0.3)


def draw(recordings_each):
    """Draw the given number of recordings of each person, and return them with the number of their person."""
    rng = np.random.default_rng(3)
    person = np.repeat(np.arange(len(recordings_each)), recordings_each)
    bodies = rng.normal(size=(len(recordings_each), SIZE)) * np.sqrt(2)
    return bodies[person] + rng.normal(size=(len(person), SIZE)) * np.sqrt(0.3), person


@pytest.mark.parametrize("recordings_each", [(2, 1, 1, 1, 1, 1, 1), (3, 2, 4, 1), (2, 2)])
def test_confidence_takes_the_noise_of_what_recordings_show(recordings_each):
    vectors, person = draw(recordings_each)
    found = cluster_by_evidence(vectors, np.ones(len(person)), SCORING, len(recordings_each), PAIRS)
    np.testing.assert_array_equal(found.labels[:, None] == found.labels, person[:, None] == person)
    n_joins = len(person) - len(recordings_each)
    for number in range(len(person)):
        is_joined = (person == person[number]).sum() > 1
        degrees = n_joins + 1 if is_joined else len(person)
        noise = np.full(len(person), 1 + FEW_RECORDINGS_NOISE / degrees**2)
        expected = membership_probabilities(vectors, found.labels, SCORING, PAIRS, noise)
        expected = expected * purity_probabilities(vectors, found.labels, SCORING, np.ones(len(person)))
        assert found.confidence[number] == pytest.approx(expected[number])


def test_the_only_join_among_single_recordings_is_less_certain_than_one_of_many():
    single, several = (draw((2, each, each, each, each, each))[0] for each in (1, 3))
    several[:2] = single[:2]  # the same two recordings of one person
    confidences = []
    for vectors in (single, several):
        found = cluster_by_evidence(vectors, np.ones(len(vectors)), SCORING, 6, PAIRS)
        assert found.labels[0] == found.labels[1]
        confidences.append(found.confidence[:2].max())
    assert confidences[0] < confidences[1]

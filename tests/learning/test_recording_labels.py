"""Pseudo-labels of recordings: one a recording, and people who are apart get one each."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score, homogeneity_score
from sklearn.metrics.cluster import contingency_matrix

from himpc.errors import DataError
from himpc.learning.cuts import best_cut
from himpc.learning.recording_labels import FINER, recording_labels

SEEDS = st.integers(0, 1000)


def draw(seed, people=8, each=3, windows=5):
    """Return the windows of people well apart: vectors, the recording of each, in no order, and the person of each."""
    rng = np.random.default_rng(seed)
    bodies = rng.normal(size=(people, 8)) + 20 * np.eye(people, 8)
    take = rng.permutation(np.repeat(np.arange(people * each), windows))
    recordings = bodies[np.arange(people * each) % people] + rng.normal(size=(people * each, 8))
    return recordings[take] + 3 * rng.normal(size=(len(take), 8)), take, take % people


@given(SEEDS, st.integers(1, 12))
def test_windows_of_one_recording_share_a_label(seed, recordings):
    rng = np.random.default_rng(seed)
    take = rng.permutation(np.repeat(rng.choice(1000, recordings, replace=False), rng.integers(1, 5, recordings)))
    labels = recording_labels(rng.normal(size=(len(take), 3)), take)
    assert (contingency_matrix(take, labels) > 0).sum(axis=1).tolist() == [1] * recordings
    assert np.unique(labels).tolist() == list(range(labels.max() + 1))
    assert labels.dtype == np.int64


@settings(max_examples=25)
@given(SEEDS)
def test_people_who_are_apart_are_never_joined_and_seldom_split(seed):
    vectors, take, person = draw(seed)
    labels = recording_labels(vectors, take)
    assert homogeneity_score(person, labels) == pytest.approx(1)
    assert adjusted_rand_score(person, labels) > 0.8


@settings(max_examples=25)
@given(SEEDS)
def test_they_are_the_cut_of_the_means_one_by_one(seed):
    vectors, take, _ = draw(seed)
    groups = best_cut(np.array([vectors[take == r].mean(axis=0) for r in range(take.max() + 1)]), FINER)
    np.testing.assert_array_equal(recording_labels(vectors, take), groups[take])


@settings(max_examples=25)
@given(SEEDS)
def test_the_number_of_a_recording_and_the_order_of_windows_mean_nothing(seed):
    vectors, take, _ = draw(seed)
    order = np.random.default_rng(seed).permutation(len(take))
    labels = recording_labels(vectors, take)
    assert adjusted_rand_score(labels, recording_labels(vectors, 1000 - take)) == 1
    assert adjusted_rand_score(labels[order], recording_labels(vectors[order], take[order])) == 1


def test_a_finer_cut_is_taken_than_for_grouping():
    rng = np.random.default_rng(0)
    means = 5 * rng.normal(size=(6, 4)).repeat(6, axis=0) + 2 * rng.normal(size=(12, 4)).repeat(3, axis=0)
    means += 0.7 * rng.normal(size=means.shape)
    assert recording_labels(means, np.arange(36)).max() >= best_cut(means).max()


@pytest.mark.parametrize("recordings", [1, 2, 3])
def test_very_few_recordings_are_each_a_group(recordings):
    labels = recording_labels(np.zeros((2 * recordings, 4)), np.repeat(np.arange(recordings), 2))
    assert labels.tolist() == np.repeat(np.arange(recordings), 2).tolist()


def test_copies_of_a_recording_have_one_label():
    assert recording_labels(np.ones((20, 4)), np.repeat(np.arange(10), 2)).max() == 0


def test_more_recordings_than_fit_are_refused():
    with pytest.raises(DataError, match=r"10001 recordings are more than the 10000 .* grouped = windows"):
        recording_labels(np.zeros((10_001, 2)), np.arange(10_001))

"""Pseudo-labels of recordings: one per recording, and one per person if persons are well separated."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score, homogeneity_score
from sklearn.metrics.cluster import contingency_matrix

from himpc.errors import DataError
from himpc.learning.clustering import cluster_by_silhouette, cluster_recordings
from himpc.learning.clustering.recordings import FINER_SHARE

SEEDS = st.integers(0, 1000)


def draw(seed, people=8, each=3, windows=5):
    """Return windows of well separated persons in random order: vectors, the recording of each, the person of each."""
    rng = np.random.default_rng(seed)
    bodies = rng.normal(size=(people, 8)) + 20 * np.eye(people, 8)
    take = rng.permutation(np.repeat(np.arange(people * each), windows))
    recordings = bodies[np.arange(people * each) % people] + rng.normal(size=(people * each, 8))
    return recordings[take] + 3 * rng.normal(size=(len(take), 8)), take, take % people


@given(SEEDS, st.integers(1, 12))
def test_windows_of_one_recording_share_a_label(seed, recordings):
    rng = np.random.default_rng(seed)
    take = rng.permutation(np.repeat(rng.choice(1000, recordings, replace=False), rng.integers(1, 5, recordings)))
    labels = cluster_recordings(rng.normal(size=(len(take), 3)), take)
    assert (contingency_matrix(take, labels) > 0).sum(axis=1).tolist() == [1] * recordings
    assert np.unique(labels).tolist() == list(range(labels.max() + 1))
    assert labels.dtype == np.int64


@settings(max_examples=25)
@given(SEEDS)
def test_separated_persons_are_never_joined_and_seldom_split(seed):
    vectors, take, person = draw(seed)
    labels = cluster_recordings(vectors, take)
    assert homogeneity_score(person, labels) == pytest.approx(1)
    assert adjusted_rand_score(person, labels) > 0.8


@settings(max_examples=25)
@given(SEEDS)
def test_labels_equal_the_clusters_of_the_means(seed):
    vectors, take, _ = draw(seed)
    groups = cluster_by_silhouette(
        np.array([vectors[take == r].mean(axis=0) for r in range(take.max() + 1)]), FINER_SHARE
    )
    np.testing.assert_array_equal(cluster_recordings(vectors, take), groups[take])


@settings(max_examples=25)
@given(SEEDS)
def test_numbering_of_recordings_and_order_of_windows_change_nothing(seed):
    vectors, take, _ = draw(seed)
    order = np.random.default_rng(seed).permutation(len(take))
    labels = cluster_recordings(vectors, take)
    assert adjusted_rand_score(labels, cluster_recordings(vectors, 1000 - take)) == 1
    assert adjusted_rand_score(labels[order], cluster_recordings(vectors[order], take[order])) == 1


def test_the_cut_is_finer_than_for_grouping():
    rng = np.random.default_rng(0)
    means = 5 * rng.normal(size=(6, 4)).repeat(6, axis=0) + 2 * rng.normal(size=(12, 4)).repeat(3, axis=0)
    means += 0.7 * rng.normal(size=means.shape)
    assert cluster_recordings(means, np.arange(36)).max() >= cluster_by_silhouette(means).max()


@pytest.mark.parametrize("recordings", [1, 2, 3])
def test_each_of_very_few_recordings_has_its_own_label(recordings):
    labels = cluster_recordings(np.zeros((2 * recordings, 4)), np.repeat(np.arange(recordings), 2))
    assert labels.tolist() == np.repeat(np.arange(recordings), 2).tolist()


def test_copies_of_a_recording_have_one_label():
    assert cluster_recordings(np.ones((20, 4)), np.repeat(np.arange(10), 2)).max() == 0


def test_too_many_recordings_raise():
    with pytest.raises(DataError, match=r"found 10001 recordings, expected at most 10000 .* grouped='windows'"):
        cluster_recordings(np.zeros((10_001, 2)), np.arange(10_001))

"""Clustering under constraints: no cluster holds two people who were seen at one time."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster.hierarchy import linkage
from sklearn.metrics import adjusted_rand_score

from himpc.errors import ConfigError
from himpc.learning.clustering.constraints import (
    _constrained_tree,
    assign_apart,
    fewest_clusters,
    largest_clique,
    renumber_pairs,
    ward_tree,
)
from himpc.learning.clustering.number_of_people import cluster_by_silhouette, cut_tree
from himpc.learning.clustering.recordings import cluster_recordings
from himpc.learning.clustering.windows import split_clusters
from himpc.learning.grouping import group_recordings

NONE = np.empty((0, 2), dtype=np.int64)


def films(people: int, count: int) -> np.ndarray:
    """Return the pairs of `count` films, each of all people at one time; recording f * people + p shows person p."""
    couples = list(itertools.combinations(range(people), 2))
    return np.array([(f * people + a, f * people + b) for f in range(count) for a, b in couples])


def holds_pair(labels, pairs):
    return any(labels[a] == labels[b] for a, b in pairs)


@given(st.integers(0, 999), st.integers(3, 30))
def test_without_pairs_the_tree_is_that_of_ward(seed, count):
    vectors = np.random.default_rng(seed).normal(size=(count, 4))
    np.testing.assert_allclose(_constrained_tree(vectors, NONE, np.ones(count)), linkage(vectors, "ward"), atol=1e-9)


@given(st.integers(0, 999), st.integers(2, 30))
def test_tree_of_weighted_rows_is_that_of_repeated_rows(seed, count):
    rng = np.random.default_rng(seed)
    vectors, weights = rng.normal(size=(count, 4)), rng.integers(1, 5, count)
    repeated = linkage(np.repeat(vectors, weights, axis=0), "ward")
    owner = np.repeat(np.arange(count), weights)
    for tree in (ward_tree(vectors, weights=weights), _constrained_tree(vectors, NONE, weights.astype(float))):
        np.testing.assert_allclose(tree[:, 2], repeated[weights.sum() - count :, 2], atol=1e-9)
        assert tree[-1, 3] == count
        for clusters in range(1, count + 1):
            labels = cut_tree(tree, clusters)
            assert adjusted_rand_score(labels[owner], cut_tree(repeated, clusters)) == pytest.approx(1)


def test_tree_of_equal_rows_is_a_tree():
    weights = np.array([1.0, 2.0, 3.0, 4.0])
    tree = ward_tree(np.zeros((4, 3)), weights=weights)
    assert sorted(tree[:, :2].ravel()) == list(range(6))
    assert not tree[:, 2].any()


@given(st.integers(0, 999), st.integers(2, 12), st.integers(0, 20))
def test_no_cut_above_the_fewest_clusters_holds_a_pair(seed, count, n_pairs):
    rng = np.random.default_rng(seed)
    pairs = np.array([sorted(rng.choice(count, 2, replace=False)) for _ in range(n_pairs)]).reshape(-1, 2)
    tree = ward_tree(rng.normal(size=(count, 2)), pairs)
    for clusters in range(fewest_clusters(tree), count + 1):
        labels = cut_tree(tree, clusters)
        assert labels.max() + 1 == clusters
        assert not holds_pair(labels, pairs)


def test_people_of_one_film_are_grouped_apart_although_they_are_alike():
    rng = np.random.default_rng(0)
    people, count = 4, 3
    body = np.tile(rng.normal(size=(people, 6)), (count, 1)) * 0.05
    vectors = np.repeat(body, 8, axis=0) + 0.02 * rng.normal(size=(people * count * 8, 6))
    recording = np.repeat(np.arange(people * count), 8)
    pairs = films(people, count)
    for wanted in (None, 4, 5, 12):
        grouping = group_recordings(vectors, recording, people * count, wanted, cannot_link=pairs)
        assert not holds_pair(grouping.groups, pairs)
        assert grouping.kept_apart == len(pairs)
        assert wanted in (None, grouping.people)
    with pytest.raises(ConfigError, match="people is 3, but 4 recordings overlap in time"):
        group_recordings(vectors, recording, people * count, 3, cannot_link=pairs)


def test_the_number_of_people_is_reached_where_merges_alone_would_not():
    # The nearest recordings of three films of four people are couples of each two films: six groups, all in conflict.
    couples = np.zeros(12)
    couples[[0, 4, 1, 5, 6, 8, 7, 9, 10, 2, 11, 3]] = np.repeat(np.arange(6) * 10, 2)
    vectors, pairs = couples[:, None] + 1e-3 * np.arange(12)[:, None], films(4, 3)
    assert fewest_clusters(ward_tree(vectors, pairs)) == 6
    grouping = group_recordings(vectors, np.arange(12), 12, 4, whiten=False, cannot_link=pairs)
    assert grouping.people == 4
    assert not holds_pair(grouping.groups, pairs)


@given(st.integers(0, 999), st.integers(1, 5), st.integers(1, 5))
def test_assignment_of_people_of_one_picture_has_the_largest_sum(seed, rows, columns):
    scores = np.random.default_rng(seed).normal(size=(rows, columns))
    found = assign_apart(scores, films(rows, 1).reshape(-1, 2), no_column=0.0)
    options = itertools.product(range(-1, columns), repeat=rows)
    best = max(
        sum(scores[r, c] for r, c in enumerate(option) if c >= 0)
        for option in options
        if len({c for c in option if c >= 0}) == sum(c >= 0 for c in option)
    )
    assert sum(scores[r, c] for r, c in enumerate(found) if c >= 0) == pytest.approx(best)


@given(st.integers(0, 999))
def test_assignment_over_time_gives_each_moment_different_columns(seed):
    rng = np.random.default_rng(seed)
    starts, lengths = rng.uniform(0, 20, 15), rng.uniform(1, 5, 15)
    couples = itertools.combinations(range(15), 2)
    overlaps = [(a, b) for a, b in couples if -lengths[b] < starts[b] - starts[a] < lengths[a]]
    pairs = np.array(overlaps).reshape(-1, 2)
    columns = assign_apart(rng.normal(size=(15, 15)), pairs)
    assert (columns >= 0).all()
    assert not holds_pair(columns, pairs)


def test_largest_clique_is_the_number_of_people_at_one_time():
    assert len(largest_clique(films(4, 3))) == 4
    assert largest_clique(NONE) == []


def test_pairs_of_absent_recordings_are_left_out():
    assert renumber_pairs(np.array([[3, 7], [3, 5]]), np.array([3, 7, 9])).tolist() == [[0, 1]]


def test_silhouettes_and_pseudo_labels_keep_copies_of_one_film_apart():
    vectors = np.repeat(np.random.default_rng(1).normal(size=(3, 4)), 4, axis=0)
    pairs = np.array([[0, 1]])  # equal vectors
    assert not holds_pair(cluster_by_silhouette(vectors, pairs=pairs), pairs)
    windows = np.repeat(vectors, 3, axis=0)
    labels = cluster_recordings(windows, np.repeat(np.arange(12), 3), pairs)
    assert labels[0] != labels[3]


def test_clusters_of_windows_are_divided_where_they_hold_two_people():
    labels = np.array([0, 0, 0, 0, 1, 1, -1, 0])
    recording = np.array([0, 0, 1, 2, 2, 3, 3, 4])
    means = np.array([0.0, 5.0, 0.1, 9.0, 4.9])

    def means_of(rows, member):
        return means[recording[rows][np.unique(member, return_index=True)[1]], None]

    found = split_clusters(labels, recording, np.array([[0, 1]]), means_of)
    assert found[0] == found[1] == found[3]
    assert found[2] == found[7] != found[0]
    assert found[4] == found[5] == 1
    assert found[6] == -1
    assert sorted(set(found.tolist())) == [-1, 0, 1, 2]
    assert split_clusters(labels, recording, NONE, lambda *_: means[:, None]) is labels

"""The estimated number of people, and silhouettes against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, ward
from scipy.spatial.distance import pdist, squareform
from sklearn.metrics import adjusted_rand_score, silhouette_samples

from himpc.learning.clustering.number_of_people import (
    _silhouettes_of_cuts,
    cluster_by_silhouette,
    cut_tree,
    silhouettes,
)


@pytest.mark.parametrize("seed", range(20))
def test_recordings_of_different_persons_are_not_joined(seed):
    rng = np.random.default_rng(seed)
    bodies = rng.normal(size=(40, 20)) * np.geomspace(5, 1, 20)
    assert len(set(cluster_by_silhouette(bodies))) == 40


def test_copies_of_a_recording_are_one_person():
    bodies = np.random.default_rng(0).normal(size=(4, 5))
    assert len(set(cluster_by_silhouette(np.ones((6, 5))))) == 1
    assert adjusted_rand_score(np.repeat(range(4), 3), cluster_by_silhouette(np.repeat(bodies, 3, axis=0))) == 1


@pytest.mark.parametrize("seed", range(20))
def test_two_recordings_of_each_person_are_joined(seed):
    rng = np.random.default_rng(seed)
    names = np.repeat(np.arange(20), 2)
    bodies = 6 * rng.normal(size=(20, 20))[names] + rng.normal(size=(40, 20))
    assert adjusted_rand_score(names, cluster_by_silhouette(bodies)) > 0.9


@given(st.integers(0, 1000), st.integers(2, 20))
def test_silhouettes_equal_those_of_scikit_learn(seed, count):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(30, 3))
    labels = np.unique(rng.integers(0, count, 30), return_inverse=True)[1]
    distances = np.linalg.norm(vectors[:, None] - vectors, axis=2)
    if 1 < labels.max() + 1 < 30:
        expected = silhouette_samples(distances, labels, metric="precomputed")
        np.testing.assert_allclose(silhouettes(distances, labels), expected, atol=1e-12)


@given(st.integers(0, 1000), st.integers(4, 40))
def test_scores_of_cuts_equal_their_silhouettes(seed, count):
    vectors = np.random.default_rng(seed).normal(size=(count, 3))
    tree = ward(pdist(vectors))
    distances = squareform(pdist(vectors))
    counts = np.arange(2, count)
    for groups, score in zip(counts, _silhouettes_of_cuts(distances, tree, counts), strict=True):
        labels = cut_tree(tree, groups)
        assert score == pytest.approx(silhouettes(distances, labels).mean())
        assert adjusted_rand_score(labels, fcluster(tree, groups, "maxclust")) == 1

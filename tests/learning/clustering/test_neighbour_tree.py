"""The tree of many recordings from their neighbours is that of all pairs, as far as joining them makes sense."""

import numpy as np
import pytest

from himpc.learning.clustering import neighbour_tree as module
from himpc.learning.clustering.constraints import ward_tree
from himpc.learning.clustering.evidence import cut_by_evidence
from himpc.learning.clustering.membership import membership_probabilities
from himpc.learning.clustering.neighbour_tree import identity_tree, neighbour_tree
from himpc.learning.statistics import adjusted_rand_index
from himpc.model import IdentityScoring

SCORING = IdentityScoring(pose_scale=np.r_[np.ones(12), 0], between=np.r_[np.full(12, 9.0), 0])


def draw(people, seed=0, noise=0.3):
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(people), rng.integers(1, 7, people))
    vectors = (3 * rng.normal(size=(people, 13)))[owner] + noise * rng.normal(size=(len(owner), 13))
    vectors[:, 12] = 0
    return vectors, owner


def test_with_all_pairs_as_neighbours_it_is_the_tree_of_ward(monkeypatch):
    monkeypatch.setattr(module, "MIN_EVIDENCE", -np.inf)
    vectors, _ = draw(4)
    assert len(vectors) <= module.NEIGHBOURS
    tree, expected = neighbour_tree(vectors, SCORING), ward_tree(vectors)
    assert len(tree) == len(vectors) - 1
    np.testing.assert_allclose(np.sort(tree[:, 2]), expected[:, 2])
    np.testing.assert_array_equal(np.sort(tree[:, 3]), np.sort(expected[:, 3]))


def test_with_relative_noise_it_is_the_tree_of_weighted_rows(monkeypatch):
    monkeypatch.setattr(module, "MIN_EVIDENCE", -np.inf)
    vectors, _ = draw(4)
    relative = np.random.default_rng(1).uniform(0.25, 4, len(vectors))
    tree, expected = neighbour_tree(vectors, SCORING, None, relative), ward_tree(vectors, weights=1 / relative)
    np.testing.assert_allclose(np.sort(tree[:, 2]), expected[:, 2])
    np.testing.assert_array_equal(np.sort(tree[:, 3]), np.sort(expected[:, 3]))


def test_people_are_found_as_by_all_pairs():
    vectors, owner = draw(300)
    labels = cut_by_evidence(neighbour_tree(vectors, SCORING), vectors, SCORING)
    all_pairs = cut_by_evidence(ward_tree(vectors), vectors, SCORING)
    assert adjusted_rand_index(labels, all_pairs) > 0.99
    assert adjusted_rand_index(labels, owner) > 0.99


def test_people_are_found_by_approximate_neighbours(monkeypatch):
    from himpc.learning.clustering import neighbours

    vectors, owner = draw(300)
    exact = cut_by_evidence(neighbour_tree(vectors, SCORING), vectors, SCORING)
    monkeypatch.setattr(neighbours, "MAX_AUTO_EXACT", 0)
    labels = cut_by_evidence(neighbour_tree(vectors, SCORING), vectors, SCORING)
    assert adjusted_rand_index(labels, exact) > 0.99
    assert adjusted_rand_index(labels, owner) > 0.99


def test_each_merge_follows_those_of_its_parts():
    vectors, _ = draw(60)
    tree = neighbour_tree(vectors, SCORING)
    nodes = len(vectors) + np.arange(len(tree))
    assert (tree[:, :2] < nodes[:, None]).all()
    assert len(np.unique(tree[:, :2])) == 2 * len(tree)
    sizes = np.concatenate([np.ones(len(vectors)), tree[:, 3]])
    np.testing.assert_array_equal(sizes[tree[:, :2].astype(int)].sum(axis=1), tree[:, 3])


def test_recordings_of_different_people_are_kept_apart():
    vectors, owner = draw(40)
    alike = np.flatnonzero(owner[:-1] == owner[1:])[::3]
    pairs = np.stack([alike, alike + 1], axis=1)
    labels = cut_by_evidence(neighbour_tree(vectors, SCORING, pairs), vectors, SCORING)
    assert (labels[pairs[:, 0]] != labels[pairs[:, 1]]).all()


def test_equal_and_single_recordings():
    assert neighbour_tree(np.zeros((1, 13)), SCORING).shape == (0, 4)
    assert cut_by_evidence(neighbour_tree(np.zeros((30, 13)), SCORING), np.zeros((30, 13)), SCORING).max() == 0


def test_many_recordings_use_neighbours_only(monkeypatch):
    vectors, _ = draw(10)
    monkeypatch.setattr(module, "MAX_RECORDINGS", 5)
    np.testing.assert_array_equal(identity_tree(vectors, SCORING), neighbour_tree(vectors, SCORING))


def test_probabilities_of_many_recordings_differ_little(monkeypatch):
    from himpc.learning.clustering import membership

    vectors, owner = draw(300, noise=1.0)
    exact = membership_probabilities(vectors, owner, SCORING)
    monkeypatch.setattr(membership, "MAX_DISTANCES", 0)
    assert membership_probabilities(vectors, owner, SCORING) == pytest.approx(exact, abs=0.01)

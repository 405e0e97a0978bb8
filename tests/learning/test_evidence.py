"""Clustering by evidence: the cut is the best of all, and finds one, few and many people."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from himpc.learning.clustering.constraints import ward_tree
from himpc.learning.clustering.evidence import JOIN_EVIDENCE, JOIN_NOISE, cut_by_evidence
from himpc.learning.clustering.membership import (
    DOUBTFUL_RATIO,
    MERGE_SLOPE,
    doubtful_clusters,
    membership_probabilities,
    purity_probabilities,
    reassign,
)
from himpc.learning.grouping import group_recordings
from himpc.model import IdentityScoring

SCORING = IdentityScoring(pose_scale=np.ones(12), between=np.full(12, 9.0))


def draw(people, each, seed=0, noise=0.3):
    rng = np.random.default_rng(seed)
    persons = rng.normal(size=(people, 12)) * 3
    owner = np.repeat(np.arange(people), each)
    return persons[owner] + noise * rng.normal(size=(len(owner), 12)), owner


@pytest.mark.parametrize(("people", "each"), [(1, 30), (2, 25), (12, 1), (8, 4), (30, 2)])
def test_number_of_people_is_found(people, each):
    vectors, owner = draw(people, each)
    labels = cut_by_evidence(ward_tree(vectors), vectors, SCORING)
    assert labels.max() + 1 == people
    assert len(set(zip(labels.tolist(), owner.tolist(), strict=True))) == people


def test_cut_has_the_largest_sum_of_evidence():
    rng = np.random.default_rng(3)
    scoring = IdentityScoring(np.ones(3), np.full(3, 1.0), noise=1.0)
    joining = replace(scoring, noise=JOIN_NOISE)
    for _ in range(20):
        vectors = rng.normal(size=(6, 3))
        tree = ward_tree(vectors)
        members = {i: [i] for i in range(6)}
        inner = {i: set() for i in range(6)}  # the merges within each node
        gains = {}
        for node, (left, right) in enumerate(tree[:, :2].astype(int), start=6):
            a, b = members[left], members[right]
            ratio = joining.log_likelihood_ratio(vectors[a].mean(axis=0), vectors[b].mean(axis=0), len(a), len(b))
            members[node], gains[node] = a + b, float(ratio) - JOIN_EVIDENCE
            inner[node] = {node} | inner[left] | inner[right]

        best = 0.0
        for count in range(6):
            for nodes in itertools.combinations(gains, count):
                closed = all(inner[node] <= set(nodes) for node in nodes)
                best = max(best, sum(gains[node] for node in nodes)) if closed else best
        labels = cut_by_evidence(tree, vectors, scoring)
        inside = [n for n in gains if len({labels[i] for i in members[n]}) == 1]
        assert sum(gains[node] for node in inside) == pytest.approx(best, abs=1e-9)


def test_probabilities_are_high_for_right_and_low_for_wrong_groups():
    vectors, owner = draw(6, 4)
    right = membership_probabilities(vectors, owner, SCORING)
    wrong = owner.copy()
    wrong[0] = 3
    assert right.min() > 0.9
    assert membership_probabilities(vectors, wrong, SCORING)[0] < 0.01
    assert ((right >= 0) & (right <= 1)).all()


def test_probability_of_a_single_recording_falls_if_its_person_is_elsewhere():
    vectors, owner = draw(5, 3)
    split = owner.copy()
    split[0] = 5
    assert membership_probabilities(vectors, split, SCORING)[0] < 0.1


def test_purity_is_high_for_one_person_and_low_for_two():
    vectors, owner = draw(4, 6)
    assert (purity_probabilities(vectors, owner, SCORING) > 0.8).all()
    joined = np.where(owner == 3, 2, owner)
    purity = purity_probabilities(vectors, joined, SCORING)
    assert (purity[joined == 2] < 0.1).all()
    assert (purity[joined != 2] > 0.8).all()
    assert purity_probabilities(vectors, np.arange(len(vectors)), SCORING) == pytest.approx(1)


def test_weakest_merge_is_found_on_the_way_to_the_root():
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(9, 12))
    joining = replace(SCORING, noise=JOIN_NOISE * SCORING.noise)
    members = {i: [i] for i in range(9)}
    weakest = np.full(9, np.inf)
    for node, (left, right) in enumerate(ward_tree(vectors)[:, :2].astype(int), start=9):
        a, b = members[left], members[right]
        members[node] = a + b
        ratio = joining.log_likelihood_ratio(vectors[a].mean(axis=0), vectors[b].mean(axis=0), len(a), len(b))
        weakest[a + b] = np.minimum(weakest[a + b], ratio)
    expected = 1 / (1 + np.exp(-MERGE_SLOPE * weakest))
    np.testing.assert_allclose(purity_probabilities(vectors, np.zeros(9, dtype=int), SCORING), expected)


def test_noisy_recordings_are_joined_with_doubt_and_do_not_move_means():
    vectors, _ = draw(5, 6)
    rng = np.random.default_rng(1)
    relative = np.ones(len(vectors))
    relative[::6] = 400.0
    vectors[::6] += 3 * rng.normal(size=(5, 12))
    tree = ward_tree(vectors, weights=1 / relative)
    labels = cut_by_evidence(tree, vectors, SCORING, relative_noise=relative)
    assert labels.max() + 1 == 5
    probability = membership_probabilities(vectors, labels, SCORING, relative_noise=relative)
    assert probability[::6].max() < probability[relative == 1].min()
    assert cut_by_evidence(ward_tree(vectors), vectors, SCORING).max() + 1 > 5


def test_equal_relative_noise_is_that_of_the_scoring():
    vectors, owner = draw(6, 4, noise=1.5)
    twice, ones = np.full(len(vectors), 2.0), np.ones(len(vectors))
    louder = replace(SCORING, noise=2 * SCORING.noise)
    tree = ward_tree(vectors)
    np.testing.assert_array_equal(
        cut_by_evidence(tree, vectors, SCORING, relative_noise=twice), cut_by_evidence(tree, vectors, louder)
    )
    for function in (membership_probabilities, purity_probabilities):
        expected = function(vectors, owner, louder)
        np.testing.assert_allclose(function(vectors, owner, SCORING, relative_noise=twice), expected)
        np.testing.assert_allclose(function(vectors, owner, louder, relative_noise=ones), expected)


def draw_with_unusual_recordings(n_unusual, distance, seed=0):
    """Four people of twelve recordings, and a few recordings at some distance from those of the first one."""
    vectors, owner = draw(4, 12, seed)
    direction = np.random.default_rng(seed + 1).normal(size=12)
    moved = vectors[:n_unusual] + distance * direction / np.linalg.norm(direction)
    return np.concatenate([vectors, moved]), np.concatenate([owner, np.full(n_unusual, 4)])


@pytest.mark.parametrize(("distance", "expected"), [(2.5, True), (20.0, False)])
def test_small_cluster_near_a_large_one_is_doubtful(distance, expected):
    vectors, labels = draw_with_unusual_recordings(3, distance)
    doubtful = doubtful_clusters(vectors, labels, SCORING)
    assert doubtful.tolist() == [False] * 4 + [expected]


def test_cluster_of_similar_size_is_not_doubtful():
    vectors, labels = draw_with_unusual_recordings(12 // DOUBTFUL_RATIO + 1, 2.5)
    assert not doubtful_clusters(vectors, labels, SCORING).any()


def test_cluster_that_was_seen_beside_the_large_one_is_not_doubtful():
    vectors, labels = draw_with_unusual_recordings(3, 2.5)
    for pair in ((0, len(labels) - 1), (len(labels) - 1, 0)):
        assert not doubtful_clusters(vectors, labels, SCORING, np.array([pair])).any()
    elsewhere = np.array([(12, len(labels) - 1)])
    assert doubtful_clusters(vectors, labels, SCORING, elsewhere)[4]


def test_cluster_of_another_system_is_not_doubtful():
    vectors, labels = draw_with_unusual_recordings(3, 2.5)
    assert not doubtful_clusters(vectors, labels, SCORING, system=(labels == 4).astype(np.int64)).any()
    system = np.where(np.arange(len(labels)) % 2 == 0, 1, 0)
    assert doubtful_clusters(vectors, labels, SCORING, system=system)[4]


def test_doubtful_clusters_do_not_depend_on_the_order_of_recordings():
    vectors, labels = draw_with_unusual_recordings(2, 2.5, seed=4)
    order = np.random.default_rng(0).permutation(len(labels))
    shuffled = doubtful_clusters(vectors[order], labels[order], SCORING)
    np.testing.assert_array_equal(shuffled, doubtful_clusters(vectors, labels, SCORING))


@pytest.mark.parametrize("leave", [True, False])
def test_recordings_of_doubtful_clusters_are_in_no_group(leave):
    vectors, owner = draw_with_unusual_recordings(3, 4.5, seed=2)
    grouping = group_recordings(vectors, np.arange(len(owner)), len(owner), scoring=SCORING, leave_ungrouped=leave)
    unusual = owner == 4
    assert (grouping.groups[~unusual] > 0).all()
    assert len(set(grouping.groups[~unusual].tolist())) == 4
    assert grouping.plausible is not None
    assert grouping.plausible[1] >= 5
    if leave:
        assert not grouping.groups[unusual].any()
        assert np.isnan(grouping.confidence[unusual]).all()
        assert (grouping.people, grouping.ungrouped) == (4, 3)
        assert "3 recordings in no group" in grouping.warning
        stated = group_recordings(vectors, np.arange(len(owner)), len(owner), 5, scoring=SCORING)
        assert stated.people == 5
    else:
        assert (grouping.people, grouping.ungrouped) == (5, 0)


def test_two_recordings_are_divided_with_doubt():
    """With two recordings it is hardly known how much one person differs between them; with many it is."""
    pair = np.stack([np.zeros(12), np.r_[7.0, np.zeros(11)]])
    alone = group_recordings(pair, np.arange(2), 2, scoring=SCORING)
    assert (alone.people, alone.plausible) == (2, (1, 2))
    assert (alone.confidence < 0.5).all()
    others, _ = draw(6, 8)
    vectors = np.concatenate([pair, 20 + others])
    among = group_recordings(vectors, np.arange(len(vectors)), len(vectors), scoring=SCORING)
    assert among.groups[0] != among.groups[1]
    assert (among.confidence[:2] > 0.9).all()


@pytest.mark.parametrize("distance", [0.0, 12.0])
def test_still_recordings_apart_from_moving_ones_are_counted(distance):
    vectors, _ = draw(5, 4)
    still = np.arange(len(vectors)) % 4 == 0
    vectors[still, 0] += distance  # as raised arms
    rng = np.random.default_rng(1)
    windows = vectors[:, None] + np.where(still, 0.25, 1.0)[:, None, None] * rng.normal(size=(len(vectors), 6, 12)) / 3
    found = group_recordings(
        windows.reshape(-1, 12), np.repeat(np.arange(len(vectors)), 6), len(vectors), scoring=SCORING
    )
    assert found.is_still is not None
    assert (found.is_unmatched_still.sum(), found.is_still.sum()) == (5 if distance else 0, 5)
    assert (np.nanmax(found.confidence[still]) <= 0.5) == bool(distance)
    assert ("5 of 5 recordings without movement are in no group with a moving one" in found.warning) == bool(distance)


def test_recordings_in_wrong_clusters_move_to_their_own():
    vectors, owner = draw(people=5, each=6)
    wrong = owner.copy()
    wrong[[0, 7, 20]] = [3, 4, 1]
    np.testing.assert_array_equal(reassign(vectors, wrong, SCORING), owner)
    stays = reassign(vectors, wrong, SCORING, np.array([[0, 29]]))  # overlaps another one in time
    assert stays[0] == 3
    np.testing.assert_array_equal(stays[1:], owner[1:])


def test_reassigning_keeps_the_number_of_clusters():
    vectors, owner = draw(people=2, each=5)
    alone = owner.copy()
    alone[[0, 9]] = [2, 3]  # two of their recordings are clusters of their own
    assert len(set(reassign(vectors, alone, SCORING).tolist())) == 4
    np.testing.assert_array_equal(reassign(vectors, np.zeros(10, dtype=np.int64), SCORING), 0)
    crossed = np.arange(10) % 2
    found = reassign(vectors, crossed, SCORING)
    assert len(set(found.tolist())) == 2


def test_reassigned_recordings_have_the_most_evidence_for_their_cluster():
    vectors, _ = draw(people=6, each=5, noise=2.0)
    labels = reassign(vectors, np.random.default_rng(1).permutation(np.arange(30) % 6), SCORING)
    joining = replace(SCORING, noise=JOIN_NOISE * SCORING.noise)
    for row, own in enumerate(labels):
        others = np.arange(30) != row
        if (labels[others] == own).any():
            evidence = []
            for cluster in range(6):
                members = vectors[others & (labels == cluster)]
                evidence.append(float(joining.log_likelihood_ratio(members.mean(axis=0), vectors[row], len(members))))
            assert evidence[own] == pytest.approx(max(evidence))

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score, silhouette_samples

from himpc.errors import ConfigError, DataError
from himpc.learning.grouping import group_recordings, silhouettes


def people(seed: int, count: int = 6, each: int = 4, spread: float = 0.05) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    names = np.repeat(np.arange(count), each)
    return (rng.normal(size=(count, 8))[names] + spread * rng.normal(size=(count * each, 8))).astype(np.float32), names


@given(st.integers(0, 1000), st.integers(3, 12), st.integers(2, 5))
def test_well_apart_people_are_found(seed, count, each):
    vectors, names = people(seed, count, each, spread=0.01)
    grouping = group_recordings(vectors)
    assert adjusted_rand_score(names, grouping.groups) == 1
    assert grouping.people == count
    assert (grouping.confidence > 0.5).all()


@given(st.integers(0, 1000), st.integers(2, 20))
def test_silhouettes_are_scikit_learns(seed, count):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(30, 3))
    labels = np.unique(rng.integers(0, count, 30), return_inverse=True)[1]
    distances = np.linalg.norm(vectors[:, None] - vectors, axis=2)
    if 1 < labels.max() + 1 < 30:
        expected = silhouette_samples(distances, labels, metric="precomputed")
        np.testing.assert_allclose(silhouettes(distances, labels), expected, atol=1e-12)


def test_the_number_of_people_can_be_given():
    vectors, _ = people(0)
    for count in (1, 3, 24):
        assert group_recordings(vectors, people=count).people == count
    for count in (0, 25):
        with pytest.raises(ConfigError, match="from 1 to the number of recordings, 24"):
            group_recordings(vectors, people=count)


def test_groups_are_numbered_by_size_and_order_does_not_matter():
    vectors, names = people(1)
    vectors, names = vectors[3:], names[3:]
    shuffle = np.random.default_rng(0).permutation(len(vectors))
    groups = group_recordings(vectors).groups
    assert (np.diff(np.bincount(groups)[1:]) <= 0).all()
    assert adjusted_rand_score(groups[shuffle], group_recordings(vectors[shuffle]).groups) == 1


def test_recordings_without_an_embedding_are_left_out():
    vectors, _ = people(2)
    vectors[5] = np.nan
    grouping = group_recordings(vectors)
    assert grouping.groups[5] == 0
    assert np.isnan(grouping.confidence[5])
    assert (np.delete(grouping.groups, 5) > 0).all()


def test_too_few_recordings():
    with pytest.raises(DataError, match="two recordings or more"):
        group_recordings(np.full((3, 2), np.nan, dtype=np.float32))
    two = group_recordings(np.eye(2, dtype=np.float32))
    assert two.groups.tolist() == [1, 1]


def test_equal_recordings_are_one_person():
    assert group_recordings(np.ones((5, 3), dtype=np.float32), people=1).confidence.tolist() == [1.0] * 5

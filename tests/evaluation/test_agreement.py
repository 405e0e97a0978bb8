from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from himpc.errors import DataError
from himpc.evaluation import grouping_agreement

RECORDINGS = st.lists(
    st.tuples(st.integers(-1, 4), st.sampled_from(["ann", "bob", "eve", None])), min_size=1, max_size=25
)


@given(RECORDINGS)
def test_scores_equal_those_of_counting_pairs(recordings):
    labelled = [(group, person, i) for i, (group, person) in enumerate(recordings) if person is not None]
    if not labelled:
        return
    result = grouping_agreement(*zip(*recordings, strict=True))
    groups = [g if g >= 0 else f"alone {i}" for g, _, i in labelled]
    people = [person for _, person, _ in labelled]
    pairs = list(combinations(range(len(labelled)), 2))
    joined = {pair for pair in pairs if groups[pair[0]] == groups[pair[1]]}
    true = {pair for pair in pairs if people[pair[0]] == people[pair[1]]}
    assert result.precision == pytest.approx(len(joined & true) / len(joined) if joined else 1)
    assert result.recall == pytest.approx(len(joined & true) / len(true) if true else 1)
    members = [[p for p, g in zip(people, groups, strict=True) if g == group] for group in set(groups)]
    assert result.purity == pytest.approx(sum(max(m.count(p) for p in m) for m in members) / len(labelled))
    codes = np.unique(groups, return_inverse=True)[1]
    assert result.ari == pytest.approx(adjusted_rand_score(people, codes))
    assert result.ami == pytest.approx(adjusted_mutual_info_score(people, codes))
    assert result.n_unlabelled == len(recordings) - len(labelled)


def test_correct_groups_have_all_scores_one():
    result = grouping_agreement([3, 3, 7, 7, -1], ["ann", "ann", "bob", "bob", "eve"])
    assert [result.ari, result.ami, result.purity, result.f1] == pytest.approx([1, 1, 1, 1])
    assert (result.n_groups, result.n_persons) == (3, 3)


def test_one_group_for_all_has_low_purity_and_full_recall():
    result = grouping_agreement([0] * 4, ["ann", "ann", "bob", "eve"])
    assert (result.purity, result.recall) == (0.5, 1.0)
    assert result.precision == pytest.approx(1 / 6)
    assert result.ari == pytest.approx(0)


def test_table_counts_unlabelled_recordings():
    table = grouping_agreement([0, 0, 1], ["ann", "ann", None]).table()
    assert "unlabelled" in table
    assert "100.0" in table
    assert "unlabelled" not in grouping_agreement([0], ["ann"]).table()


def test_missing_persons_raise_a_hint():
    with pytest.raises(DataError, match="from file names with name or from a table with labels"):
        grouping_agreement([0, 1], [None, None])
    with pytest.raises(DataError, match="2 groups for the people of 1 recordings"):
        grouping_agreement([0, 1], ["ann"])

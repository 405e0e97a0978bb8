"""The ranking metrics against plain formulas, written query by query, and against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from himpc.errors import ConfigError, DataError
from himpc.evaluation import distances as distances_module
from himpc.evaluation.ranking import evaluate_distances, evaluate_ranking
from himpc.model import IdentityScoring


def reference(distances, match, compared):
    """Rank of the first match, average precision, inverse negative penalty of one query; ties count against it."""
    d, m = distances[compared], match[compared]
    if not m.any():
        return len(distances) + 1, 0.0, 0.0
    no_farther = [(d <= x).sum() for x in d[m]]
    first = (~m & (d <= d[m].min())).sum() + 1
    precision = np.mean([m[d <= x].sum() / n for x, n in zip(d[m], no_farther, strict=True)])
    return first, precision, m.sum() / max(no_farther)


@st.composite
def rankings(draw):
    """Distances with many ties, ids, and pairs that are not compared."""
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    p, g, people = draw(st.integers(1, 12)), draw(st.integers(1, 15)), draw(st.integers(1, 4))
    distances = rng.integers(0, draw(st.sampled_from([2, 5, 10**6])), (p, g)).astype(float)
    exclude = rng.random((p, g)) < draw(st.sampled_from([0, 0.3]))
    return distances, rng.integers(0, people, p), rng.integers(0, people, g), exclude


@given(rankings())
def test_metrics_equal_plain_formulas(case):
    distances, probe_ids, gallery_ids, exclude = case
    result = evaluate_distances(distances, probe_ids, gallery_ids, exclude=exclude, ks=(1, 3), without_match="count")
    slow = [
        reference(row, gallery_ids == person, ~out)
        for row, person, out in zip(distances, probe_ids, exclude, strict=True)
    ]
    first, precision, penalty = (np.array(column) for column in zip(*slow, strict=True))
    np.testing.assert_array_equal(result.first_match, first)
    np.testing.assert_allclose(result.per_query["mAP"], precision)
    np.testing.assert_allclose(result.per_query["mINP"], penalty)
    found = np.where(first <= len(gallery_ids), first, np.inf)
    assert result.rank == pytest.approx({1: (found <= 1).mean(), 3: (found <= 3).mean()})
    np.testing.assert_allclose(result.cmc, [(found <= k).mean() for k in range(1, len(gallery_ids) + 1)])
    assert result.mAP == pytest.approx(precision.mean())
    assert result.mINP == pytest.approx(penalty.mean())


@given(rankings())
def test_average_precision_equals_scikit_learn(case):
    distances, probe_ids, gallery_ids, _ = case
    result = evaluate_distances(distances, probe_ids, gallery_ids, without_match="count")
    for row, person, ours in zip(distances, probe_ids, result.per_query["mAP"], strict=True):
        if (gallery_ids == person).any():
            assert ours == pytest.approx(average_precision_score(gallery_ids == person, -row))


def test_metrics_equal_those_computed_by_hand():
    """Matches at ranks 2 and 3 of 4: AP = (1/2 + 2/3) / 2, INP = 2/3."""
    result = evaluate_distances(np.array([[0.1, 0.2, 0.3, 0.4]]), ["ann"], ["bob", "ann", "ann", "bob"], ks=(1, 2, 99))
    assert result.rank == {1: 0.0, 2: 1.0, 99: 1.0}
    assert result.mAP == pytest.approx(7 / 12)
    assert result.mINP == pytest.approx(2 / 3)


@given(rankings(), st.randoms(use_true_random=False))
def test_metrics_do_not_depend_on_the_order_of_the_gallery(case, random):
    distances, probe_ids, gallery_ids, exclude = case
    order = list(range(len(gallery_ids)))
    random.shuffle(order)
    options = {"without_match": "count"}
    here = evaluate_distances(distances, probe_ids, gallery_ids, exclude=exclude, **options)
    there = evaluate_distances(distances[:, order], probe_ids, gallery_ids[order], exclude=exclude[:, order], **options)
    np.testing.assert_array_equal(here.first_match, there.first_match)
    np.testing.assert_allclose(here.per_query["mAP"], there.per_query["mAP"])


def test_embeddings_rank_as_their_distances_in_any_block_size(monkeypatch):
    rng = np.random.default_rng(0)
    probe, gallery = rng.normal(size=(50, 8)) + 100, rng.normal(size=(40, 8)) + 100
    probe_ids, gallery_ids = rng.integers(0, 5, 50), rng.integers(0, 5, 40)
    distances = np.linalg.norm(probe[:, None] - gallery, axis=2)
    slow = evaluate_distances(distances, probe_ids, gallery_ids)
    monkeypatch.setattr(distances_module, "_BLOCK_CELLS", 300)
    fast = evaluate_ranking(probe, gallery, probe_ids, gallery_ids)
    np.testing.assert_array_equal(fast.first_match, slow.first_match)
    np.testing.assert_allclose(fast.per_query["mAP"], slow.per_query["mAP"])


def test_adapted_embeddings_rank_by_their_likelihood_ratios_in_any_block_size(monkeypatch):
    rng = np.random.default_rng(0)
    scoring = IdentityScoring(np.array([0.5, 2.0, 0.0]), np.array([3.0, 0.4, 0.0]), noise=0.3)
    probe, gallery = rng.normal(size=(50, 3)), rng.normal(size=(40, 3))
    ids = rng.integers(0, 5, 50), rng.integers(0, 5, 40)
    slow = evaluate_distances(-scoring.log_likelihood_ratio(probe[:, None], gallery), *ids)
    monkeypatch.setattr(distances_module, "_BLOCK_CELLS", 300)
    fast = evaluate_ranking(probe, gallery, *ids, scoring=scoring)
    np.testing.assert_array_equal(fast.first_match, slow.first_match)
    assert fast.mAP == pytest.approx(slow.mAP)
    assert fast.mAP != evaluate_ranking(probe, gallery, *ids).mAP
    with pytest.raises(DataError, match="have 2 values, the scoring 3"):
        evaluate_ranking(probe[:, :2], gallery[:, :2], *ids, scoring=scoring)


def test_query_of_the_same_set_is_not_its_own_match():
    vectors = np.array([[0.0], [1.0], [1.5], [9.0]])
    result = evaluate_ranking(vectors, vectors, list("aabb"), list("aabb"), same=True)
    # 0 -> 1 (a); 1 -> 1.5 (b) before 0 (a); 1.5 -> 1, 0 (a) before 9 (b); 9 -> 1.5 (b)
    np.testing.assert_array_equal(result.first_match, [1, 2, 3, 1])
    with pytest.raises(DataError, match="not the same set: 4 and 3"):
        evaluate_ranking(vectors, vectors[:3], list("aabb"), list("aab"), same=True)


def test_exclude_removes_only_the_same_person_and_camera():
    """The nearest entry is ann in the same room; without it, bob in that room comes before ann elsewhere."""
    gallery, ids = np.array([[0.0], [1.0], [2.0]]), ["ann", "bob", "ann"]
    cameras = (["hall"], ["hall", "hall", "yard"])
    result = evaluate_ranking(np.array([[0.0]]), gallery, ["ann"], ids, exclude=cameras)
    assert result.first_match.tolist() == [2]


def test_query_without_match_is_an_error_skipped_or_counted():
    distances, probe_ids, gallery_ids = np.array([[0.0, 1.0], [1.0, 0.0]]), ["ann", "eve"], ["ann", "bob"]
    with pytest.raises(DataError, match="1 of 2 probes have no match in the gallery, the first is number 1"):
        evaluate_distances(distances, probe_ids, gallery_ids)
    skipped = evaluate_distances(distances, probe_ids, gallery_ids, without_match="skip")
    assert (skipped.mAP, skipped.n_queries, skipped.n_skipped, skipped.query.tolist()) == (1.0, 1, 1, [0])
    counted = evaluate_distances(distances, probe_ids, gallery_ids, without_match="count")
    assert (counted.mAP, counted.n_queries, counted.n_skipped) == (0.5, 2, 0)
    assert counted.cmc.tolist() == [0.5, 0.5]
    with pytest.raises(DataError, match="no probe has a match"):
        evaluate_distances(distances[1:], ["eve"], gallery_ids, without_match="skip")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"probe": np.zeros((0, 2))}, r"probe embeddings have shape \(0, 2\)"),
        ({"gallery": np.full((3, 2), np.nan)}, "3 of 3 gallery embeddings hold values that are not finite"),
        ({"gallery": np.zeros((3, 5))}, "probe embeddings have 2 values, gallery embeddings 5"),
        ({"probe_ids": ["a"]}, "1 and 3 ids, expected 2 and 3"),
        ({"gallery_ids": ["a", None, "b"]}, "some ids are None"),
        ({"exclude": np.zeros((3, 2), dtype=bool)}, "exclude is bool of shape"),
    ],
)
def test_invalid_arrays_raise(change, message):
    case = {
        "probe": np.zeros((2, 2)),
        "gallery": np.zeros((3, 2)),
        "probe_ids": ["a", "b"],
        "gallery_ids": ["a", "b", "b"],
    }
    with pytest.raises(DataError, match=message):
        evaluate_ranking(**case | change)


def test_invalid_settings_raise():
    with pytest.raises(ConfigError, match="without_match must be"):
        evaluate_distances(np.zeros((1, 1)), ["a"], ["a"], without_match="ignore")
    with pytest.raises(ConfigError, match="ks must be ranks of 1 or more"):
        evaluate_distances(np.zeros((1, 1)), ["a"], ["a"], ks=(0,))
    with pytest.raises(DataError, match="not finite; exclude pairs"):
        evaluate_distances(np.full((1, 1), np.inf), ["a"], ["a"])

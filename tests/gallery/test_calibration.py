import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from himpc._schema import to_plain
from himpc.errors import ConfigError, DataError
from himpc.gallery.calibration import Fold, calibrate, load_calibration, save_calibration
from himpc.gallery.calibration import comparisons as comparisons_module
from himpc.gallery.calibration.comparisons import compare_left_out, compare_within
from himpc.gallery.calibration.duplicates import find_duplicates
from himpc.gallery.calibration.likelihood import LikelihoodRatio

LINE = np.array([[0.0], [1.0], [4.0], [10.0], [10.5]])
WHO = np.array([7, 7, 3, 5, 5])
"""On a line: 7 at 0 and 1, 3 at 4, 5 at 10 and 10.5."""


def walkers(persons=20, each=3, spread=2.0, seed=0):
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(persons), each)
    centre = spread * rng.normal(size=(persons, 8))
    return (centre[who] + rng.normal(size=(len(who), 8))).astype(np.float32), who


galleries = st.builds(
    walkers, st.integers(2, 9), st.integers(2, 4), st.sampled_from([0.0, 1.0, 8.0]), st.integers(0, 99)
)


def test_comparisons_leave_out_each_recording_in_turn():
    found = compare_within(LINE, WHO)
    assert sorted(found.genuine.round(6).tolist()) == [0.5, 0.5, 1, 1]
    assert sorted(found.impostor.round(6).tolist()) == [3, 3, 4, 6, 6, 6.5, 9, 9, 9.5, 10]
    assert sorted(found.nearest_impostor.round(6).tolist()) == [3, 3, 4, 6, 6.5]
    assert (found.persons, found.genuine_persons) == (3, 2)


def test_comparisons_weigh_all_persons_equally():
    found = compare_within(LINE, WHO)
    weight = dict(zip(found.nearest_impostor.round(6).tolist(), found.nearest_impostor_weight.tolist(), strict=True))
    assert weight[4] == pytest.approx(1 / 6)
    assert weight[6.5] == pytest.approx(1 / 6)
    for weights in (found.genuine_weight, found.impostor_weight, found.nearest_impostor_weight):
        assert weights.sum() == pytest.approx(1)


@given(galleries)
def test_comparisons_equal_a_loop(gallery):
    vectors, who = gallery
    genuine, impostor, unknown = [], [], []
    for r, (vector, own) in enumerate(zip(vectors.astype(float), who, strict=True)):
        rest = np.arange(len(who)) != r
        to = {p: np.linalg.norm(vectors[rest & (who == p)] - vector, axis=1).min() for p in set(who[rest].tolist())}
        genuine += [to.pop(own)]
        impostor += to.values()
        unknown += [min(to.values())]
    found = compare_within(vectors, who)
    for here, there in ((found.genuine, genuine), (found.impostor, impostor), (found.nearest_impostor, unknown)):
        np.testing.assert_allclose(np.sort(here), np.sort(there), atol=1e-6)


@given(galleries, st.randoms(use_true_random=False))
def test_calibration_ignores_the_order_and_the_numbers_of_persons(gallery, random):
    vectors, who = gallery
    order = list(range(len(who)))
    random.shuffle(order)
    here, there = calibrate(vectors, who), calibrate(vectors[order], 1000 + 3 * who[order])
    np.testing.assert_allclose(here.impostor.distances, there.impostor.distances, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(here.likelihood_ratio(1.0), there.likelihood_ratio(1.0), rtol=1e-3)


@given(galleries, st.floats(0.01, 0.99))
def test_rates_on_own_comparisons_are_at_most_the_stated_ones(gallery, rate):
    """Every person has as many recordings, so a share of comparisons is a share of recordings."""
    calibration, found = calibrate(*gallery), compare_within(*gallery)
    for ask, smallest, distances in (
        (calibration.threshold, calibration.smallest_fmr, found.impostor),
        (calibration.threshold_fpir, calibration.smallest_fpir, found.nearest_impostor),
    ):
        if rate < smallest:
            with pytest.raises(DataError, match=r"cannot be estimated from \d people"):
                ask(rate)
        else:
            assert np.mean(distances <= ask(rate)) <= rate
            assert ask(rate) <= ask(0.995)


def test_threshold_counts_the_new_comparison():
    calibration = calibrate(LINE, WHO)
    assert (calibration.smallest_fmr, calibration.smallest_fpir) == pytest.approx((0.25, 0.375))
    rates = dict(zip(np.round(calibration.stranger.distances, 6).tolist(), calibration.stranger.rates, strict=True))
    assert rates == pytest.approx({3: 1 / 6 + 1 / 3, 4: 2 / 3, 6: 5 / 6, 6.5: 1})
    # (share * 3 + 1) / (3 + 1) is 0.625 at 3; of three persons instead of two that may be 3 / 2 times as much, 0.9375.
    assert calibration.threshold_fpir(0.94) == pytest.approx(3)
    assert calibration.threshold_fpir(0.93) < calibration.stranger.distances[0]
    # FMR: 3, 3, 4, 6, 6, 6.5, 9, 9, 9.5, 10; up to 3 the pairs (7, 3) and (3, 7) have matched, by half and whole.
    assert calibration.impostor.rates[0] == pytest.approx(1 / 12 + 1 / 6)
    assert calibration.threshold(0.44) == pytest.approx(3)
    assert calibration.threshold(0.43) < calibration.impostor.distances[0]


def test_default_is_the_stricter_of_both_rates_and_stated_rates_win():
    few, many = (calibrate(*walkers(persons=persons, each=2)) for persons in (10, 200))
    point = few.operating_point()
    assert (point.measure, point.threshold) == ("FMR", few.threshold(few.default_fmr))
    assert few.smallest_fpir > 0.1
    point = many.operating_point()
    assert (point.measure, point.rate, point.threshold) == ("FPIR", 0.1, many.threshold_fpir(0.1))
    assert many.operating_point(fmr=0.01).threshold == many.threshold(0.01) > point.threshold
    assert many.operating_point(fpir=0.3).threshold == many.threshold_fpir(0.3) > point.threshold


@pytest.mark.parametrize("persons", [2, 5, 11, 12, 16, 40])
def test_default_threshold_is_never_above_that_of_either_rate(persons):
    calibration = calibrate(*walkers(persons=persons, each=2, seed=persons))
    threshold = calibration.operating_point().threshold
    assert threshold <= calibration.threshold(calibration.default_fmr)
    assert threshold <= calibration.threshold_fpir(max(0.1, calibration.smallest_fpir))


def test_default_names_at_most_a_tenth_of_non_enrolled_persons_in_any_size():
    for persons in (20, 100, 300):
        named = []
        for seed in range(20):
            vectors, who = walkers(persons=persons + 40, each=2, seed=seed)
            inside = who < persons
            calibration = calibrate(vectors[inside], who[inside])
            distances = np.linalg.norm(vectors[~inside][:, None] - vectors[inside], axis=2).min(axis=1)
            named.append(np.mean(distances <= calibration.operating_point().threshold))
        assert np.mean(named) <= 0.11


def test_stated_rate_holds_for_non_enrolled_persons():
    """In the mean over galleries, of new people from where the gallery's came."""
    fmr, fpir = [], []
    for seed in range(40):
        vectors, who = walkers(persons=60, each=2, seed=seed)
        inside = who < 30
        calibration = calibrate(vectors[inside], who[inside])
        distances = np.linalg.norm(vectors[~inside][:, None] - vectors[inside], axis=2).reshape(60, 30, 2).min(axis=2)
        fmr.append(np.mean(distances <= calibration.threshold(0.05)))
        fpir.append(np.mean(distances.min(axis=1) <= calibration.threshold_fpir(0.2)))
    assert 0.03 < np.mean(fmr) <= 0.052
    assert 0.1 < np.mean(fpir) <= 0.2


@given(galleries, st.lists(st.floats(0, 40), min_size=1, max_size=8), st.floats(0.01, 0.99))
def test_probabilities_fall_with_distance_and_sum_to_one(gallery, distances, enrolled):
    calibration, distances = calibrate(*gallery), np.sort(distances)
    persons, unknown = calibration.probabilities(distances, enrolled)
    assert (np.diff(persons) <= 1e-12).all()
    assert persons.sum() + unknown == pytest.approx(1)
    assert (np.diff(calibration.likelihood_ratio(distances)) <= 1e-9).all()
    assert calibration.probabilities(distances, enrolled / 2)[1] >= unknown


def test_probabilities_follow_bayes_rule():
    calibration = calibrate(*walkers())
    near, far = calibration.likelihood_ratio(np.array([2.0, 9.0]))
    persons, unknown = calibration.probabilities(np.array([2.0, 9.0]), enrolled=0.8)
    total = 0.4 * near + 0.4 * far + 0.2
    assert persons == pytest.approx([0.4 * near / total, 0.4 * far / total])
    assert unknown == pytest.approx(0.2 / total)
    assert calibration.probabilities(np.array([])) == (pytest.approx([]), 1.0)


def test_ratio_of_few_people_is_bounded():
    """Two persons that are worlds apart, four recordings: not one in a million."""
    vectors, who = walkers(persons=2, each=2, spread=1000.0)
    ratio = calibrate(vectors, who).likelihood_ratio
    assert 1 / 3 * 0.99 < ratio(np.inf) < 0.5
    genuine = compare_within(vectors, who).genuine
    assert (ratio(genuine) > 5).all()
    assert (ratio(genuine) < 50).all()


def test_copy_of_a_recording_is_as_good_as_certain():
    for persons in (2, 4, 12):
        vectors, who = walkers(persons=persons, each=2)
        calibration = calibrate(vectors, who)
        distances = np.array([0.0, *np.linalg.norm(vectors[0] - vectors[2::2], axis=1)])
        assert calibration.probabilities(distances)[0][0] > 0.95


def test_ratio_saved_by_an_older_version_is_read():
    plain = to_plain(calibrate(LINE, WHO))
    del plain["ratio"]["nearest"]
    ratio = load_calibration(json.dumps(plain)).ratio
    x = np.exp(ratio.offset - ratio.slope * 3.0 / ratio.scale)
    assert ratio(3.0) == pytest.approx((x + ratio.least) / (1 + x / ratio.most))


def test_ratio_is_one_if_distance_is_uninformative():
    ratio = calibrate(*walkers(persons=10, spread=0.0)).likelihood_ratio(np.array([0.0, 3.0, 50.0]))
    assert (ratio < 3).all()
    backwards = LikelihoodRatio.fit((np.array([5.0]), np.ones(1)), (np.array([1.0]), np.ones(1)), 1)
    assert backwards.slope == 0
    assert backwards(np.array([1.0, np.inf])) == pytest.approx([(1 + 1 / 2) / (1 + 1 / 2)] * 2)


@settings(max_examples=20)
@given(galleries)
def test_regression_equals_scikit_learn(gallery):
    from sklearn.linear_model import LogisticRegression

    found = compare_within(*gallery)
    ratio = LikelihoodRatio.fit(
        (found.genuine, found.genuine_weight), (found.impostor, found.impostor_weight), found.genuine_persons
    )
    x = np.log(np.maximum(np.concatenate([found.genuine, found.impostor]) / ratio.scale, 1e-6))
    weight, missed = np.concatenate([found.genuine_weight, found.impostor_weight]), 1 / (len(found.impostor) + 2)
    target = np.where(np.arange(len(x)) < len(found.genuine), 1 - missed, missed)
    plain = LogisticRegression(C=1e12, tol=1e-12, max_iter=10_000).fit(
        np.tile(x, 2)[:, None], np.repeat([1, 0], len(x)), np.concatenate([weight * target, weight * (1 - target)])
    )
    slope = -plain.coef_[0, 0]
    if slope > 1e-6:
        assert ratio.slope == pytest.approx(slope, rel=1e-3)
        assert ratio.offset == pytest.approx(plain.intercept_[0], rel=1e-3, abs=1e-3)
    else:
        assert ratio.slope == 0


def test_halves_are_compared_if_no_person_has_two_recordings():
    vectors, who = walkers(each=1)
    halves = np.stack([vectors - 0.1, vectors + 0.1], axis=1)
    halves[0] = np.nan  # too short for two
    calibration = calibrate(vectors, who, halves)
    assert calibration.source == "halves"
    assert calibration.likelihood_ratio(0.2 * 8**0.5) > 10 > calibration.likelihood_ratio(8.0)
    with pytest.raises(DataError, match="no person of the gallery has two recordings"):
        calibrate(vectors, who)
    with pytest.raises(DataError, match=r"halves have shape \(20, 8\), expected \(20, 2, 8\)"):
        calibrate(vectors, who, vectors)
    with pytest.raises(DataError, match="long enough to be split"):
        calibrate(vectors, who, np.full_like(halves, np.nan))
    twice, people = walkers()
    assert calibrate(twice, people, np.zeros((60, 2, 8))) == calibrate(twice, people)
    assert calibrate(twice, people).source == "recordings"


def test_folds_compare_people_by_the_model_not_trained_on_them():
    """By hand: the model without 7 puts everything at twice the distance, that without 3 and 5 at half."""
    halves = np.stack([LINE, LINE + 0.5], axis=1)
    without = [Fold(2 * LINE, WHO == 7), Fold(LINE / 2, WHO != 7)]
    found = calibrate(LINE, WHO, folds=without)
    assert found.unseen
    assert not calibrate(LINE, WHO).unseen
    # 7 is at 0 and 2 of 8 and 20; 3 at 2 of 0.5 and 5; 5 at 5 and 5.25 of 2, so unknown ones at 8, 6, 1.5, 3 and 3.25.
    np.testing.assert_allclose(found.stranger.distances, [1.5, 3, 3.25, 6, 8])
    np.testing.assert_allclose(found.stranger.rates, np.cumsum([1 / 3, 1 / 6, 1 / 6, 1 / 6, 1 / 6]))
    genuine = compare_left_out(without, WHO)
    np.testing.assert_allclose(np.sort(genuine.genuine), [0.25, 0.25, 2, 2])
    assert genuine.genuine_weight.sum() == pytest.approx(1)
    alone = [replace(fold, vectors=fold.vectors[[0, 2, 3]], left_out=fold.left_out[[0, 2, 3]]) for fold in without]
    with pytest.raises(DataError, match="no person of the gallery has two recordings"):
        calibrate(LINE[[0, 2, 3]], WHO[[0, 2, 3]], folds=alone)
    spoken = [replace(fold, halves=halves[[0, 2, 3]] * scale) for fold, scale in zip(alone, (2, 0.5), strict=True)]
    assert calibrate(LINE[[0, 2, 3]], WHO[[0, 2, 3]], folds=spoken).source == "halves"


@given(galleries)
def test_folds_with_equal_embeddings_change_nothing(gallery):
    vectors, who = gallery
    folds = [Fold(vectors, who % 2 == 0), Fold(vectors, who % 2 == 1)]
    here, there = calibrate(vectors, who), calibrate(vectors, who, folds=folds)
    np.testing.assert_allclose(here.impostor.distances, there.impostor.distances, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(here.impostor.rates, there.impostor.rates)
    assert there.ratio.slope == pytest.approx(here.ratio.slope, rel=1e-3, abs=1e-6)


def test_folds_leave_out_each_person_once_and_completely():
    for left_out in ([WHO == 7, WHO == 3], [WHO == 7, WHO != 3], [np.arange(5) < 1, np.arange(5) > 0]):
        with pytest.raises(DataError, match="must be left out, with all its recordings, by one fold"):
            calibrate(LINE, WHO, folds=[Fold(LINE, each) for each in left_out])
    with pytest.raises(DataError, match="left_out of a fold is int64"):
        calibrate(LINE, WHO, folds=[Fold(LINE, WHO)])


def test_large_gallery_is_sampled_with_nearly_the_same_result(monkeypatch):
    vectors, who = walkers(persons=60, each=4)
    whole = calibrate(vectors, who)
    monkeypatch.setattr(comparisons_module, "MAX_RECORDINGS", 120)
    monkeypatch.setattr(comparisons_module, "MAX_PERSONS", 30)
    order = np.random.default_rng(0).permutation(len(who))
    sampled = calibrate(vectors, who)
    assert sampled == calibrate(vectors[order], who[order])
    assert sampled != whole
    assert sampled.threshold(0.1) == pytest.approx(whole.threshold(0.1), rel=0.1)
    assert (sampled.persons, sampled.recordings) == (60, 240)


def test_thinned_curve_never_exceeds_the_rate():
    calibration = calibrate(*walkers(persons=60))
    found = compare_within(*walkers(persons=60))
    assert len(calibration.impostor.distances) <= 512 < len(found.impostor)
    for rate in (0.002, 0.013, 0.2, 0.77):
        assert 0.95 * rate - 0.001 < np.mean(found.impostor <= calibration.threshold(rate)) <= rate


@given(galleries)
def test_saved_calibration_is_restored(gallery):
    calibration = calibrate(*gallery)
    assert load_calibration(save_calibration(calibration)) == calibration


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        ("source", "guess", "source should be 'recordings' or 'halves', found 'guess'"),
        ("unseen", 1, "unseen should be a valid boolean, found 1"),
        ("persons", 1, "persons should be greater than or equal to 2, found 1"),
        ("persons", True, "persons should be a valid integer, found True"),
        ("more", 1, "unknown setting 'more'"),
        ("ratio", [], "ratio"),
        ("ratio.slope", -1.0, "ratio.slope should be greater than or equal to 0"),
        ("ratio.scale", float("nan"), "scale should be"),
        ("ratio.most", 10**400, "most should be"),
        ("impostor.rates", [], "rates should have at least 1 item"),
        ("impostor.rates", [0.5], "as many distances as rates"),
        ("stranger.distances", [3.0, 2.0, 6.0, 6.5], "both ascending"),
        ("stranger.independent", 0, "independent should be greater than or equal to 1"),
    ],
)
def test_invalid_calibration_is_refused(where, value, message):
    plain = to_plain(calibrate(LINE, WHO))
    table, _, key = where.rpartition(".")
    (plain[table] if table else plain)[key] = value
    with pytest.raises(DataError, match=message):
        load_calibration(json.dumps(plain))
    for document in ('"nothing"', "{", "[]"):
        with pytest.raises(DataError, match="calibration"):
            load_calibration(document)


def test_calibrate_refuses_unusable_arrays():
    with pytest.raises(DataError, match="at least two people, the gallery has 1"):
        calibrate(LINE, np.zeros(5, dtype=int))
    with pytest.raises(DataError, match=r"person \(4,\), expected"):
        calibrate(LINE, WHO[:4])
    with pytest.raises(DataError, match="not finite"):
        calibrate(np.where(LINE == 4, np.nan, LINE), WHO)


def test_numbers_out_of_range_are_refused():
    calibration = calibrate(LINE, WHO)
    for ask in (calibration.threshold, calibration.threshold_fpir):
        with pytest.raises(ConfigError, match="must lie between 0 and 1, found 1"):
            ask(1)
    with pytest.raises(
        DataError, match=r"an FMR of 0.01 cannot be estimated from 3 people: the smallest rate .* is 0.25"
    ):
        calibration.threshold(0.01)
    with pytest.raises(ConfigError, match="enrolled must lie between 0 and 1"):
        calibration.probabilities(np.ones(2), enrolled=1.0)
    with pytest.raises(DataError, match="numbers of 0 or more"):
        calibration.likelihood_ratio(np.nan)
    with pytest.raises(DataError, match="expected one per person"):
        calibration.probabilities(np.ones((2, 2)))


def with_aliases(vectors, who, count, seed=1):
    """Add the first people again, under other names."""
    again = who < count
    noise = np.random.default_rng(seed).normal(size=vectors[again].shape)
    centres = np.stack([vectors[who == person].mean(axis=0) for person in who[again]])
    return np.concatenate([vectors, centres + noise]).astype(np.float32), np.concatenate(
        [who, who[again] + who.max() + 1]
    )


def test_people_enrolled_under_two_names_do_not_make_the_calibration_stricter():
    vectors, who = walkers(persons=24, each=3, spread=10)
    alone = calibrate(vectors, who)
    doubled = calibrate(*with_aliases(vectors, who, 8))
    assert len(find_duplicates(vectors, who)) == 0
    assert find_duplicates(*with_aliases(vectors, who, 8)).tolist() == list(range(24, 32))
    assert doubled.persons == 24
    assert doubled.operating_point() == alone.operating_point()


def test_people_without_duplicates_are_rarely_left_out():
    left_out = [
        len(find_duplicates(*walkers(persons=persons, each=2, spread=spread, seed=seed)))
        for persons in (4, 12, 40)
        for spread in (0.0, 1.0, 4.0)
        for seed in range(20)
    ]
    assert np.count_nonzero(left_out) <= 0.05 * len(left_out)
    assert find_duplicates(np.zeros((12, 3)), np.arange(12)).tolist() == []
